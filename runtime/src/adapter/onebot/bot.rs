//! From the contract's actions to NapCat's.

use std::time::Duration;

use serde_json::{Value, json};

use super::account::Account;
use super::calls::unanswered;
use super::line::{Line, Origin};
use super::packets::Packets;
use super::wire::{self, Outcome};
use super::{decode, encode};
use crate::bot::{self, Answer, Bot, PacketStream};
use crate::model::{self, Chat, Error, Incoming, Message, PlatformError, Receipt, Segment, TemporaryChat};

/// Actions that answer in many packets.
const STREAMS: [&str; 4] = [
    "download_file_stream",
    "download_file_record_stream",
    "download_file_image_stream",
    "test_download_stream",
];
/// Actions that move media, on NapCat's side or between it and QQ.
const SLOW: [&str; 9] = [
    "upload",
    "download",
    "get_file",
    "get_image",
    "get_record",
    "get_ai_record",
    "portrait",
    "avatar",
    "flash",
];
pub(super) const SLOW_TIME: Duration = Duration::from_secs(300);

impl Account {
    async fn send_all(
        &self,
        chat: &Chat,
        content: &[Segment],
        answered: Option<&Incoming>,
        quote: Option<&str>,
    ) -> Result<Receipt, Error> {
        let sends = encode::sends(chat, content, quote)?;
        // Held until the frame is on its way, so that a chat's messages leave in their order.
        let turn = self.outbox.turn(&lane(chat), answered.is_some()).await;
        let line = self.line_soon(answered).await?;
        let mut receipt = Receipt { messages: Vec::new(), time: None, forward: None, audit: None };
        if let (Line::Posts(_), Some(origin)) = (&line, answered.and_then(Origin::of)) {
            let operation = encode::quick(sends)?;
            if origin.answer(operation) {
                return Ok(receipt);
            }
            return Err(Error::Expired(
                "this event's post has been answered; a bot that is known by posts alone can reply once, and soon"
                    .to_owned(),
            ));
        }
        let total = sends.len();
        let mut turn = Some(turn);
        for (number, send) in sends.into_iter().enumerate() {
            // NapCat runs requests at once: only the answer to one part makes sure that the next comes after it.
            let pending = line.start(send.action, &send.params, self.deadline + send.upload);
            if number + 1 == total && line.keeps_order() {
                turn = None;
            }
            let answer = match pending {
                Ok(pending) => pending.outcome().await.and_then(|outcome| succeeded(send.action, outcome)),
                Err(error) => Err(error),
            };
            let data =
                answer.map_err(|error| if number == 0 { error } else { partly(error, number, total) })?;
            let (message, forward) = wire::document(&data, |data| {
                let forward = data.at("res_id").known_id().or_else(|| data.at("forward_id").known_id());
                (data.at("message_id").known_id(), forward)
            })
            .unwrap_or_default();
            if let Some(message) = message {
                self.memory().remember(&message, Some(chat.clone()));
                receipt.messages.push(message);
            }
            receipt.forward = forward.or(receipt.forward);
        }
        drop(turn);
        Ok(receipt)
    }

    /// An action and its `data` as JSON text.
    pub(super) async fn ask(
        &self,
        action: &str,
        params: &Value,
        deadline: Duration,
    ) -> Result<String, Error> {
        let line = self.line(None)?;
        let outcome = line.start(action, params, deadline)?.outcome().await?;
        succeeded(action, outcome)
    }
}

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
        Box::pin(async move {
            let answered = answers.filter(|_| quote).and_then(Incoming::message);
            let quote = answered.map(|message| message.id.as_str()).filter(|id| !id.is_empty() && *id != "0");
            self.send_all(chat, content, answers, quote).await
        })
    }

    fn recall<'a>(&'a self, _chat: &'a Chat, message: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.ask("delete_msg", &json!({"message_id": message}), self.deadline).await.map(drop)
        })
    }

    fn fetch<'a>(&'a self, chat: &'a Chat, message: &'a str) -> Answer<'a, Message> {
        Box::pin(async move {
            let gone = |reason: &str| {
                Error::NotFound(format!(
                    "NapCat does not know the message {message} of this chat (any more): {reason}"
                ))
            };
            let data = match self.ask("get_msg", &json!({"message_id": message}), self.deadline).await {
                Err(Error::Platform(PlatformError { code: 1200 | 200, message, .. })) => {
                    return Err(gone(&message));
                }
                answer => answer?,
            };
            let found = wire::document(&data, |node| decode::read_message(&node, &self.id, &self.memory()))
                .map_err(|bad| {
                Error::Other(format!("NapCat's answer to get_msg makes no sense: {bad}"))
            })?;
            // Which chats a plugin may read was decided on the chat that it named.
            found.filter(|found| same_place(&found.chat, chat)).ok_or_else(|| gone("it is of another chat"))
        })
    }

    fn call<'a>(&'a self, action: &'a str, params: Value) -> Answer<'a, Value> {
        Box::pin(async move {
            let deadline = check_call(action, &params)?.unwrap_or(self.deadline).max(self.deadline);
            if is_stream(action) {
                return Err(Error::Unsupported(format!(
                    "{action} answers in many packets, which one answer cannot hold; begin it with `bots.call-stream`"
                )));
            }
            let turn = match lane_of(action, &params) {
                Some(lane) => Some(self.outbox.turn(&lane, false).await),
                None => None,
            };
            let data = self.ask(action, &params, deadline).await?;
            drop(turn);
            let value = wire::value(&data)
                .map_err(|bad| Error::Other(format!("NapCat's answer to {action} makes no sense: {bad}")))?;
            if action.starts_with("send_")
                && let Some(id) = value.get("message_id").filter(|id| id.is_i64())
            {
                self.memory().remember(&id.to_string(), None);
            }
            Ok(value)
        })
    }

    fn stream(&self, action: &str, params: Value) -> Result<Box<dyn PacketStream>, Error> {
        check_call(action, &params)?;
        let packets = self.line(None)?.stream(action, &params)?;
        Ok(Box::new(Stream { action: action.to_owned(), packets, patience: self.deadline }))
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

/// A stream as plugins read it.
struct Stream {
    action: String,
    packets: Packets,
    patience: Duration,
}

impl PacketStream for Stream {
    fn next(&mut self) -> Answer<'_, Option<Value>> {
        Box::pin(async move {
            let next = tokio::time::timeout(self.patience, self.packets.next()).await;
            let Some(packet) = next.map_err(|_| unanswered(&self.action, self.patience))? else {
                return Ok(None);
            };
            let data = succeeded(&self.action, packet?)?;
            wire::value(&data)
                .map(Some)
                .map_err(|bad| Error::Other(format!("a packet of {} makes no sense: {bad}", self.action)))
        })
    }
}

/// The action without the endings that NapCat takes and ignores.
fn base(action: &str) -> &str {
    action.strip_suffix("_async").or_else(|| action.strip_suffix("_rate_limited")).unwrap_or(action)
}

fn is_stream(action: &str) -> bool {
    STREAMS.contains(&base(action))
}

/// Messages to one chat go one after the other; this is the chat's name for that.
fn lane(chat: &Chat) -> String {
    match chat {
        Chat::Group(group) => format!("group {group}"),
        Chat::Private(user) | Chat::Temporary(TemporaryChat { user, .. }) => format!("user {user}"),
        other => format!("{other:?}"),
    }
}

/// The lane of a raw action that sends a message.
fn lane_of(action: &str, params: &Value) -> Option<String> {
    let base = base(action);
    if !(base.starts_with("send_") && base.ends_with("_msg")) {
        return None;
    }
    let id = |key: &str| match params.get(key)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    };
    let group = id("group_id").map(|group| format!("group {group}"));
    group.or_else(|| id("user_id").map(|user| format!("user {user}")))
}

/// Refuses what would get no answer, and gives slow actions their time.
fn check_call(action: &str, params: &Value) -> Result<Option<Duration>, Error> {
    let Some(fields) = params.as_object() else {
        return Err(Error::Invalid(format!("the parameters of {action} must be a JSON object")));
    };
    if action.is_empty() {
        return Err(Error::Invalid("the action has no name".to_owned()));
    }
    let base = base(action);
    let sends = matches!(base, "send_msg" | "send_group_msg" | "send_private_msg");
    if sends && !fields.contains_key("message") {
        return Err(Error::Invalid(format!("{base} without `message` is never answered; add it")));
    }
    let slow =
        (base.starts_with("send_") && base.ends_with("_msg")) || SLOW.iter().any(|word| base.contains(word));
    Ok(slow.then_some(SLOW_TIME))
}

/// The `data` of an answer, or the error that it is.
fn succeeded(action: &str, outcome: Outcome) -> Result<String, Error> {
    if outcome.ok {
        return Ok(outcome.data);
    }
    if outcome.code == 1404 {
        return Err(Error::Unsupported(format!("this NapCat has no action {action} ({})", outcome.message)));
    }
    if may_have_been_sent(&outcome.message) {
        return Err(Error::Timeout(format!(
            "NapCat saw no success of {action} in time; it may have been done, so do not repeat it blindly: {}",
            outcome.message
        )));
    }
    Err(Error::Platform(PlatformError { code: outcome.code, message: outcome.message, trace: None }))
}

/// NapCat's own time-out of a send. The JSON at its end says whether QQ had taken the message: nothing or 0 if so.
fn may_have_been_sent(message: &str) -> bool {
    let Some((head, result)) = message.split_once("EventRet:") else { return false };
    if !head.starts_with("Timeout") || !head.contains("sendMsg") {
        return false;
    }
    wire::document(result.trim(), |node| node.at("result").number().is_none_or(|result| result == 0.0))
        .unwrap_or(true)
}

fn partly(error: Error, sent: usize, total: usize) -> Error {
    let note = format!(" ({sent} of {total} parts of this message were sent before)");
    match error {
        Error::Timeout(text) => Error::Timeout(text + &note),
        Error::Disconnected(text) => Error::Disconnected(text + &note),
        Error::Platform(mut platform) => {
            platform.message += &note;
            Error::Platform(platform)
        }
        other => other,
    }
}

pub(super) fn same_place(a: &Chat, b: &Chat) -> bool {
    let private = |chat: &Chat| match chat {
        Chat::Private(user) | Chat::Temporary(TemporaryChat { user, .. }) => Some(user.clone()),
        _ => None,
    };
    a == b || private(a).is_some_and(|user| private(b) == Some(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: i32, message: &str) -> Outcome {
        Outcome { ok: false, code, message: message.to_owned(), data: "null".to_owned() }
    }

    #[test]
    fn return_codes_become_errors() {
        let platform = |code, message: &str| {
            Err(Error::Platform(PlatformError { code, message: message.to_owned(), trace: None }))
        };
        for (code, message) in [(1200, "无法获取用户信息"), (1400, "Expected string"), (200, "x"), (-1, "")]
        {
            assert_eq!(succeeded("a", failed(code, message)), platform(code, message));
        }
        assert!(matches!(succeeded("a", failed(1404, "x")), Err(Error::Unsupported(_))));
        let done = Outcome { ok: true, code: 0, message: String::new(), data: "[1]".to_owned() };
        assert_eq!(succeeded("a", done).unwrap(), "[1]");
    }

    #[test]
    fn a_send_that_may_have_arrived_is_a_timeout() {
        let head = "NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg ListenerName:x EventRet:\n";
        let cases = [
            (format!("Timeout: {head}{{\n  \"result\": 0,\n  \"errMsg\": \"\"\n}}\n"), true),
            (format!("Timeout: {head}{{}}"), true),
            (format!("Timeout: {head}{{\"result\": 110}}"), false),
            (format!("EventChecker Failed: {head}{{\"result\": 110}}"), false),
            ("Timeout: something else".to_owned(), false),
        ];
        for (message, maybe) in cases {
            assert_eq!(may_have_been_sent(&message), maybe, "{message}");
        }
    }

    #[test]
    fn calls_that_would_hang_are_refused() {
        assert!(matches!(check_call("get_status", &json!([])), Err(Error::Invalid(_))));
        assert!(matches!(check_call("", &json!({})), Err(Error::Invalid(_))));
        assert!(matches!(
            check_call("send_group_msg_async", &json!({"group_id": 1})),
            Err(Error::Invalid(_))
        ));
        assert!(is_stream("download_file_stream_async") && !is_stream("upload_file_stream"));
        assert_eq!(check_call("get_status", &json!({})), Ok(None));
        assert_eq!(check_call("upload_group_file", &json!({})), Ok(Some(SLOW_TIME)));
    }

    #[test]
    fn raw_sends_share_the_lane_of_their_chat() {
        let lanes = [
            ("send_group_msg", json!({"group_id": 2}), Some("group 2")),
            ("send_msg_async", json!({"user_id": "3"}), Some("user 3")),
            ("send_private_forward_msg", json!({"user_id": 3, "group_id": "2"}), Some("group 2")),
            ("send_like", json!({"user_id": 3}), None),
        ];
        for (action, params, expected) in lanes {
            assert_eq!(lane_of(action, &params).as_deref(), expected, "{action}");
        }
        assert_eq!(lane(&Chat::Group("2".to_owned())), "group 2");
    }

    #[tokio::test]
    async fn an_account_without_a_link_fails_soon() {
        let mut settings = super::super::tests::settings_of("ws://127.0.0.1:1");
        settings.sending.outage = Duration::from_millis(20);
        let account = Account::new("1", &settings);
        let chat = Chat::Group("2".to_owned());
        let content = model::text("x");
        let sent = account.send(&chat, &content, None, false).await;
        assert!(matches!(&sent, Err(Error::Disconnected(text)) if text.contains("`mine`")), "{sent:?}");
        assert!(matches!(account.call("get_status", json!({})).await, Err(Error::Disconnected(_))));
    }
}
