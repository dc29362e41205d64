//! The door: where NapCat dials us. Its WebSocket clients become links, and its HTTP clients post events.
//!
//! Everybody who reaches the port can knock, so a visitor costs little until its token is known to be right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming as Body};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::line::{Line, Origin};
use super::link::{self, Peer};
use super::poll::Http;
use super::session::{End, Seat, Session};
use super::visitor::{self, Refusal};
use super::{FRAME_LIMIT, Visit};
use crate::adapter::port::{self, HURRY};
use crate::adapter::throttle::Throttle;

/// How long a post waits for a reply that can only go out in its answer. NapCat itself waits for ever.
const QUICK: Duration = Duration::from_secs(10);

/// One table that NapCat can come to.
pub(super) struct Desk {
    pub(super) seat: Arc<Seat>,
    /// The same table's HTTP server, if it has one.
    http: Option<Arc<Http>>,
    /// By account: the newest link, or the session of its posts.
    links: Mutex<HashMap<String, (u64, CancellationToken)>>,
    posts: Mutex<HashMap<String, Arc<Mutex<Session>>>>,
}

impl Desk {
    pub(super) fn new(seat: Arc<Seat>, http: Option<Arc<Http>>) -> Self {
        Self { seat, http, links: Mutex::default(), posts: Mutex::default() }
    }
}

struct Door {
    desks: Vec<Arc<Desk>>,
    refused: Mutex<Throttle>,
    links: TaskTracker,
    stop: CancellationToken,
}

/// Listens at `host` until `stop`, and returns when the links have said good-bye.
pub(super) async fn keep(host: String, desks: Vec<Desk>, stop: CancellationToken) {
    let desks: Vec<_> = desks.into_iter().map(Arc::new).collect();
    let door =
        Arc::new(Door { desks, refused: Mutex::default(), links: TaskTracker::new(), stop: stop.clone() });
    port::serve(&host, None, door.clone(), &stop).await;
    door.links.close();
    door.links.wait().await;
}

type Answer = Response<Full<Bytes>>;

impl port::Host for Door {
    type Body = Full<Bytes>;

    async fn answer(self: Arc<Self>, request: Request<Body>) -> Answer {
        let visit = if visitor::wants_socket(request.headers()) {
            Visit::Socket
        } else if request.method() == Method::POST {
            Visit::Posts
        } else {
            let text = "iglu waits here for NapCat's WebSocket client or HTTP client\n";
            return status(StatusCode::UPGRADE_REQUIRED, text);
        };
        let outcome = match visit {
            Visit::Socket => self.socket(request),
            Visit::Posts => self.post(request).await,
        };
        outcome.unwrap_or_else(|refusal| {
            self.complain(&refusal.to_string());
            status(refusal.status(), format!("{refusal}\n"))
        })
    }

    fn listens(&self, at: &str) {
        for desk in &self.desks {
            let name = &desk.seat.settings.name;
            tracing::info!(bot = name, address = at, "bot `{name}` waits for NapCat at {at}");
        }
    }

    fn complain(&self, reason: &str) {
        if let Some(passed) = lock(&self.refused).count(Instant::now()) {
            let names: Vec<_> = self.desks.iter().map(|desk| desk.seat.settings.name.as_str()).collect();
            tracing::warn!(
                bots = names.join(", "),
                refused = passed.total,
                unreported = passed.held,
                "a visitor is refused: {reason}"
            );
        }
    }
}

impl Door {
    /// The table that a visitor may come to.
    fn desk(
        &self,
        visit: Visit,
        path: &str,
        id: Option<&str>,
        shows: impl Fn(&Seat) -> Result<(), Refusal>,
    ) -> Result<&Arc<Desk>, Refusal> {
        let mut refusal = Refusal::NoTable(visit, path.to_owned());
        for desk in &self.desks {
            let settings = &desk.seat.settings;
            let Some(listen) = settings.listen.as_ref().filter(|listen| listen.kind == visit) else {
                continue;
            };
            if listen.path != "/" && listen.path.trim_end_matches('/') != path.trim_end_matches('/') {
                continue;
            }
            match shows(&desk.seat) {
                Ok(()) if settings.account.is_none() || settings.account.as_deref() == id => return Ok(desk),
                Ok(()) => refusal = Refusal::Stranger(id.unwrap_or("(none)").to_owned()),
                Err(_) if matches!(refusal, Refusal::Stranger(_)) => {}
                Err(reason) => refusal = reason,
            }
        }
        Err(refusal)
    }

    fn socket(&self, mut request: Request<Body>) -> Result<Answer, Refusal> {
        let id = visitor::account(request.headers())?;
        visitor::check_role(request.headers())?;
        let token = visitor::token(&request);
        let path = request.uri().path().to_owned();
        let desk =
            self.desk(Visit::Socket, &path, id.as_deref(), |seat| visitor::knows(seat, token.as_deref()))?;
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or(Refusal::NoKey)?;
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| Refusal::NoKey)?;
        let upgraded = hyper::upgrade::on(&mut request);
        let (desk, stop) = (desk.clone(), self.stop.clone());
        self.links.spawn(async move {
            let Ok(Ok(upgraded)) = tokio::time::timeout(HURRY, upgraded).await else { return };
            let io = TokioIo::new(upgraded);
            let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(link::config())).await;
            let name = desk.seat.settings.name.clone();
            let end = link::serve(&desk.seat, socket, desk.welcome(id.clone()), &stop).await;
            if let End::Lost(reason) | End::Unreachable(reason) | End::Refused(reason) = end {
                tracing::warn!(
                    bot = name,
                    id,
                    "bot `{name}` lost its link: {reason}; NapCat dials again by itself"
                );
            }
        });
        let mut answer = status(StatusCode::SWITCHING_PROTOCOLS, "");
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        Ok(answer)
    }

    async fn post(&self, request: Request<Body>) -> Result<Answer, Refusal> {
        let (head, body) = request.into_parts();
        let id = visitor::account(&head.headers)?;
        let path = head.uri.path().to_owned();
        // Who is not expected at all is not read out.
        self.desk(Visit::Posts, &path, id.as_deref(), |seat| visitor::might_sign(seat, &head.headers))?;
        let body = Limited::new(body, FRAME_LIMIT).collect();
        let body = tokio::time::timeout(HURRY, body).await.map_err(|_| Refusal::Slow)?;
        let body = body.map_err(|reason| Refusal::Body(reason.to_string()))?.to_bytes();
        let signs = |seat: &Seat| visitor::signs(seat, &head.headers, &body);
        let desk = self.desk(Visit::Posts, &path, id.as_deref(), signs)?;
        let text = std::str::from_utf8(&body).map_err(|_| Refusal::Frame("it is not UTF-8".to_owned()))?;
        let answer = desk.take(text, id.as_deref())?;
        let Some(answer) = answer else { return Ok(status(StatusCode::NO_CONTENT, "")) };
        match tokio::time::timeout(QUICK, answer).await {
            Ok(Ok(operation)) => {
                let mut answer = status(StatusCode::OK, operation.to_string());
                let kind = HeaderValue::from_static("application/json");
                answer.headers_mut().insert(header::CONTENT_TYPE, kind);
                Ok(answer)
            }
            // Nobody has the event any more, or the time is up: there is nothing to say.
            Ok(Err(_)) | Err(_) => Ok(status(StatusCode::NO_CONTENT, "")),
        }
    }
}

impl Desk {
    /// The newest link of an account takes the place of an older one, as soon as it has shown that it lives.
    fn welcome(self: &Arc<Self>, id: Option<String>) -> Peer {
        let replaced = CancellationToken::new();
        let (desk, token, number) = (self.clone(), replaced.clone(), fastrand::u64(..));
        let shown = id.clone().map(|id| -> super::session::Shown {
            Box::new(move || {
                if let Some((_, older)) = lock(&desk.links).insert(id, (number, token)) {
                    older.cancel();
                }
            })
        });
        Peer { id, replaced, shown }
    }

    /// Takes a posted event. If only the answer to this post can carry a reply, it comes by the receiver.
    fn take(
        &self,
        text: &str,
        id: Option<&str>,
    ) -> Result<Option<oneshot::Receiver<serde_json::Value>>, Refusal> {
        let bad = |reason: super::wire::Bad| Refusal::Frame(reason.to_string());
        if let Some(http) = &self.http {
            let mut session = http.session();
            let origin = Arc::new(Origin::new(Line::Http(http.client.clone())));
            session.take_from(text, &origin).map_err(bad)?;
            return Ok(None);
        }
        let line = Line::Posts(Arc::new(()));
        let session = {
            let mut posts = lock(&self.posts);
            let key = id.unwrap_or_default().to_owned();
            let new = || Arc::new(Mutex::new(Session::new(self.seat.clone(), line, id)));
            posts.entry(key).or_insert_with(new).clone()
        };
        let mut session = lock(&session);
        let (origin, answer) = Origin::posted(session.line().clone());
        session.take_from(text, &Arc::new(origin)).map_err(bad)?;
        Ok(Some(answer))
    }
}

fn status(code: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = code;
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
