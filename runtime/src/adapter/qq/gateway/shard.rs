//! One link after another, for ever.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::connect_async_tls_with_config;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_util::sync::CancellationToken;

use super::super::failure::{Class, Failure};
use super::super::token::Token;
use super::close::{Verdict, verdict};
use super::intents::names;
use super::ladder::Ladder;
use super::link::{self, End, Fresh, Link, Session, Socket};
use super::{Common, starts};

/// So many resumes in a row may fail.
const RESUMES: u32 = 3;
/// A wait of so many times `timings.retry` is no moment any more.
const MOMENT: u32 = 10;

/// What goes on from one link to the next.
struct Shard {
    common: Arc<Common>,
    number: (u32, u32),
    wanted: watch::Receiver<BTreeSet<&'static str>>,
    session: Option<Session>,
    url: Option<String>,
    failed_resumes: u32,
    ladder: Ladder,
}

/// A try that is over.
struct Over {
    end: End,
    /// When the link stood, if it did.
    opened: Option<Instant>,
    token: Option<Arc<Token>>,
    intents: u32,
    greeted: bool,
    resuming: bool,
    of_use: bool,
}

/// Keeps a shard's link until `stop`; the reason if no try can succeed.
pub(super) async fn keep(
    common: Arc<Common>,
    number: (u32, u32),
    wanted: watch::Receiver<BTreeSet<&'static str>>,
    stop: CancellationToken,
) -> Option<String> {
    let ladder = Ladder::new(common.settings.timings.retry);
    let mut shard = Shard { common, number, wanted, session: None, url: None, failed_resumes: 0, ladder };
    loop {
        let over = shard.attempt(&stop).await;
        if let End::Stopped = over.end {
            return None;
        }
        let wait = match shard.settle(over) {
            Ok(wait) => wait,
            Err(fatal) => return Some(fatal),
        };
        tokio::select! {
            () = stop.cancelled() => return None,
            () = sleep(wait) => {}
        }
    }
}

impl Shard {
    async fn attempt(&mut self, stop: &CancellationToken) -> Over {
        let failed = |end: End, token: Option<Arc<Token>>| Over {
            end,
            opened: None,
            token,
            intents: 0,
            greeted: false,
            resuming: false,
            of_use: false,
        };
        let dialled = tokio::select! {
            () = stop.cancelled() => return failed(End::Stopped, None),
            dialled = self.dial() => dialled,
        };
        let (socket, token) = match dialled {
            Ok(dialled) => dialled,
            Err(end) => return failed(end, None),
        };
        let opened = Some(Instant::now());
        let mut link = Link::new(&self.common, self.number, &mut self.session, &mut self.wanted);
        let end = link.run(socket, &token, stop).await;
        let (intents, greeted, resuming, of_use) = (link.intents, link.greeted, link.resuming, link.of_use);
        Over { end, opened, token: Some(token), intents, greeted, resuming, of_use }
    }

    async fn dial(&mut self) -> Result<(Socket, Arc<Token>), End> {
        let url = match (&self.session, self.url.take()) {
            (Some(_), Some(url)) => url,
            (Some(_), None) => {
                starts::ask(&self.common.api, &self.common.settings)
                    .await
                    .map_err(|failure| unasked(&failure))?
                    .url
            }
            (None, _) => self.begin().await?,
        };
        let token = self.common.api.tokens().get().await.map_err(|failure| unasked(&failure))?;
        let connector = Some(self.common.connector.clone());
        let dialled = connect_async_tls_with_config(&url, Some(link::config()), true, connector);
        let socket = match tokio::time::timeout(self.common.settings.timings.handshake, dialled).await {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(error)) => return Err(End::Unreachable(unreachable(&error))),
            Err(_) => {
                return Err(End::Unreachable(
                    "it accepts the connection but does not shake hands".to_owned(),
                ));
            }
        };
        // Only an address that works is gone back to.
        self.url = Some(url);
        Ok((socket, token))
    }

    /// Waits until a session may begin; where.
    async fn begin(&self) -> Result<String, End> {
        let (common, name) = (&self.common, &self.common.settings.name);
        loop {
            let place =
                starts::ask(&common.api, &common.settings).await.map_err(|failure| unasked(&failure))?;
            if place.remaining == Some(0) {
                let wait = place.reset.max(common.settings.timings.retry);
                let text = format!("all {} sessions of a day are used up", place.total);
                tracing::error!(
                    bot = name,
                    "bot `{name}` has to wait {:.0} s for the gateway: {text}",
                    wait.as_secs_f64()
                );
                common.down(self.number.0, &text);
                sleep(wait).await;
                continue;
            }
            common.starts.turn(place.at_once).await;
            return Ok(place.url);
        }
    }

    /// What to keep for the next try, and how long to wait for it; `Err` if there is to be none.
    fn settle(&mut self, over: Over) -> Result<Duration, String> {
        let Over { end, opened, token, intents, greeted, resuming, of_use } = over;
        if greeted {
            self.ladder.stands();
            self.failed_resumes = 0;
        } else if resuming {
            self.failed_resumes += 1;
            if self.failed_resumes >= RESUMES {
                self.failed_resumes = 0;
                self.session = None;
            }
        }
        let reason = describe(&end);
        let mut wait = match &end {
            End::Stopped => Duration::ZERO,
            End::Unreachable(_) => self.ladder.next(),
            End::Refused(_) => self.ladder.longest(),
            End::Reconnect => Duration::ZERO,
            End::Invalid(resumable) => {
                if !resumable {
                    self.session = None;
                }
                self.ladder.after_invalid()
            }
            End::Fresh(_) => {
                self.session = None;
                Duration::ZERO
            }
            End::Oversize => {
                self.session = None;
                self.ladder.next()
            }
            End::Lost { code, .. } => match verdict(*code) {
                // The token was bad and not the session, whose events wait.
                Verdict::Token if resuming && !greeted && self.failed_resumes == 1 => {
                    self.forget(token.as_ref());
                    self.ladder.next()
                }
                verdict => self.after_loss(verdict, &reason, token.as_ref(), intents)?,
            },
        };
        let dropped = matches!(end, End::Lost { .. } | End::Oversize | End::Reconnect);
        if let Some(opened) = opened
            && dropped
            && self.ladder.broke(opened.elapsed(), of_use)
        {
            wait = self.ladder.longest();
        }
        if !greeted && !matches!(end, End::Fresh(_)) || wait > self.common.settings.timings.retry * MOMENT {
            self.common.down(self.number.0, &reason);
        }
        self.tell(&end, &reason, wait);
        Ok(wait)
    }

    fn after_loss(
        &mut self,
        verdict: Verdict,
        reason: &str,
        token: Option<&Arc<Token>>,
        intents: u32,
    ) -> Result<Duration, String> {
        match verdict {
            Verdict::Resume => return Ok(self.ladder.next()),
            Verdict::Slower => return Ok(self.ladder.longest()),
            Verdict::Identify => {}
            Verdict::Token => self.forget(token),
            Verdict::Intents => self.give_up(intents, reason)?,
            Verdict::Fatal(why) => return Err(format!("{reason}: {why}")),
        }
        self.session = None;
        Ok(self.ladder.next())
    }

    fn forget(&self, token: Option<&Arc<Token>>) {
        if let Some(token) = token {
            self.common.api.tokens().forget(token);
        }
    }

    /// Goes on without intents that the platform may not have granted.
    fn give_up(&self, intents: u32, reason: &str) -> Result<(), String> {
        let (settings, wanted) = (&self.common.settings, self.wanted.borrow());
        let given_up = match settings.intents {
            Some(_) => Err(()),
            None => self.common.grants.refused(intents, &wanted),
        };
        let given_up = given_up.map_err(|()| {
            format!(
                "{reason}: one of the intents is not granted to this bot: {}; apply for it in the console at q.qq.com, or \
                 set `intents` in the bot's [[bot]] table to what the bot has",
                names(intents)
            )
        })?;
        tracing::warn!(
            bot = settings.name,
            "the platform does not grant bot `{}` all intents that its plugins listen to; it goes on without {}; apply for \
             them in the console at q.qq.com and restart iglu",
            settings.name,
            names(given_up),
        );
        Ok(())
    }

    fn tell(&self, end: &End, reason: &str, wait: Duration) {
        let (name, seconds) = (&self.common.settings.name, wait.as_secs_f64());
        match end {
            End::Reconnect | End::Fresh(_) | End::Lost { code: Some(4009), .. } => {
                tracing::info!(bot = name, shard = self.number.0, "the gateway's link is renewed: {reason}");
            }
            _ => self.common.complain(&format!("{reason}; next try in {seconds:.1} s")),
        }
    }
}

fn describe(end: &End) -> String {
    match end {
        End::Stopped => "iglu stops".to_owned(),
        End::Unreachable(reason) => format!("it cannot be reached: {reason}"),
        End::Refused(reason) | End::Lost { reason, .. } => reason.clone(),
        End::Oversize => "a frame is too large".to_owned(),
        End::Reconnect => "the platform asks for it".to_owned(),
        End::Invalid(true) => "the platform wants the session resumed".to_owned(),
        End::Invalid(false) => "the platform has ended the session".to_owned(),
        End::Fresh(Fresh::More) => "plugins listen to more".to_owned(),
        End::Fresh(Fresh::Silent) => "the resumed session has brought nothing for long".to_owned(),
    }
}

fn unasked(failure: &Failure) -> End {
    match failure.class {
        Class::Auth => End::Refused(failure.to_string()),
        _ => End::Unreachable(failure.to_string()),
    }
}

fn unreachable(error: &WsError) -> String {
    match error {
        WsError::Http(answer) => {
            format!("it answers with HTTP status {} and not with a WebSocket", answer.status())
        }
        WsError::Io(error) if error.to_string().contains("certificate") => {
            format!("{error}; name a PEM file with the certificate to trust as `ca`")
        }
        error => error.to_string(),
    }
}
