//! A port where a platform comes to us over HTTP.
//!
//! Everybody who reaches it can knock, so a visitor costs little until it is known: one connection among a bounded number,
//! and a bounded time for the head of each request.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hyper::body::Incoming as Body;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Connections at once.
const VISITORS: usize = 1_024;
/// For the handshake of TLS, and for the body of a request. A connection on which nobody asked anything for so long is
/// closed, and so is one whose request has no end of its head: within twice that time.
pub(super) const HURRY: Duration = Duration::from_secs(10);
/// Between two tries to listen.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// Who receives visitors.
pub(super) trait Host: Send + Sync + 'static {
    /// What an answer's body is.
    type Body: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send;

    /// Answers a request. It has a connection of its own or follows others on one.
    fn answer(self: Arc<Self>, request: Request<Body>) -> impl Future<Output = Response<Self::Body>> + Send;

    /// It is listening at this address.
    fn listens(&self, at: &str);

    /// Says at a bounded rate why somebody was sent away.
    fn complain(&self, reason: &str);
}

/// Listens at `place` (host and port) until `stop`. With `tls`, connections are encrypted.
pub(super) async fn serve<H: Host>(
    place: &str,
    tls: Option<TlsAcceptor>,
    host: Arc<H>,
    stop: &CancellationToken,
) {
    let listener = tokio::select! {
        listener = listen(place, &*host) => listener,
        () = stop.cancelled() => return,
    };
    // When they are dropped they end.
    let mut visits = JoinSet::new();
    let mut watched: Vec<Visit> = Vec::new();
    let mut look = tokio::time::interval_at(Instant::now() + HURRY, HURRY);
    loop {
        while visits.try_join_next().is_some() {}
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, mostly: whoever is here stays, and others may come later.
                    host.complain(&format!("a connection could not be accepted: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = look.tick() => {
                watched.retain_mut(Visit::goes_on);
                continue;
            }
            () = stop.cancelled() => break,
        };
        if visits.len() == VISITORS {
            host.complain(&format!("there are {VISITORS} connections already; one more is closed"));
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (host, tls, turns) = (host.clone(), tls.clone(), Arc::new(AtomicU32::new(0)));
        let counted = turns.clone();
        let task = visits.spawn(async move {
            let Some(tls) = tls else { return receive(stream, host, turns).await };
            match tokio::time::timeout(HURRY, tls.accept(stream)).await {
                Ok(Ok(stream)) => receive(stream, host, turns).await,
                Ok(Err(reason)) => host.complain(&format!("the TLS handshake failed: {reason}")),
                Err(_) => host.complain("the TLS handshake took too long"),
            }
        });
        watched.push(Visit { task, turns: counted, seen: None });
    }
}

/// A connection, as one clock for all of them sees it: a clock of its own for each request would cost more than the rest
/// of its way through here.
struct Visit {
    task: AbortHandle,
    /// Requests begun and answered: odd while one is being answered, as they come one after the other.
    turns: Arc<AtomicU32>,
    /// The turns at the last look.
    seen: Option<u32>,
}

impl Visit {
    /// Sends it away if it has asked nothing since the last look.
    fn goes_on(&mut self) -> bool {
        let turns = self.turns.load(Ordering::Relaxed);
        let idle = self.seen.replace(turns) == Some(turns) && turns.is_multiple_of(2);
        if idle {
            self.task.abort();
        }
        !idle && !self.task.is_finished()
    }
}

async fn listen<H: Host>(place: &str, host: &H) -> TcpListener {
    loop {
        match TcpListener::bind(place).await {
            Ok(listener) => {
                host.listens(&listener.local_addr().map_or_else(|_| place.to_owned(), |at| at.to_string()));
                return listener;
            }
            Err(error) => {
                tracing::error!(
                    "cannot listen at {place}: {error}; choose another `listen` if some program has that port; tried again \
                     in {} s",
                    RETRY.as_secs()
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn receive<H: Host>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: Arc<H>,
    turns: Arc<AtomicU32>,
) where
    H::Body: 'static,
{
    let turns = &*turns;
    let service = hyper::service::service_fn(|request| {
        let host = host.clone();
        async move {
            turns.fetch_add(1, Ordering::Relaxed);
            let answer = host.answer(request).await;
            turns.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(answer)
        }
    });
    // Answers are short: copied behind their heads they are written faster than from two places.
    let connection = hyper::server::conn::http1::Builder::new()
        .writev(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // What is wrong with the connection itself is the visitor's matter.
    let _ = connection.await;
}
