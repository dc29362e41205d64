//! What can be done in chats beside sending and recalling.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::super::AnchorKind;
use super::super::account::{Account, Pace};
use super::super::api::Repeat;
use super::super::outbox::anchor;
use super::super::place::{Place, Scene};
use super::{named, refuse};
use crate::adapter::now;
use crate::bot::{Answer, Chats};
use crate::model::{Chat, Error, Incoming};
use crate::web::escaped;

/// QQ's own faces have small numbers; from here on they are code points.
const FIRST_EMOJI: u32 = 5_000;
/// How long typing is shown at most, in seconds.
const LONGEST: u32 = 60;

impl Chats for Account {
    fn react(&self, chat: Chat, message: String, emoji: String, add: bool) -> Answer<'_, ()> {
        let Chat::Channel(place) = &chat else {
            return refuse(Error::Unsupported(
                "the official platform has reactions in channels only; send an emoji in this chat".to_owned(),
            ));
        };
        let Ok(number) = emoji.trim().parse::<u32>() else {
            return refuse(Error::Invalid(format!(
                "{emoji:?} is no emoji for a reaction; give a QQ face's number (\"76\") or the decimal code point of a \
                 Unicode emoji (\"128516\")"
            )));
        };
        let kind = if number < FIRST_EMOJI { 1 } else { 2 };
        let method = if add { Method::PUT } else { Method::DELETE };
        let path = named("channel", &place.channel).and_then(|channel| {
            let (channel, message) = (escaped(channel), escaped(named("message", &message)?));
            Ok(format!("/channels/{channel}/messages/{message}/reactions/{kind}/{number}"))
        });
        match path {
            Ok(path) => Box::pin(async move { self.ask(method, &path, None).await.map(drop) }),
            Err(error) => refuse(error),
        }
    }

    fn typing(&self, answers: Arc<Incoming>, chat: Chat, seconds: u32) -> Answer<'_, ()> {
        Box::pin(async move {
            let place = Place::of(&chat)?.filter(|place| place.scene == Scene::Private).ok_or_else(|| {
                Error::Unsupported("the platform shows that a bot types in private chats only".to_owned())
            })?;
            let anchor = anchor(&answers).filter(|anchor| anchor.kind == AnchorKind::Message);
            let Some(anchor) = anchor else {
                return Err(Error::Unsupported(
                    "the platform shows that a bot types when it answers a message, and this event is none"
                        .to_owned(),
                ));
            };
            if seconds == 0 {
                return Ok(());
            }
            let number = self.books.number(&place, anchor, now());
            let body = json!({
                "msg_type": 6,
                "input_notify": {"input_type": 1, "input_second": seconds.min(LONGEST)},
                "msg_id": anchor.id,
                "msg_seq": number,
            });
            self.pace(Pace::Send).await;
            // It is a courtesy: the answer itself must not fail with it.
            if let Err(failure) = self.post(&place.path("messages"), &body, Repeat::Never).await {
                tracing::debug!("the platform does not show that the bot types: {failure}");
            }
            Ok(())
        })
    }
}
