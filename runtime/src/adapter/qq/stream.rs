//! Replies that grow while they are read: stream messages of private chats.
//!
//! Each piece carries the whole text so far, so one that was lost is made good by the next.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::AnchorKind;
use super::account::{Account, Pace, lock};
use super::api::{Body, Repeat, Request};
use super::books::{Booking, Stamp};
use super::encode;
use super::failure::{Class, Failure};
use super::outbox::{Sent, anchor, was_not_sent};
use super::place::{self, Place, Scene};
use crate::bot::{Answer, Draft};
use crate::model::{self, Chat, Error, Incoming, Receipt};

/// `input_state`.
const GOING_ON: u8 = 1;
const END: u8 = 10;
/// Pieces in a row that may come to nothing, and other numbers for the first one.
const TRIES: u32 = 3;

type Failed = Arc<Mutex<Option<Error>>>;
type End = Option<oneshot::Sender<Result<Receipt, Error>>>;

/// A reply that grows, as its writer holds it.
struct Growing {
    steps: mpsc::UnboundedSender<Step>,
    failed: Failed,
}

enum Step {
    Text(String),
    Finish(oneshot::Sender<Result<Receipt, Error>>),
}

impl Account {
    /// Begins a stream message where the platform has them.
    pub(super) fn grow(&self, chat: &Chat, answers: &Arc<Incoming>) -> Option<Box<dyn Draft>> {
        let can = anchor(answers).is_some_and(|anchor| anchor.kind != AnchorKind::Never);
        let place = Place::of(chat).ok().flatten().filter(|place| can && place.scene == Scene::Private)?;
        let (steps, coming) = mpsc::unbounded_channel();
        let failed = Failed::default();
        let writer = Writer {
            account: self.shared()?,
            chat: chat.clone(),
            place,
            answers: answers.clone(),
            text: String::new(),
            sent: 0,
            stream: None,
            whole: false,
            next: Instant::now(),
        };
        tokio::spawn(writer.run(coming, failed.clone()));
        Some(Box::new(Growing { steps, failed }))
    }
}

impl Growing {
    fn earlier(&self) -> Result<(), Error> {
        lock(&self.failed).take().map_or(Ok(()), Err)
    }
}

impl Draft for Growing {
    fn append(&self, text: &str) -> Result<(), Error> {
        self.earlier()?;
        self.steps.send(Step::Text(text.to_owned())).map_err(|_| ended())
    }

    fn finish(self: Box<Self>) -> Answer<'static, Receipt> {
        Box::pin(async move {
            self.earlier()?;
            let (end, receipt) = oneshot::channel();
            let told = self.steps.send(Step::Finish(end));
            let receipt = match told {
                Ok(()) => receipt.await.map_err(|_| ended()).flatten(),
                Err(_) => Err(ended()),
            };
            // It may have failed between the two.
            receipt.map_err(|error| lock(&self.failed).take().unwrap_or(error))
        })
    }
}

fn ended() -> Error {
    Error::NotFound("this reply has ended, and nothing can be added to it; send a new one".to_owned())
}

/// What sends the pieces.
struct Writer {
    account: Arc<Account>,
    chat: Chat,
    place: Place,
    answers: Arc<Incoming>,
    text: String,
    /// Bytes of the text that the platform has.
    sent: usize,
    stream: Option<Stream>,
    /// The platform wants no stream here: the text is sent whole at the end.
    whole: bool,
    /// The next piece is not due before.
    next: Instant,
}

/// A stream that the platform knows.
struct Stream {
    id: String,
    stamp: Stamp,
    index: u32,
    lost: u32,
}

impl Writer {
    async fn run(mut self, mut coming: mpsc::UnboundedReceiver<Step>, failed: Failed) {
        let end = loop {
            if let Err(end) = self.gather(&mut coming).await {
                break end;
            }
            if self.whole || self.settled().len() <= self.sent {
                continue;
            }
            if let Err(error) = self.piece().await {
                *lock(&failed) = Some(error);
                drop(coming);
                self.close().await;
                return;
            }
        };
        let receipt = self.finish().await;
        if let Some(end) = end {
            let _ = end.send(receipt);
        } else if let Err(error) = receipt {
            let bot = &self.account.settings.name;
            tracing::warn!(%bot, "a reply that nobody finished could not be ended: {error}");
        }
    }

    /// Takes what is written until the next piece is due. An error is the end.
    async fn gather(&mut self, coming: &mut mpsc::UnboundedReceiver<Step>) -> Result<(), End> {
        let first = coming.recv().await;
        self.take(first)?;
        loop {
            tokio::select! {
                biased;
                step = coming.recv() => self.take(step)?,
                () = tokio::time::sleep_until(self.next) => return Ok(()),
            }
        }
    }

    fn take(&mut self, step: Option<Step>) -> Result<(), End> {
        match step {
            Some(Step::Text(text)) => {
                self.text.push_str(&text);
                Ok(())
            }
            Some(Step::Finish(end)) => Err(Some(end)),
            None => Err(None),
        }
    }

    /// The text as far as it will not change: what comes after a dot decides whether that is hidden.
    fn settled(&self) -> &str {
        let hides = self.account.settings.rules.hide_addresses;
        if hides { self.text.trim_end_matches('.') } else { &self.text }
    }

    /// Sends what there is so far.
    async fn piece(&mut self) -> Result<(), Error> {
        if self.stream.is_none() {
            return self.begin().await;
        }
        match self.send(GOING_ON).await {
            Ok(_) => Ok(()),
            Err(failure) => {
                let pause = failure.after.unwrap_or_default();
                let passes = matches!(failure.class, Class::Busy | Class::Later | Class::Timeout)
                    && pause <= Duration::from_secs(5);
                let Some(stream) = self.stream.as_mut().filter(|stream| passes && stream.lost < TRIES) else {
                    return Err(failure.into());
                };
                stream.lost += 1;
                self.next += pause;
                Ok(())
            }
        }
    }

    /// The first piece. Where it is refused, the text is kept for a whole message.
    async fn begin(&mut self) -> Result<(), Error> {
        let booked = self.account.book(&self.place, anchor(&self.answers), 1).await;
        let Some(mut booking) = booked.ok().filter(Booking::is_answer) else {
            self.whole = true;
            return Ok(());
        };
        let stamp = booking.next();
        let mut stream = Stream { id: String::new(), stamp, index: 0, lost: 0 };
        let mut clashes = 0;
        loop {
            let failure = match self.request(&stream, GOING_ON).await {
                Ok((Sent { id: Some(id), .. }, length)) => {
                    (stream.id, stream.index, self.sent) = (id, 1, length);
                    self.stream = Some(stream);
                    return Ok(());
                }
                Ok(_) => {
                    return Err(Error::Other(
                        "the platform took the beginning of a reply and gave no id to go on with".to_owned(),
                    ));
                }
                Err(failure) => failure,
            };
            match failure.class {
                Class::Delivered if !failure.retried && clashes < TRIES => {
                    clashes += 1;
                    stream.stamp.msg_seq = booking.renumber();
                    self.next = Instant::now();
                }
                Class::Anchor => {
                    booking.close(&failure);
                    self.whole = true;
                    return Ok(());
                }
                _ if was_not_sent(&failure) => {
                    booking.give_back();
                    self.whole = true;
                    return Ok(());
                }
                _ => return Err(failure.into()),
            }
        }
    }

    /// A piece of a stream that was begun.
    async fn send(&mut self, state: u8) -> Result<Sent, Failure> {
        let Some(stream) = self.stream.take() else { return Ok(Sent::default()) };
        let answer = self.request(&stream, state).await;
        let stream = self.stream.insert(stream);
        let (sent, length) = answer?;
        (stream.index, stream.lost, self.sent) = (stream.index + 1, 0, length);
        Ok(sent)
    }

    /// One request, and how much of the text it carried.
    async fn request(&mut self, stream: &Stream, state: u8) -> Result<(Sent, usize), Failure> {
        let account = self.account.clone();
        let _turn = account.lanes.turn(&place::lane(&self.chat)).await;
        tokio::time::sleep_until(self.next).await;
        let rules = &account.settings.rules;
        let text = if state == GOING_ON { self.settled() } else { &self.text };
        let mut fields = Map::from_iter([
            ("input_mode".to_owned(), Value::from("replace")),
            ("input_state".to_owned(), state.into()),
            ("index".to_owned(), stream.index.into()),
            ("content_type".to_owned(), "text".into()),
            ("content_raw".to_owned(), encode::plain(Scene::Private, text, rules).into()),
        ]);
        if let Some((field, id)) = &stream.stamp.answers {
            fields.insert((*field).to_owned(), id.as_str().into());
        }
        if let Some(number) = stream.stamp.msg_seq {
            fields.insert("msg_seq".to_owned(), number.into());
        }
        if !stream.id.is_empty() {
            fields.insert("stream_msg_id".to_owned(), stream.id.as_str().into());
        }
        account.pace(Pace::Upload).await;
        let path = self.place.path("stream_messages");
        let body = Value::Object(fields);
        let request = Request {
            method: reqwest::Method::POST,
            path: &path,
            body: Body::Json(&body),
            repeat: Repeat::Same,
            patience: account.settings.timings.answer,
        };
        let length = text.len();
        let answer = account.api.call(request).await;
        self.next = Instant::now() + account.settings.timings.piece;
        answer.map(|reply| (Sent::read(&reply), length))
    }

    /// Sends what is left, and says that it is all.
    async fn finish(&mut self) -> Result<Receipt, Error> {
        if self.stream.is_none() {
            if self.text.is_empty() {
                return Err(Error::Invalid(
                    "nothing was written to this reply; append text first".to_owned(),
                ));
            }
            let content = model::text(std::mem::take(&mut self.text));
            return self.account.send_all(&self.chat, &content, Some(&self.answers), false).await;
        }
        let mut tries = 0;
        let sent = loop {
            match self.send(END).await {
                Ok(sent) => break sent,
                Err(failure) if failure.class == Class::Busy && tries < TRIES => tries += 1,
                Err(failure) => return Err(failure.into()),
            }
        };
        let id = self.stream.take().map(|stream| stream.id).unwrap_or_default();
        self.account.memory.note_sent(&id, sent.index.as_deref(), &self.chat, &self.text);
        Ok(Receipt { messages: vec![id], time: sent.time, forward: None, audit: None })
    }

    /// Ends a stream that failed with what the platform has of it.
    async fn close(&mut self) {
        if self.stream.is_some() {
            self.text.truncate(self.sent);
            if let Err(failure) = self.send(END).await {
                tracing::debug!("a reply that broke off could not be ended: {failure}");
            }
        }
    }
}
