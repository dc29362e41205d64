//! The simulated NapCat against the protocol reference, as a plain WebSocket client sees it.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use iglu_tests::napcat::{
    ANY, Answer, Build, Cut, FRIEND, Format, GROUP, Greeting, Napcat, Options, SELF_ID, SelfReport, client_config,
    decode_cq, encode_cq,
};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async, connect_async_tls_with_config,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

const DEADLINE: Duration = Duration::from_secs(20);
/// How long nothing must come for "nothing comes" to be believed.
const QUIET: Duration = Duration::from_millis(150);

fn secret() -> Options {
    Options { token: "se cret".to_owned(), ..Options::default() }
}

async fn connect(url: &str, authorization: Option<&str>) -> Result<Client, Error> {
    let mut request = url.into_client_request().unwrap();
    if let Some(value) = authorization {
        request.headers_mut().insert("authorization", value.parse().unwrap());
    }
    connect_async(request).await.map(|(client, _)| client)
}

/// A client whose lifecycle event is read.
async fn ready(napcat: &Napcat) -> Client {
    let mut client = connect(&napcat.url(), None).await.unwrap();
    assert_eq!(event(&mut client).await["sub_type"], "connect");
    napcat.connected().await;
    client
}

async fn next(client: &mut Client) -> Option<Result<Message, Error>> {
    timeout(DEADLINE, client.next()).await.expect("a frame or the end within the deadline")
}

async fn event(client: &mut Client) -> Value {
    let frame = next(client).await.unwrap().unwrap();
    serde_json::from_str(frame.to_text().unwrap()).unwrap()
}

async fn ask(client: &mut Client, request: Value) {
    client.send(Message::text(request.to_string())).await.unwrap();
}

async fn call(client: &mut Client, action: &str, params: Value) -> Value {
    ask(client, json!({"action": action, "params": params, "echo": action})).await;
    let answer = event(client).await;
    assert_eq!(answer["echo"], action, "{answer}");
    answer
}

async fn nothing_comes(client: &mut Client) {
    let frame = timeout(QUIET, client.next()).await;
    assert!(frame.is_err(), "unexpected {frame:?}");
}

fn text(text: &str) -> Value {
    json!([{"type": "text", "data": {"text": text}}])
}

#[tokio::test]
async fn lifecycle_is_the_first_frame() {
    let napcat = Napcat::start(Options::default()).await;
    for path in ["", "/", "/event", "/anything"] {
        let mut client = connect(&format!("{}{path}", napcat.url()), None).await.unwrap();
        let first = event(&mut client).await;
        assert_eq!(first["meta_event_type"], "lifecycle");
        assert_eq!(first["self_id"], SELF_ID);
    }
}

#[tokio::test]
async fn api_path_takes_actions_and_gives_no_events() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = connect(&format!("{}/api", napcat.url()), None).await.unwrap();
    let answer = call(&mut client, "get_login_info", json!({})).await;
    assert_eq!(answer["data"], json!({"user_id": SELF_ID, "nickname": "bot"}));
    assert_eq!(napcat.private_text(FRIEND, "hi").signum(), 1);
    nothing_comes(&mut client).await;
    assert_eq!((napcat.links().events, napcat.links().actions), (0, 1));
}

#[tokio::test]
async fn token_is_taken_from_header_or_query_and_the_query_wins() {
    let napcat = Napcat::start(secret()).await;
    let right = "Bearer se cret";
    let cases = [
        ("", Some(right), true),
        ("", Some("se cret"), true),
        ("/?access_token=se%20cret", None, true),
        ("/?access_token=se+cret", Some("Bearer wrong"), true),
        ("/?access_token=", Some(right), true),
        ("/?access_token=wrong", Some(right), false),
        ("", Some("Bearer wrong"), false),
        ("/api", None, false),
    ];
    for (path, header, accepted) in cases {
        let mut client = connect(&format!("{}{path}", napcat.url()), header).await.unwrap();
        let first = event(&mut client).await;
        let retcode = if accepted { Value::Null } else { json!(1403) };
        assert_eq!(first["retcode"], retcode, "{path} {header:?}");
    }
    assert_eq!(napcat.links().denied, 3);
    assert_eq!(napcat.upgrades()[2].query, "access_token=se%20cret");
}

#[tokio::test]
async fn bad_token_gets_the_1403_frame_and_a_close_without_status() {
    let napcat = Napcat::start(secret()).await;
    let mut client = connect(&napcat.url(), None).await.unwrap();
    let expected = json!({"status": "failed", "retcode": 1403, "data": null, "message": "token验证失败",
        "wording": "token验证失败", "echo": null, "stream": "normal-action"});
    assert_eq!(event(&mut client).await, expected);
    assert!(matches!(next(&mut client).await, Some(Ok(Message::Close(None)))));
    assert!(next(&mut client).await.is_none());
}

#[tokio::test]
async fn answers_carry_the_echo_as_sent() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    for echo in [json!("x"), json!(0), json!(false), json!({"seq": 10}), json!([1])] {
        ask(&mut client, json!({"action": "get_status", "echo": echo})).await;
        assert_eq!(event(&mut client).await["echo"], echo);
    }
    for (action, echo) in [("get_status", json!("")), ("no_such_action", json!(null))] {
        ask(&mut client, json!({"action": action})).await;
        assert_eq!(event(&mut client).await["echo"], echo, "{action}");
    }
}

#[tokio::test]
async fn bad_requests_have_their_codes() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    client.send(Message::text("{\"action\":")).await.unwrap();
    let answer = event(&mut client).await;
    assert_eq!((&answer["retcode"], &answer["echo"]), (&json!(1400), &Value::Null));

    let unknown = call(&mut client, "no_such_action", json!({})).await;
    assert_eq!(unknown["retcode"], 1404);
    assert_eq!(unknown["message"], "不支持的API no_such_action");
    let cases = [
        ("get_msg", json!({}), 1400),
        ("get_msg", json!({"message_id": [1]}), 1400),
        ("get_msg", json!({"message_id": 5}), 1200),
        ("delete_msg", json!({"message_id": "5"}), 1200),
        ("get_group_member_info", json!({"group_id": GROUP, "user_id": 1}), 1200),
        ("send_private_msg", json!({"user_id": 404, "message": "hi"}), 1200),
        ("send_group_msg", json!({"group_id": 404, "message": "hi"}), 1200),
        ("send_group_msg", json!({"group_id": GROUP, "message": []}), 1200),
        ("send_group_msg", json!({"group_id": GROUP, "message": [{"type": "share", "data": {}}]}), 1200),
        ("send_msg", json!({"message": "nowhere"}), 1200),
        ("get_status", json!({}), 0),
        ("get_status_async", json!({}), 0),
        ("get_status_rate_limited", json!({}), 0),
    ];
    for (action, params, retcode) in cases {
        let answer = call(&mut client, action, params.clone()).await;
        assert_eq!(answer["retcode"], retcode, "{action} {params}");
        assert_eq!(answer["status"], if retcode == 0 { "ok" } else { "failed" });
        assert_eq!(answer["message"], answer["wording"]);
    }
    let mixed = json!([{"type": "text", "data": {"text": "a"}}, {"type": "node", "data": {"content": "b"}}]);
    let answer = call(&mut client, "send_group_msg", json!({"group_id": GROUP, "message": mixed})).await;
    assert_eq!(answer["retcode"], 1400);
}

#[tokio::test]
async fn send_without_a_message_is_never_answered() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    ask(&mut client, json!({"action": "send_group_msg", "params": {"group_id": GROUP}, "echo": "1"})).await;
    napcat.next_call("send_group_msg").await;
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
}

#[tokio::test]
async fn seed_send_is_answered_as_recorded() {
    let napcat = Napcat::start(Options { build: Build::Y2025, ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    napcat.answer_once("send_private_msg", Answer::data(json!({"message_id": 123039305})));
    napcat.answer_once("send_private_msg", Answer::failed("无法获取用户信息"));
    let request = json!({"action": "send_private_msg", "echo": "123",
        "params": {"user_id": "5079132", "message": text("napcat")}});
    ask(&mut client, request.clone()).await;
    ask(&mut client, request.clone()).await;
    let done = r#"{"status":"ok","retcode":0,"data":{"message_id":123039305},"message":"","wording":"","echo":"123"}"#;
    let failed = r#"{"status":"failed","retcode":1200,"data":null,"message":"无法获取用户信息","wording":"无法获取用户信息","echo":"123"}"#;
    for expected in [done, failed] {
        assert_eq!(next(&mut client).await.unwrap().unwrap().to_text().unwrap(), expected);
    }
    let seen = napcat.next_call("send_private_msg").await;
    assert_eq!((seen.json.clone(), seen.text(), seen.connection), (request, "napcat".to_owned(), 1));
}

#[tokio::test]
async fn sent_messages_are_known_until_recalled() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let quoted = napcat.group_text(GROUP, FRIEND, "question");
    assert_eq!(event(&mut client).await["group_name"], "测试群");
    let message = json!([{"type": "reply", "data": {"id": quoted}}, {"type": "at", "data": {"qq": FRIEND}},
        {"type": "text", "data": {"text": " [answer], & more "}}, {"type": "poke", "data": {}}]);
    let answer = call(&mut client, "send_group_msg", json!({"group_id": GROUP.to_string(), "message": message})).await;
    let id = answer["data"]["message_id"].clone();

    let fetched = call(&mut client, "get_msg", json!({"message_id": id})).await["data"].clone();
    let raw = format!("[CQ:reply,id={quoted}][CQ:at,qq={FRIEND}] &#91;answer&#93;, &amp; more");
    assert_eq!(fetched["raw_message"], raw);
    assert_eq!((&fetched["message_id"], &fetched["post_type"]), (&id, &json!("message_sent")));
    assert_eq!(fetched["message"].as_array().unwrap().len(), 3);

    assert_eq!(call(&mut client, "delete_msg", json!({"message_id": id})).await["data"], Value::Null);
    let notice = event(&mut client).await;
    assert_eq!((&notice["notice_type"], &notice["message_id"]), (&json!("group_recall"), &id));
    assert_eq!(call(&mut client, "get_msg", json!({"message_id": id})).await["retcode"], 1200);
    assert_eq!(call(&mut client, "delete_msg", json!({"message_id": id})).await["message"], "Recall failed");
}

#[tokio::test]
async fn forwards_are_sent_and_fetched() {
    let napcat = Napcat::start(Options { format: Format::String, ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    let nodes = json!([{"type": "node", "data": {"user_id": "10001", "nickname": "n", "content": "x[CQ:face,id=1]"}}]);
    let sent = call(&mut client, "send_group_forward_msg", json!({"group_id": GROUP, "messages": nodes})).await;
    assert_eq!(sent["data"]["res_id"], sent["data"]["forward_id"]);
    for params in [json!({"id": sent["data"]["res_id"]}), json!({"message_id": sent["data"]["message_id"]})] {
        let messages = call(&mut client, "get_forward_msg", params).await["data"]["messages"].clone();
        assert_eq!(messages[0]["sender"]["nickname"], "n");
        assert_eq!(messages[0]["user_id"], 10001);
        let segments = json!([{"type": "text", "data": {"text": "x"}}, {"type": "face", "data": {"id": "1"}}]);
        assert_eq!(messages[0]["message"], segments);
    }
    assert_eq!(call(&mut client, "get_forward_msg", json!({"id": "7505442611578883339"})).await["retcode"], 1200);
}

#[tokio::test]
async fn world_answers_follow_the_events() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    napcat.group_message(700, 800).sender("card", json!("名片")).text("hi").push();
    napcat.notice(&json!({"notice_type": "group_increase", "sub_type": "approve", "group_id": 700,
        "operator_id": 0, "user_id": 801}));
    drop((event(&mut client).await, event(&mut client).await));
    let member = call(&mut client, "get_group_member_info", json!({"group_id": 700, "user_id": "800"})).await;
    assert_eq!((&member["data"]["card"], &member["data"]["role"]), (&json!("名片"), &json!("member")));
    let members = call(&mut client, "get_group_member_list", json!({"group_id": 700})).await;
    assert_eq!(members["data"].as_array().unwrap().len(), 3);
    let groups = call(&mut client, "get_group_list", json!({})).await;
    assert_eq!(groups["data"][0]["group_id"], 700);
    let friends = call(&mut client, "get_friend_list", json!({})).await;
    assert_eq!(friends["data"].as_array().unwrap().len(), 1);
    assert_eq!(call(&mut client, "get_stranger_info", json!({"user_id": FRIEND})).await["data"]["nickname"], "东风寄千愁");
    let history = call(&mut client, "get_group_msg_history", json!({"group_id": 700})).await;
    assert_eq!(history["data"]["messages"][0]["raw_message"], "hi");
    assert!(call(&mut client, "set_group_card", json!({"group_id": 700, "user_id": 800})).await["data"].is_null());
    let void = call(&mut client, "set_friend_add_request", json!({"flag": "1"})).await;
    assert!(void.get("data").is_none());
}

#[tokio::test]
async fn scripted_answers_come_as_told() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let answers = [
        Answer::handled().with_string_numbers(),
        Answer::no_data(),
        Answer::handled().without_echo(),
        Answer::handled().with_echo(json!("another")),
        Answer::raw("{\"echo\":{echo},\"retcode\":0}"),
        Answer::computed(|call| json!({"you_sent": call.action()})),
    ];
    for answer in answers {
        napcat.answer_once("get_login_info", answer);
        ask(&mut client, json!({"action": "get_login_info", "echo": "e"})).await;
    }
    assert_eq!(event(&mut client).await["data"]["user_id"], SELF_ID.to_string());
    assert!(event(&mut client).await.get("data").is_none());
    assert!(event(&mut client).await.get("echo").is_none());
    assert_eq!(event(&mut client).await["echo"], "another");
    assert_eq!(event(&mut client).await, json!({"echo": "e", "retcode": 0}));
    assert_eq!(event(&mut client).await["data"]["you_sent"], "get_login_info");

    napcat.answer("get_login_info", Answer::handled().twice());
    ask(&mut client, json!({"action": "get_login_info", "echo": "e"})).await;
    assert_eq!(event(&mut client).await, event(&mut client).await);
    napcat.answer_normally("get_login_info");
    napcat.answer_once(ANY, Answer::never());
    ask(&mut client, json!({"action": "get_login_info", "echo": "lost"})).await;
    assert_eq!(call(&mut client, "get_login_info", json!({})).await["retcode"], 0);
}

#[tokio::test]
async fn delayed_answers_are_overtaken() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    napcat.answer_once("get_status", Answer::handled().after(Duration::from_millis(50)));
    ask(&mut client, json!({"action": "get_status", "echo": "slow"})).await;
    ask(&mut client, json!({"action": "get_status", "echo": "fast"})).await;
    assert_eq!(event(&mut client).await["echo"], "fast");
    assert_eq!(event(&mut client).await["echo"], "slow");
}

#[tokio::test]
async fn held_answers_come_in_reverse() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let hold = napcat.hold("get_status");
    for echo in 0..3 {
        ask(&mut client, json!({"action": "get_status", "echo": echo})).await;
    }
    napcat.held(&hold, 3).await;
    assert_eq!(call(&mut client, "get_login_info", json!({})).await["retcode"], 0);
    hold.release_reversed();
    for echo in [2, 1, 0] {
        assert_eq!(event(&mut client).await["echo"], echo);
    }
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
}

#[tokio::test]
async fn own_sends_are_reported_before_or_after_the_answer() {
    for (self_report, first) in [(SelfReport::BeforeAnswer, "message_sent"), (SelfReport::AfterAnswer, "")] {
        let napcat = Napcat::start(Options { self_report, ..Options::default() }).await;
        let mut client = ready(&napcat).await;
        let params = json!({"user_id": FRIEND, "message": "bot says hi"});
        ask(&mut client, json!({"action": "send_msg", "params": params, "echo": 1})).await;
        let mut frames = [event(&mut client).await, event(&mut client).await];
        assert_eq!(frames[0]["post_type"].as_str().unwrap_or_default(), first);
        frames.sort_by_key(|frame| frame["post_type"].is_null());
        let [event, answer] = frames;
        assert_eq!(event["message_id"], answer["data"]["message_id"]);
        assert_eq!((&event["target_id"], &event["user_id"]), (&json!(FRIEND), &json!(SELF_ID)));
        assert_eq!(event["message_sent_type"], "self");
    }
}

#[tokio::test]
async fn events_have_the_recorded_shape() {
    let napcat = Napcat::start(Options { build: Build::Y2025, ..Options::default() }).await;
    let private = napcat.private_message(FRIEND).text("你好");
    let group = napcat.group_message(GROUP, FRIEND).text("test");
    let fixed = |draft: iglu_tests::napcat::MessageDraft, time: u64, id: i64, seq: &str| {
        let ids = ["message_id", "message_seq", "real_id"];
        let draft = ids.into_iter().fold(draft, |draft, name| draft.field(name, json!(id)));
        draft.field("time", json!(time)).field("real_seq", json!(seq)).json().to_string()
    };
    let recorded = r#"{"self_id":3892215616,"user_id":5079132,"time":1746673640,"message_id":1136053690,"message_seq":1136053690,"real_id":1136053690,"real_seq":"770","message_type":"private","sender":{"user_id":5079132,"nickname":"东风寄千愁","card":""},"raw_message":"你好","font":14,"sub_type":"friend","message":[{"type":"text","data":{"text":"你好"}}],"message_format":"array","post_type":"message","target_id":5079132}"#;
    assert_eq!(fixed(private, 1746673640, 1136053690, "770"), recorded);
    let recorded = r#"{"self_id":3892215616,"user_id":5079132,"time":1747107314,"message_id":2096329721,"message_seq":2096329721,"real_id":2096329721,"real_seq":"20471","message_type":"group","sender":{"user_id":5079132,"nickname":"东风寄千愁","card":"","role":"admin"},"raw_message":"test","font":14,"sub_type":"normal","message":[{"type":"text","data":{"text":"test"}}],"message_format":"array","post_type":"message","group_id":757951413}"#;
    assert_eq!(fixed(group, 1747107314, 2096329721, "20471"), recorded);
}

#[test]
fn cq_codes_agree_with_the_recording() {
    let segments = json!([
        {"type": "reply", "data": {"id": "265662236"}},
        {"type": "at", "data": {"qq": "all"}},
        {"type": "text", "data": {"text": " test [message] & more, "}},
        {"type": "image", "data": {"summary": "[动画表情]", "file": "5B.jpg", "sub_type": 1,
            "url": "https://multimedia.nt.qq.com.cn/download?appid=1407&fileid=EhQ,x", "file_size": "155336"}},
    ]);
    let text = "[CQ:reply,id=265662236][CQ:at,qq=all] test &#91;message&#93; &amp; more, \
        [CQ:image,summary=&#91;动画表情&#93;,file=5B.jpg,sub_type=1,\
        url=https://multimedia.nt.qq.com.cn/download?appid=1407&amp;fileid=EhQ&#44;x,file_size=155336]";
    assert_eq!(encode_cq(segments.as_array().unwrap()), text);
    let mut decoded = segments;
    decoded[3]["data"]["sub_type"] = json!("1");
    assert_eq!(Value::from(decode_cq(text)), decoded);
    for stays_text in ["[CQ:]", "[CQ:at,qq", "[CQ:a b]", "[CQ:at,=1]", "&amp;#91;"] {
        let expected = stays_text.replace("&amp;", "&");
        assert_eq!(Value::from(decode_cq(stays_text)), text_of(&expected), "{stays_text}");
    }
}

fn text_of(value: &str) -> Value {
    text(value)
}

#[tokio::test]
async fn string_format_holds_cq_codes() {
    let napcat = Napcat::start(Options { format: Format::String, ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    napcat.group_message(GROUP, FRIEND).at("all").text(" [x]").push();
    let event = event(&mut client).await;
    assert_eq!((&event["message"], &event["message_format"]), (&json!("[CQ:at,qq=all] &#91;x&#93;"), &json!("string")));
}

#[tokio::test]
async fn odd_frames_arrive_as_pushed() {
    let napcat = Napcat::start(Options::default()).await;
    assert_eq!(napcat.push(&json!({"post_type": "notice"})), 0);
    let mut client = ready(&napcat).await;
    let draft = napcat.private_message(FRIEND).text("twice");
    let message = draft.json();
    assert_eq!((napcat.push(&message), napcat.push(&message)), (1, 1));
    assert_eq!(event(&mut client).await, event(&mut client).await);
    napcat.push_text("not json");
    napcat.push_binary(&[0xff, 0]);
    napcat.push_half(&message);
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::text("not json"));
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::binary(vec![0xff, 0]));
    let half = next(&mut client).await.unwrap().unwrap().into_text().unwrap();
    assert!(message.to_string().starts_with(half.as_str()) && half.len() > 100);
    napcat.private_text(FRIEND, &"x".repeat(4 << 20));
    assert_eq!(event(&mut client).await["raw_message"].as_str().unwrap().len(), 4 << 20);
}

#[tokio::test]
async fn heartbeats_come_at_their_interval_and_stop() {
    let beat = Duration::from_millis(20);
    let napcat = Napcat::start(Options { heartbeat: Some(beat), ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    let first = event(&mut client).await;
    assert_eq!((&first["meta_event_type"], &first["interval"]), (&json!("heartbeat"), &json!(20)));
    assert_eq!(first["status"], json!({"online": true, "good": true}));
    napcat.go_online(false);
    while event(&mut client).await["status"]["online"] == true {}
    napcat.beat_every(None);
    while timeout(QUIET, client.next()).await.is_ok() {}
    assert_eq!(call(&mut client, "get_status", json!({})).await["data"]["online"], false);
}

#[tokio::test]
async fn pings_are_answered_unless_silent() {
    let napcat = Napcat::start(Options { heartbeat: Some(Duration::from_millis(5)), ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    client.send(Message::Ping("1".into())).await.unwrap();
    while next(&mut client).await.unwrap().unwrap() != Message::Pong("1".into()) {}
    assert_eq!(napcat.links().pings, 1);
    napcat.go_silent();
    while timeout(QUIET, client.next()).await.is_ok() {}
    client.send(Message::Ping("2".into())).await.unwrap();
    ask(&mut client, json!({"action": "get_status", "echo": 1})).await;
    nothing_comes(&mut client).await;
    let second = ready(&napcat).await;
    assert_eq!(napcat.links().events, 2);
    drop(second);
    napcat.speak_again();
    while next(&mut client).await.unwrap().unwrap() != Message::Pong("2".into()) {}
}

#[tokio::test]
async fn cuts_look_as_named() {
    let reset = |end: &Option<Result<Message, Error>>| match end {
        Some(Err(Error::Io(error))) => error.kind() == std::io::ErrorKind::ConnectionReset,
        _ => false,
    };
    let unclean = |end: &Option<Result<Message, Error>>| matches!(end, Some(Err(Error::Protocol(_))));
    for tls in [false, true] {
        let napcat = Napcat::start(Options { tls, ..Options::default() }).await;
        for cut in [Cut::Reset, Cut::Eof, Cut::MidFrame, Cut::Close(Some((1012, "restart".to_owned()))), Cut::Close(None)] {
            let mut client = ready_over(&napcat).await;
            napcat.private_text(FRIEND, "before the cut");
            napcat.flush().await;
            assert_eq!(event(&mut client).await["raw_message"], "before the cut");
            assert_eq!(napcat.cut(cut.clone()).await, 1);
            assert_eq!(napcat.private_text(FRIEND, "after the cut").signum(), 1);
            assert_eq!(napcat.links().events, 0);
            let end = next(&mut client).await;
            let as_named = match &cut {
                Cut::Reset => reset(&end),
                Cut::Eof | Cut::MidFrame => unclean(&end),
                Cut::Close(frame) => matches!(&end, Some(Ok(Message::Close(got))) if same(got.as_ref(), frame.as_ref())),
            };
            assert!(as_named, "{cut:?} over tls {tls}: {end:?}");
        }
        assert_eq!((napcat.links().connected, napcat.links().accepted), (5, 5));
    }
}

fn same(got: Option<&CloseFrame>, sent: Option<&(u16, String)>) -> bool {
    got.map(|frame| (u16::from(frame.code), frame.reason.to_string())) == sent.cloned()
}

async fn ready_over(napcat: &Napcat) -> Client {
    if !napcat.options().tls {
        return ready(napcat).await;
    }
    let connector = Some(Connector::Rustls(client_config()));
    let (mut client, _) = connect_async_tls_with_config(napcat.url(), None, true, connector).await.unwrap();
    assert_eq!(event(&mut client).await["meta_event_type"], "lifecycle");
    napcat.connected().await;
    client
}

#[tokio::test]
async fn one_of_two_connections_is_cut() {
    let napcat = Napcat::start(Options::default()).await;
    let (mut first, mut second) = (ready(&napcat).await, ready(&napcat).await);
    assert!(napcat.cut_one(1, Cut::Eof).await);
    assert!(!napcat.cut_one(1, Cut::Eof).await);
    assert!(next(&mut first).await.unwrap().is_err());
    assert_eq!(napcat.push(&json!({"post_type": "meta_event"})), 1);
    assert_eq!(event(&mut second).await["post_type"], "meta_event");
    drop(second);
    napcat.disconnected().await;
}

#[tokio::test]
async fn server_refuses_while_not_listening_and_returns_on_its_port() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    napcat.stop_listening().await;
    for _ in 0..3 {
        let refused = connect(&napcat.url(), None).await;
        let Err(Error::Io(error)) = refused else { panic!("not refused") };
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
    napcat.listen_again();
    ready(&napcat).await;
    assert_eq!(napcat.links().connected, 2);
}

#[tokio::test]
async fn greetings_hold_or_refuse_new_connections() {
    let napcat = Napcat::start(Options::default()).await;
    napcat.greet_with(Greeting::Status(503));
    let refused = connect(&napcat.url(), None).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 503));

    napcat.greet_with(Greeting::Reset);
    assert!(matches!(connect(&napcat.url(), None).await, Err(Error::Io(_) | Error::Protocol(_))));

    napcat.greet_with(Greeting::SilentAfterUpgrade);
    let mut client = connect(&napcat.url(), None).await.unwrap();
    ask(&mut client, json!({"action": "get_status"})).await;
    nothing_comes(&mut client).await;
    assert_eq!(napcat.links().events, 0);

    napcat.greet_with(Greeting::Slow(Duration::from_millis(200)));
    assert!(timeout(Duration::from_millis(20), connect(&napcat.url(), None)).await.is_err());
    ready(&napcat).await;
    assert_eq!(napcat.cut(Cut::Eof).await, 1 + napcat.links().opening);
}

#[tokio::test]
async fn silent_greeting_accepts_and_says_nothing_until_cut() {
    let napcat = Napcat::start(Options::default()).await;
    napcat.greet_with(Greeting::Silent);
    let address: SocketAddr = napcat.address();
    let mut tcp = TcpStream::connect(address).await.unwrap();
    napcat.wait_links("a held handshake", |links| links.opening == 1).await;
    let mut byte = [0];
    assert!(timeout(QUIET, tcp.read(&mut byte)).await.is_err());
    assert_eq!(napcat.cut(Cut::Reset).await, 1);
    assert_eq!(timeout(DEADLINE, tcp.read(&mut byte)).await.unwrap().unwrap_or(0), 0);
}

#[tokio::test]
async fn calls_are_logged_in_order_with_their_connection() {
    let napcat = Napcat::start(Options::default()).await;
    let mut tap = napcat.tap();
    let (mut first, mut second) = (ready(&napcat).await, ready(&napcat).await);
    call(&mut first, "get_status", json!({})).await;
    call(&mut second, "send_group_msg", json!({"group_id": GROUP, "message": "[CQ:face,id=1]a&amp;b"})).await;
    call(&mut first, "get_status", json!({})).await;
    let seen = napcat.wait_for_calls("get_status", 2).await;
    assert_eq!(seen.iter().map(|call| (call.number, call.connection)).collect::<Vec<_>>(), [(0, 1), (2, 1)]);
    assert_eq!(napcat.next_call("send_group_msg").await.text(), "a&b");
    let first_with = napcat.next_call_where("from 1", |call| call.connection == 1).await;
    assert_eq!(first_with.number, 0);
    assert_eq!(napcat.next_call("get_status").await.number, 2);
    assert_eq!(tap.recv().await.unwrap().number, 0);
    napcat.forget_calls();
    assert!(napcat.calls().is_empty());
}

#[tokio::test]
#[should_panic(expected = "the call send_msg in vain")]
async fn waiting_in_vain_says_what_was_seen() {
    let napcat = Napcat::start(Options { deadline: Duration::from_millis(20), ..Options::default() }).await;
    napcat.next_call("send_msg").await;
}

#[tokio::test]
async fn dropping_the_last_handle_ends_everything() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let url = napcat.url();
    drop(napcat.clone());
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
    drop(napcat);
    assert!(next(&mut client).await.unwrap().is_err());
    let gone = async { while connect(&url, None).await.is_ok() {} };
    timeout(DEADLINE, gone).await.unwrap();
}
