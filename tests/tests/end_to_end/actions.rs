//! Typed actions, from a plugin to NapCat and back.

use iglu_tests::napcat::{Answer, FRIEND, GROUP};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use crate::common::{answer, ask, probed, request_head, said, settled};

/// An HTTP server for one file; where it is.
async fn serve(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            request_head(&mut stream).await.unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}/a.png")
}

#[tokio::test]
async fn groups_are_changed_only_by_those_who_may() {
    let (napcat, _folder, host) = probed("").await;
    let denied = ask(&napcat, &format!("/mute {GROUP} {FRIEND} 60")).await;
    assert!(denied.starts_with("denied") && denied.contains("group-admin"), "{denied}");
    assert!(napcat.calls_of("set_group_ban").is_empty());
    let read = ask(&napcat, &format!("/member {GROUP} {FRIEND}")).await;
    assert!(read.ends_with("Admin"), "reading needs no permission: {read}");
    let absent = ask(&napcat, &format!("/member {GROUP} 1")).await;
    assert!(absent.starts_with("not-found"), "{absent}");
    host.stop().await;
}

#[tokio::test]
async fn a_granted_action_reaches_napcat_and_its_refusal_the_plugin() {
    let (napcat, _folder, host) = probed("[plugin.fixture-0001]\ngrants = [\"group-admin\"]\n").await;
    assert_eq!(ask(&napcat, &format!("/mute {GROUP} {FRIEND} 60")).await, "muted");
    let call = napcat.next_call("set_group_ban").await;
    assert_eq!(
        call.params(),
        &json!({"group_id": GROUP.to_string(), "user_id": FRIEND.to_string(), "duration": 60})
    );
    napcat.answer_once("set_group_ban", Answer::failed("没有权限"));
    let refused = ask(&napcat, &format!("/mute {GROUP} {FRIEND} 60")).await;
    assert!(refused.starts_with("platform") && refused.contains("没有权限"), "{refused}");
    host.stop().await;
}

#[tokio::test]
async fn the_bytes_of_an_events_own_media_are_free_and_of_nothing_else() {
    let (napcat, _folder, host) = probed("[plugin.fixture-0001]\ngrants = [\"files\"]\n").await;
    let url = serve("picture").await;
    let image = json!({"file": "A.png", "url": url, "sub_type": 0, "file_size": "7"});
    let show = |text: &str| napcat.private_message(FRIEND).text(text).segment("image", image.clone()).push();
    show("/bytes 7");
    assert_eq!(answer(&napcat).await, "picture");
    show("/bytes 6");
    let large = answer(&napcat).await;
    assert!(large.starts_with("exhausted"), "{large}");
    let stolen = ask(&napcat, &format!("/steal {url}2")).await;
    let (fetched, downloaded) = stolen.split_once(" / ").unwrap();
    assert!(fetched.starts_with("not-found"), "{fetched}");
    assert!(
        downloaded.starts_with("denied"),
        "an address of this machine, made up by a plugin: {downloaded}"
    );
    host.stop().await;
}

#[tokio::test]
async fn the_history_of_the_chat_at_hand_is_free() {
    let (napcat, _folder, host) = probed("").await;
    napcat.private_text(FRIEND, "one");
    napcat.private_text(FRIEND, "two");
    assert_eq!(ask(&napcat, "/history 3").await, "one|two|/history 3");
    host.stop().await;
}

#[tokio::test]
async fn a_reply_that_grows_is_sent_once_and_whole() {
    let (napcat, _folder, host) = probed("").await;
    assert_eq!(ask(&napcat, "/grow a b c").await, "abc");
    host.says("the receipt", |line| line.is("fixture-0001", "grown into 1 message")).await;
    assert_eq!(ask(&napcat, "/grow left open").await, "left", "the host ends it with its handler");
    napcat.private_text(FRIEND, "/grow open");
    settled(&napcat).await;
    assert_eq!(said(&napcat)[..2], ["abc", "left"]);
    assert_eq!(said(&napcat).len(), 3, "nothing written, nothing sent: {:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn files_travel_in_chunks_both_ways() {
    let (napcat, _folder, host) = probed("[plugin.fixture-0001]\ngrants = [\"call:*_file_stream\"]\n").await;
    let carried = ask(&napcat, "/carry 700").await;
    assert_eq!(carried, "716800 bytes, 3 chunks, the same: true");
    assert_eq!(napcat.calls_of("download_file_stream").len(), 1);
    host.stop().await;
}
