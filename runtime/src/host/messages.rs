//! `messages`: everything about messages.

use std::sync::Arc;

use tracing::warn;
use wasmtime::component::Accessor;

use super::drafts::{Open, Text};
use super::{Caller, Right, content, downloaded, enter, held, media, target};
use crate::bot::{Bot, Chats, cannot};
use crate::model::contract::iglu::plugin::messages::{Host, HostWithStore};
use crate::model::{self, Chat, Error, EventBody, Incoming, Message, Receipt, Segment};
use crate::plugin::engine::{Calls, Ctx};
use crate::policy::Permission;
use crate::router::chat_of;

/// The longest that a bot shows itself typing, in seconds.
const LONGEST_TYPING: u32 = 60;

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    async fn reply(
        host: &Accessor<Ctx, Self>,
        event: String,
        content: Vec<Segment>,
        quote: bool,
    ) -> Result<Receipt, Error> {
        let caller = enter(host, held!(event, content))?;
        content::check(&caller.policy, caller.limits.file, &content)?;
        let incoming = caller.event(&event)?;
        let content = downloaded::insert(&caller, content).await?;
        answer(&caller, &incoming, &content, quote).await
    }

    async fn send(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        content: Vec<Segment>,
    ) -> Result<Receipt, Error> {
        let caller = enter(host, held!(bot, chat, content))?;
        caller.policy.allows(&Permission::Send)?;
        content::check(&caller.policy, caller.limits.file, &content)?;
        let target = caller.bot(&bot)?;
        caller.may_begin(&target.info(), &chat)?;
        {
            let _resting = caller.rest();
            caller.around()?.pace().pass(&bot, &chat).await?;
        }
        // Not before: a whole line of messages may wait there.
        let content = downloaded::insert(&caller, content).await?;
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
        let caller = enter(host, held!(bot, chat, message))?;
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
        let caller = enter(host, held!(bot, chat, message))?;
        may_read(&caller, &bot, &chat)?;
        let found = caller.bot(&bot)?.fetch(&chat, &message).await?;
        media::note(&caller, &found.content);
        Ok(found)
    }

    async fn fetch_forward(
        host: &Accessor<Ctx, Self>,
        bot: String,
        forward: String,
    ) -> Result<Vec<Message>, Error> {
        let (caller, target) = target(host, held!(bot, forward), &bot, Right::Free)?;
        let chats = chats(&*target, "messages.fetch-forward")?;
        let messages = chats.fetch_forward(forward).await?;
        messages.iter().for_each(|message| media::note(&caller, &message.content));
        Ok(messages)
    }

    async fn history(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        before: Option<String>,
        count: u32,
    ) -> Result<Vec<Message>, Error> {
        let (caller, target) = target(host, held!(bot, chat, before), &bot, Right::Free)?;
        may_read(&caller, &bot, &chat)?;
        let messages = chats(&*target, "messages.history")?.history(chat, before, count).await?;
        messages.iter().for_each(|message| media::note(&caller, &message.content));
        Ok(messages)
    }

    async fn react(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        message: String,
        emoji: String,
        add: bool,
    ) -> Result<(), Error> {
        let (caller, target) = target(host, held!(bot, chat, message, emoji), &bot, Right::Free)?;
        may_read(&caller, &bot, &chat)?;
        let chats = chats(&*target, "messages.react")?;
        caller.flight.acted();
        chats.react(chat, message, emoji, add).await
    }

    async fn typing(host: &Accessor<Ctx, Self>, event: String, seconds: u32) -> Result<(), Error> {
        let caller = enter(host, held!(event))?;
        let incoming = caller.event(&event)?;
        let chat = chat_to_answer(&incoming)?;
        let target = caller.bot(&incoming.event.bot.id)?;
        let chats = chats(&*target, "messages.typing")?;
        caller.flight.acted();
        chats.typing(incoming, chat, seconds.min(LONGEST_TYPING)).await
    }

    async fn reply_stream(host: &Accessor<Ctx, Self>, event: String) -> Result<String, Error> {
        let caller = enter(host, held!(event))?;
        let incoming = caller.event(&event)?;
        let chat = chat_to_answer(&incoming)?;
        let bot = caller.bot(&incoming.event.bot.id)?;
        caller.flight.may_reply(&event, caller.limits.replies_per_event)?;
        let handler = caller.handler(&event);
        let growing = bot.draft(&chat, &incoming);
        caller.drafts.open(incoming, handler, growing)
    }

    async fn append(host: &Accessor<Ctx, Self>, draft: String, text: String) -> Result<(), Error> {
        let caller = enter(host, held!(draft, text))?;
        if caller.drafts.append(&draft, &text, caller.limits.call_bytes)? {
            caller.flight.acted();
        }
        Ok(())
    }

    async fn finish(host: &Accessor<Ctx, Self>, draft: String) -> Result<Receipt, Error> {
        let caller = enter(host, held!(draft))?;
        let open = caller.drafts.take(&draft)?;
        finish(&caller, open).await
    }

    async fn mark_read(host: &Accessor<Ctx, Self>, bot: String, chat: Chat) -> Result<(), Error> {
        let (caller, target) = target(host, held!(bot, chat), &bot, Right::Send)?;
        let chats = chats(&*target, "messages.mark-read")?;
        caller.flight.acted();
        chats.mark_read(chat).await
    }

    async fn acknowledge(host: &Accessor<Ctx, Self>, event: String, code: u32) -> Result<(), Error> {
        let caller = enter(host, held!(event))?;
        let incoming = caller.event(&event)?;
        let bot = caller.bot(&incoming.event.bot.id)?;
        if !matches!(incoming.event.body, EventBody::Interaction(_)) {
            return Err(Error::Invalid(format!(
                "event {event:?} is no interaction; only those are acknowledged"
            )));
        }
        bot.acknowledge(&incoming, code).await
    }
}

/// Sends what a handler that has ended left in its drafts.
pub(crate) async fn finish_drafts(caller: &Caller, handler: u64) {
    for open in caller.drafts.of(handler) {
        let answers = Arc::clone(&open.answers);
        if let Err(error) = finish(caller, open).await {
            let (plugin, event) = (&caller.plugin, &answers.event.id);
            warn!(%plugin, %event, "the reply that a handler left unfinished was not sent: {error}");
        }
    }
}

/// Sends what is left of a draft.
async fn finish(caller: &Caller, open: Open) -> Result<Receipt, Error> {
    match open.text {
        Text::Collected(text) => answer(caller, &open.answers, &model::text(text), false).await,
        Text::Growing(growing, _) => {
            let event = &open.answers.event;
            caller.flight.replied(&event.id, caller.limits.replies_per_event)?;
            let receipt = growing.finish().await?;
            caller.sent(&event.bot.id, &receipt.messages);
            Ok(receipt)
        }
    }
}

/// Replies to an event.
pub(super) async fn answer(
    caller: &Caller,
    incoming: &Incoming,
    content: &[Segment],
    quote: bool,
) -> Result<Receipt, Error> {
    let chat = chat_to_answer(incoming)?;
    caller.flight.replied(&incoming.event.id, caller.limits.replies_per_event)?;
    let bot = caller.bot(&incoming.event.bot.id)?;
    let receipt = bot.send(&chat, content, Some(incoming), quote).await?;
    caller.sent(&incoming.event.bot.id, &receipt.messages);
    Ok(receipt)
}

fn chat_to_answer(incoming: &Incoming) -> Result<Chat, Error> {
    let event = &incoming.event.id;
    chat_of(&incoming.event.body).ok_or_else(|| {
        Error::Invalid(format!("event {event:?} has no chat to reply to; use messages.send with a chat"))
    })
}

fn chats<'a>(bot: &'a dyn Bot, function: &str) -> Result<&'a dyn Chats, Error> {
    bot.chats().ok_or_else(|| cannot(&bot.info(), function))
}

/// Reading is free where the plugin is being talked to.
fn may_read(caller: &Caller, bot: &str, chat: &Chat) -> Result<(), Error> {
    let here = caller
        .flight
        .any(|incoming| incoming.event.bot.id == bot && chat_of(&incoming.event.body).as_ref() == Some(chat));
    if here { Ok(()) } else { caller.policy.allows(&Permission::Send) }
}
