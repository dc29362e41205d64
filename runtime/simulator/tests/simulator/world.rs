//! Actions that change the world, and files in chunks.

use base64::{Engine, engine::general_purpose::STANDARD};
use iglu_simulator::{FRIEND, GROUP, Napcat, OWNER, Options};
use serde_json::{Value, json};

use crate::client::{ask, call, event, ready};

#[tokio::test]
async fn moderation_takes_effect_and_is_noticed() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let member = json!({"group_id": GROUP, "user_id": FRIEND});
    let with = |name: &str, value: Value| {
        let mut params = member.clone();
        params[name] = value;
        params
    };
    let cases = [
        ("set_group_card", with("card", json!("名片")), "group_card", "card", json!("名片")),
        ("set_group_special_title", with("special_title", json!("龙")), "notify", "title", json!("龙")),
        ("set_group_admin", with("enable", json!("true")), "group_admin", "role", json!("admin")),
        // Left out, it means off.
        ("set_group_admin", member.clone(), "group_admin", "role", json!("member")),
        ("set_group_ban", member.clone(), "group_ban", "shut_up_timestamp", json!(0)),
    ];
    for (action, params, notice, field, value) in cases {
        assert_eq!(call(&mut client, action, params).await["retcode"], 0, "{action}");
        assert_eq!(event(&mut client).await["notice_type"], notice);
        let info = call(&mut client, "get_group_member_info", member.clone()).await;
        assert_eq!(info["data"][field], value, "{action}");
    }
    call(&mut client, "set_group_ban", with("duration", json!("600"))).await;
    assert_eq!(event(&mut client).await["duration"], 600);
    let muted = call(&mut client, "get_group_shut_list", json!({"group_id": GROUP})).await;
    assert_eq!(muted["data"][0]["uin"], FRIEND.to_string());
    call(&mut client, "set_group_kick", member.clone()).await;
    assert_eq!(event(&mut client).await["sub_type"], "kick");
    assert_eq!(call(&mut client, "set_group_card", member).await["retcode"], 1200);
}

#[tokio::test]
async fn requests_are_listed_until_they_are_answered() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let flag = napcat.group_request(GROUP, 4040, "please", false);
    assert_eq!(event(&mut client).await["flag"], flag);
    let listed = call(&mut client, "get_group_system_msg", json!({})).await;
    assert_eq!(listed["data"]["join_requests"][0]["request_id"].to_string(), flag);
    call(&mut client, "set_group_add_request", json!({"flag": flag})).await;
    assert_eq!(event(&mut client).await["notice_type"], "group_increase");
    let info = call(&mut client, "get_group_member_info", json!({"group_id": GROUP, "user_id": 4040})).await;
    assert_eq!(info["data"]["role"], "member");
    assert_eq!(call(&mut client, "set_group_add_request", json!({"flag": flag})).await["retcode"], 1200);
}

#[tokio::test]
async fn essence_and_reactions_are_kept() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let id = napcat.group_text(GROUP, OWNER, "wise");
    event(&mut client).await;
    call(&mut client, "set_essence_msg", json!({"message_id": id})).await;
    assert_eq!(event(&mut client).await["notice_type"], "essence");
    let list = call(&mut client, "get_essence_msg_list", json!({"group_id": GROUP})).await;
    assert_eq!(list["data"][0]["message_id"], id);
    call(&mut client, "set_msg_emoji_like", json!({"message_id": id, "emoji_id": 76})).await;
    assert_eq!(event(&mut client).await["is_add"], true);
    let message = call(&mut client, "get_msg", json!({"message_id": id})).await;
    assert_eq!(message["data"]["emoji_likes_list"][0]["likes_cnt"], "1");
    call(&mut client, "delete_essence_msg", json!({"message_id": id})).await;
    let list = call(&mut client, "get_essence_msg_list", json!({"group_id": GROUP})).await;
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn a_file_goes_up_in_chunks_and_comes_down_again() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let chunks: [&[u8]; 2] = [b"hello ", b"world"];
    for (index, chunk) in chunks.iter().enumerate().rev() {
        let params = json!({"stream_id": "s", "chunk_data": STANDARD.encode(chunk), "chunk_index": index,
            "total_chunks": 2, "filename": "a.txt",
            "expected_sha256": "B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9"});
        let answer = call(&mut client, "upload_file_stream", params).await;
        assert_eq!((&answer["stream"], &answer["data"]["type"]), (&json!("stream-action"), &json!("stream")));
        assert_eq!(answer["data"]["received_chunks"], 2 - index);
        if index == 1 {
            let early = json!({"stream_id": "s", "is_complete": true});
            assert_eq!(call(&mut client, "upload_file_stream", early).await["data"]["type"], "error");
        }
    }
    let done = call(&mut client, "upload_file_stream", json!({"stream_id": "s", "is_complete": true})).await;
    assert_eq!((&done["data"]["type"], &done["data"]["file_size"]), (&json!("response"), &json!(11)));
    let path = &done["data"]["file_path"];
    let sent = json!({"group_id": GROUP, "file": path, "name": "b.txt"});
    let file_id = call(&mut client, "upload_group_file", sent).await["data"]["file_id"].clone();
    let files = call(&mut client, "get_group_root_files", json!({"group_id": GROUP})).await;
    assert_eq!(
        (&files["data"]["files"][0]["file_id"], &files["data"]["files"][0]["size"]),
        (&file_id, &json!(11))
    );
    ask(
        &mut client,
        json!({"action": "download_file_stream", "echo": 1,
        "params": {"file_id": file_id, "chunk_size": 4}}),
    )
    .await;
    let info = event(&mut client).await;
    assert_eq!((&info["data"]["data_type"], &info["data"]["file_size"]), (&json!("file_info"), &json!(11)));
    let mut bytes = Vec::new();
    loop {
        let packet = event(&mut client).await;
        if packet["data"]["type"] == "response" {
            assert_eq!(packet["data"]["total_chunks"], 3);
            break;
        }
        bytes.extend(STANDARD.decode(packet["data"]["data"].as_str().unwrap()).unwrap());
    }
    assert_eq!(bytes, b"hello world");
    let reset = call(&mut client, "upload_file_stream", json!({"stream_id": "t", "reset": true})).await;
    assert_eq!((&reset["status"], &reset["retcode"]), (&json!("failed"), &json!(1200)));
}

#[tokio::test]
async fn every_kind_of_event_is_well_formed_and_named() {
    let napcat = Napcat::start(Options::default()).await;
    for (kind, event) in napcat.every_event() {
        assert!(event["time"].is_u64() && event["self_id"].is_u64(), "{kind}: {event}");
        let post_type = event["post_type"].as_str().unwrap();
        let named = match post_type {
            "notice" if event["notice_type"] == "notify" => event["sub_type"] == kind,
            "notice" => event["notice_type"] == kind,
            "request" => kind == format!("{}_request", event["request_type"].as_str().unwrap()),
            _ => kind.contains("message"),
        };
        assert!(named, "{kind}: {event}");
    }
}

#[tokio::test]
async fn every_action_is_answered() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let actions: Vec<_> =
        Napcat::actions().filter(|name| *name != "bot_exit" && !name.starts_with("send_")).collect();
    assert!(actions.len() > 150, "{}", actions.len());
    for action in actions {
        ask(&mut client, json!({"action": action, "echo": action})).await;
        let answer = loop {
            let frame = event(&mut client).await;
            if frame["echo"] == action && frame["data"]["type"] != "stream" {
                break frame;
            }
        };
        assert_ne!(answer["retcode"], 1404, "{answer}");
    }
}
