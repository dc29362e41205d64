//! What an author writes, and what becomes of it: triggers, arguments, answers, the manifest.

use iglu_sdk::{
    prelude::*,
    testing::{Harness, message},
    types::Role,
};

#[derive(Default)]
struct Tools;

#[plugin(
    id = "tools",
    name = "Tools",
    description = "For tests",
    version = "1.2.3",
    permissions(send = "to remind", "call:get_*" = "to look", group_admin = "to mute")
)]
impl Tools {
    /// Adds numbers.
    ///
    /// As many as you like.
    #[command("sum", aliases = ["add", "加"], priority = -3, cooldown(seconds = 5, per = "chat"))]
    async fn sum(&self, first: i64, more: Vec<i64>) -> String {
        (first + more.iter().sum::<i64>()).to_string()
    }

    #[command("mute", who = "group-admin", chats = "group", block, priority = 10)]
    async fn mute(
        &self,
        event: &MessageEvent,
        user: Mention,
        minutes: Option<u64>,
    ) -> Result<Option<String>> {
        let Some(group) = event.group() else { return Ok(None) };
        let time = Duration::from_secs(60 * minutes.unwrap_or(10));
        groups::mute(&event.bot, group, &user, time).await?;
        Ok(Some(format!("{} is quiet", user.id)))
    }

    #[command("mute", chats = "group")]
    async fn mute_for_others(&self) -> &'static str {
        "you may not"
    }

    #[keyword("早安", "good morning", to_me)]
    async fn morning(&self, invocation: &Invocation) -> String {
        format!("{}!", invocation.keyword)
    }

    #[regex(r"^(?<left>\d+)\s*([+-])\s*(?<right>\d+)?$")]
    async fn calculate(&self, left: i64, operator: char, right: Option<i64>) -> String {
        let right = right.unwrap_or_default();
        if operator == '+' { (left + right).to_string() } else { (left - right).to_string() }
    }

    #[on(MemberJoined, Poked)]
    async fn something(&self, event: &Event) -> Outcome {
        log::info!("{}", event.clone().narrow::<MemberJoined>().is_some());
        Outcome::Passed
    }

    #[on]
    async fn friend(&self, event: &Event<FriendRequest>) -> Result {
        event.approve().await?;
        Ok(())
    }

    #[cron("0 8 * * *", zone = "Asia/Shanghai", missed = "once")]
    async fn daily(&self) -> Result {
        let chat = iglu_sdk::types::Chat::Group("20001".into());
        for bot in bots::list() {
            messages::send(&bot, &chat, "good morning").await?;
        }
        Ok(())
    }

    #[command("status", rate(count = 3, seconds = 60, per = "chat"))]
    async fn status(&self, event: &MessageEvent) -> Result<String> {
        let status: Value = bots::call(&event.bot, "get_status", &json!({})).await?;
        Ok(status.to_string())
    }
}

#[test]
fn the_manifest_says_what_the_code_says() {
    let manifest = Harness::<Tools>::new().manifest();
    let plain = |value: Value| {
        let mut base =
            json!({"who": "everyone", "chats": "any", "to_me": false, "priority": 0, "block": false});
        base.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        base
    };
    assert_eq!(
        manifest,
        json!({
            "contract": "0.1.0", "id": "tools", "name": "Tools", "version": "1.2.3", "description": "For tests",
            "authors": [], "homepage": env!("CARGO_PKG_HOMEPAGE").is_empty().then_some(Value::Null),
            "permissions": [
                {"name": "send", "reason": "to remind"},
                {"name": "call:get_*", "reason": "to look"},
                {"name": "group-admin", "reason": "to mute"},
            ],
            "handlers": [
                plain(json!({"name": "sum", "priority": -3, "cooldown": {"seconds": 5, "scope": "chat"},
                    "on": {"command": {"name": "sum", "aliases": ["add", "加"], "usage": "<first> [more...]",
                        "help": "Adds numbers.\n\nAs many as you like."}}})),
                plain(json!({"name": "mute", "who": "group-admin", "chats": "group", "block": true, "priority": 10,
                    "on": {"command": {"name": "mute", "aliases": [], "usage": "<user> [minutes]", "help": ""}}})),
                plain(json!({"name": "mute_for_others", "chats": "group",
                    "on": {"command": {"name": "mute", "aliases": [], "usage": "", "help": ""}}})),
                plain(json!({"name": "morning", "to_me": true,
                    "on": {"keyword": {"any": ["早安", "good morning"]}}})),
                plain(json!({"name": "calculate",
                    "on": {"regex": {"pattern": r"^(?<left>\d+)\s*([+-])\s*(?<right>\d+)?$"}}})),
                plain(json!({"name": "something",
                    "on": {"event": {"kinds": ["notice.member-joined", "notice.poked"]}}})),
                plain(json!({"name": "friend", "on": {"event": {"kinds": ["request.friend"]}}})),
                plain(json!({"name": "daily", "on": {"cron": {"line": "0 8 * * *", "zone": "Asia/Shanghai",
                    "missed": "once"}}})),
                plain(json!({"name": "status", "rate": {"count": 3, "seconds": 60, "scope": "chat"},
                    "on": {"command": {"name": "status", "aliases": [], "usage": "", "help": ""}}})),
            ],
        })
    );
}

#[test]
fn words_become_typed_arguments() {
    let mut bot = Harness::<Tools>::new();
    for (text, expected) in [
        ("/sum 1 2 3", "6"),
        ("／加\u{3000}-4", "-4"),
        ("/add", "<first> is missing\n用法 usage: /add <first> [more...]"),
        ("/sum 1 x", "<more>: “x”: invalid digit found in string\n用法 usage: /sum <first> [more...]"),
    ] {
        assert_eq!(bot.say(text), [expected], "{text}");
    }
}

#[test]
fn mentions_and_numbers_name_users() {
    let mut bot = Harness::<Tools>::new();
    for (content, user, seconds) in [
        (Message::new().text("/mute ").at("10005").text(" 3"), "10005", 180),
        (Message::from("/mute @10006"), "10006", 600),
        (Message::from("/mute 10007 1"), "10007", 60),
    ] {
        let said = message(content).in_group("20001").role(Role::Admin);
        assert_eq!(bot.say(said), [format!("{user} is quiet")]);
        let expected = json!({"bot": "10000", "group": "20001", "user": user, "seconds": seconds});
        assert_eq!(bot.calls().pop(), Some(("groups.mute".to_owned(), expected)));
    }
    let said = message("/mute Bob").in_group("20001").role(Role::Owner);
    assert!(bot.say(said)[0].plain_text().starts_with("<user>: “Bob” is not a user"));
}

#[test]
fn who_and_where_and_block_decide_which_handlers_run() {
    let mut bot = Harness::<Tools>::new();
    bot.superuser("10009");
    let mute = || message("/mute 10005").in_group("20001");
    assert_eq!(bot.say(mute()), ["you may not"]);
    assert_eq!(bot.say(mute().from("10009")), ["10005 is quiet"]);
    assert_eq!(bot.deliver("/mute 10005").outcomes, []);
    assert_eq!(bot.say(message("早安").in_group("20001")), Vec::<Message>::new());
    assert_eq!(bot.say(message("嗯 早安").in_group("20001").to_me()), ["早安!"]);
}

#[test]
fn groups_of_a_pattern_are_arguments_by_name_or_place() {
    let mut bot = Harness::<Tools>::new();
    assert_eq!(bot.say("12 + 30"), ["42"]);
    assert_eq!(bot.say("12 -"), ["12"]);
}

#[test]
fn requests_and_cron_lines_and_missing_permissions() {
    let mut bot = Harness::<Tools>::new();
    let asked = iglu_sdk::types::Request::Friend(iglu_sdk::types::FriendRequest {
        user: "10008".into(),
        nickname: None,
        comment: "hi".into(),
        source: None,
        token: "t".into(),
    });
    let delivery = bot.deliver(iglu_sdk::testing::event(iglu_sdk::types::EventBody::Request(asked)));
    let [("friend", Err(error))] = delivery.outcomes.as_slice() else { panic!("{delivery:?}") };
    assert!(error.contains("`friends`"), "{error}");

    bot.tick("daily").unwrap();
    assert_eq!(bot.sent()[0].message, "good morning");
    bot.deny("send");
    assert!(bot.tick("daily").unwrap_err().contains("`send`"));
}

#[test]
fn the_host_can_be_made_to_answer_and_to_fail() {
    let mut bot = Harness::<Tools>::new();
    let silent = bot.deliver("/status").replies;
    assert_eq!(silent, ["null"]);
    bot.answer("bots.call", |params| Ok(json!({"asked": params["action"]})));
    assert_eq!(bot.say("/status"), [r#"{"asked":"get_status"}"#]);
    bot.answer("bots.call", |_| {
        let refused = iglu_sdk::types::PlatformError { code: 1200, message: "no".into(), trace: None };
        Err(HostError::Platform(refused))
    });
    let outcomes = bot.deliver("/status").outcomes;
    assert_eq!(outcomes, [("status", Err("the platform refused: no (1200)".to_owned()))]);
}
