//! The functions of `napcat`: none is missing, each asks for the right thing, each reads what NapCat answers.

mod answers;
mod calls;
mod content;
mod groups;
mod streams;

use std::{cell::RefCell, collections::BTreeMap, future::Future, pin::Pin};

use iglu_sdk::{prelude::*, testing::Harness};

/// What the plugin's one handler does: a test's own future.
type Work = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    static WORK: RefCell<Option<Work>> = RefCell::default();
}

#[derive(Default)]
struct Caller;

#[plugin(id = "caller", permissions("call:*" = "to call"))]
impl Caller {
    #[command("work")]
    async fn work(&self) {
        let work = WORK.take().expect("a test gives work");
        work.await;
    }
}

/// Runs the future inside a plugin.
fn run(bot: &mut Harness<Caller>, work: impl Future<Output = ()> + 'static) {
    WORK.set(Some(Box::pin(work)));
    bot.say("/work");
}

/// One call: what was asked for, and what came of it.
struct Row {
    written: &'static str,
    action: &'static str,
    params: Value,
    answer: Value,
}

/// What each call gave, as JSON, or its error.
type Given = Vec<Result<Value, HostError>>;

/// `all` makes the calls in order; `rows` says what they should have asked for, and what is answered.
macro_rules! table {
    ($bot:ident; $($call:expr => $action:literal $params:tt => $answer:tt;)*) => {
        pub(crate) fn rows() -> Vec<crate::Row> {
            vec![$(crate::Row {
                written: stringify!($call),
                action: $action,
                params: json!($params),
                answer: json!($answer),
            }),*]
        }

        pub(crate) async fn all($bot: &str) -> crate::Given {
            let mut given = crate::Given::new();
            $(given.push(Box::pin($call).await.map(|answer| json!(answer)));)*
            given
        }
    };
}
pub(crate) use table;

/// Whether everything in `sample` is in `read`; numbers may have become texts and texts numbers.
fn holds(read: &Value, sample: &Value) -> bool {
    match (read, sample) {
        (Value::Object(read), Value::Object(sample)) => sample
            .iter()
            .all(|(key, value)| value.is_null() || read.get(key).is_some_and(|read| holds(read, value))),
        (Value::Array(read), Value::Array(sample)) => {
            read.len() == sample.len() && read.iter().zip(sample).all(|(read, sample)| holds(read, sample))
        }
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            *text == number.to_string()
        }
        (read, sample) => read == sample,
    }
}

fn check(rows: Vec<Row>, work: impl Future<Output = Given> + 'static) {
    let mut bot = Harness::<Caller>::new();
    let answers: BTreeMap<_, _> = rows.iter().map(|row| (row.action, row.answer.clone())).collect();
    bot.answer("bots.call", move |call| Ok(answers[call["action"].as_str().unwrap_or_default()].clone()));
    let given = std::rc::Rc::new(RefCell::new(Given::new()));
    let filled = given.clone();
    run(&mut bot, async move {
        let done = work.await;
        *filled.borrow_mut() = done;
    });
    let calls = bot.calls();
    let given = given.take();
    assert_eq!((calls.len(), given.len()), (rows.len(), rows.len()));
    for ((row, (function, call)), given) in rows.into_iter().zip(calls).zip(given) {
        let Row { written, action, params, answer } = row;
        assert_eq!(function, "bots.call", "{written}");
        assert_eq!(call, json!({"bot": "10000", "action": action, "params": params}), "{written}");
        let given = given.unwrap_or_else(|error| panic!("{written}: {error}"));
        assert!(holds(&given, &answer), "{written}: {given} is not {answer}");
    }
}

#[test]
fn each_function_asks_for_its_action_and_reads_its_answer() {
    check(calls::rows(), calls::all("10000"));
    check(groups::rows(), groups::all("10000"));
}

#[test]
fn each_action_is_tried_in_these_tables() {
    let mut tried: Vec<&str> = calls::rows().iter().chain(&groups::rows()).map(|row| row.action).collect();
    tried.extend(streams::DOWNLOADS);
    tried.sort_unstable();
    tried.dedup();
    let mut actions = napcat::ACTIONS.to_vec();
    actions.sort_unstable();
    assert_eq!(tried, actions);
}

#[test]
fn no_action_of_the_reference_is_missing_and_none_is_invented() {
    let list = include_str!("../../../tests/corpus/onebot/actions.txt");
    let listed: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let mut actions = napcat::ACTIONS.to_vec();
    actions.sort_unstable();
    assert_eq!(actions, listed);
    assert_eq!(listed.len(), 175);
}

#[test]
fn what_napcat_would_guess_is_always_said() {
    let mut bot = Harness::<Caller>::new();
    bot.answer("bots.call", |_| Ok(json!({})));
    run(&mut bot, async {
        for on in [false, true] {
            let _ = napcat::set_group_ban("1", "2", "3", if on { 1800 } else { 0 }).await;
            let _ = napcat::set_group_admin("1", "2", "3", on).await;
            let _ = napcat::set_group_whole_ban("1", "2", on).await;
            let _ = napcat::set_group_kick("1", "2", "3", on).await;
            let _ = napcat::set_group_kick_members("1", "2", ["3"], on).await;
            let _ = napcat::set_group_add_request("1", "f", on, napcat::GroupRequestOptions::default()).await;
            let _ =
                napcat::set_friend_add_request("1", "f", on, napcat::FriendRequestOptions::default()).await;
            let _ = napcat::get_group_member_info("1", "2", "3", on).await;
            let _ = napcat::set_msg_emoji_like("1", "2", 3, on).await;
            let _ = napcat::set_group_new_member_history_visibility("1", "2", on).await;
        }
        let _ = napcat::set_doubt_friends_add_request("1", "f").await;
        let _ = napcat::send_like("1", "2", 1).await;
        let _ = napcat::set_group_card("1", "2", "3", "").await;
        let _ = napcat::set_group_special_title("1", "2", "3", "").await;
        let met = iglu_sdk::types::TemporaryChat { user: "2".into(), group: Some("3".into()) };
        let chat = iglu_sdk::types::Chat::Temporary(met);
        let _ = napcat::send_msg("1", &chat, "x", napcat::SendOptions::default()).await;
    });
    let expected = [
        ("set_group_ban", "duration", json!(0), json!(1800)),
        ("set_group_admin", "enable", json!(false), json!(true)),
        ("set_group_whole_ban", "enable", json!(false), json!(true)),
        ("set_group_kick", "reject_add_request", json!(false), json!(true)),
        ("set_group_kick_members", "reject_add_request", json!(false), json!(true)),
        ("set_group_add_request", "approve", json!(false), json!(true)),
        ("set_friend_add_request", "approve", json!(false), json!(true)),
        ("get_group_member_info", "no_cache", json!(false), json!(true)),
        ("set_msg_emoji_like", "set", json!(false), json!(true)),
        ("set_group_new_member_history_visibility", "visible", json!(false), json!(true)),
    ];
    let off = expected.iter().map(|(action, key, off, _)| (*action, *key, off.clone()));
    let on = expected.iter().map(|(action, key, _, on)| (*action, *key, on.clone()));
    let always = [
        ("set_doubt_friends_add_request", "approve", json!(true)),
        ("send_like", "times", json!(1)),
        ("set_group_card", "card", json!("")),
        ("set_group_special_title", "special_title", json!("")),
        ("send_msg", "message_type", json!("private")),
    ];
    let calls = bot.calls();
    let expected: Vec<_> = off.chain(on).chain(always).collect();
    assert_eq!(calls.len(), expected.len());
    for ((action, key, value), (_, call)) in expected.into_iter().zip(calls) {
        assert_eq!((&call["action"], &call["params"][key]), (&json!(action), &value), "{action}");
    }
}

#[test]
fn options_that_are_not_given_are_left_out() {
    let mut bot = Harness::<Caller>::new();
    bot.answer("bots.call", |_| Ok(json!({})));
    run(&mut bot, async {
        let _ = napcat::get_group_msg_history("1", "2", napcat::HistoryOptions::default()).await;
        let _ = napcat::send_poke("1", "2", napcat::PokeOptions::default()).await;
        let _ = napcat::get_friend_list("1", napcat::NoCacheOptions::default()).await;
    });
    let params: Vec<Value> = bot.calls().into_iter().map(|(_, call)| call["params"].clone()).collect();
    assert_eq!(params, [json!({"group_id": "2"}), json!({"user_id": "2"}), json!({})]);
}

#[test]
fn an_empty_id_never_goes_out() {
    let mut bot = Harness::<Caller>::new();
    run(&mut bot, async {
        let refused = [
            napcat::set_group_kick("1", "", "2", true).await,
            napcat::delete_msg("1", "").await,
            napcat::get_image("1", "").await.map(drop),
            napcat::set_group_add_request("1", "", true, napcat::GroupRequestOptions::default()).await,
        ];
        for refused in refused {
            assert!(matches!(refused, Err(HostError::Invalid(_))), "{refused:?}");
        }
    });
    assert_eq!(bot.calls(), []);
}

#[test]
fn a_call_needs_the_permission_of_its_action() {
    let mut bot = Harness::<Caller>::new();
    bot.deny("call:*");
    run(&mut bot, async {
        let refused = napcat::get_status("1").await;
        assert!(matches!(&refused, Err(HostError::Denied(text)) if text.contains("call:get_status")));
    });
}
