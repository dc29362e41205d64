//! Listening sockets, and the calls that add transports to an account.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

use super::{Http, Napcat, Post, Reverse, forward, http, lock, post, reverse, shared::Shared};

/// What connections of a server speak.
#[derive(Clone)]
pub(super) enum Entrance {
    Forward,
    Http(Arc<Http>),
}

/// One listening socket, or its port while it does not listen.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    entrance: Entrance,
    accepting: Option<JoinHandle<()>>,
    /// The port, bound but not listening, between `stop_listening` and `listen_again`.
    reserved: Option<TcpSocket>,
}

impl Server {
    pub(super) fn start(shared: &Arc<Shared>, address: SocketAddr, entrance: Entrance) -> io::Result<Self> {
        let listener = bind(address)?.listen(1024)?;
        let address = listener.local_addr()?;
        let accepting = Some(tokio::spawn(accept(shared.clone(), listener, entrance.clone())));
        Ok(Self { address, entrance, accepting, reserved: None })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, entrance: Entrance) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        shared.links.counts.send_modify(|counts| counts.accepted += 1);
        match &entrance {
            Entrance::Forward => drop(tokio::spawn(forward::serve(shared.clone(), tcp))),
            Entrance::Http(server) => drop(tokio::spawn(http::serve(shared.clone(), tcp, server.clone()))),
        }
    }
}

pub(super) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Napcat {
    /// Adds an HTTP server, with SSE or a WebSocket on its port if so asked; where it listens.
    pub fn serve_http(&self, http: Http) -> io::Result<SocketAddr> {
        let server = Server::start(self.shared(), http.listen, Entrance::Http(Arc::new(http)))?;
        let address = server.address;
        lock(&self.guard.servers).push(server);
        Ok(address)
    }

    /// Adds a reverse WebSocket client, which dials from now on until [`Napcat::stop_dialling`]. Fails when the
    /// address is none that can be dialled.
    pub fn dial(&self, target: Reverse) -> io::Result<()> {
        let dialling = reverse::Dialling::prepare(self.shared(), target)?;
        self.shared().spawn(dialling.run(self.shared().clone()));
        Ok(())
    }

    /// Ends all dialling and posting; present reverse connections are dropped.
    pub fn stop_dialling(&self) {
        lock(&self.shared().posts).clear();
        lock(&self.shared().tasks).abort_all();
    }

    /// Adds an HTTP client, which posts every event from now on. Fails when the address is none that can be posted to.
    pub fn post(&self, target: Post) -> io::Result<()> {
        post::check(&target.url)?;
        lock(&self.shared().posts).push(Arc::new(target));
        Ok(())
    }

    /// Stops listening: new connections to all servers are refused by the operating system, present ones stay.
    pub async fn stop_listening(&self) {
        let stopped: Vec<_> =
            lock(&self.guard.servers).iter_mut().filter_map(|server| server.accepting.take()).collect();
        for accepting in stopped {
            accepting.abort();
            drop(accepting.await);
        }
        for server in lock(&self.guard.servers).iter_mut().filter(|server| server.accepting.is_none()) {
            if server.reserved.is_none() {
                server.reserved = bind(server.address).ok();
            }
        }
    }

    /// Listens again on the same ports, after [`Napcat::stop_listening`].
    pub fn listen_again(&self) {
        for server in lock(&self.guard.servers).iter_mut() {
            if let Some(listener) = server.reserved.take().and_then(|socket| socket.listen(1024).ok()) {
                let accepting = accept(self.shared().clone(), listener, server.entrance.clone());
                server.accepting = Some(tokio::spawn(accepting));
            }
        }
    }
}
