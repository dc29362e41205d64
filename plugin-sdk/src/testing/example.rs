//! Pieces of a handler that run by themselves, for examples in documentation.

use serde_json::{Value, json};

use super::{answers, events, harness};
use crate::{
    MessageEvent, Result,
    host::fake::{Answer, FakeHost, executor, with},
    types::{Announcement, EssenceEntry, EventBody, Friend, Group, GroupMember, RawEvent, UserProfile},
};

/// What a piece of a handler did.
#[derive(Debug)]
pub struct Example(());

/// Runs a piece of a handler as the answer to a message of user 10001 in the group 20001, with every permission. Questions
/// get plain answers: there are the members 10001 and 10002, one friend, one file; servers answer 200 and `{}`; whoever waits
/// for a message gets "blue".
///
/// ```
/// use iglu_sdk::{prelude::*, testing::example};
///
/// example(async |event| {
///     event.reply("hello").await?;
///     groups::kick(&event.bot, "20001", "10002", false).await?;
///     Ok(())
/// })
/// .replied("hello")
/// .did("groups.kick", &json!({"user": "10002"}));
/// ```
///
/// # Panics
/// When it fails.
pub fn example(body: impl AsyncFnOnce(MessageEvent) -> Result) -> Example {
    let heard = [(); 3].map(|()| RawEvent::from(events::message("blue").in_group("20001")));
    let message = RawEvent::from(events::message("hello").in_group("20001"));
    executor::clear();
    let granted = ["send", "recall", "group-admin", "friends", "files", "http:*", "call:*"];
    with(|host| {
        *host = FakeHost {
            granted: granted.map(str::to_owned).into(),
            bots: vec![events::bot()],
            superusers: vec!["10001".to_owned()],
            next_messages: heard.into(),
            events: [(message.id.clone(), message.clone())].into(),
            originals: [(message.id.clone(), json!({"post_type": "message"}))].into(),
            answers: plain_answers(&message).into_iter().collect(),
            stream_answer: Some(Box::new(|_| Ok(vec![Ok(json!({"part": 1}))]))),
            ..FakeHost::default()
        };
    });
    let event = MessageEvent::from_raw(message).expect("it is a message");
    harness::run(body(event)).unwrap_or_else(|error| panic!("the example fails: {error}"));
    Example(())
}

impl Example {
    /// It answered with this text, among others.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    #[allow(clippy::must_use_candidate, reason = "it is an assertion")]
    pub fn replied(self, text: &str) -> Self {
        let sent: Vec<String> = with(|host| host.sent.iter().map(|sent| sent.message.to_string()).collect());
        assert!(sent.iter().any(|sent| sent == text), "{text:?} is not among {sent:?}");
        self
    }

    /// It called this function of the host with at least these parameters.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    #[allow(clippy::must_use_candidate, reason = "it is an assertion")]
    pub fn did(self, function: &str, params: &Value) -> Self {
        let calls = with(|host| host.calls.clone());
        let fits = |found: &Value| {
            params.as_object().into_iter().flatten().all(|(name, value)| &found[name] == value)
        };
        let done = calls.iter().any(|(name, found)| name == function && fits(found));
        assert!(done, "{function} with {params} is not among {calls:?}");
        self
    }
}

fn plain_answers(message: &RawEvent) -> Vec<(String, Answer)> {
    let EventBody::Message(heard) = &message.body else { return Vec::new() };
    let member = |id: &str| GroupMember {
        user: crate::types::User { id: id.to_owned(), ..heard.sender.clone() },
        joined: None,
        last_spoke: None,
        muted_until: None,
    };
    let group = Group {
        id: "20001".to_owned(),
        name: "Garden".to_owned(),
        remark: None,
        description: None,
        owner: Some("10001".to_owned()),
        members: Some(2),
        capacity: None,
        muted: false,
    };
    let essence = EssenceEntry {
        message: heard.id.clone(),
        sender: heard.sender.id.clone(),
        sender_name: heard.sender.nickname.clone(),
        operator: heard.sender.id.clone(),
        time: heard.time,
        content: heard.content.clone(),
    };
    let announcement = Announcement {
        id: "a-1".to_owned(),
        sender: heard.sender.id.clone(),
        time: heard.time,
        text: "Water the roses.".to_owned(),
    };
    let friend = Friend { user: heard.sender.clone(), remark: None, category: None };
    let profile =
        UserProfile { user: heard.sender.clone(), remark: None, sex: None, age: None, signature: None };
    let file = json!({"id": "f-1", "name": "roses.txt", "size": 4.0});
    [
        ("groups.list", json!([group])),
        ("groups.info", json!(group)),
        ("groups.members", json!([member("10001"), member("10002")])),
        ("groups.member", json!(member("10002"))),
        ("groups.essences", json!([essence])),
        ("groups.announcements", json!([announcement])),
        ("friends.list", json!([friend])),
        ("friends.profile", json!(profile)),
        ("friends.pending_requests", json!([])),
        ("messages.fetch", json!(heard)),
        ("messages.fetch_forward", json!([heard])),
        ("messages.history", json!([heard])),
        ("files.fetch", answers::bytes(b"rose")),
        ("files.download", answers::bytes(b"rose")),
        ("files.url", json!("https://example.com/roses.txt")),
        ("files.list", json!({"files": [file], "folders": []})),
        ("http.fetch", answers::response(200, "{}")),
        ("http.download", answers::download(200, "roses.png", 4)),
        ("bots.call", json!({"online": true})),
    ]
    .into_iter()
    .map(|(name, answer)| (name.to_owned(), Box::new(move |_: &Value| Ok(answer.clone())) as Answer))
    .collect()
}
