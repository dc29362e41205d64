//! The HTTP server and the HTTP-SSE server.

use std::{
    convert::Infallible,
    io,
    pin::pin,
    sync::{Arc, Mutex},
};

use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Frame as BodyFrame, Incoming},
    header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE},
    server::conn::http1,
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

use super::{
    Cut, Greeting, Http, Transport, Upgrade,
    answer::{Outcome, envelope},
    forward::{admit, cut, frame_limits, note, percent_decode},
    link::{self, Accepted, Control, Frame, Outgoing, Phase, Socket},
    lock,
    shared::Shared,
};

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// What the requests of one connection share.
struct Connection {
    shared: Arc<Shared>,
    server: Arc<Http>,
    number: u64,
    greeting: Greeting,
    /// The events for this connection, until it asks for them.
    queue: Mutex<Option<mpsc::UnboundedReceiver<Frame>>>,
}

/// Serves one connection until the peer goes or a test cuts it.
pub(super) async fn serve(shared: Arc<Shared>, tcp: TcpStream, server: Arc<Http>) {
    let mut link = shared.links.add(Transport::Http);
    let number = link.number;
    let greeting = *lock(&shared.greeting);
    let ready = tokio::select! {
        ready = greet(&tcp, greeting) => ready,
        () = cut(&mut link.control) => false,
    };
    if ready && let Ok((tcp, spare)) = twin(tcp) {
        shared.links.opened(number, Phase::Requests);
        let Accepted { queue, control, .. } = link;
        let queue = Mutex::new(Some(queue));
        let connection = Arc::new(Connection { shared: shared.clone(), server, number, greeting, queue });
        run(&connection, tcp, spare, control).await;
    }
    drop(shared.links.take(|taken| taken == number));
}

/// Whether requests may be read.
async fn greet(tcp: &TcpStream, greeting: Greeting) -> bool {
    match greeting {
        Greeting::Normal | Greeting::SilentAfterUpgrade | Greeting::Status(_) => {}
        Greeting::Slow(delay) => tokio::time::sleep(delay).await,
        Greeting::Silent => std::future::pending().await,
        Greeting::Reset => {
            drop(tcp.set_zero_linger());
            return false;
        }
    }
    tcp.set_nodelay(true).is_ok()
}

/// A second handle of the socket: the first belongs to the HTTP library, and cuts need one.
fn twin(tcp: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let tcp = tcp.into_std()?;
    let spare = tcp.try_clone()?;
    Ok((TcpStream::from_std(tcp)?, TcpStream::from_std(spare)?))
}

async fn run(
    connection: &Arc<Connection>,
    tcp: TcpStream,
    mut spare: TcpStream,
    mut control: mpsc::UnboundedReceiver<Control>,
) {
    let service = service_fn(|request| {
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(respond(&connection, request).await) }
    });
    let mut served = pin!(http1::Builder::new().serve_connection(TokioIo::new(tcp), service).with_upgrades());
    let mut silent = false;
    let (how, done) = loop {
        tokio::select! {
            _ = served.as_mut(), if !silent => return,
            command = control.recv() => match command {
                Some(Control::Silent(now)) => silent = now,
                Some(Control::Cut(how, done)) => break (how, Some(done)),
                None => break (Cut::Reset, None),
            },
        }
    };
    match how {
        Cut::Reset => drop(spare.set_zero_linger()),
        Cut::Eof | Cut::Close(_) => drop(spare.shutdown().await),
        Cut::MidFrame => {
            drop(spare.try_write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":"));
            drop(spare.shutdown().await);
        }
    }
    if let Some(done) = done {
        let _ = done.send(());
    }
}

async fn respond(connection: &Arc<Connection>, request: Request<Incoming>) -> Answer {
    match connection.greeting {
        Greeting::Status(status) => {
            return plain(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), "");
        }
        Greeting::SilentAfterUpgrade => std::future::pending().await,
        _ => {}
    }
    let Connection { shared, server, number, .. } = &**connection;
    let mut asked = Upgrade { connection: *number, ..Upgrade::default() };
    note(&mut asked, &request);
    if server.websocket && asked.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket")) {
        return upgrade(connection, asked, request);
    }
    let token = server.token.as_deref().unwrap_or(&shared.options.token);
    if !token.is_empty() && asked.token() != token {
        shared.links.denied();
        return answer(StatusCode::FORBIDDEN, &json!({"message": "token verify failed!"}).to_string());
    }
    if server.sse && asked.path == "/_events" && request.method() == Method::GET {
        return events(connection);
    }
    let Some((raw, params)) = parameters(&asked, request).await else {
        return plain(StatusCode::BAD_REQUEST, "Invalid JSON");
    };
    let action = asked.path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    if action.is_empty() {
        let mut hello = envelope(Outcome::Data(json!({})), &json!(""), shared.options.build, Transport::Http);
        hello["message"] = "NapCat4 Is Running".into();
        hello["echo"] = Value::Null;
        return answer(StatusCode::OK, &hello.to_string());
    }
    let (outgoing, mut frames) = Outgoing::pair();
    let request = (percent_decode(&action), params.get("echo").cloned().unwrap_or_default());
    shared.receive_request(
        (*number, Transport::Http),
        raw,
        (&request.0, &Value::Object(params), &request.1),
        &outgoing,
    );
    drop(outgoing);
    let mut texts = Vec::new();
    while let Some(frame) = frames.recv().await {
        if let Frame::Message(Message::Text(text)) = frame {
            texts.push(text.to_string());
        }
    }
    body(connection, texts).await
}

/// The response to a request. One without any answer hangs, as NapCat's do.
async fn body(connection: &Connection, mut texts: Vec<String>) -> Answer {
    let streams = texts.iter().all(|text| text.contains("\"stream\":\"stream-action\""));
    let Some(last) = texts.pop() else { std::future::pending().await };
    if !streams {
        return answer(StatusCode::OK, texts.first().unwrap_or(&last));
    }
    if connection.server.sse {
        for text in texts {
            connection.shared.links.broadcast_by(Transport::Sse, &Message::text(text));
        }
        return answer(StatusCode::OK, &last);
    }
    texts.push(last);
    let all: String = texts.iter().map(|text| format!("{text}\r\n\r\n")).collect();
    answer(StatusCode::OK, &all)
}

/// The event stream: this connection's queue as its body.
fn events(connection: &Connection) -> Answer {
    let Some(queue) = lock(&connection.queue).take() else {
        return plain(StatusCode::CONFLICT, "this connection has streamed events before");
    };
    let texts = stream::unfold(queue, |mut queue| async {
        loop {
            match queue.recv().await? {
                Frame::Message(Message::Text(text)) => {
                    let frame = BodyFrame::data(Bytes::from(format!("data: {text}\n\n")));
                    return Some((Ok::<_, Infallible>(frame), queue));
                }
                Frame::Message(_) => {}
                Frame::Written(tell) => drop(tell.send(())),
            }
        }
    });
    connection.shared.links.streams(connection.number);
    let mut response = Response::new(StreamBody::new(texts).boxed());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
    response
}

/// The raw body, and the parameters of a request: the query's before the body's. `None` for bad JSON.
async fn parameters(asked: &Upgrade, request: Request<Incoming>) -> Option<(String, Map<String, Value>)> {
    let method = request.method().clone();
    let bytes = request.into_body().collect().await.ok()?.to_bytes();
    let raw = String::from_utf8_lossy(&bytes).into_owned();
    let mut params = Map::new();
    if method != Method::GET && !raw.trim().is_empty() {
        let form = asked.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
        if form {
            params.extend(pairs(&raw));
        } else if let Value::Object(fields) = serde_json::from_str(&raw).ok()? {
            params = fields;
        }
    }
    params.extend(pairs(&asked.query).filter(|(name, _)| name != "access_token"));
    Some((raw, params))
}

fn pairs(text: &str) -> impl Iterator<Item = (String, Value)> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(name), Value::String(percent_decode(value)))
    })
}

/// Answers an upgrade, and serves the WebSocket as one of its own.
fn upgrade(connection: &Connection, mut asked: Upgrade, mut request: Request<Incoming>) -> Answer {
    let Some(key) = asked.header("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes())) else {
        return plain(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing");
    };
    let (shared, server) = (connection.shared.clone(), connection.server.clone());
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let link = shared.links.add(Transport::Forward);
        let number = link.number;
        asked.connection = number;
        lock(&shared.upgrades).push(asked.clone());
        if let Some(socket) = taken_over(upgraded).await {
            let token = server.token.as_deref().unwrap_or(&shared.options.token);
            if let Some((socket, phase)) = admit(&shared, socket, &asked, token).await {
                shared.links.opened(number, phase);
                link::run(&shared, socket, link, false).await;
            }
        }
        drop(shared.links.take(|taken| taken == number));
    });
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers
        .insert("sec-websocket-accept", HeaderValue::from_str(&key).unwrap_or(HeaderValue::from_static("")));
    response
}

async fn taken_over(upgraded: OnUpgrade) -> Option<link::WebSocket> {
    let parts = upgraded.await.ok()?.downcast::<TokioIo<TcpStream>>().ok()?;
    let socket: Box<dyn Socket> = Box::new(parts.io.into_inner());
    let read = parts.read_buf.to_vec();
    Some(WebSocketStream::from_partially_read(socket, read, Role::Server, Some(frame_limits())).await)
}

fn answer(status: StatusCode, json: &str) -> Answer {
    let mut response = plain(status, json);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("*"));
    response
}
