//! The table of connections, and one connection's life after its handshake.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{Cut, Transport, lock, shared::Shared};

/// How long a cut waits for a peer that does not read or does not answer a close.
const PARTING: Duration = Duration::from_secs(2);

/// A connection's bytes, with or without TLS.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

pub(super) type WebSocket = WebSocketStream<Box<dyn Socket>>;

pub(super) enum Frame {
    Message(Message),
    /// Told once all frames before it are handed to the operating system.
    Written(oneshot::Sender<()>),
}

/// The queue of one connection's outgoing frames.
#[derive(Clone)]
pub(super) struct Outgoing(mpsc::UnboundedSender<Frame>);

impl Outgoing {
    pub(super) fn pair() -> (Self, mpsc::UnboundedReceiver<Frame>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Queues a text frame; it is lost when the connection is gone, as NapCat's answers are.
    pub(super) fn text(&self, text: String) {
        self.frame(Frame::Message(Message::text(text)));
    }

    pub(super) fn frame(&self, frame: Frame) -> bool {
        self.0.send(frame).is_ok()
    }
}

pub(super) enum Control {
    Silent(bool),
    Cut(Cut, oneshot::Sender<()>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Opening,
    Events,
    Actions,
    /// An HTTP connection.
    Requests,
}

/// The table's end of one connection.
pub(super) struct Link {
    pub(super) phase: Phase,
    pub(super) transport: Transport,
    pub(super) outgoing: Outgoing,
    pub(super) control: mpsc::UnboundedSender<Control>,
}

/// The connection's own end.
pub(super) struct Accepted {
    pub(super) number: u64,
    pub(super) transport: Transport,
    pub(super) outgoing: Outgoing,
    pub(super) queue: mpsc::UnboundedReceiver<Frame>,
    pub(super) control: mpsc::UnboundedReceiver<Control>,
}

/// Connections now and ever; see [`Napcat::links`](super::Napcat::links).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// TCP connections accepted so far.
    pub accepted: u64,
    /// Connections now in their handshake, or held there.
    pub opening: usize,
    /// HTTP connections now, event streams apart.
    pub requests: usize,
    /// Event connections now, whatever the transport: their lifecycle event is on its way.
    pub events: usize,
    /// Connections to `/api` now.
    pub actions: usize,
    /// Event connections ever.
    pub connected: u64,
    /// Connections and HTTP requests turned away for their token (1403 or 403), ever.
    pub denied: u64,
    /// Attempts to dial, ever.
    pub dialled: u64,
    /// Attempts to dial that came to nothing, ever.
    pub refused: u64,
    /// The HTTP status of the last upgrade that was refused; 0 if there was none.
    pub refusal: u16,
    /// WebSocket pings received, ever.
    pub pings: u64,
}

#[derive(Default)]
pub(super) struct Links {
    table: Mutex<BTreeMap<u64, Link>>,
    last: AtomicU64,
    pub(super) counts: watch::Sender<LinkCounts>,
}

impl Links {
    /// A new connection, in its handshake.
    pub(super) fn add(&self, transport: Transport) -> Accepted {
        let (outgoing, queue) = Outgoing::pair();
        let (control, commands) = mpsc::unbounded_channel();
        let mut table = lock(&self.table);
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        table.insert(number, Link { phase: Phase::Opening, transport, outgoing: outgoing.clone(), control });
        self.recount(&table, |_| {});
        Accepted { number, transport, outgoing, queue, control: commands }
    }

    /// Moves a connection on from its handshake; nothing happens when it was cut meanwhile.
    pub(super) fn opened(&self, number: u64, phase: Phase) {
        let mut table = lock(&self.table);
        if let Some(link) = table.get_mut(&number) {
            link.phase = phase;
            self.recount(&table, |counts| counts.connected += u64::from(phase == Phase::Events));
        }
    }

    /// Makes an HTTP connection an event stream.
    pub(super) fn streams(&self, number: u64) {
        if let Some(link) = lock(&self.table).get_mut(&number) {
            link.transport = Transport::Sse;
        }
        self.opened(number, Phase::Events);
    }

    pub(super) fn denied(&self) {
        self.counts.send_modify(|counts| counts.denied += 1);
    }

    /// Takes connections out of the table: no event goes there any more. Dropping a link ends it.
    pub(super) fn take(&self, which: impl Fn(u64) -> bool) -> Vec<Link> {
        let mut table = lock(&self.table);
        let taken = table.extract_if(.., |number, _| which(*number)).map(|(_, link)| link).collect();
        self.recount(&table, |_| {});
        taken
    }

    /// Queues a frame on every event connection; the number of those.
    pub(super) fn broadcast(&self, message: &Message) -> usize {
        self.each(|link| link.phase == Phase::Events && link.outgoing.frame(Frame::Message(message.clone())))
    }

    /// Queues a frame on the event connections of one transport.
    pub(super) fn broadcast_by(&self, transport: Transport, message: &Message) -> usize {
        self.each(|link| {
            let takes = link.phase == Phase::Events && link.transport == transport;
            takes && link.outgoing.frame(Frame::Message(message.clone()))
        })
    }

    /// Calls a function for every connection; how often it was true.
    pub(super) fn each(&self, mut f: impl FnMut(&Link) -> bool) -> usize {
        lock(&self.table).values().filter(|link| f(link)).count()
    }

    pub(super) fn newest(&self) -> Option<u64> {
        let table = lock(&self.table);
        table.iter().rev().find(|(_, link)| link.phase == Phase::Events).map(|(number, _)| *number)
    }

    fn recount(&self, table: &BTreeMap<u64, Link>, change: impl FnOnce(&mut LinkCounts)) {
        let of = |phase| table.values().filter(|link| link.phase == phase).count();
        self.counts.send_modify(|counts| {
            change(counts);
            counts.opening = of(Phase::Opening);
            counts.events = of(Phase::Events);
            counts.actions = of(Phase::Actions);
            counts.requests = of(Phase::Requests);
        });
    }
}

/// Serves an open connection until the peer goes or a test cuts it.
pub(super) async fn run(shared: &Arc<Shared>, socket: WebSocket, link: Accepted, mut silent: bool) {
    let Accepted { number, transport, outgoing, mut queue, mut control } = link;
    let (mut sink, mut source) = socket.split();
    let cut = {
        let mut reader = pin!(read(shared, (number, transport), &mut source, &outgoing));
        let mut writer = pin!(write(&mut sink, &mut queue));
        loop {
            tokio::select! {
                () = &mut reader, if !silent => return,
                () = &mut writer, if !silent => return,
                command = control.recv() => match command {
                    Some(Control::Silent(now)) => silent = now,
                    Some(Control::Cut(cut, done)) => break Some((cut, done)),
                    None => break None,
                },
            }
        }
    };
    let Some((cut, done)) = cut else { return };
    if let Ok(socket) = sink.reunite(source) {
        part(socket, cut, done).await;
    }
}

async fn read(
    shared: &Arc<Shared>,
    from: (u64, Transport),
    source: &mut SplitStream<WebSocket>,
    outgoing: &Outgoing,
) {
    while let Some(next) = source.next().await {
        match next {
            Ok(Message::Text(text)) => shared.receive(from, text.to_string(), outgoing),
            Ok(Message::Binary(bytes)) => {
                shared.receive(from, String::from_utf8_lossy(&bytes).into_owned(), outgoing);
            }
            Ok(Message::Ping(_)) => shared.links.counts.send_modify(|counts| counts.pings += 1),
            Ok(_) => {}
            Err(Error::Capacity(_)) => {
                let reason = "Max payload size exceeded".into();
                let close = CloseFrame { code: CloseCode::Size, reason };
                outgoing.frame(Frame::Message(Message::Close(Some(close))));
                std::future::pending::<()>().await;
            }
            Err(_) => return,
        }
    }
}

async fn write(sink: &mut SplitSink<WebSocket, Message>, queue: &mut mpsc::UnboundedReceiver<Frame>) {
    while let Some(mut frame) = queue.recv().await {
        let mut written = Vec::new();
        let mut closing = false;
        loop {
            match frame {
                Frame::Written(tell) => written.push(tell),
                Frame::Message(message) => {
                    closing |= message.is_close();
                    if sink.feed(message).await.is_err() {
                        return;
                    }
                }
            }
            match queue.try_recv() {
                Ok(next) => frame = next,
                Err(_) => break,
            }
        }
        if sink.flush().await.is_err() || closing {
            return;
        }
        for tell in written {
            let _ = tell.send(());
        }
    }
}

/// Ends a connection in the way asked for, and tells when nothing more will be sent on it.
pub(super) async fn part(mut socket: WebSocket, cut: Cut, done: oneshot::Sender<()>) {
    match cut {
        Cut::Reset => drop(socket.get_ref().tcp().set_zero_linger()),
        Cut::Eof => drop(timeout(PARTING, socket.get_mut().shutdown()).await),
        Cut::MidFrame => {
            // A text frame of 1000 bytes, of which nine come.
            let stream = socket.get_mut();
            let half = timeout(PARTING, stream.write_all(b"\x81\x7e\x03\xe8{\"time\":1")).await;
            drop((half, timeout(PARTING, stream.shutdown()).await));
        }
        Cut::Close(frame) => {
            let frame =
                frame.map(|(code, reason)| CloseFrame { code: CloseCode::from(code), reason: reason.into() });
            close(&mut socket, frame, Some(done)).await;
            return;
        }
    }
    drop(socket);
    let _ = done.send(());
}

/// Sends a close frame and reads on until the peer has answered it.
pub(super) async fn close(
    socket: &mut WebSocket,
    frame: Option<CloseFrame>,
    done: Option<oneshot::Sender<()>>,
) {
    drop(timeout(PARTING, socket.close(frame)).await);
    if let Some(done) = done {
        let _ = done.send(());
    }
    let rest = async { while let Some(Ok(_)) = socket.next().await {} };
    drop(timeout(PARTING, rest).await);
}
