//! The account behind a link: the way from the contract's actions to NapCat's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde_json::{Value, json};

use super::calls::Calls;
use super::memory::Memory;
use super::wire::{self, Outcome};
use super::{decode, encode};
use crate::bot::{self, Answer, Bot};
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

/// One QQ account. It outlives its links; while there is none, every action fails with `disconnected`.
#[derive(Debug)]
pub(super) struct Account {
    /// The `[[bot]]` table that it is reached by.
    table: String,
    info: Mutex<model::Bot>,
    pub(super) memory: Mutex<Memory>,
    link: ArcSwapOption<Calls>,
    pub(super) deadline: Duration,
}

impl Account {
    /// An account that no link reaches yet. `deadline`: how long an answer may take when nothing is uploaded.
    pub(super) fn new(id: String, table: &str, deadline: Duration) -> Self {
        let info = model::Bot { id, platform: "onebot".to_owned(), nickname: String::new(), online: false };
        Self {
            table: table.to_owned(),
            info: Mutex::new(info),
            memory: Mutex::default(),
            link: ArcSwapOption::empty(),
            deadline,
        }
    }

    /// From now on actions go out by this link.
    pub(super) fn attach(&self, link: Arc<Calls>) {
        self.link.store(Some(link));
        self.lock().online = true;
    }

    /// This link is no more. A newer one stays.
    pub(super) fn detach(&self, link: &Arc<Calls>) {
        let current = self.link.load();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
            self.link.store(None);
            self.lock().online = false;
        }
    }

    pub(super) fn rename(&self, nickname: String) {
        self.lock().nickname = nickname;
    }

    /// Notes whether the account is logged in; `false` if that was known.
    pub(super) fn turn(&self, online: bool) -> bool {
        let mut info = self.lock();
        std::mem::replace(&mut info.online, online) != online
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, model::Bot> {
        self.info.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self) -> Result<Arc<Calls>, Error> {
        self.link.load_full().ok_or_else(|| {
            Error::Disconnected(format!(
                "bot {} (`{}` in the configuration) is not connected; it is dialled again by itself",
                self.lock().id,
                self.table,
            ))
        })
    }

    async fn send_all(
        &self,
        chat: &Chat,
        content: &[Segment],
        quote: Option<&str>,
    ) -> Result<Receipt, Error> {
        let link = self.link()?;
        let sends = encode::sends(chat, content, quote)?;
        let mut receipt = Receipt { messages: Vec::new(), time: None, forward: None, audit: None };
        let total = sends.len();
        for (number, send) in sends.into_iter().enumerate() {
            // NapCat runs requests at once: only the answer to one part makes sure that the next comes after it.
            let pending = link.start(send.action, &send.params, self.deadline + send.upload);
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
        Ok(receipt)
    }

    /// An action and its `data` as JSON text.
    pub(super) async fn ask(
        &self,
        action: &str,
        params: &Value,
        deadline: Duration,
    ) -> Result<String, Error> {
        let link = self.link()?;
        let outcome = link.start(action, params, deadline)?.outcome().await?;
        succeeded(action, outcome)
    }
}

impl Bot for Account {
    fn info(&self) -> model::Bot {
        self.lock().clone()
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
            self.send_all(chat, content, quote).await
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
            let me = self.lock().id.clone();
            let found = wire::document(&data, |node| decode::read_message(&node, &me, &self.memory()))
                .map_err(|bad| Error::Other(format!("NapCat's answer to get_msg makes no sense: {bad}")))?;
            // Which chats a plugin may read was decided on the chat that it named.
            found.filter(|found| same_place(&found.chat, chat)).ok_or_else(|| gone("it is of another chat"))
        })
    }

    fn call<'a>(&'a self, action: &'a str, params: Value) -> Answer<'a, Value> {
        Box::pin(async move {
            let deadline = check_call(action, &params)?.unwrap_or(self.deadline).max(self.deadline);
            let data = self.ask(action, &params, deadline).await?;
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

/// Refuses what would get no answer, and gives slow actions their time.
fn check_call(action: &str, params: &Value) -> Result<Option<Duration>, Error> {
    let Some(fields) = params.as_object() else {
        return Err(Error::Invalid(format!("the parameters of {action} must be a JSON object")));
    };
    if action.is_empty() {
        return Err(Error::Invalid("the action has no name".to_owned()));
    }
    let base =
        action.strip_suffix("_async").or_else(|| action.strip_suffix("_rate_limited")).unwrap_or(action);
    if STREAMS.contains(&base) {
        return Err(Error::Unsupported(format!(
            "{base} answers in many packets, which one answer cannot hold; use get_file, get_image or get_record"
        )));
    }
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
        assert!(matches!(check_call("download_file_stream", &json!({})), Err(Error::Unsupported(_))));
        assert_eq!(check_call("get_status", &json!({})), Ok(None));
        assert_eq!(check_call("upload_group_file", &json!({})), Ok(Some(SLOW_TIME)));
    }

    #[tokio::test]
    async fn an_account_without_a_link_fails_at_once() {
        let account = Account::new("1".to_owned(), "mine", Duration::from_secs(60));
        let chat = Chat::Group("2".to_owned());
        let content = model::text("x");
        let sent = account.send(&chat, &content, None, false).await;
        assert!(matches!(&sent, Err(Error::Disconnected(text)) if text.contains("`mine`")), "{sent:?}");
        assert!(matches!(account.call("get_status", json!({})).await, Err(Error::Disconnected(_))));
    }
}
