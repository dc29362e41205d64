//! A simulated NapCat, and in [`qq`] a simulated official QQ platform: real sockets with their behaviour, good and bad,
//! driven by a test or a person.
//!
//! ```no_run
//! # async fn example() {
//! use iglu_simulator::{Answer, Cut, Napcat, Options};
//!
//! let napcat = Napcat::start(Options { token: "secret".to_owned(), ..Options::default() }).await;
//! // ... start the client with napcat.url() and napcat.token() ...
//! napcat.connected().await;
//! napcat.answer_once("send_group_msg", Answer::failed("无法获取用户信息"));
//! napcat.group_text(757_951_413, 5_079_132, "/echo hi");
//! let call = napcat.next_call("send_group_msg").await;
//! assert_eq!(call.text(), "hi");
//! napcat.cut(Cut::Reset).await;
//! napcat.connected().await;
//! # }
//! ```
//!
//! Every waiting method panics at [`Options::deadline`] with what was seen instead. When the last clone of a
//! [`Napcat`] is dropped, the server and its connections end.
//!
//! One [`Napcat`] is one account. Beside its forward WebSocket server it may have any number of other transports,
//! which all see one world and get every event: [`Napcat::dial`] (reverse WebSocket), [`Napcat::serve_http`] (HTTP and
//! SSE), [`Napcat::post`] (events by HTTP POST). Actions and the world behind them know of no transport.

mod actions;
mod answer;
mod calls;
mod cq;
mod events;
mod forward;
mod http;
mod kinds;
mod link;
mod options;
mod post;
pub mod qq;
mod reverse;
mod script;
mod send;
mod server;
mod shared;
mod tls;
mod wait;
mod world;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

pub use self::{
    answer::Answer,
    calls::Call,
    cq::{decode as decode_cq, encode as encode_cq},
    events::MessageDraft,
    forward::Upgrade,
    link::LinkCounts,
    options::{
        Build, Cut, FRIEND, Format, GROUP, Greeting, Http, OWNER, Options, Post, Reverse, SELF_ID,
        SelfReport, Transport,
    },
    post::PostCounts,
    script::{ANY, Hold},
    tls::{certificate_path, client_config},
};
use self::{
    link::{Control, Frame, Link},
    server::{Entrance, Server},
    shared::Shared,
};

/// The handle of a simulated NapCat. Clones drive the same one.
#[derive(Clone)]
pub struct Napcat {
    guard: Arc<Guard>,
}

struct Guard {
    shared: Arc<Shared>,
    /// The forward WebSocket server first, if there is one.
    servers: Mutex<Vec<Server>>,
    forward: Option<SocketAddr>,
    heartbeats: AbortHandle,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.heartbeats.abort();
        lock(&self.servers).clear();
        lock(&self.shared.tasks).abort_all();
        drop(self.shared.links.take(|_| true));
    }
}

impl Napcat {
    /// Starts an account on a free loopback port, or where the options say. Panics when it cannot listen there.
    pub async fn start(options: Options) -> Self {
        Self::open(options).unwrap_or_else(|error| panic!("simulated NapCat: cannot listen: {error}"))
    }

    /// Starts an account, within a tokio runtime. Fails when it cannot listen where the options say.
    pub fn open(options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(options));
        let server =
            shared.options.listen.map(|at| Server::start(&shared, at, Entrance::Forward)).transpose()?;
        let forward = server.as_ref().map(|server| server.address);
        let heartbeats = tokio::spawn(forward::heartbeats(shared.clone())).abort_handle();
        let servers = Mutex::new(server.into_iter().collect());
        Ok(Self { guard: Arc::new(Guard { shared, servers, forward, heartbeats }) })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.guard.shared
    }

    /// `ws://127.0.0.1:PORT`, or `wss://`, of the forward WebSocket server.
    pub fn url(&self) -> String {
        let scheme = if self.options().tls { "wss" } else { "ws" };
        format!("{scheme}://{}", self.address())
    }

    /// Where the forward WebSocket server listens; the port never changes. Panics when there is no such server.
    pub fn address(&self) -> SocketAddr {
        self.guard.forward.expect("Options::listen names where a forward WebSocket server is")
    }

    /// The access token a client has to give; empty for none.
    pub fn token(&self) -> &str {
        &self.options().token
    }

    /// The settings it was started with.
    pub fn options(&self) -> &Options {
        &self.shared().options
    }

    /// The names of all actions that have a default answer.
    pub fn actions() -> impl Iterator<Item = &'static str> {
        actions::names()
    }

    /// Answers an action (or [`ANY`]) so from now on.
    pub fn answer(&self, action: &str, answer: Answer) {
        lock(&self.shared().script).always(action, answer);
    }

    /// Answers the next request of an action (or [`ANY`]) so. Several of these are used up in turn.
    pub fn answer_once(&self, action: &str, answer: Answer) {
        lock(&self.shared().script).once(action, answer);
    }

    /// Back to the default answers of an action (or [`ANY`]).
    pub fn answer_normally(&self, action: &str) {
        lock(&self.shared().script).forget(action);
    }

    /// Keeps the answers to an action (or [`ANY`]) back from now on. The requests take effect at once.
    pub fn hold(&self, action: &str) -> Hold {
        lock(&self.shared().script).hold(action)
    }

    /// Every request from now on, also when [`Options::record`] is off.
    pub fn tap(&self) -> mpsc::UnboundedReceiver<Arc<Call>> {
        self.shared().calls.tap()
    }

    /// A user the bot may write to. Users and groups named in pushed events need no such call.
    pub fn add_friend(&self, user: u64, nickname: &str) {
        lock(&self.shared().world).add_person(user, nickname, true);
    }

    /// A group the bot is in.
    pub fn add_group(&self, group: u64, name: &str) {
        lock(&self.shared().world).add_group(group, name);
    }

    /// A member of a group; `role` is `owner`, `admin` or `member`.
    pub fn add_member(&self, group: u64, user: u64, card: &str, role: &str) {
        lock(&self.shared().world).add_member(group, user, card, role);
    }

    /// The messages behind a `forward` segment's id.
    pub fn add_forward(&self, id: &str, messages: Vec<Value>) {
        lock(&self.shared().world).forwards.insert(id.to_owned(), messages);
    }

    /// A message the simulator knows, as it stands in its event; `None` once recalled.
    pub fn message(&self, message_id: i64) -> Option<Value> {
        lock(&self.shared().world).message(message_id).cloned()
    }

    /// Whether the account is online, as told by heartbeats and `get_status`; the socket lives on.
    pub fn go_online(&self, online: bool) {
        lock(&self.shared().world).online = online;
    }

    /// The heartbeat interval from now on; `None` stops the heartbeats and nothing else.
    pub fn beat_every(&self, interval: Option<Duration>) {
        self.shared().heartbeat.send_replace(interval);
    }

    /// How new connections are greeted from now on.
    pub fn greet_with(&self, greeting: Greeting) {
        *lock(&self.shared().greeting) = greeting;
    }

    /// Makes the present connections dead links: open sockets on which nothing is read or written, pongs
    /// included. New connections are not affected.
    pub fn go_silent(&self) {
        self.shared().links.each(|link| link.control.send(Control::Silent(true)).is_ok());
    }

    /// Ends [`Napcat::go_silent`]; what was queued meanwhile is sent now.
    pub fn speak_again(&self) {
        self.shared().links.each(|link| link.control.send(Control::Silent(false)).is_ok());
    }

    /// Cuts all connections; the number of those. No event goes to them any more, and when this returns they
    /// are cut as seen from here.
    pub async fn cut(&self, cut: Cut) -> usize {
        cut_links(self.shared().links.take(|_| true), &cut).await
    }

    /// Cuts one connection, by its number; whether it was there.
    pub async fn cut_one(&self, connection: u64, cut: Cut) -> bool {
        cut_links(self.shared().links.take(|number| number == connection), &cut).await == 1
    }

    /// Waits until all frames queued so far are handed to the operating system, on connections that live.
    pub async fn flush(&self) {
        let mut written = Vec::new();
        self.shared().links.each(|link| {
            let (tell, told) = oneshot::channel();
            written.push(told);
            link.outgoing.frame(Frame::Written(tell))
        });
        let all = async {
            for told in written {
                drop(told.await);
            }
        };
        self.within("all frames to be written", all).await;
    }
}

async fn cut_links(links: Vec<Link>, cut: &Cut) -> usize {
    let count = links.len();
    let mut ended = Vec::new();
    for link in links {
        let (done, end) = oneshot::channel();
        drop(link.control.send(Control::Cut(cut.clone(), done)));
        ended.push(end);
    }
    for end in ended {
        drop(end.await);
    }
    count
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
