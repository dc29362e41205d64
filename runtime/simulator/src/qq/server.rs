//! The HTTP side: connections, bodies, faults, the log of requests.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Response, StatusCode,
    body::{Body, Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use super::{error::Reply, fault::Fault, gateway, ids, routes, shared::Shared};
use crate::{forward::percent_decode, link::Socket, lock, server::bind};

/// One HTTP request as it came, and how it was answered.
#[derive(Clone, Debug)]
pub struct Request {
    /// Position among all requests, from 0.
    pub number: u64,
    /// When it was read.
    pub at: Instant,
    /// The bot it was for; empty when that is not known.
    pub app_id: String,
    /// GET, POST and so on.
    pub method: String,
    /// The path without query, as sent.
    pub path: String,
    /// What follows `?`.
    pub query: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The body as JSON; `Null` when it is none.
    pub json: Value,
    /// The answer's HTTP status; 0 when the connection was closed instead.
    pub status: u16,
    /// The answer's body as JSON; `Null` when it is none.
    pub answer: Value,
    pub(super) trace: String,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| percent_decode(value))
    }
}

/// A connection that ends without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fault closes the connection")
    }
}

impl std::error::Error for Dropped {}

pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bind(address)?.listen(1024)
}

/// Accepts connections for REST or gateway.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener, is_gateway: bool) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        if shared.away.load(Ordering::Acquire) {
            drop(tcp.set_zero_linger());
        } else if is_gateway {
            shared.spawn(gateway::serve(shared.clone(), tcp));
        } else {
            shared.spawn(serve(shared.clone(), tcp));
        }
    }
}

async fn serve(shared: Arc<Shared>, tcp: TcpStream) {
    drop(tcp.set_nodelay(true));
    let Some(stream) = secure(&shared, tcp).await else { return };
    let service = service_fn(|request| respond(&shared, request));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// The connection's bytes, after the TLS handshake where there is to be one.
pub(super) async fn secure(shared: &Shared, tcp: TcpStream) -> Option<Box<dyn Socket>> {
    Some(match &shared.tls {
        Some(acceptor) => Box::new(acceptor.accept(tcp).await.ok()?),
        None => Box::new(tcp),
    })
}

async fn respond(
    shared: &Arc<Shared>,
    incoming: hyper::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (head, body) = incoming.into_parts();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers =
        head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let limit = shared.options.limits.body;
    let body = read(body, limit).await.ok_or(Dropped)?;
    let mut request = Request {
        number: shared.numbers.fetch_add(1, Ordering::Relaxed),
        at: Instant::now(),
        app_id: String::new(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        json: body.as_ref().map_or(Value::Null, |body| serde_json::from_slice(body).unwrap_or_default()),
        body: body.clone().unwrap_or_default(),
        status: 0,
        answer: Value::Null,
        trace: ids::hex(32),
    };
    let whole = body.is_some() || request.path.starts_with("/upload/");
    let reply = work(shared, &mut request, whole).await;
    if let Some(reply) = &reply {
        request.status = reply.status;
        request.answer = serde_json::from_slice(&reply.body).unwrap_or_default();
    }
    let trace = request.trace.clone();
    shared.requests.add(request);
    let Reply { status, headers, body } = reply.ok_or(Dropped)?;
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap_or_default());
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.header("X-Tps-trace-ID", trace).body(Full::new(body)).map_err(|_| Dropped)
}

/// The answer, unless a fault closes the connection.
async fn work(shared: &Arc<Shared>, request: &mut Request, whole: bool) -> Option<Reply> {
    let (method, path) = (request.method.clone(), request.path.clone());
    let held = |after| lock(&shared.faults).held(&method, &path, after);
    if let Some(held) = held(false) {
        held.wait().await;
    }
    let fault = lock(&shared.faults).take(&method, &path);
    let reply = match &fault {
        Some(Fault::Answer { status, headers, body }) => {
            let mut reply = Reply { status: *status, headers: headers.clone(), body: body.clone().into() };
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                reply.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            reply
        }
        Some(Fault::DropBefore) => return None,
        _ if !whole => Reply::html(413, "Request Entity Too Large"),
        _ => routes::answer(shared, request).await,
    };
    if let Some(held) = held(true) {
        held.wait().await;
    }
    (!matches!(fault, Some(Fault::DropAfter))).then_some(reply)
}

/// A body, or `Some(None)` for one above the limit, which is read to its end; `None` for one that breaks off.
async fn read(mut body: Incoming, limit: usize) -> Option<Option<Bytes>> {
    let mut bytes = Vec::with_capacity((body.size_hint().lower() as usize).min(limit));
    let mut whole = true;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            whole &= bytes.len() + data.len() <= limit;
            if whole {
                bytes.extend_from_slice(&data);
            }
        }
    }
    Some(whole.then(|| bytes.into()))
}
