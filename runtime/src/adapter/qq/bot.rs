//! From the contract's actions to the platform's requests.

use std::sync::Arc;

use serde_json::Value;

use super::account::{Account, Pace};
use super::actions::call;
use super::api::{Body, Repeat, Request};
use crate::bot::{self, Answer, Bot, Draft, cannot};
use crate::model::{self, Chat, Error, Incoming, Message, PlatformError, Receipt, Segment};
use crate::web::escaped;

/// A message that the platform does not know.
const UNKNOWN: [i32; 2] = [40_061_002, 306_001];
/// One that is older than two minutes.
const TOO_LATE: [i32; 2] = [40_064_004, 306_011];

impl Bot for Account {
    fn info(&self) -> model::Bot {
        self.about()
    }

    fn send<'a>(
        &'a self,
        chat: &'a Chat,
        content: &'a [Segment],
        answers: Option<&'a Incoming>,
        quote: bool,
    ) -> Answer<'a, Receipt> {
        Box::pin(self.send_all(chat, content, answers, quote))
    }

    fn recall<'a>(&'a self, chat: &'a Chat, message: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let message = message.trim();
            if message.is_empty() {
                return Err(Error::Invalid("the message's id is empty; use one of a receipt".to_owned()));
            }
            let place = self.place(chat).await?;
            // In guilds a line would say that something was taken back.
            let tail = if place.scene.is_newer() { "" } else { "?hidetip=true" };
            let path = place.path(&format!("messages/{}{tail}", escaped(message)));
            self.pace(Pace::Slow("recall")).await;
            match self.ask(reqwest::Method::DELETE, &path, None).await {
                Ok(_) => Ok(()),
                Err(Error::Platform(error)) => Err(not_recalled(error, message)),
                Err(error) => Err(error),
            }
        })
    }

    fn fetch<'a>(&'a self, _chat: &'a Chat, _message: &'a str) -> Answer<'a, Message> {
        let refusal = cannot(&self.about(), "messages.fetch");
        Box::pin(std::future::ready(Err(refusal)))
    }

    fn call<'a>(&'a self, action: &'a str, params: Value) -> Answer<'a, Value> {
        Box::pin(call::run(self, action, params))
    }

    fn acknowledge<'a>(&'a self, interaction: &'a Incoming, code: u32) -> Answer<'a, ()> {
        Box::pin(self.acknowledged(interaction, code))
    }

    fn draft(&self, chat: &Chat, answers: &Arc<Incoming>) -> Option<Box<dyn Draft>> {
        self.grow(chat, answers)
    }

    fn chats(&self) -> Option<&dyn bot::Chats> {
        Some(self)
    }

    fn groups(&self) -> Option<&dyn bot::Groups> {
        Some(self)
    }

    fn friends(&self) -> Option<&dyn bot::Friends> {
        Some(self)
    }

    fn files(&self) -> Option<&dyn bot::Files> {
        Some(self)
    }
}

impl Account {
    /// A request that may be repeated, and its answer's body.
    pub(super) async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let body = body.map_or(Body::None, Body::Json);
        let patience = self.settings.timings.answer;
        let repeat = Repeat::Idempotent;
        Ok(self.api.call(Request { method, path, body, repeat, patience }).await?.body)
    }
}

fn not_recalled(mut error: PlatformError, message: &str) -> Error {
    if UNKNOWN.contains(&error.code) {
        return Error::NotFound(format!(
            "the platform does not know the message {message} in this chat: {}",
            error.message
        ));
    }
    if TOO_LATE.contains(&error.code) {
        error.message += " (a message can be recalled for two minutes)";
    }
    Error::Platform(error)
}
