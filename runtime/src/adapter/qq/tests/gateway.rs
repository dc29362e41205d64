use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::house::{Heard, House, Peer};
use super::payload;
use super::server::soon;

const BASE: u32 = 1 << 25 | 1 << 26;

fn user() -> Heard {
    Heard::Ready(Some(("615".to_owned(), "机器人".to_owned())))
}

#[tokio::test]
async fn a_link_identifies_and_brings_events() {
    let mut house = House::open().await;
    let mut peer = house.begin("S").await;
    let opening = &peer.opening["d"];
    assert_eq!((opening["token"].as_str(), &opening["shard"]), (Some("QQBot T1"), &json!([0, 1])));
    assert_eq!(opening["intents"], BASE);
    assert_eq!(house.hear().await, user());
    peer.event("A", 2).await;
    peer.say(&json!({"op": 1})).await;
    assert_eq!(house.event().await, ("A".to_owned(), Some(2)));
    let beat = soon("the answer", async {
        loop {
            let frame = peer.any().await.unwrap();
            if frame["d"] == 2 {
                break frame;
            }
        }
    });
    assert_eq!(beat.await, json!({"op": 1, "d": 2}));
    house.stop.cancel();
    assert_eq!(peer.closed().await, Some(1000));
    soon("the end", house.task).await.unwrap();
}

#[tokio::test]
async fn recorded_frames_are_understood() {
    let house = House::open().await;
    let mut peer = house.peer().await;
    peer.text(payload("doc-ws-ready")).await;
    peer.text(payload("doc-ws-heartbeat-ack-op11")).await;
    peer.text(payload("syn-ws-reconnect-op7")).await;
    assert_eq!(peer.closed().await, Some(4000), "the session is kept");
    let mut peer = house.peer().await;
    assert_eq!(
        peer.opening,
        json!({"op": 6, "d": {"token": "QQBot T1", "session_id": "082ee18c-0be3-491b-9d8b-fbd95c51673a", "seq": 1}})
    );
    peer.text(payload("doc-ws-resumed")).await;
    peer.close(4009).await;
    let mut peer = house.peer().await;
    assert_eq!(peer.opening["d"]["seq"], 2002);
    peer.text(payload("syn-ws-invalid-session-op9-false")).await;
    assert_eq!(house.peer().await.opening["op"], 2);
}

#[tokio::test]
async fn a_broken_link_is_resumed_and_plugins_do_not_see_it() {
    let mut house = House::open().await;
    let mut peer = house.begin("S").await;
    peer.event("A", 2).await;
    assert_eq!(house.hear().await, user());
    assert_eq!(house.event().await.0, "A");
    drop(peer);
    let mut peer = house.peer().await;
    assert_eq!(peer.opening["d"], json!({"token": "QQBot T1", "session_id": "S", "seq": 2}));
    peer.event("B", 3).await;
    peer.resumed(4).await;
    assert_eq!(house.event().await.0, "B");
    peer.event("C", 5).await;
    assert_eq!(house.event().await.0, "C");
    assert_eq!(house.rest(), [], "neither lost nor ready");
    let made_up = house.made_up.lock().unwrap().clone();
    assert!(matches!(made_up[..], [since] if since > 1_700_000_000), "only B was held back: {made_up:?}");
    assert_eq!(
        house.web.asked("/gateway/bot").len(),
        2,
        "only the shards and the first session were asked for"
    );
}

#[tokio::test]
async fn an_outage_is_told_once_with_its_end() {
    let mut house = House::open().await;
    let peer = house.begin("S").await;
    assert_eq!(house.hear().await, user());
    drop(peer);
    for _ in 0..2 {
        drop(soon("a try", house.listener.accept()).await.unwrap());
    }
    assert!(matches!(house.hear().await, Heard::Lost(reason) if reason.contains("cannot be reached")));
    house.peer().await.resumed(2).await;
    assert_eq!(house.hear().await, Heard::Ready(None));
}

#[tokio::test]
async fn every_close_code_has_its_consequence() {
    for (codes, op) in [
        (&[1000, 1001, 1011, 4000, 4008, 4009][..], 6),
        (&[4003, 4004, 4005, 4006, 4007, 4900, 4902, 4913, 9001, 9005], 2),
    ] {
        for code in codes {
            let mut house = House::open().await;
            let mut peer = house.begin("S").await;
            peer.close(*code).await;
            let opening = house.peer().await.opening;
            assert_eq!(opening["op"], op, "{code}");
            let token = if *code == 4004 { "QQBot T2" } else { "QQBot T1" };
            assert_eq!(opening["d"]["token"], token, "{code}");
        }
    }
    for code in [4001, 4002, 4010, 4011, 4012, 4013, 4014, 4914, 4915] {
        let mut house = House::open().await;
        let mut peer = house.begin("S").await;
        assert_eq!(house.hear().await, user());
        peer.close(code).await;
        let Heard::Lost(reason) = house.hear().await else { panic!("{code}") };
        assert!(reason.contains(&code.to_string()), "{reason}");
        soon("the end", house.task).await.unwrap();
    }
}

#[tokio::test]
async fn an_invalid_session_is_resumed_or_begun_anew_as_the_platform_says() {
    for (resumable, op) in [(json!(true), 6), (json!(false), 2), (Value::Null, 2)] {
        let mut house = House::open().await;
        let mut peer = house.begin("S").await;
        peer.say(&json!({"op": 9, "d": resumable})).await;
        assert_eq!(house.peer().await.opening["op"], op);
    }
}

#[tokio::test]
async fn three_resumes_that_fail_are_enough() {
    let mut house = House::open().await;
    let peer = house.begin("S").await;
    drop(peer);
    for _ in 0..3 {
        let mut peer = house.peer().await;
        assert_eq!(peer.opening["op"], 6);
        peer.close(4009).await;
    }
    assert_eq!(house.peer().await.opening["op"], 2);
}

#[tokio::test]
async fn links_that_break_at_once_are_not_tried_for_ever_in_a_hurry() {
    let house =
        House::with(|settings| settings.timings.retry = Duration::from_millis(20), |_, _, place| place).await;
    let mut ended = Instant::now();
    for link in 0..4 {
        let mut peer = house.peer().await;
        if link == 3 {
            assert!(ended.elapsed() > Duration::from_millis(800), "{:?}", ended.elapsed());
        }
        if link == 0 {
            peer.ready("S").await;
        } else {
            peer.resumed(2).await;
        }
        peer.say(&json!({"op": 7})).await;
        ended = Instant::now();
    }
}

#[tokio::test]
async fn a_heartbeat_without_its_acknowledgement_ends_the_link() {
    let mut house = House::open().await;
    let mut peer = Peer::accept(&house.listener, 100).await;
    peer.ready("S").await;
    assert_eq!(house.hear().await, user());
    for number in [1, 5, 6] {
        if number > 1 {
            peer.event("A", number).await;
            house.hear().await;
        }
        let said = async {
            loop {
                let beat = peer.any().await.unwrap();
                peer.say(&json!({"op": 11})).await;
                if beat == json!({"op": 1, "d": number}) {
                    break;
                }
            }
        };
        soon("a heartbeat with the last number", said).await;
    }
    assert_eq!(peer.any().await.unwrap(), json!({"op": 1, "d": 6}));
    assert_eq!(peer.closed().await, Some(4000));
    assert_eq!(house.peer().await.opening["d"]["seq"], 6);
}

#[tokio::test]
async fn silence_instead_of_hello_or_an_answer_ends_the_try() {
    let house =
        House::with(|settings| settings.timings.hello = Duration::from_millis(100), |_, _, place| place)
            .await;
    let (stream, _) = soon("a link", house.listener.accept()).await.unwrap();
    let mut silent = tokio_tungstenite::accept_async(stream).await.unwrap();
    let mut peer = house.peer().await;
    assert_eq!(peer.closed().await, Some(4000), "no READY");
    assert_eq!(house.peer().await.opening["op"], 2);
    silent.close(None).await.unwrap_or_default();
}

#[tokio::test]
async fn frames_that_cannot_be_read_are_passed_over() {
    let mut house = House::open().await;
    let mut peer = house.begin("S").await;
    assert_eq!(house.hear().await, user());
    for text in [
        "",
        "nonsense",
        "[]",
        "{",
        "null",
        r#"{"op":"x"}"#,
        r#"{"op":99,"d":{}}"#,
        r#"{"d":1}"#,
        r#"{"op":11,"d":"x"}"#,
    ] {
        peer.text(text.to_owned()).await;
    }
    peer.text(r#"{"op":0,"s":2,"t":"ODD","d":"text"}"#.to_owned()).await;
    peer.text(r#"{"op":0,"t":"WITHOUT","d":null}"#.to_owned()).await;
    assert_eq!(house.event().await, ("ODD".to_owned(), Some(2)));
    assert_eq!(house.event().await, ("WITHOUT".to_owned(), None));
}

#[tokio::test]
async fn intents_that_are_not_granted_are_given_up_once() {
    let mut house = House::open().await;
    house.wanted.send_replace(BTreeSet::from(["message.channel", "notice.member-joined"]));
    let mut intents = Vec::new();
    let _peer = loop {
        let mut peer = house.peer().await;
        let asked = peer.opening["d"]["intents"].as_u64().unwrap() as u32;
        intents.push(asked);
        if asked & 1 << 24 == 0 {
            peer.ready("S").await;
            break peer;
        }
        peer.close(4014).await;
    };
    let public = BASE | 1 << 30;
    assert_eq!(intents, [public | 1 << 24, public]);
    assert_eq!(house.hear().await, user());
    // What was given up is not asked for when plugins change.
    house.wanted.send_replace(BTreeSet::from(["message.channel", "notice.reaction", "notice.guild"]));
    let asked = house.peer().await.opening["d"]["intents"].clone();
    assert_eq!(asked, public | 0b11);
}

#[tokio::test]
async fn the_owners_intents_are_asked_for_as_they_are() {
    let mut house = House::with(|settings| settings.intents = Some(1 << 9), |_, _, place| place).await;
    let mut peer = house.peer().await;
    assert_eq!(peer.opening["d"]["intents"], 1 << 9);
    peer.close(4014).await;
    assert!(matches!(house.hear().await, Heard::Lost(reason) if reason.contains("GUILD_MESSAGES")));
    soon("the end", house.task).await.unwrap();
}

#[tokio::test]
async fn plugins_that_come_to_listen_to_more_begin_a_new_session_and_fewer_do_not() {
    let mut house = House::open().await;
    let mut peer = house.begin("S").await;
    assert_eq!(house.hear().await, user());
    house.wanted.send_replace(BTreeSet::new());
    house.wanted.send_replace(BTreeSet::from(["message.direct"]));
    assert_eq!(peer.closed().await, Some(1000));
    let mut peer = house.begin("S2").await;
    assert_eq!(peer.opening["d"]["intents"], BASE | 1 << 12);
    house.wanted.send_replace(BTreeSet::from(["message.group"]));
    tokio::task::yield_now().await;
    peer.event("A", 2).await;
    assert_eq!(house.event().await.0, "A");
    assert_eq!(house.rest(), []);
}

#[tokio::test]
async fn a_day_without_sessions_left_is_waited_for() {
    let exhausted = |_: &_, count: usize, mut place: Value| {
        if count == 1 {
            place["session_start_limit"] =
                json!({"total": 1000, "remaining": 0, "reset_after": 300, "max_concurrency": 1});
        }
        place
    };
    let start = Instant::now();
    let mut house = House::with(|_| {}, exhausted).await;
    house.begin("S").await;
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(house.web.asked("/gateway/bot").len(), 3);
}

#[tokio::test]
async fn shards_are_as_many_as_the_platform_says_or_the_owner() {
    for owner in [None, Some(2)] {
        let shards = move |_: &_, _, mut place: Value| {
            place["shards"] = json!(if owner.is_some() { 7 } else { 2 });
            place
        };
        let mut house = House::with(|settings| settings.shards = owner, shards).await;
        let (mut one, mut other) = (house.peer().await, house.peer().await);
        let mut tuples = [one.opening["d"]["shard"].clone(), other.opening["d"]["shard"].clone()];
        tuples.sort_by_key(|tuple| tuple[0].as_u64());
        assert_eq!(tuples, [json!([0, 2]), json!([1, 2])]);
        one.ready("S0").await;
        one.event("A", 2).await;
        assert_eq!(house.event().await.0, "A", "events do not wait for the other shard");
        other.ready("S1").await;
        assert_eq!(house.hear().await, user());
        one.close(4915).await;
        assert!(matches!(house.hear().await, Heard::Lost(reason) if reason.contains("banned")));
        assert_eq!(other.closed().await, Some(1000), "a ban is one of the bot");
        soon("the end", house.task).await.unwrap();
    }
}

#[tokio::test]
async fn a_resumed_session_that_stays_silent_is_begun_anew() {
    let silence = Duration::from_millis(200);
    let mut house = House::with(|settings| settings.timings.silence = silence, |_, _, place| place).await;
    let mut peer = house.begin("S").await;
    assert_eq!(house.hear().await, user());
    let quiet = tokio::time::timeout(silence * 3, peer.closed()).await;
    assert!(quiet.is_err(), "a session that was never resumed is simply quiet: {quiet:?}");
    peer.say(&json!({"op": 7})).await;
    let mut peer = house.peer().await;
    assert_eq!(peer.opening["op"], 6);
    peer.resumed(2).await;
    assert_eq!(peer.closed().await, Some(1000));
    house.begin("S2").await;
    assert_eq!(house.rest(), []);
}

#[tokio::test]
async fn a_silent_session_is_kept_when_few_can_be_begun() {
    let few = |_: &_, _, mut place: Value| {
        place["session_start_limit"]["remaining"] = json!(50);
        place
    };
    let mut house = House::with(|settings| settings.timings.silence = Duration::from_millis(50), few).await;
    let mut peer = house.begin("S").await;
    peer.say(&json!({"op": 7})).await;
    let mut peer = house.peer().await;
    peer.resumed(2).await;
    let asked = house.web.asked("/gateway/bot").len();
    let looked = async {
        while house.web.asked("/gateway/bot").len() < asked + 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("a look at what is left", looked).await;
    peer.event("A", 3).await;
    house.hear().await;
    assert_eq!(house.event().await.0, "A");
}

#[tokio::test]
async fn a_stop_ends_waits_too() {
    let house = House::open().await;
    drop(soon("a try", house.listener.accept()).await.unwrap());
    house.stop.cancel();
    soon("the end", house.task).await.unwrap();
}
