//! All families but groups.

use iglu_sdk::{
    napcat::*,
    prelude::{Message, Value, json},
    types::{Chat, ForwardNode, TemporaryChat},
};

use crate::table;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn texts(text: &str) -> Option<Vec<String>> {
    Some(vec![text.to_owned()])
}

fn met() -> Chat {
    Chat::Temporary(TemporaryChat { user: "2".into(), group: some("3") })
}

fn private() -> SendPrivateOptions {
    SendPrivateOptions { group_id: some("3"), ..Default::default() }
}

fn forward() -> ForwardOptions {
    ForwardOptions {
        source: some("s"),
        summary: some("m"),
        prompt: some("p"),
        news: Some(vec!["n: x".into()]),
        timeout: Some(9),
    }
}

fn history() -> HistoryOptions {
    HistoryOptions {
        message_seq: some("9"),
        count: Some(5),
        reverse_order: Some(true),
        disable_get_url: Some(false),
        parse_mult_msg: Some(true),
        quick_reply: Some(false),
    }
}

fn read_of() -> MarkReadOptions {
    MarkReadOptions { user_id: some("1"), group_id: some("2"), message_id: some("3") }
}

fn poke() -> PokeOptions {
    PokeOptions { group_id: some("1"), target_id: some("3") }
}

fn target() -> PokeTargetOptions {
    PokeTargetOptions { target_id: some("3") }
}

fn button() -> ButtonOptions {
    ButtonOptions { button_id: some("b"), callback_data: some("c"), msg_seq: some("7") }
}

fn ark() -> ArkShareOptions {
    ArkShareOptions { user_id: some("1"), group_id: some("2"), phone_number: some("3") }
}

fn app() -> MiniAppOptions {
    MiniAppOptions {
        kind: some("bili"),
        web_url: some("w"),
        raw_ark_data: some("true"),
        ..Default::default()
    }
}

fn five() -> CountOptions {
    CountOptions { count: Some(5) }
}

fn fresh() -> NoCacheOptions {
    NoCacheOptions { no_cache: Some(true) }
}

fn sticker() -> CustomFaceOptions {
    CustomFaceOptions {
        emoji_id: Some(1),
        package_id: Some(2),
        file_name: some("n"),
        file_size: Some(3),
        md5: some("m"),
        is_mark_face: Some(true),
        is_origin: Some(false),
    }
}

fn stickers() -> DeleteFaceOptions {
    DeleteFaceOptions { res_id: texts("r"), id: texts("i"), ids: texts("j"), md5: texts("m") }
}

fn qzone() -> QzoneOptions {
    QzoneOptions { images: texts("i"), ugc_right: Some(16), target_uins: texts("1") }
}

fn by_id() -> FileRef {
    FileRef::FileId("f".into())
}

fn packet() -> UploadPacketOptions {
    UploadPacketOptions {
        chunk_data: some("aGk="),
        chunk_index: Some(0),
        total_chunks: Some(1),
        file_size: Some(2),
        expected_sha256: some("e"),
        is_complete: Some(false),
        filename: some("n"),
        reset: Some(false),
        verify_only: Some(true),
        file_retention: Some(0),
    }
}

fn message_object() -> Value {
    json!({
        "self_id": 1, "user_id": 2, "time": 1_747_107_314, "message_id": -5, "message_seq": -5, "real_id": -5,
        "real_seq": "20471", "message_type": "group", "sender": {"user_id": 2, "nickname": "n", "card": "", "role": "admin"},
        "raw_message": "test", "font": 14, "sub_type": "normal", "message": [{"type": "text", "data": {"text": "test"}}],
        "message_format": "array", "post_type": "message", "group_id": 3, "group_name": "g", "target_id": "4",
        "emoji_likes_list": [{"emoji_id": "76", "emoji_type": "1", "likes_cnt": "1"}]
    })
}

table! { bot;
    send_msg(bot, &Chat::Group("1".into()), "hi", SendOptions { timeout: Some(9), ..Default::default() })
        => "send_msg" {"message_type": "group", "group_id": "1", "timeout": 9, "message": [{"type": "text", "data": {"text": "hi"}}]}
        => {"message_id": 5};
    send_msg(bot, &met(), "hi", SendOptions::default())
        => "send_msg" {"message_type": "private", "user_id": "2", "group_id": "3", "message": [{"type": "text", "data": {"text": "hi"}}]}
        => {"message_id": 5};
    send_group_msg(bot, "1", "hi", SendOptions::default())
        => "send_group_msg" {"group_id": "1", "message": [{"type": "text", "data": {"text": "hi"}}]} => {"message_id": 5};
    send_private_msg(bot, "1", Message::new().at("2"), private())
        => "send_private_msg" {"user_id": "1", "group_id": "3", "message": [{"type": "at", "data": {"qq": "2"}}]}
        => {"message_id": "123", "res_id": "r", "forward_id": "f"};
    delete_msg(bot, "5") => "delete_msg" {"message_id": "5"} => null;
    get_msg(bot, "5") => "get_msg" {"message_id": "5"} => (message_object());
    get_forward_msg(bot, "7505442611578883339") => "get_forward_msg" {"id": "7505442611578883339"}
        => {"messages": [message_object()]};
    send_forward_msg(bot, &Chat::Private("1".into()), [ForwardNode::existing("9")], ForwardOptions::default())
        => "send_forward_msg" {"message_type": "private", "user_id": "1", "messages": [{"type": "node", "data": {"id": "9"}}]}
        => {"message_id": 1, "res_id": "r", "forward_id": "f"};
    send_group_forward_msg(bot, "1", [ForwardNode::new("2", "n", "x")], forward())
        => "send_group_forward_msg" {
            "group_id": "1", "source": "s", "summary": "m", "prompt": "p", "news": [{"text": "n: x"}], "timeout": 9,
            "messages": [{"type": "node", "data":
                {"user_id": "2", "nickname": "n", "content": [{"type": "text", "data": {"text": "x"}}]}}]}
        => {"message_id": 1, "res_id": "r", "forward_id": "f"};
    send_private_forward_msg(bot, "1", [ForwardNode::existing("9")], ForwardOptions::default())
        => "send_private_forward_msg" {"user_id": "1", "messages": [{"type": "node", "data": {"id": "9"}}]} => {"message_id": 1};
    forward_friend_single_msg(bot, "5", "1") => "forward_friend_single_msg" {"message_id": "5", "user_id": "1"} => null;
    forward_group_single_msg(bot, "5", "1") => "forward_group_single_msg" {"message_id": "5", "group_id": "1"} => null;
    get_group_msg_history(bot, "1", history())
        => "get_group_msg_history" {"group_id": "1", "message_seq": "9", "count": 5, "reverse_order": true,
            "disable_get_url": false, "parse_mult_msg": true, "quick_reply": false}
        => {"messages": [message_object()]};
    get_friend_msg_history(bot, "1", history())
        => "get_friend_msg_history" {"user_id": "1", "message_seq": "9", "count": 5, "reverse_order": true,
            "disable_get_url": false, "parse_mult_msg": true, "quick_reply": false}
        => {"messages": []};
    mark_msg_as_read(bot, read_of())
        => "mark_msg_as_read" {"user_id": "1", "group_id": "2", "message_id": "3"} => null;
    mark_private_msg_as_read(bot, "1") => "mark_private_msg_as_read" {"user_id": "1"} => null;
    mark_group_msg_as_read(bot, "1") => "mark_group_msg_as_read" {"group_id": "1"} => null;
    mark_all_as_read(bot) => "_mark_all_as_read" {} => null;
    set_msg_emoji_like(bot, "5", 76, false)
        => "set_msg_emoji_like" {"message_id": "5", "emoji_id": "76", "set": false} => {"result": 0, "errMsg": "x"};
    fetch_emoji_like(bot, "5", 76, 1, EmojiPageOptions { count: Some(5), cookie: some("c") })
        => "fetch_emoji_like" {"message_id": "5", "emojiId": "76", "emojiType": "1", "count": 5, "cookie": "c"}
        => {"emojiLikesList": [{"tinyId": "1", "nickName": "n", "headUrl": "h"}], "cookie": "d", "isLastPage": true,
            "isFirstPage": true, "result": 0, "errMsg": ""};
    get_emoji_likes(bot, "5", 76, EmojiLikesOptions { group_id: some("1"), emoji_type: some("1"), count: Some(5) })
        => "get_emoji_likes" {"message_id": "5", "emoji_id": "76", "group_id": "1", "emoji_type": "1", "count": 5}
        => {"emoji_like_list": [{"user_id": "1", "nick_name": "n"}]};
    fetch_ptt_text(bot, "5") => "fetch_ptt_text" {"message_id": "5"} => {"text": "t"};
    get_recent_contact(bot, five()) => "get_recent_contact" {"count": 5}
        => [{"lastestMsg": message_object(), "peerUin": "1", "remark": "r", "msgTime": "17", "chatType": 2, "msgId": "75",
            "sendNickName": "s", "sendMemberName": "m", "peerName": "p"}, {"chatType": 1, "peerUin": "2"}];
    send_poke(bot, "2", poke()) => "send_poke" {"user_id": "2", "group_id": "1", "target_id": "3"} => null;
    group_poke(bot, "1", "2", target()) => "group_poke" {"group_id": "1", "user_id": "2", "target_id": "3"} => null;
    friend_poke(bot, "2", target()) => "friend_poke" {"user_id": "2", "target_id": "3"} => null;
    click_inline_keyboard_button(bot, "1", "2", button())
        => "click_inline_keyboard_button" {"group_id": "1", "bot_appid": "2", "button_id": "b", "callback_data": "c", "msg_seq": "7"}
        => {"result": 0};
    send_group_ark_share(bot, "1") => "send_group_ark_share" {"group_id": "1"} => "{}";
    send_ark_share(bot, ark())
        => "send_ark_share" {"user_id": "1", "group_id": "2", "phone_number": "3"} => {"arkJson": "{}"};
    ark_share_group(bot, "1") => "ArkShareGroup" {"group_id": "1"} => "{}";
    ark_share_peer(bot, ark())
        => "ArkSharePeer" {"user_id": "1", "group_id": "2", "phone_number": "3"} => {"errCode": 0, "arkMsg": "{}"};
    get_mini_app_ark(bot, "t", "d", "p", "j", app())
        => "get_mini_app_ark" {"title": "t", "desc": "d", "picUrl": "p", "jumpUrl": "j", "type": "bili", "webUrl": "w",
            "rawArkData": "true"}
        => {"data": {"app": "x"}};
    create_collection(bot, "r", "b") => "create_collection" {"rawData": "r", "brief": "b"} => {"result": 0};
    get_collection_list(bot, 0, CollectionOptions { count: Some(9) })
        => "get_collection_list" {"category": "0", "count": "9"} => {"errCode": 0};

    get_login_info(bot) => "get_login_info" {} => {"user_id": 1, "nickname": "n"};
    get_stranger_info(bot, "1", fresh()) => "get_stranger_info" {"user_id": "1", "no_cache": true}
        => {"user_id": 1, "uid": "u", "nickname": "n", "age": 3, "qid": "q", "qqLevel": 4, "sex": "male", "long_nick": "l",
            "reg_time": 5, "is_vip": true, "is_years_vip": false, "vip_level": 6, "remark": "r", "status": 10, "login_days": 7};
    get_friend_list(bot, fresh()) => "get_friend_list" {"no_cache": true}
        => [{"user_id": 1, "nickname": "n", "remark": "r", "sex": "unknown", "level": 1, "age": 2, "birthday_year": 3,
            "birthday_month": 4, "birthday_day": 5, "phone_num": "6", "email": "e", "category_id": 7, "qid": "q",
            "login_days": 8, "categoryName": "c", "categoryId": 9}, {"user_id": "2", "nickname": null}];
    get_friends_with_category(bot) => "get_friends_with_category" {}
        => [{"categoryId": 0, "categoryName": "c", "categoryMbCount": 1, "buddyList": [{"user_id": 1, "nickname": "n"}]}];
    get_unidirectional_friend_list(bot) => "get_unidirectional_friend_list" {}
        => [{"uin": 1, "uid": "u", "nick_name": "n", "age": 2, "source": "s"}];
    send_like(bot, "1", 10) => "send_like" {"user_id": "1", "times": 10} => null;
    set_friend_add_request(bot, "f", false, FriendRequestOptions { remark: some("r") })
        => "set_friend_add_request" {"flag": "f", "approve": false, "remark": "r"} => null;
    get_doubt_friends_add_request(bot, five()) => "get_doubt_friends_add_request" {"count": 5}
        => [{"flag": "u_x", "uin": "1", "nick": "n", "source": "s", "reason": "r", "msg": "m", "group_code": "0", "time": "17",
            "type": "doubt"}];
    set_doubt_friends_add_request(bot, "u_x")
        => "set_doubt_friends_add_request" {"flag": "u_x", "approve": true} => {"result": 0};
    set_friend_remark(bot, "1", "") => "set_friend_remark" {"user_id": "1", "remark": ""} => null;
    delete_friend(bot, "1", DeleteFriendOptions { temp_block: Some(true), temp_both_del: Some(false) })
        => "delete_friend" {"user_id": "1", "temp_block": true, "temp_both_del": false} => {"valid": false, "message": "m"};
    get_profile_like(bot, ProfileLikeOptions { user_id: some("1"), start: Some(0), count: Some(5) })
        => "get_profile_like" {"user_id": "1", "start": 0, "count": 5}
        => {"uid": "u", "time": "17", "favoriteInfo": {"userInfos": [{"a": 1}], "total_count": 1, "last_time": 2, "today_count": 3},
            "voteInfo": {"total_count": 1, "new_count": 2, "new_nearby_count": 3, "last_visit_time": 4, "userInfos": []}};
    set_qq_profile(bot, "n", ProfileOptions { personal_note: some("p"), sex: Some(1) })
        => "set_qq_profile" {"nickname": "n", "personal_note": "p", "sex": 1} => {"result": 0};
    set_qq_avatar(bot, b"\x89PNG".to_vec()) => "set_qq_avatar" {"file": "base64://iVBORw=="} => null;
    set_self_longnick(bot, "l") => "set_self_longnick" {"longNick": "l"} => {"result": 0};
    set_online_status(bot, 10, 1000, 50)
        => "set_online_status" {"status": 10, "ext_status": 1000, "battery_status": 50} => null;
    set_diy_online_status(bot, 1, DiyStatusOptions { face_type: Some(1), wording: some("w") })
        => "set_diy_online_status" {"face_id": "1", "face_type": "1", "wording": "w"} => "ok";
    set_input_status(bot, "1", 1) => "set_input_status" {"user_id": "1", "event_type": 1} => {"result": 0};
    nc_get_user_status(bot, "1") => "nc_get_user_status" {"user_id": "1"} => {"status": 10, "ext_status": 0};
    get_robot_uin_range(bot) => "get_robot_uin_range" {} => [{"minUin": "2854196301", "maxUin": "2854216399"}];
    get_online_clients(bot) => "get_online_clients" {} => [];
    get_model_show(bot, ModelOptions { model: some("m") }) => "_get_model_show" {"model": "m"}
        => [{"variants": {"model_show": "napcat", "need_pay": false}}];
    set_model_show(bot) => "_set_model_show" {} => null;
    fetch_custom_face(bot, five()) => "fetch_custom_face" {"count": 5} => ["https://a"];
    fetch_custom_face_detail(bot, five()) => "fetch_custom_face_detail" {"count": 5} => [{"emoId": 1}];
    add_custom_face(bot, "/p", sticker())
        => "add_custom_face" {"file": "/p", "emoji_id": "1", "package_id": "2", "file_name": "n", "file_size": "3", "md5": "m",
            "is_mark_face": true, "is_origin": false}
        => {"result": 0};
    delete_custom_face(bot, stickers())
        => "delete_custom_face" {"res_id": ["r"], "id": ["i"], "ids": ["j"], "md5": ["m"]} => {"result": 0};
    set_custom_face_desc(bot, 1, "r", "m", "d")
        => "set_custom_face_desc" {"emoji_id": "1", "res_id": "r", "md5": "m", "desc": "d"} => {"result": 0};
    send_qzone_msg(bot, "c", qzone())
        => "send_qzone_msg" {"content": "c", "images": ["i"], "ugc_right": 16, "target_uins": ["1"]} => {"tid": "t"};
    delete_qzone_msg(bot, "t") => "delete_qzone_msg" {"tid": "t"} => null;

    get_image(bot, "a.png") => "get_image" {"file": "a.png"}
        => {"file": "/a", "url": "u", "file_size": "7072", "file_name": "a.png", "base64": "aGk="};
    get_record(bot, by_id(), "mp3") => "get_record" {"file_id": "f", "out_format": "mp3"}
        => {"file": "/a", "url": "u", "file_size": 7072, "file_name": "a.mp3"};
    get_file(bot, String::from("a")) => "get_file" {"file": "a"} => {"file": "/a", "url": "", "file_size": "1", "file_name": "a"};
    download_file(bot, "https://a", DownloadFileOptions { name: some("n"), headers: texts("K=V") })
        => "download_file" {"url": "https://a", "name": "n", "headers": ["K=V"]} => {"file": "/a"};
    download_file(bot, b"hi".to_vec(), DownloadFileOptions::default())
        => "download_file" {"base64": "aGk="} => {"file": "/a"};
    ocr_image(bot, "https://a") => "ocr_image" {"image": "https://a"} => [{"text": "t"}];
    dot_ocr_image(bot, "https://a") => ".ocr_image" {"image": "https://a"} => [];
    nc_get_rkey(bot) => "nc_get_rkey" {} => [{"rkey": "&rkey=a", "ttl": "3600", "time": 17, "type": 10}];
    get_rkey(bot) => "get_rkey" {} => [{"type": "private", "rkey": "&rkey=a", "created_at": 17, "ttl": 3600}];
    get_rkey_server(bot) => "get_rkey_server" {}
        => {"private_rkey": "a", "group_rkey": "b", "expired_time": 17, "name": "NapCat"};
    get_ai_characters(bot, "1", AiCharacterOptions { chat_type: Some(1) })
        => "get_ai_characters" {"group_id": "1", "chat_type": 1}
        => [{"type": "t", "characters": [{"character_id": "c", "character_name": "n", "preview_url": "p"}]}];
    get_ai_record(bot, "c", "1", "t") => "get_ai_record" {"character": "c", "group_id": "1", "text": "t"} => "https://a";
    send_group_ai_record(bot, "c", "1", "t")
        => "send_group_ai_record" {"character": "c", "group_id": "1", "text": "t"} => {"message_id": 0};

    upload_file_stream_packet(bot, "s", packet())
        => "upload_file_stream" {"stream_id": "s", "chunk_data": "aGk=", "chunk_index": 0, "total_chunks": 1, "file_size": 2,
            "expected_sha256": "e", "is_complete": false, "filename": "n", "reset": false, "verify_only": true,
            "file_retention": 0}
        => {"type": "stream", "stream_id": "s", "status": "chunk_received", "received_chunks": 1, "total_chunks": 1};
    clean_stream_temp_file(bot) => "clean_stream_temp_file" {} => null;
    create_flash_task(bot, ["/a"], FlashOptions { name: some("n"), thumb_path: some("/t") })
        => "create_flash_task" {"files": ["/a"], "name": "n", "thumb_path": "/t"} => {"result": 0};
    send_flash_msg(bot, "f", FlashTargetOptions { user_id: some("1"), group_id: some("2") })
        => "send_flash_msg" {"fileset_id": "f", "user_id": "1", "group_id": "2"} => {"result": 0};
    get_share_link(bot, "f") => "get_share_link" {"fileset_id": "f"} => {"shareLink": "s"};
    download_fileset(bot, "f") => "download_fileset" {"fileset_id": "f"} => {"result": 0};
    get_fileset_info(bot, "f") => "get_fileset_info" {"fileset_id": "f"} => {"result": 0};
    get_flash_file_list(bot, "f") => "get_flash_file_list" {"fileset_id": "f"} => [];
    get_flash_file_url(bot, "f", FlashFileOptions { file_name: some("n"), file_index: Some(0) })
        => "get_flash_file_url" {"fileset_id": "f", "file_name": "n", "file_index": 0} => {"transferUrl": "u"};
    get_fileset_id(bot, "c") => "get_fileset_id" {"share_code": "c"} => {"fileset_id": "f"};
    get_online_file_msg(bot, "1") => "get_online_file_msg" {"user_id": "1"} => [];
    send_online_file(bot, "1", "/a", OnlineFileOptions { file_name: some("n") })
        => "send_online_file" {"user_id": "1", "file_path": "/a", "file_name": "n"} => {"result": 0};
    send_online_folder(bot, "1", "/a", OnlineFolderOptions { folder_name: some("n") })
        => "send_online_folder" {"user_id": "1", "folder_path": "/a", "folder_name": "n"} => {"result": 0};
    receive_online_file(bot, "1", "75", "76")
        => "receive_online_file" {"user_id": "1", "msg_id": "75", "element_id": "76"} => {"result": 0};
    refuse_online_file(bot, "1", "75", "76")
        => "refuse_online_file" {"user_id": "1", "msg_id": "75", "element_id": "76"} => {"result": 0};
    cancel_online_file(bot, "1", "75") => "cancel_online_file" {"user_id": "1", "msg_id": "75"} => {"result": 0};

    get_status(bot) => "get_status" {} => {"online": true, "good": true, "stat": {}};
    get_version_info(bot) => "get_version_info" {}
        => {"app_name": "NapCat.Onebot", "protocol_version": "v11", "app_version": "4.18.19"};
    can_send_image(bot) => "can_send_image" {} => {"yes": true};
    can_send_record(bot) => "can_send_record" {} => {"yes": true};
    get_cookies(bot, "qun.qq.com") => "get_cookies" {"domain": "qun.qq.com"} => {"cookies": "c", "bkn": "1"};
    get_csrf_token(bot) => "get_csrf_token" {} => {"token": 1};
    get_credentials(bot, "qun.qq.com") => "get_credentials" {"domain": "qun.qq.com"} => {"cookies": "c", "token": 1};
    get_clientkey(bot) => "get_clientkey" {} => {"clientkey": "k"};
    set_restart(bot) => "set_restart" {} => null;
    bot_exit(bot) => "bot_exit" {} => null;
    clean_cache(bot) => "clean_cache" {} => null;
    handle_quick_operation(bot, &json!({"time": 1}), &json!({"reply": "hi", "at_sender": false}))
        => ".handle_quick_operation" {"context": {"time": 1}, "operation": {"reply": "hi", "at_sender": false}} => null;
    nc_get_packet_status(bot) => "nc_get_packet_status" {} => null;
    send_packet(bot, "c", "00ff", PacketOptions { rsp: Some(true) })
        => "send_packet" {"cmd": "c", "data": "00ff", "rsp": true} => "0a";
    check_url_safely(bot, "https://a") => "check_url_safely" {"url": "https://a"} => {"level": 1};
    translate_en2zh(bot, ["cat"]) => "translate_en2zh" {"words": ["cat"]} => {"words": ["猫"]};
    get_guild_list(bot) => "get_guild_list" {} => null;
    get_guild_service_profile(bot) => "get_guild_service_profile" {} => null;
}
