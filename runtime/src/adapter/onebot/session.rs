//! What a link's frames mean: whose they are, what goes to plugins, and what the link itself makes of them. How the frames
//! travel is another matter: a WebSocket, posts or a stream of events.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Settings;
use super::account::{Account, Accounts};
use super::decode::{self, Context, Decoded};
use super::line::{Line, Origin};
use super::wire::{self, Bad, Frame, Outcome};
use crate::adapter::node::Node;
use crate::adapter::throttle::Throttle;
use crate::adapter::{Inlet, bot_state};
use crate::bot::Bot as _;
use crate::model::{EventBody, Incoming};

/// Heartbeats may be told to come faster or slower than this, but pings keep to it.
const INTERVALS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);

/// Why a link is over.
#[derive(Debug)]
pub(super) enum End {
    /// The host stops.
    Stopped,
    /// NapCat does not take our token.
    Refused(String),
    /// There was never a link.
    Unreachable(String),
    /// There was a link, and it ended.
    Lost(String),
}

/// One `[[bot]]` table at work; what outlives its links.
pub(super) struct Seat {
    pub(super) settings: Settings,
    pub(super) accounts: Arc<Accounts>,
    inlet: Inlet,
    /// The account that answered here last.
    account: Mutex<Option<Arc<Account>>>,
    bad_frames: Mutex<Throttle>,
}

/// What is to be done when a link shows its account.
pub(super) type Shown = Box<dyn FnOnce() + Send>;

impl Seat {
    pub(super) fn new(settings: Settings, accounts: Arc<Accounts>, inlet: Inlet) -> Self {
        Self { settings, accounts, inlet, account: Mutex::default(), bad_frames: Mutex::default() }
    }

    fn last(&self) -> Option<Arc<Account>> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says why a frame is skipped, at a bounded rate.
    pub(super) fn complain(&self, reason: &str) {
        let passed = self.bad_frames.lock().unwrap_or_else(PoisonError::into_inner).count(Instant::now());
        if let Some(passed) = passed {
            let name = &self.settings.name;
            tracing::warn!(
                bot = name,
                skipped = passed.total,
                unreported = passed.held,
                "a frame from NapCat is skipped: {reason}"
            );
        }
    }
}

/// One link.
pub(super) struct Session {
    pub(super) seat: Arc<Seat>,
    line: Line,
    /// Goes with each event, so that a reply finds the way back.
    origin: Arc<Origin>,
    /// The account that the peer says it is, before any frame.
    announced: Option<Arc<Account>>,
    /// The account that this link has shown itself to be, and that was told to the plugins.
    account: Option<Arc<Account>>,
    /// A frame has come that is no refusal.
    pub(super) greeted: bool,
    /// NapCat reported a forced logout; its heartbeats may go on saying that all is well.
    kicked: bool,
    /// Between heartbeats.
    pub(super) interval: Duration,
    pub(super) on_show: Option<Shown>,
}

impl Session {
    /// A link that has just come to be. `announced` is the account's id where the peer told it.
    pub(super) fn new(seat: Arc<Seat>, line: Line, announced: Option<&str>) -> Self {
        let announced = announced.map(|id| seat.accounts.named(id, &seat.settings));
        let interval = seat.settings.timings.heartbeat;
        let origin = Arc::new(Origin::new(line.clone()));
        Self {
            seat,
            line,
            origin,
            announced,
            account: None,
            greeted: false,
            kicked: false,
            interval,
            on_show: None,
        }
    }

    /// Takes a frame: an event, or an answer to a call. Tells if it ends the link.
    pub(super) fn take(&mut self, text: &str) -> Option<End> {
        let origin = self.origin.clone();
        self.take_from(text, &origin).unwrap_or_else(|bad| {
            self.seat.complain(&bad.to_string());
            None
        })
    }

    /// The same for an event that has a way back of its own.
    pub(super) fn take_from(&mut self, text: &str, origin: &Arc<Origin>) -> Result<Option<End>, Bad> {
        wire::frame(text, |frame| match frame {
            Frame::Response(response) if response.outcome.code == 1403 => {
                Some(End::Refused(response.outcome.message))
            }
            Frame::Response(response) => {
                self.greeted = true;
                let (code, message) = (response.outcome.code, response.outcome.message.clone());
                if !self.line.answer(response) {
                    let name = &self.seat.settings.name;
                    tracing::debug!(bot = name, code, message, "an answer that nobody waits for");
                }
                None
            }
            Frame::Event(node) => {
                self.greeted = true;
                self.take_event(&node, text, origin);
                None
            }
        })
    }

    fn take_event(&mut self, node: &Node<'_>, text: &str, origin: &Arc<Origin>) {
        let Some(account) = self.account_of(node) else {
            return self.seat.complain("no event has told yet which account this is (`self_id`)");
        };
        let bot = account.info();
        let decoded = {
            let mut memory = account.memory();
            decode::event(node, text, &mut Context { bot: &bot, memory: &mut memory })
        };
        let is_hello = matches!(decoded, Decoded::Connected);
        self.show(&account, is_hello.then_some(text));
        match decoded {
            Decoded::Connected => {}
            Decoded::Heartbeat { online, interval } => {
                if let Some(interval) = interval {
                    self.interval = interval.clamp(*INTERVALS.start(), *INTERVALS.end());
                }
                // After a forced logout only a report of being offline, or a message, makes a later "online" credible.
                self.kicked &= online != Some(false);
                if let Some(online) = online.filter(|online| !(self.kicked && *online)) {
                    self.turn(&account, online, Some(text));
                }
            }
            Decoded::Events(events) => self.pass_on(&account, events, origin),
        }
    }

    fn pass_on(&mut self, account: &Account, events: Vec<Incoming>, origin: &Arc<Origin>) {
        for mut event in events {
            match &event.event.body {
                EventBody::BotState(state) if state.state == "offline" => {
                    self.kicked = true;
                    account.turn(false);
                }
                EventBody::BotState(state) if state.state == "online" => {
                    account.turn(true);
                }
                EventBody::Message(_) if self.kicked => {
                    self.kicked = false;
                    self.turn(account, true, None);
                }
                _ => {}
            }
            Arc::make_mut(&mut event.event).bot.online = account.info().online;
            event.origin = Some(origin.clone());
            (self.seat.inlet)(event);
        }
    }

    fn turn(&self, account: &Account, online: bool, original: Option<&str>) {
        if account.turn(online) {
            let (name, id) = (&self.seat.settings.name, account.info().id);
            tracing::info!(bot = name, id, online, "the account's login has changed");
            let state = if online { "online" } else { "offline" };
            (self.seat.inlet)(bot_state(account.info(), state, None, original));
        }
    }

    /// The account that an event belongs to. `lifecycle` says whose link this is; of other events, the first one does.
    fn account_of(&mut self, node: &Node<'_>) -> Option<Arc<Account>> {
        let is_hello = node.at("meta_event_type").as_str() == Some("lifecycle");
        if let Some(account) = self.account.as_ref().filter(|_| !is_hello) {
            return Some(account.clone());
        }
        if let Some(announced) = &self.announced {
            return Some(announced.clone());
        }
        match node.at("self_id").known_id() {
            Some(id) => Some(self.seat.accounts.named(&id, &self.seat.settings)),
            None => self.account.clone().or_else(|| self.seat.last()),
        }
    }

    /// Makes the account reachable by this link and tells the plugins, once.
    fn show(&mut self, account: &Arc<Account>, original: Option<&str>) {
        if let Some(shown) = self.account.take() {
            if Arc::ptr_eq(&shown, account) {
                self.account = Some(shown);
                return;
            }
            self.part(&shown, "another account has logged in there");
        }
        let is_first = account.attach(self.line.clone());
        self.seat.accounts.show(account);
        *self.seat.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(account.clone());
        self.account = Some(account.clone());
        self.kicked = false;
        if let Some(shown) = self.on_show.take() {
            shown();
        }
        let (name, id) = (&self.seat.settings.name, account.info().id);
        if is_first {
            tracing::info!(bot = name, id, "bot `{name}` is connected");
            (self.seat.inlet)(bot_state(account.info(), "connected", None, original));
        } else {
            tracing::info!(bot = name, id, "bot `{name}` is connected by one more link");
        }
    }

    /// Another link may still reach the account; plugins are told when none does.
    fn part(&self, account: &Account, reason: &str) {
        if account.detach(&self.line) {
            let reason = Some(reason.to_owned());
            (self.seat.inlet)(bot_state(account.info(), "disconnected", reason, None));
        }
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// What `get_login_info` answered; none if nothing did.
    pub(super) fn take_login(&mut self, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        let told = wire::document(&outcome.data, |data| {
            (data.at("user_id").known_id(), data.at("nickname").words())
        });
        let Ok((Some(id), nickname)) = told else { return };
        let account = self.seat.accounts.named(&id, &self.seat.settings);
        if let Some(nickname) = nickname {
            account.rename(nickname);
        }
        self.show(&account, None);
    }

    /// Whether the account is logged in, as a question about it was answered.
    pub(super) fn take_status(&mut self, online: bool) {
        if let Some(account) = self.account.clone().filter(|_| !(self.kicked && online)) {
            self.turn(&account, online, None);
        }
    }

    /// The link has ended: calls in flight fail, and plugins hear of it.
    pub(super) fn over(&mut self, end: &End) {
        let reason = match end {
            End::Stopped => "iglu is stopping",
            End::Refused(reason) | End::Unreachable(reason) | End::Lost(reason) => reason,
        };
        self.line.close(&format!("the link to NapCat has ended: {reason}"));
        if let Some(account) = self.account.take() {
            if matches!(end, End::Stopped) {
                account.detach(&self.line);
            } else {
                self.part(&account, reason);
            }
        }
    }
}
