//! `sessions`: waiting for what a user does next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::component::Accessor;

use super::caller::are_ids;
use super::messages::answer;
use super::{Caller, Entered, content, downloaded, enter, held};
use crate::model::contract::iglu::plugin::sessions::{Expectation, Host, HostWithStore, Speaker};
use crate::model::{Error, Event, Incoming, Segment};
use crate::plugin::engine::{Calls, Ctx};
use crate::plugin::flight::Flight;
use crate::plugin::mailbox::Mailbox;
use crate::router::{Expected, NoSeat, Seat, chat_of, chat_parts, user_of};

/// The most users that one wait may name.
const USERS: usize = 1000;

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    async fn wait(
        host: &Accessor<Ctx, Self>,
        event: String,
        expectation: Expectation,
    ) -> Result<Option<Event>, Error> {
        let (caller, handler, incoming) = who_waits(host, held!(event, expectation), &event)?;
        let timeout = expectation.timeout_ms;
        let wait = Wait::begin(&caller, handler, expected(&caller, &incoming, expectation)?)?;
        let _resting = caller.rest();
        wait.end(timeout).await
    }

    async fn ask(
        host: &Accessor<Ctx, Self>,
        event: String,
        question: Vec<Segment>,
        quote: bool,
        expectation: Expectation,
    ) -> Result<Option<Event>, Error> {
        let asked = held!(question);
        let (caller, handler, incoming) = who_waits(host, held!(event, expectation) + asked, &event)?;
        content::check(&caller.policy, caller.limits.file, &question)?;
        let question = downloaded::insert(&caller, question).await?;
        let timeout = expectation.timeout_ms;
        let wait = Wait::begin(&caller, handler, expected(&caller, &incoming, expectation)?)?;
        answer(&caller, &incoming, &question, quote).await?;
        drop(question);
        caller.put_down(asked);
        let _resting = caller.rest();
        wait.end(timeout).await
    }
}

/// The caller, its handler if it can be told, and the event that it names.
type Waiting = (Entered, Option<u64>, Arc<Incoming>);

fn who_waits(host: &Accessor<Ctx, Calls>, brought: usize, event: &str) -> Result<Waiting, Error> {
    let caller = enter(host, brought)?;
    let incoming = caller.event(event)?;
    let handler = caller.handler(event);
    Ok((caller, handler, incoming))
}

/// What the router is to look for.
fn expected(caller: &Caller, incoming: &Incoming, expectation: Expectation) -> Result<Expected, Error> {
    let invalid = |text: String| Err(Error::Invalid(text));
    let event = &incoming.event;
    let Expectation { who, chat, pattern, timeout_ms, commands_first, interactions } = expectation;
    if timeout_ms == 0 {
        return invalid("a wait with a timeout of 0 can only be in vain; give milliseconds".to_owned());
    }
    if event.bot.id.is_empty() {
        return invalid(format!("event {:?} belongs to no bot, so nobody can be waited for", event.id));
    }
    let Some(chat) = chat.or_else(|| chat_of(&event.body)) else {
        return invalid(format!("event {:?} has no chat to wait in; give one", event.id));
    };
    let users = match who {
        Speaker::AnyoneInChat => None,
        Speaker::SameUser => match user_of(&event.body) {
            Some(user) => Some(vec![user.to_owned()]),
            None => {
                return invalid(format!(
                    "event {:?} has no user to wait for; wait for anyone in the chat, or name users",
                    event.id
                ));
            }
        },
        Speaker::Users(users) if users.is_empty() => {
            return invalid("a wait for one of no users can only be in vain; name some".to_owned());
        }
        Speaker::Users(users) if users.len() > USERS => {
            return invalid(format!(
                "a wait for {} users; name at most {USERS}, or wait for anyone in the chat",
                users.len()
            ));
        }
        Speaker::Users(users) => Some(users),
    };
    let router = &caller.around()?.desk.router;
    are_ids(chat_parts(&chat).into_iter().chain(users.iter().flatten().map(String::as_str)))?;
    let pattern = pattern.map(|pattern| router.pattern(&pattern)).transpose()?;
    Ok(Expected {
        plugin: Arc::clone(&caller.plugin),
        bot: event.bot.id.clone(),
        chat,
        users,
        pattern,
        commands_first,
        interactions,
    })
}

/// A wait that has begun. Dropping it gives it up.
struct Wait<'a> {
    caller: &'a Caller,
    handler: Option<u64>,
    seat: Seat,
    rest: Arc<Rest>,
}

impl<'a> Wait<'a> {
    fn begin(caller: &'a Caller, handler: Option<u64>, expected: Expected) -> Result<Self, Error> {
        if caller.leaving.is_cancelled() {
            return Err(cancelled(caller, handler));
        }
        let (flight, mailbox) = (Arc::clone(&caller.flight), Arc::clone(&caller.mailbox));
        let rest = Arc::new(Rest { flight, mailbox, handler, state: Mutex::new(State::Before) });
        let woken = {
            let rest = Arc::clone(&rest);
            Box::new(move || rest.end())
        };
        let before = handler.and_then(|number| caller.takes_seat(number));
        let most = caller.limits.waits as usize;
        let seat = caller.around()?.desk.router.wait(expected, woken, before, most);
        let seat = seat.map_err(|reason| refused(caller, handler, reason, most))?;
        Ok(Self { caller, handler, seat, rest })
    }

    async fn end(self, timeout_ms: u32) -> Result<Option<Event>, Error> {
        let Self { caller, handler, mut seat, rest } = self;
        let clock = &caller.around()?.clock;
        // Known before the handler rests: from then on a test may put the clock forward.
        let until = clock.instant() + Duration::from_millis(timeout_ms.into());
        let rest = Resting::begin(rest);
        let over = async { clock.sleep(until.saturating_duration_since(clock.instant())).await };
        let taken = tokio::select! {
            biased;
            taken = seat.taken() => taken,
            () = caller.leaving.cancelled() => return Err(cancelled(caller, handler)),
            () = over => return Ok(None),
        };
        drop(rest);
        let mut incoming = match taken {
            Ok(incoming) => incoming,
            Err(reason) => {
                handler.iter().for_each(|number| caller.flight.tell(*number));
                return Err(Error::Cancelled(reason));
            }
        };
        caller.returned();
        let kept = incoming.kept.take();
        let incoming = Arc::new(incoming);
        match handler {
            Some(number) if caller.flight.took(number, &incoming, kept) => caller.keeps_seat(number, seat),
            // What a handler left behind waits for itself alone.
            _ => caller.is_over(&incoming),
        }
        Ok(Some(Event::clone(&incoming.event)))
    }
}

/// A handler that rests while it waits.
struct Rest {
    flight: Arc<Flight>,
    mailbox: Arc<Mailbox>,
    handler: Option<u64>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    During,
    Over,
}

/// Ends the rest with the wait, however that ends.
struct Resting(Arc<Rest>);

impl Resting {
    fn begin(rest: Arc<Rest>) -> Self {
        rest.begin();
        Self(rest)
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Rest {
    /// Unless a message has come before.
    fn begin(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Before {
            *state = State::During;
            if self.handler.is_some_and(|number| self.flight.rest(number)) {
                self.mailbox.rests();
            }
        }
    }

    /// Once, whoever comes first: the message, the time, or the end.
    fn end(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *state, State::Over) == State::During
            && self.handler.is_some_and(|number| self.flight.wake(number))
        {
            self.mailbox.awakes(1);
        }
    }
}

fn cancelled(caller: &Caller, handler: Option<u64>) -> Error {
    handler.iter().for_each(|number| caller.flight.tell(*number));
    let why = match caller.why() {
        "reload" => "a new version of the plugin takes over",
        "config" => "the plugin's config changes",
        "disable" => "the plugin is switched off",
        _ => "iglu is shutting down",
    };
    Error::Cancelled(format!("nobody is waited for any longer: {why}"))
}

fn refused(caller: &Caller, handler: Option<u64>, reason: NoSeat, most: usize) -> Error {
    Error::Exhausted(match reason {
        NoSeat::Off(reason) => {
            handler.iter().for_each(|number| caller.flight.tell(*number));
            return Error::Cancelled(reason.to_owned());
        }
        NoSeat::OfPlugin => {
            format!("this plugin waits {most} times already, which is its limit (`waits` in iglu.toml)")
        }
        NoSeat::OfAll => "the plugins of this host wait too often; try again later".to_owned(),
    })
}
