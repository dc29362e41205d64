//! `messages`: reply, send, recall, fetch.

use wasmtime::component::Accessor;

use super::{Caller, content, enter};
use crate::model::contract::iglu::plugin::messages::{Host, HostWithStore};
use crate::model::{Chat, Error, Message, Receipt, Segment};
use crate::plugin::engine::{Calls, Ctx};
use crate::policy::Permission;
use crate::router::chat_of;

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    async fn reply(
        host: &Accessor<Ctx, Self>,
        event: String,
        content: Vec<Segment>,
        quote: bool,
    ) -> Result<Receipt, Error> {
        let caller = enter(host)?;
        content::check(&caller.policy, &content)?;
        let incoming = caller.event(&event)?;
        let chat = chat_of(&incoming.event.body).ok_or_else(|| {
            Error::Invalid(format!("event {event:?} has no chat to reply to; use messages.send with a chat"))
        })?;
        caller.flight.replied(&event, caller.limits.replies_per_event)?;
        let bot = caller.bot(&incoming.event.bot.id)?;
        let receipt = bot.send(&chat, &content, Some(&incoming), quote).await?;
        caller.sent(&incoming.event.bot.id, &receipt.messages);
        Ok(receipt)
    }

    async fn send(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        content: Vec<Segment>,
    ) -> Result<Receipt, Error> {
        let caller = enter(host)?;
        caller.policy.allows(&Permission::Send)?;
        content::check(&caller.policy, &content)?;
        let target = caller.bot(&bot)?;
        caller.around()?.pace.pass(&bot, &chat).await?;
        caller.flight.acted();
        let receipt = target.send(&chat, &content, None, false).await?;
        caller.sent(&bot, &receipt.messages);
        Ok(receipt)
    }

    async fn recall(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        message: String,
    ) -> Result<(), Error> {
        let caller = enter(host)?;
        if !caller.has_sent(&bot, &message) {
            caller.policy.allows(&Permission::Recall)?;
        }
        let target = caller.bot(&bot)?;
        caller.flight.acted();
        target.recall(&chat, &message).await
    }

    async fn fetch(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        message: String,
    ) -> Result<Message, Error> {
        let caller = enter(host)?;
        may_read(&caller, &bot, &chat)?;
        caller.bot(&bot)?.fetch(&chat, &message).await
    }

    async fn fetch_forward(
        host: &Accessor<Ctx, Self>,
        _bot: String,
        _forward: String,
    ) -> Result<Vec<Message>, Error> {
        unsupported(host, "messages.fetch-forward")
    }

    async fn history(
        host: &Accessor<Ctx, Self>,
        _bot: String,
        _chat: Chat,
        _before: Option<String>,
        _count: u32,
    ) -> Result<Vec<Message>, Error> {
        unsupported(host, "messages.history")
    }

    async fn react(
        host: &Accessor<Ctx, Self>,
        _bot: String,
        _chat: Chat,
        _message: String,
        _emoji: String,
        _add: bool,
    ) -> Result<(), Error> {
        unsupported(host, "messages.react")
    }

    async fn typing(host: &Accessor<Ctx, Self>, _event: String, _seconds: u32) -> Result<(), Error> {
        unsupported(host, "messages.typing")
    }

    async fn reply_stream(host: &Accessor<Ctx, Self>, _event: String) -> Result<String, Error> {
        unsupported(host, "messages.reply-stream")
    }

    async fn append(host: &Accessor<Ctx, Self>, _draft: String, _text: String) -> Result<(), Error> {
        unsupported(host, "messages.append")
    }

    async fn finish(host: &Accessor<Ctx, Self>, _draft: String) -> Result<Receipt, Error> {
        unsupported(host, "messages.finish")
    }

    async fn mark_read(host: &Accessor<Ctx, Self>, _bot: String, _chat: Chat) -> Result<(), Error> {
        unsupported(host, "messages.mark-read")
    }

    async fn acknowledge(host: &Accessor<Ctx, Self>, _event: String, _code: u32) -> Result<(), Error> {
        unsupported(host, "messages.acknowledge")
    }
}

/// The answer of a function whose signature stands and whose work is still to come.
pub(super) fn unsupported<T>(host: &Accessor<Ctx, Calls>, function: &str) -> Result<T, Error> {
    enter(host)?;
    Err(Error::Unsupported(format!("this version of iglu does not do {function} yet; try bots.call")))
}

/// Reading is free where the plugin is being talked to.
fn may_read(caller: &Caller, bot: &str, chat: &Chat) -> Result<(), Error> {
    let here = caller
        .flight
        .any(|incoming| incoming.event.bot.id == bot && chat_of(&incoming.event.body).as_ref() == Some(chat));
    if here { Ok(()) } else { caller.policy.allows(&Permission::Send) }
}
