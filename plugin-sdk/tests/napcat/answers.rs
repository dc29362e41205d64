//! Recorded and documented answers, and odd ones.

use std::{cell::Cell, path::Path, rc::Rc};

use iglu_sdk::{
    napcat::*,
    prelude::{HostError, Value, json},
    serde_json,
    testing::Harness,
};

use crate::{Caller, holds, run};

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/onebot")
}

fn data(name: &str) -> Value {
    let text = std::fs::read_to_string(corpus().join(name)).expect("a file of the corpus");
    let answer: Value = serde_json::from_str(&text).expect("the corpus is JSON");
    answer.get("data").cloned().unwrap_or_default()
}

/// What the functions read, for each answer of the corpus that went well, under its file's name.
async fn read_it(bot: &str, name: &str) -> Option<Result<Value, HostError>> {
    macro_rules! read {
        ($call:expr) => {
            $call.await.map(|answer| json!(answer))
        };
    }
    let history = HistoryOptions::default();
    Some(match name {
        "response_get_forward_msg.json" => read!(get_forward_msg(bot, "1")),
        "response_get_friend_list.json" => read!(get_friend_list(bot, NoCacheOptions::default())),
        "response_get_group_list.json" => read!(get_group_list(bot, NoCacheOptions::default())),
        "response_get_group_msg_history.json" => read!(get_group_msg_history(bot, "1", history)),
        "response_get_group_system_msg.json" => read!(get_group_system_msg(bot, CountOptions::default())),
        "response_get_image.json" => read!(get_image(bot, "1")),
        "response_get_login_info.json" => read!(get_login_info(bot)),
        "response_get_msg.json" => read!(get_msg(bot, "1")),
        "response_get_rkey.json" => read!(get_rkey(bot)),
        "response_get_status.json" | "response_ok_no_echo.json" => read!(get_status(bot)),
        "response_get_version_info.json" => read!(get_version_info(bot)),
        "response_ok_echo_number.json" | "response_ok_echo_object.json" => {
            read!(send_group_msg(bot, "1", "x", SendOptions::default()))
        }
        "response_send_private_msg_ok.json" => {
            read!(send_private_msg(bot, "1", "x", SendPrivateOptions::default()))
        }
        "response_send_group_forward_msg.json" => {
            let node = iglu_sdk::types::ForwardNode::existing("1");
            read!(send_group_forward_msg(bot, "1", [node], ForwardOptions::default()))
        }
        "response_upload_stream_chunk.json" | "response_upload_stream_complete.json" => {
            read!(upload_file_stream_packet(bot, "1", UploadPacketOptions::default()))
        }
        "response_void_without_data.json" | "response_async_standard.json" => read!(delete_msg(bot, "1")),
        _ => return None,
    })
}

#[test]
fn each_answer_of_the_corpus_is_read_without_loss() {
    let elsewhere = ["response_http_root.json", "response_get_forward_msg_gocq_nodes.json"];
    let mut files = 0;
    for file in std::fs::read_dir(corpus()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("response_") || elsewhere.contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(corpus().join(&name)).unwrap();
        let failed = serde_json::from_str::<Value>(&text).unwrap()["status"] == "failed";
        let packet = name.starts_with("response_stream_");
        if failed || packet {
            continue;
        }
        let mut sample = data(&name);
        let mut bot = Harness::<Caller>::new();
        let answer = sample.clone();
        bot.answer("bots.call", move |_| Ok(answer.clone()));
        if let Some(fields) = sample.as_object_mut() {
            // The same list again, which the function gives once.
            fields.remove("InvitedRequest");
        }
        run(&mut bot, async move {
            let read = read_it("1", &name).await.unwrap_or_else(|| panic!("no function reads {name}"));
            let read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(holds(&read, &sample), "{name}: {read} is not {sample}");
        });
        files += 1;
    }
    assert_eq!(files, 20);
}

/// Answers `get_msg`-like calls and hands what came to `look`.
fn answered(answer: Value, look: impl AsyncFnOnce() + 'static) {
    let mut bot = Harness::<Caller>::new();
    bot.answer("bots.call", move |_| Ok(answer.clone()));
    let looked = Rc::new(Cell::new(false));
    let done = looked.clone();
    run(&mut bot, async move {
        look().await;
        done.set(true);
    });
    assert!(looked.get());
}

#[test]
fn forwards_of_go_cqhttp_are_read_too() {
    answered(data("response_get_forward_msg_gocq_nodes.json"), async || {
        let messages = get_forward_msg("1", "2").await.unwrap().messages;
        assert_eq!(messages[0].message, Body::Text("inner text".into()));
        assert_eq!((messages[0].sender.user_id.as_str(), messages[0].time), ("5079132", 1_747_107_600));
    });
}

#[test]
fn odd_values_are_read_and_wrong_ones_named() {
    answered(json!({"user_id": 4_294_967_297_i64, "nickname": null, "newer": [1]}), async || {
        let info = get_login_info("1").await.unwrap();
        assert_eq!((info.user_id.as_str(), info.nickname.as_str()), ("4294967297", ""));
    });
    answered(
        json!({"message_id": "-12", "time": "17", "message": {"type": "text", "data": {}}}),
        async || {
            let message = get_msg("1", "2").await.unwrap();
            assert_eq!((message.message_id.as_str(), message.time), ("-12", 17));
            assert_eq!(message.message.segments().len(), 1);
        },
    );
    answered(json!({"online": "true", "good": 1}), async || {
        let status = get_status("1").await.unwrap();
        assert!(status.online && status.good);
    });
    answered(json!({"uin": null}), async || {
        let error = get_group_shut_list("1", "2").await.unwrap_err().to_string();
        assert!(error.contains("get_group_shut_list") && error.contains("not a list"), "{error}");
    });
    answered(json!([{"group_id": 1}, {"group_id": {}}]), async || {
        let error = get_group_list("1", NoCacheOptions::default()).await.unwrap_err().to_string();
        assert!(error.contains("at 1: in `group_id`: an object is there"), "{error}");
    });
    answered(Value::Null, async || {
        assert!(matches!(get_login_info("1").await, Err(HostError::Other(_))));
        assert_eq!(get_group_list("1", NoCacheOptions::default()).await.unwrap(), []);
        assert_eq!(send_packet("1", "c", "00", PacketOptions::default()).await.unwrap(), None);
    });
}

#[test]
fn a_failure_of_the_kernel_inside_an_ok_is_an_error_on_demand() {
    answered(json!({"result": 65002, "errMsg": "no such emoji"}), async || {
        let result = set_msg_emoji_like("1", "2", 3, true).await.unwrap();
        let Err(HostError::Platform(error)) = result.ok() else { panic!("{result:?} is ok") };
        assert_eq!((error.code, error.message.as_str()), (65002, "no such emoji"));
        assert!(kernel_result(&set_essence_msg("1", "2").await.unwrap()).is_err());
    });
    assert!(kernel_result(&json!({"retCode": 0})).is_ok());
    assert!(kernel_result(&Value::Null).is_ok());
}

#[test]
fn answers_can_be_stored() {
    let member: GroupMember = serde_json::from_value(json!({"user_id": 2, "level": 3})).unwrap();
    let again: GroupMember = serde_json::from_str(&serde_json::to_string(&member).unwrap()).unwrap();
    assert_eq!((again.user_id.as_str(), again.level.as_str()), ("2", "3"));
    assert_eq!(again, member);
}
