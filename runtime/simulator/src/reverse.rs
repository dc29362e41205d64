//! The reverse WebSocket client: NapCat dials, and dials again for ever.

use std::{io, sync::Arc, time::Duration};

use futures_util::SinkExt;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{
        Error, Message, client::IntoClientRequest, handshake::client::Request, http::header::HeaderValue,
    },
};

use super::{
    Greeting, Reverse, Transport,
    forward::{cut, frame_limits, heartbeat, lifecycle},
    link::{self, Outgoing, Phase, Socket, WebSocket},
    lock,
    shared::Shared,
};

/// How long NapCat waits for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(2);

/// A client that knows whom to dial.
pub(super) struct Dialling {
    request: Request,
    host: (String, u16),
    target: Reverse,
}

impl Dialling {
    pub(super) fn prepare(shared: &Shared, target: Reverse) -> io::Result<Self> {
        let invalid =
            |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {what}", target.url));
        let mut request =
            target.url.as_str().into_client_request().map_err(|error| invalid(&error.to_string()))?;
        let uri = request.uri();
        if uri.scheme_str() != Some("ws") {
            return Err(invalid("a simulated NapCat dials ws:// only"));
        }
        let host = uri.host().ok_or_else(|| invalid("there is no host"))?;
        let host = (host.trim_matches(['[', ']']).to_owned(), uri.port_u16().unwrap_or(80));
        let token = target.token.as_deref().unwrap_or(&shared.options.token);
        let headers = [
            ("X-Self-ID", shared.options.self_id.to_string()),
            ("Authorization", format!("Bearer {token}")),
            ("x-client-role", "Universal".to_owned()),
            ("User-Agent", "OneBot/11".to_owned()),
        ];
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|_| invalid("the token has odd characters"))?;
            request.headers_mut().insert(name, value);
        }
        Ok(Self { request, host, target })
    }

    /// Keeps a connection, for ever.
    pub(super) async fn run(self, shared: Arc<Shared>) {
        loop {
            self.once(&shared).await;
            tokio::time::sleep(self.target.reconnect).await;
        }
    }

    async fn once(&self, shared: &Arc<Shared>) {
        let mut link = shared.links.add(Transport::Reverse);
        let number = link.number;
        shared.links.counts.send_modify(|counts| counts.dialled += 1);
        // Also when the task is aborted in the middle.
        let _gone = Gone { shared, number };
        let greeting = *lock(&shared.greeting);
        let opened = tokio::select! {
            opened = timeout(HANDSHAKE, self.open(greeting)) => opened.ok(),
            () = cut(&mut link.control) => None,
        };
        let mut socket = match opened {
            Some(Ok(socket)) => socket,
            failed => {
                let status = match failed {
                    Some(Err(Error::Http(response))) => response.status().as_u16(),
                    _ => 0,
                };
                shared.links.counts.send_modify(|counts| {
                    counts.refused += 1;
                    counts.refusal = status;
                });
                return;
            }
        };
        if greeting == Greeting::SilentAfterUpgrade {
            return link::run(shared, socket, link, true).await;
        }
        if socket.send(Message::text(lifecycle(shared).to_string())).await.is_err() {
            return;
        }
        shared.links.opened(number, Phase::Events);
        let beats = beats(shared, link.outgoing.clone());
        tokio::select! {
            () = link::run(shared, socket, link, false) => {}
            () = beats => {}
        }
    }

    async fn open(&self, greeting: Greeting) -> Result<WebSocket, Error> {
        if let Greeting::Slow(delay) = greeting {
            tokio::time::sleep(delay).await;
        }
        let tcp = TcpStream::connect((self.host.0.as_str(), self.host.1)).await?;
        tcp.set_nodelay(true)?;
        match greeting {
            Greeting::Silent => std::future::pending().await,
            Greeting::Reset => {
                tcp.set_zero_linger()?;
                return Err(Error::ConnectionClosed);
            }
            _ => {}
        }
        let socket: Box<dyn Socket> = Box::new(tcp);
        let opened = client_async_with_config(self.request.clone(), socket, Some(frame_limits())).await;
        opened.map(|(socket, _)| socket)
    }
}

/// Takes a connection out of the table when its task ends.
struct Gone<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        drop(self.shared.links.take(|number| number == self.number));
    }
}

/// The heartbeats of one connection: each client has a timer of its own.
async fn beats(shared: &Shared, outgoing: Outgoing) {
    let mut interval = shared.heartbeat.subscribe();
    loop {
        let every = *interval.borrow_and_update();
        let beat = async {
            match every {
                Some(every) => tokio::time::sleep(every).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = beat => outgoing.text(heartbeat(shared, every.unwrap_or_default()).to_string()),
            changed = interval.changed() => if changed.is_err() { std::future::pending::<()>().await },
        }
    }
}
