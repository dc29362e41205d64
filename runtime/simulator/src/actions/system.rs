//! The program itself, credentials, and what reaches past QQ's chats.

use serde_json::{Value, json};

use super::{KERNEL, NULL, Row, VOID};
use crate::answer::Outcome;

pub(super) const ACTIONS: &[Row] = &[
    ("get_cookies", &["domain"], |_, _| {
        Outcome::Data(json!({"cookies": "uin=o0; skey=@sim", "bkn": "5381"}))
    }),
    ("get_csrf_token", &[], |_, _| Outcome::Data(json!({"token": 5381}))),
    ("get_credentials", &["domain"], |_, _| {
        Outcome::Data(json!({"cookies": "uin=o0; skey=@sim", "token": 5381}))
    }),
    ("get_clientkey", &[], |_, _| Outcome::Data(json!({"clientkey": "simulated"}))),
    ("set_restart", &[], VOID),
    // The process ends before it can answer.
    ("bot_exit", &[], |_, _| Outcome::Nothing),
    ("clean_cache", &[], VOID),
    ("nc_get_packet_status", &[], VOID),
    ("send_packet", &["cmd", "data"], NULL),
    ("check_url_safely", &["url"], |_, _| Outcome::Data(json!({"level": 1}))),
    ("translate_en2zh", &["words"], |_, params| Outcome::Data(json!({"words": params["words"]}))),
    ("get_guild_list", &[], VOID),
    ("get_guild_service_profile", &[], VOID),
    ("ocr_image", &["image"], |_, _| Outcome::Data(json!([]))),
    (".ocr_image", &["image"], |_, _| Outcome::Data(json!([]))),
    ("nc_get_rkey", &[], |_, _| {
        Outcome::Data(json!([{"rkey": "&rkey=CAQSKAB6", "ttl": "3600", "time": "1747107000", "type": 10},
            {"rkey": "&rkey=CAQSKAB7", "ttl": "3600", "time": "1747107000", "type": 20}]))
    }),
    ("get_rkey", &[], |_, _| {
        Outcome::Data(json!([
            {"type": "private", "rkey": "&rkey=CAQSKAB6", "created_at": 1_747_107_000, "ttl": 3600},
            {"type": "group", "rkey": "&rkey=CAQSKAB7", "created_at": 1_747_107_000, "ttl": 3600}]))
    }),
    ("get_rkey_server", &[], |_, _| {
        Outcome::Data(json!({"private_rkey": "&rkey=CAQSKAB6", "group_rkey": "&rkey=CAQSKAB7",
            "expired_time": 1_747_110_600, "name": "NapCat 4"}))
    }),
    ("get_ai_characters", &["group_id"], |_, _| {
        let voice = json!({"character_id": "lucy-voice-laibixiaoxin", "character_name": "小新",
            "preview_url": "https://res.qpt.qq.com/preview.wav"});
        Outcome::Data(json!([{"type": "推荐", "characters": [voice]}]))
    }),
    ("get_ai_record", &["group_id", "character", "text"], |_, _| {
        Outcome::Data(Value::from("https://multimedia.nt.qq.com.cn/ai.amr"))
    }),
    ("send_group_ai_record", &["group_id", "character", "text"], |_, _| {
        Outcome::Data(json!({"message_id": 0}))
    }),
    ("create_flash_task", &["files"], |_, _| {
        Outcome::Data(json!({"result": 0, "errMsg": "", "seq": 1, "createFlashTransferResult":
            {"fileSetId": "simulated-set", "shareLink": "https://qfile.qq.com/q/simulated"}}))
    }),
    ("send_flash_msg", &["fileset_id"], KERNEL),
    ("get_share_link", &["fileset_id"], |_, _| {
        Outcome::Data(
            json!({"shareLink": "https://qfile.qq.com/q/simulated", "expireTimestamp": "1747712400"}),
        )
    }),
    ("download_fileset", &["fileset_id"], KERNEL),
    ("get_fileset_info", &["fileset_id"], KERNEL),
    ("get_flash_file_list", &["fileset_id"], KERNEL),
    ("get_flash_file_url", &["fileset_id"], |_, _| {
        Outcome::Data(json!({"transferUrl": "https://multimedia.qfile.qq.com/simulated"}))
    }),
    ("get_fileset_id", &["share_code"], |_, _| Outcome::Data(json!({"fileset_id": "simulated-set"}))),
    ("get_online_file_msg", &["user_id"], KERNEL),
    ("send_online_file", &["user_id", "file_path"], KERNEL),
    ("send_online_folder", &["user_id", "folder_path"], KERNEL),
    ("receive_online_file", &["user_id", "msg_id", "element_id"], KERNEL),
    ("refuse_online_file", &["user_id", "msg_id", "element_id"], KERNEL),
    ("cancel_online_file", &["user_id", "msg_id"], KERNEL),
];
