//! Answers to calls, and documents that are no frames.

use serde_json::{Value, json};

use super::{text, user};

fn ok(echo: &Value, data: &Value) -> Value {
    json!({"answer": {"echo": echo, "ok": true, "code": 0, "message": "", "data": data}})
}

fn failed(echo: &Value, code: i32, message: &str) -> Value {
    json!({"answer": {"echo": echo, "ok": false, "code": code, "message": message, "data": null}})
}

/// Goes to the caller as it is.
fn untouched() -> Value {
    json!({"$": "/data"})
}

pub(super) fn table() -> Vec<(&'static str, Value)> {
    let mut table = fetched();
    table.extend(sent());
    table.extend(refused());
    table.extend(streams());
    table.extend(no_frames());
    table
}

fn fetched() -> Vec<(&'static str, Value)> {
    let one = json!("1");
    let whole = |name| (name, ok(&one, &untouched()));
    vec![
        whole("response_get_forward_msg"),
        whole("response_get_forward_msg_gocq_nodes"),
        whole("response_get_friend_list"),
        whole("response_get_group_list"),
        whole("response_get_group_msg_history"),
        whole("response_get_group_system_msg"),
        whole("response_get_image"),
        ("response_get_login_info", ok(&one, &json!({"user_id": 3_892_215_616_i64, "nickname": "bot"}))),
        whole("response_get_msg"),
        whole("response_get_rkey"),
        ("response_get_status", ok(&one, &json!({"online": true, "good": true, "stat": {}}))),
        (
            "response_get_version_info",
            ok(
                &one,
                &json!({"app_name": "NapCat.Onebot", "protocol_version": "v11", "app_version": "4.18.19"}),
            ),
        ),
        // The text of a success is no reason for anything, but it is kept.
        ("response_http_root", {
            let mut answer = ok(&Value::Null, &json!({}));
            answer["answer"]["message"] = json!("NapCat4 Is Running");
            answer
        }),
    ]
}

fn sent() -> Vec<(&'static str, Value)> {
    let message = json!({"message_id": 123_039_305});
    vec![
        (
            "response_async_standard",
            json!({"answer": {"echo": "7", "ok": true, "code": 1, "message": "", "data": null}}),
        ),
        // Our own echoes are strings: other ones belong to nobody.
        ("response_ok_echo_number", ok(&Value::Null, &message)),
        ("response_ok_echo_object", ok(&Value::Null, &message)),
        ("response_ok_no_echo", ok(&json!(""), &json!({"online": true, "good": true, "stat": {}}))),
        (
            "response_send_group_forward_msg",
            ok(
                &json!("1"),
                &json!({
                    "message_id": 123_039_306, "res_id": "AbCdEf0123456789", "forward_id": "AbCdEf0123456789",
                }),
            ),
        ),
        ("response_send_private_msg_ok", ok(&json!("123"), &message)),
        ("response_void_without_data", ok(&json!("delete_msg"), &Value::Null)),
    ]
}

fn refused() -> Vec<(&'static str, Value)> {
    let send = "NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg \
                ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n";
    vec![
        ("response_auth_failed_1403", failed(&Value::Null, 1403, "token验证失败")),
        ("response_bad_json_1400", failed(&Value::Null, 1400, "json解析失败,请检查数据格式")),
        ("response_http_error_200", failed(&json!("qwertyuiop"), 200, "不支持的Api no_such_action")),
        (
            "response_http_param_error_400",
            failed(&Value::Null, 400, "Schema compilation error: Expected string"),
        ),
        ("response_param_error_1400", failed(&json!("2"), 1400, "Schema compilation error: Expected string")),
        (
            "response_send_empty_message_1200",
            failed(&json!("6"), 1200, "消息体无法解析, 请检查是否发送了不支持的消息类型"),
        ),
        (
            "response_send_kicked_1200",
            failed(
                &json!("5"),
                1200,
                &format!(
                    "EventChecker Failed: {send}{{\n    \"result\": 110,\n    \"errMsg\": \"发送失败，你已被移出该群，请重新加群。\"\n}}\n"
                ),
            ),
        ),
        ("response_send_private_msg_failed_1200", failed(&json!("123"), 1200, "无法获取用户信息")),
        (
            "response_send_timeout_1200",
            failed(
                &json!("test"),
                1200,
                &format!("Timeout: {send}{{\n    \"result\": 0,\n    \"errMsg\": \"\"\n}}\n"),
            ),
        ),
        ("response_unknown_action_1404", failed(&json!("3"), 1404, "不支持的API no_such_action")),
        ("response_unknown_action_no_echo_1404", failed(&Value::Null, 1404, "不支持的API no_such_action")),
    ]
}

fn streams() -> Vec<(&'static str, Value)> {
    vec![
        (
            "response_stream_file_info",
            ok(
                &json!("8"),
                &json!({
                    "type": "stream", "data_type": "file_info", "file_name": "a.txt", "file_size": 5, "chunk_size": 65536,
                }),
            ),
        ),
        (
            "response_stream_chunk",
            ok(
                &json!("8"),
                &json!({
                    "type": "stream", "data_type": "file_chunk", "index": 0, "data": "aGVsbG8=", "size": 5,
                    "progress": 100, "base64_size": 8,
                }),
            ),
        ),
        (
            "response_stream_complete",
            ok(
                &json!("8"),
                &json!({
                    "type": "response", "data_type": "file_complete", "total_chunks": 1, "total_bytes": 5,
                    "message": "Download completed",
                }),
            ),
        ),
        (
            "response_upload_stream_chunk",
            ok(
                &json!("9"),
                &json!({
                    "type": "stream", "stream_id": "uuid-1234-5678", "status": "chunk_received", "received_chunks": 1,
                    "total_chunks": 2,
                }),
            ),
        ),
        ("response_upload_stream_complete", ok(&json!("10"), &untouched())),
    ]
}

/// Requests to NapCat, a body that answers an HTTP POST, and what the media host says, which has a `retcode` too.
fn no_frames() -> Vec<(&'static str, Value)> {
    let skipped = || json!({"skipped": "neither an event nor an answer"});
    vec![
        ("action_send_group_forward_msg", skipped()),
        ("action_send_group_msg_array", skipped()),
        ("action_send_group_msg_cq_string", skipped()),
        ("action_send_private_msg", skipped()),
        ("http_quick_operation_reply_group", skipped()),
        ("media_url_expired", failed(&Value::Null, -5_503_007, "")),
    ]
}

/// The messages inside answers: file, where in it, and the message.
pub(in super::super) fn messages() -> Vec<(&'static str, &'static str, Value)> {
    let in_group = json!({
        "id": "2096329721",
        "chat": {"type": "group", "data": "757951413"},
        "chat_name": "测试群",
        "sender": user("5079132", "东风寄千愁", "admin"),
        "time": 1_747_107_600.0,
        "sequence": "20501",
        "sub_kind": "normal",
        "content": [text("test")],
        "text": "test",
        "raw": "test",
        "to_me": false,
    });
    let inner = json!({
        "id": "1010101010",
        "chat": {"type": "private", "data": "5079132"},
        "sender": user("5079132", "东风寄千愁", "unknown"),
        "time": 1_747_107_600.0,
        "sequence": "20501",
        "sub_kind": "friend",
        "content": [text("inner text")],
        "text": "inner text",
        "raw": "inner text",
        "to_me": true,
    });
    vec![
        ("response_get_msg", "/data", in_group.clone()),
        ("response_get_group_msg_history", "/data/messages/0", in_group),
        ("response_get_forward_msg", "/data/messages/0", inner),
    ]
}
