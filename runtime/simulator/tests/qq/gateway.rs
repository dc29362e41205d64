//! The gateway's protocol and the faults of its lines.

use std::time::Duration;

use iglu_simulator::{
    Cut, Greeting,
    qq::{App, GROUP, Limit, Options, Sessions, Stale, USER},
};
use serde_json::{Value, json};

use crate::client::{Client, Socket};

const INTENTS: u64 = 1 << 25 | 1 << 26 | 1 << 30;

#[tokio::test]
async fn a_session_hears_what_it_asked_for() {
    let client = Client::start(Options::default()).await;
    let (mut socket, _) = Socket::identified(&client, 1 << 25).await;
    client.platform.identified(1).await;
    client.bot.press(USER, "1", "not asked for");
    let said = client.bot.c2c(USER, "hi");
    let frame = socket.frame().await;
    assert_eq!((frame["s"].as_u64(), frame["id"].as_str()), (Some(2), Some(said.id.as_str())), "{frame}");
    assert_eq!(frame["d"], said.d);
    let seen = client.platform.next_presented().await;
    assert_eq!((seen.intents, &seen.shard, seen.accepted), (1 << 25, &json!([0, 1]), true));
}

#[tokio::test]
async fn bad_clients_are_closed_with_the_right_code() {
    let app = App { intents: INTENTS, ..App::default() };
    let client = Client::start(Options { apps: vec![app], ..Options::default() }).await;
    let identify = |token: &str, intents: u64, shard: Value| json!({"op": 2, "d": {"token": format!("QQBot {token}"), "intents": intents, "shard": shard}});
    let good = identify(&client.token, INTENTS, json!([0, 1]));
    let resume = json!({"op": 6, "d": {"token": client.token, "session_id": "none", "seq": 1}});
    for (frames, code) in [
        (vec![identify("wrong", INTENTS, json!([0, 1]))], 4004),
        (vec![identify(&client.token, INTENTS | 1 << 9, json!([0, 1]))], 4014),
        (vec![identify(&client.token, 1 << 5, json!([0, 1]))], 4013),
        (vec![identify(&client.token, INTENTS, json!([1, 1]))], 4010),
        (vec![identify(&client.token, INTENTS, json!([0, 0]))], 4010),
        (vec![json!({"op": 5})], 4001),
        (vec![json!("text")], 4002),
        (vec![good.clone(), good.clone()], 4005),
    ] {
        let mut socket = Socket::open(&client.platform).await;
        for frame in &frames {
            socket.send(frame).await;
        }
        assert_eq!(socket.closed().await, Some(code), "{frames:?}");
    }
    let mut socket = Socket::open(&client.platform).await;
    socket.send(&resume).await;
    assert_eq!(socket.frame().await, json!({"op": 9, "d": false}));
}

#[tokio::test]
async fn a_resumed_session_gets_what_it_missed() {
    let client = Client::start(Options::default()).await;
    let (mut socket, session) = Socket::identified(&client, INTENTS).await;
    client.platform.connected().await;
    let first = client.bot.c2c(USER, "1");
    assert_eq!(socket.frame().await["id"], first.id.as_str());
    client.bot.deliver(false);
    let missed = client.bot.group_at(GROUP, USER, "2");
    assert_eq!(client.bot.cut(Cut::Reset).await, 1);
    client.platform.disconnected().await;
    let more = client.bot.c2c(USER, "3");
    let mut socket = Socket::open(&client.platform).await;
    socket.resume(&client.token, &session, 2).await;
    let frames = [socket.frame().await, socket.frame().await, socket.frame().await];
    assert_eq!((&frames[0]["id"], &frames[1]["id"]), (&json!(missed.id), &json!(more.id)));
    assert_eq!((frames[0]["s"].as_u64(), frames[1]["s"].as_u64()), (Some(3), Some(4)));
    assert_eq!((&frames[2]["t"], &frames[2]["d"]), (&json!("RESUMED"), &json!("")));
    client.bot.repeat(1);
    assert_eq!(socket.frame().await["id"], more.id.as_str(), "again");
    let mut socket = Socket::open(&client.platform).await;
    socket.resume(&client.token, &session, 99).await;
    assert_eq!(socket.closed().await, Some(4007));
}

#[tokio::test]
async fn sessions_end_with_time_and_with_some_closes() {
    let sessions =
        Sessions { keep: Duration::from_secs(60), stale: Stale::Close(4902), ..Sessions::default() };
    let client = Client::start(Options { sessions, ..Options::default() }).await;
    for (code, advance, again) in [(4009, 0, None), (4009, 61, Some(4902)), (4900, 0, Some(4902))] {
        let (mut socket, session) = Socket::identified(&client, INTENTS).await;
        client.platform.connected().await;
        client.bot.close(code, "test").await;
        assert_eq!(socket.closed().await, Some(code));
        client.platform.disconnected().await;
        client.platform.advance(Duration::from_secs(advance));
        let mut socket = Socket::open(&client.platform).await;
        socket.resume(&client.token, &session, 1).await;
        match again {
            None => assert_eq!(socket.frame().await["t"], "RESUMED"),
            again => assert_eq!(socket.closed().await, again),
        }
        client.bot.cut(Cut::Reset).await;
        client.bot.forget_sessions();
    }
}

#[tokio::test]
async fn heartbeats_are_acknowledged_unless_told_otherwise() {
    let deadline = Some(Duration::from_millis(400));
    let sessions = Sessions { heartbeat_deadline: deadline, ..Sessions::default() };
    let client = Client::start(Options { sessions, ..Options::default() }).await;
    let (mut socket, _) = Socket::identified(&client, INTENTS).await;
    socket.send(&json!({"op": 1, "d": 1})).await;
    assert_eq!(socket.frame().await, json!({"op": 11}));
    assert_eq!(client.platform.gateway().heard, Some(1));
    client.bot.acknowledge_heartbeats(false);
    socket.send(&json!({"op": 1, "d": 1})).await;
    let said = client.bot.c2c(USER, "hi");
    assert_eq!(socket.frame().await["id"], said.id.as_str(), "no acknowledgement before it");
    assert_eq!(socket.closed().await, Some(4009), "no further heartbeat came");
}

#[tokio::test]
async fn events_go_to_their_shards() {
    let client = Client::start(Options::default()).await;
    let mut sockets = Vec::new();
    for shard in 0..2 {
        let mut socket = Socket::open(&client.platform).await;
        socket.identify(&client.token, INTENTS, json!([shard, 2])).await;
        assert_eq!(socket.frame().await["t"], "READY");
        sockets.push(socket);
    }
    let at =
        |guild: u64| json!({"id": "08", "guild_id": guild.to_string(), "channel_id": "1", "content": "x"});
    let zero = client.bot.event("AT_MESSAGE_CREATE", at(2 << 22));
    let one = client.bot.event("AT_MESSAGE_CREATE", at(3 << 22));
    let c2c = client.bot.c2c(USER, "hi");
    assert_eq!(sockets[0].frame().await["id"], zero.id.as_str());
    assert_eq!(sockets[0].frame().await["id"], c2c.id.as_str());
    assert_eq!(sockets[1].frame().await["id"], one.id.as_str());
}

#[tokio::test]
async fn session_starts_are_limited() {
    let sessions = Sessions { starts: 2, ..Sessions::default() };
    let client = Client::start(Options { sessions, ..Options::default() }).await;
    let _live = (Socket::identified(&client, INTENTS).await, Socket::identified(&client, INTENTS).await);
    let mut socket = Socket::open(&client.platform).await;
    socket.identify(&client.token, INTENTS, json!([0, 1])).await;
    assert_eq!(socket.closed().await, Some(4903));
    assert_eq!(client.platform.violations()[0].limit, Limit::Sessions);
    let limit = &client.call("GET", "/gateway/bot", &Value::Null).await.1["session_start_limit"];
    assert_eq!(limit["remaining"], 0);
    assert!(limit["reset_after"].as_u64().unwrap() > 86_000_000, "{limit}");
}

#[tokio::test]
async fn lines_have_faults() {
    let client = Client::start(Options::default()).await;
    let (mut socket, _) = Socket::identified(&client, INTENTS).await;
    client.platform.connected().await;
    client.bot.frame("{not json");
    assert_eq!(socket.text().await, "{not json");
    client.bot.ask_reconnect();
    assert_eq!(socket.frame().await, json!({"op": 7}));
    let events = [client.bot.c2c_event(USER, "1"), client.bot.c2c_event(USER, "2")];
    client.bot.emit_reversed(&events);
    let (second, first) = (socket.frame().await, socket.frame().await);
    assert_eq!((&second["s"], &second["id"]), (&json!(3), &json!(events[1].id)));
    assert_eq!((&first["s"], &first["id"]), (&json!(2), &json!(events[0].id)));
    client.bot.invalidate(false);
    assert_eq!(socket.frame().await, json!({"op": 9, "d": false}));
    assert_eq!(client.bot.sessions(), (0, 0));
    client.platform.greet_with(Greeting::Slow(Duration::from_millis(50)));
    drop(Socket::identified(&client, INTENTS).await);
    client.platform.greet_with(Greeting::Status(503));
    assert!(tokio_tungstenite::connect_async(client.platform.gateway_url()).await.is_err());
}

#[tokio::test]
async fn unheard_events_wait_for_the_next_session_if_asked() {
    let client = Client::start(Options::default()).await;
    client.bot.keep_unheard(true);
    let said = client.bot.c2c(USER, "early");
    let (mut socket, _) = Socket::identified(&client, INTENTS).await;
    assert_eq!(socket.frame().await["id"], said.id.as_str());
}
