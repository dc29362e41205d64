//! Messages on their way out: booked whole, uploaded first, then one request after the other.

use serde_json::{Map, Value};

use super::account::{Account, Pace, text};
use super::api::{Body, Repeat, Reply, Request};
use super::books::{Booking, Stamp};
use super::encode::{self, Attachment, Piece};
use super::failure::{Class, Failure};
use super::place::{self, Place, Scene};
use super::{Anchor, decode};
use crate::adapter::node::Node;
use crate::adapter::now;
use crate::model::{Chat, Error, Incoming, Receipt, Segment};

/// Other numbers that are tried when the platform has had one.
const CLASHES: u32 = 3;
/// Of a `message_reference`; in channels it may mean the `msg_id` too.
const NO_SUCH_QUOTE: i64 = 304_026;

/// A piece whose medium is with the platform, or in hand.
struct Ready<'a> {
    piece: Piece<'a>,
    file: Option<Vec<u8>>,
}

/// What the platform said of one message.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sent {
    pub(super) id: Option<String>,
    pub(super) index: Option<String>,
    pub(super) time: Option<f64>,
    pub(super) audit: Option<String>,
}

impl Account {
    /// Sends `content` to `chat`, as a reply to `answers` if there is such an event.
    pub(super) async fn send_all(
        &self,
        chat: &Chat,
        content: &[Segment],
        answers: Option<&Incoming>,
        quote: bool,
    ) -> Result<Receipt, Error> {
        let scene = Scene::of(chat)?;
        let quoted = answers.filter(|_| quote).and_then(Incoming::message).map(|message| message.id.as_str());
        let known = |message: &str| self.memory.index_of(message);
        let pieces = encode::pieces(scene, content, quoted, &self.settings.rules, &known)?;
        let _turn = self.lanes.turn(&place::lane(chat)).await;
        let place = self.place(chat).await?;
        let anchor = answers.and_then(anchor);
        let total = pieces.len();
        let mut booking = self.book(&place, anchor, total).await?;
        let mut ready = Vec::with_capacity(total);
        for piece in pieces {
            ready.push(self.prepare(&place, piece).await?);
        }
        let mut receipt = Receipt { messages: Vec::new(), time: None, forward: None, audit: None };
        for (number, piece) in ready.iter_mut().enumerate() {
            let sent = self.deliver(&place, piece, &mut booking, anchor, total - number).await;
            let sent =
                sent.map_err(|error| if number == 0 { error } else { partly(error, number, total) })?;
            if let Some(id) = &sent.id {
                self.memory.note_sent(id, sent.index.as_deref(), chat, &piece.piece.text);
            }
            receipt.messages.extend(sent.id);
            receipt.time = sent.time.or(receipt.time);
            receipt.audit = receipt.audit.or(sent.audit);
        }
        Ok(receipt)
    }

    /// Makes room for `count` requests, and waits for it if that takes no longer than a moment.
    pub(super) async fn book(
        &self,
        place: &Place,
        anchor: Option<&Anchor>,
        count: usize,
    ) -> Result<Booking, Error> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        loop {
            let refusal = match self.books.book(place, anchor, count, now()) {
                Ok(booking) => return Ok(booking),
                Err(refusal) => refusal,
            };
            match refusal.wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(refusal.error),
            }
        }
    }

    /// Uploads what has to be with the platform before the message.
    async fn prepare<'a>(&self, place: &Place, mut piece: Piece<'a>) -> Result<Ready<'a>, Error> {
        let mut file = None;
        match piece.attachment {
            Some(attachment) if place.scene.is_newer() => {
                let info = self.file_info(place, attachment, false).await?;
                put_media(&mut piece.fields, &info);
            }
            Some(attachment) => file = Some(super::upload::bytes_of(attachment).await?.into_owned()),
            None => {}
        }
        Ok(Ready { piece, file })
    }

    /// Sends one piece; `rest` counts it and those after it.
    async fn deliver(
        &self,
        place: &Place,
        ready: &mut Ready<'_>,
        booking: &mut Booking,
        anchor: Option<&Anchor>,
        rest: usize,
    ) -> Result<Sent, Error> {
        let mut stamp = booking.next();
        let (mut clashes, mut fresh) = (0, false);
        loop {
            let failure = match self.request(place, ready, &stamp).await {
                Ok(reply) => return Ok(Sent::read(&reply)),
                Err(failure) => failure,
            };
            match failure.class {
                Class::Delivered if failure.retried => return Ok(Sent::default()),
                Class::Delivered if clashes < CLASHES && stamp.msg_seq.is_some() => {
                    clashes += 1;
                    stamp.msg_seq = booking.renumber();
                }
                _ if failure.code == NO_SUCH_QUOTE && quotes(&ready.piece, place) => {
                    booking.give_back();
                    return Err(Error::NotFound(format!(
                        "the message that is quoted is not known to the platform in this chat; leave the quote out: {failure}"
                    )));
                }
                Class::Anchor if booking.is_answer() => {
                    booking.close(&failure);
                    *booking = self.book(place, anchor, rest).await?;
                    stamp = booking.next();
                }
                Class::Upload if !fresh && can_upload_again(ready.piece.attachment.as_ref()) => {
                    fresh = true;
                    let Some(attachment) = ready.piece.attachment else { return Err(failure.into()) };
                    let info = self.file_info(place, attachment, true).await;
                    let info = info.inspect_err(|_| booking.give_back())?;
                    put_media(&mut ready.piece.fields, &info);
                }
                _ => {
                    if was_not_sent(&failure) {
                        booking.give_back();
                    }
                    self.books.refused(place, &failure, !booking.is_answer(), now());
                    return Err(failure.into());
                }
            }
        }
    }

    async fn request(&self, place: &Place, ready: &Ready<'_>, stamp: &Stamp) -> Result<Reply, Failure> {
        let mut fields = ready.piece.fields.clone();
        if let Some((field, id)) = &stamp.answers {
            fields.insert((*field).to_owned(), id.as_str().into());
        }
        if let Some(number) = stamp.msg_seq {
            fields.insert("msg_seq".to_owned(), number.into());
        }
        // Only the number lets the platform drop a repetition.
        let repeat = if stamp.msg_seq.is_some() { Repeat::Same } else { Repeat::Never };
        let pace = if place.scene == Scene::Channel { Pace::Channel(&place.id) } else { Pace::Send };
        self.pace(pace).await;
        let path = place.path("messages");
        let Some(file) = &ready.file else {
            return self.post(&path, &Value::Object(fields), repeat).await;
        };
        let fields: Vec<(String, String)> =
            fields.into_iter().map(|(name, value)| (name, plain(value))).collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = Body::Form { file_image: file, file_name: "image", fields: &fields };
        let patience = self.settings.timings.upload;
        self.api.call(Request { method: reqwest::Method::POST, path: &path, body, repeat, patience }).await
    }
}

impl Sent {
    /// Reads the answer to a message: of a chat, of a channel, or one that waits for a review.
    pub(super) fn read(reply: &Reply) -> Self {
        let body = &reply.body;
        Self {
            id: text(&body["id"]),
            index: text(&body["ext_info"]["ref_idx"]),
            time: time(&body["timestamp"]),
            audit: text(&body["data"]["message_audit"]["audit_id"]),
        }
    }
}

/// A time of an answer.
pub(super) fn time(value: &Value) -> Option<f64> {
    decode::read_time(&match value {
        Value::String(text) => Node::Text(text.as_str().into()),
        Value::Number(number) => Node::Number(number.clone()),
        _ => return None,
    })
}

/// What an event's answers name; none for events that the host made.
pub(super) fn anchor(incoming: &Incoming) -> Option<&Anchor> {
    incoming.origin.as_ref()?.downcast_ref()
}

/// Whether a request that failed has certainly left nothing behind.
pub(super) fn was_not_sent(failure: &Failure) -> bool {
    match failure.class {
        Class::Permanent | Class::Later | Class::Auth | Class::Upload | Class::Unreachable => {
            !failure.retried
        }
        Class::Busy => failure.status == Some(429) && !failure.retried,
        Class::Anchor | Class::Delivered | Class::Timeout => false,
    }
}

fn quotes(piece: &Piece<'_>, place: &Place) -> bool {
    place.scene.is_newer() && piece.fields.contains_key("message_reference")
}

/// What the platform forgot can be uploaded again if it was this host that did it.
fn can_upload_again(attachment: Option<&Attachment<'_>>) -> bool {
    attachment.is_some_and(|attachment| {
        !matches!(attachment.media.source, crate::model::MediaSource::PlatformFile(_))
    })
}

fn put_media(fields: &mut Map<String, Value>, info: &str) {
    fields.insert("media".to_owned(), serde_json::json!({"file_info": info}));
}

/// A field of a form.
fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// An error after which a part of the message stands in the chat.
fn partly(error: Error, sent: usize, total: usize) -> Error {
    let note = format!(" ({sent} of {total} parts of this message were sent before)");
    match error {
        Error::Timeout(text) => Error::Timeout(text + &note),
        Error::Disconnected(text) => Error::Disconnected(text + &note),
        Error::Expired(text) => Error::Expired(text + &note),
        Error::Unsupported(text) => Error::Unsupported(text + &note),
        Error::Platform(mut platform) => {
            platform.message += &note;
            Error::Platform(platform)
        }
        other => other,
    }
}
