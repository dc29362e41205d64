//! Groups, what they keep, and their files.

use iglu_sdk::{napcat::*, prelude::json, types::MediaSource};

use crate::table;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn permissions() -> MemberPermissionOptions {
    MemberPermissionOptions {
        allow_member_upload_album: Some(true),
        allow_member_temporary_session: Some(false),
        allow_member_create_group: Some(true),
    }
}

fn todo() -> TodoOptions {
    TodoOptions { message_id: some("5"), message_seq: some("6") }
}

fn essence() -> EssenceOptions {
    EssenceOptions { message_id: some("5"), msg_seq: some("6"), msg_random: some("7"), group_id: some("1") }
}

fn notice() -> NoticeOptions {
    NoticeOptions {
        image: Some(MediaSource::Bytes(b"hi".to_vec())),
        pinned: Some(1),
        kind: Some(1),
        confirm_required: Some(0),
        is_show_edit_card: Some(0),
        tip_window_type: Some(0),
    }
}

fn page() -> AlbumPageOptions {
    AlbumPageOptions { attach_info: some("a") }
}

fn like() -> AlbumLikeOptions {
    AlbumLikeOptions { lloc: some("l") }
}

fn upload() -> UploadGroupFileOptions {
    UploadGroupFileOptions { folder: some("f"), folder_id: some("/f"), upload_file: Some(true) }
}

table! { bot;
    get_group_list(bot, NoCacheOptions { no_cache: Some(true) }) => "get_group_list" {"no_cache": true}
        => [{"group_id": 1, "group_name": "n", "group_remark": "r", "group_all_shut": -1, "member_count": 2, "max_member_count": 3}];
    get_group_info(bot, "1") => "get_group_info" {"group_id": "1"}
        => {"group_id": 1, "group_name": "n", "group_remark": "", "group_all_shut": 0};
    get_group_detail_info(bot, "1") => "get_group_detail_info" {"group_id": "1"}
        => {"group_id": "1", "group_name": "n", "group_remark": "r", "group_all_shut": 0, "member_count": 2};
    get_group_info_ex(bot, "1") => "get_group_info_ex" {"group_id": "1"} => {"groupCode": "1"};
    get_group_member_list(bot, "1", NoCacheOptions { no_cache: Some(false) })
        => "get_group_member_list" {"group_id": "1", "no_cache": false}
        => [{"group_id": 1, "user_id": 2, "nickname": "n", "card": "c", "sex": "unknown", "age": 0, "area": "", "level": "12",
            "qq_level": 34, "join_time": 5, "last_sent_time": 6, "role": "owner", "title": "t", "title_expire_time": 0,
            "unfriendly": false, "card_changeable": true, "shut_up_timestamp": 7, "is_robot": false, "qage": 8}];
    get_group_member_info(bot, "1", "2", false)
        => "get_group_member_info" {"group_id": "1", "user_id": "2", "no_cache": false}
        => {"group_id": 1, "user_id": 2, "nickname": "n", "level": 12, "qage": null};
    get_group_honor_info(bot, "1", HonorOptions { kind: some("all") })
        => "get_group_honor_info" {"group_id": "1", "type": "all"}
        => {"group_id": 1, "current_talkative": {"user_id": 2}, "talkative_list": [1], "performer_list": [2], "legend_list": [3],
            "emotion_list": [4], "strong_newbie_list": [5]};
    get_group_shut_list(bot, "1") => "get_group_shut_list" {"group_id": "1"}
        => [{"uid": "u", "qid": "q", "uin": "2", "nick": "n", "remark": "r", "cardName": "c", "role": 2, "shutUpTime": 17,
            "isRobot": false}];
    get_group_at_all_remain(bot, "1") => "get_group_at_all_remain" {"group_id": "1"}
        => {"can_at_all": true, "remain_at_all_count_for_group": 20, "remain_at_all_count_for_uin": 10};
    get_group_system_msg(bot, CountOptions { count: Some(5) }) => "get_group_system_msg" {"count": 5}
        => {"invited_requests": [{"request_id": 1, "invitor_uin": 2, "invitor_nick": "n", "group_id": 3, "group_name": "g",
            "message": "m", "checked": true, "actor": 4, "requester_nick": "r"}], "join_requests": []};
    get_group_ignored_notifies(bot) => "get_group_ignored_notifies" {} => {"invited_requests": [], "join_requests": []};
    get_group_ignore_add_request(bot) => "get_group_ignore_add_request" {}
        => [{"request_id": 1_747_107_600_123_456_i64, "invitor_uin": 2, "group_id": 3, "checked": false, "actor": 0}];
    set_group_add_request(bot, "17", true, GroupRequestOptions { reason: some("r"), count: Some(9) })
        => "set_group_add_request" {"flag": "17", "approve": true, "reason": "r", "count": 9} => null;
    set_group_kick(bot, "1", "2", false)
        => "set_group_kick" {"group_id": "1", "user_id": "2", "reject_add_request": false} => null;
    set_group_kick_members(bot, "1", ["2", "3"], true)
        => "set_group_kick_members" {"group_id": "1", "user_id": ["2", "3"], "reject_add_request": true} => null;
    set_group_ban(bot, "1", "2", 60) => "set_group_ban" {"group_id": "1", "user_id": "2", "duration": 60} => null;
    set_group_whole_ban(bot, "1", false) => "set_group_whole_ban" {"group_id": "1", "enable": false} => null;
    set_group_admin(bot, "1", "2", true)
        => "set_group_admin" {"group_id": "1", "user_id": "2", "enable": true} => null;
    set_group_card(bot, "1", "2", "") => "set_group_card" {"group_id": "1", "user_id": "2", "card": ""} => null;
    set_group_name(bot, "1", "n") => "set_group_name" {"group_id": "1", "group_name": "n"} => null;
    set_group_leave(bot, "1", LeaveOptions { is_dismiss: Some(false) })
        => "set_group_leave" {"group_id": "1", "is_dismiss": false} => null;
    set_group_special_title(bot, "1", "2", "t")
        => "set_group_special_title" {"group_id": "1", "user_id": "2", "special_title": "t"} => null;
    set_group_remark(bot, "1", "r") => "set_group_remark" {"group_id": "1", "remark": "r"} => null;
    set_group_portrait(bot, "1", "https://a")
        => "set_group_portrait" {"group_id": "1", "file": "https://a"} => {"result": 0, "errMsg": "success"};
    set_group_sign(bot, "1") => "set_group_sign" {"group_id": "1"} => null;
    send_group_sign(bot, "1") => "send_group_sign" {"group_id": "1"} => null;
    get_group_signed_list(bot, "1") => "get_group_signed_list" {"group_id": "1"}
        => [{"user_id": 2, "nick": "n", "time": 17, "rank": 1}];
    set_group_add_option(bot, "1", 2, JoinRuleOptions { group_question: some("q"), group_answer: some("a") })
        => "set_group_add_option" {"group_id": "1", "add_type": 2, "group_question": "q", "group_answer": "a"} => null;
    set_group_robot_add_option(bot, "1", RobotOptions { robot_member_switch: Some(1), robot_member_examine: Some(0) })
        => "set_group_robot_add_option" {"group_id": "1", "robot_member_switch": 1, "robot_member_examine": 0} => null;
    set_group_search(bot, "1", SearchOptions { no_code_finger_open: Some(1), no_finger_open: Some(0) })
        => "set_group_search" {"group_id": "1", "no_code_finger_open": 1, "no_finger_open": 0} => null;
    set_group_member_invite_policy(bot, "1", "disabled")
        => "set_group_member_invite_policy" {"group_id": "1", "policy": "disabled"} => null;
    set_group_member_permissions(bot, "1", permissions())
        => "set_group_member_permissions" {"group_id": "1", "allow_member_upload_album": true,
            "allow_member_temporary_session": false, "allow_member_create_group": true}
        => null;
    set_group_new_member_history_visibility(bot, "1", true)
        => "set_group_new_member_history_visibility" {"group_id": "1", "visible": true} => null;
    set_group_todo(bot, "1", todo()) => "set_group_todo" {"group_id": "1", "message_id": "5", "message_seq": "6"} => null;
    complete_group_todo(bot, "1", todo())
        => "complete_group_todo" {"group_id": "1", "message_id": "5", "message_seq": "6"} => null;
    cancel_group_todo(bot, "1", todo())
        => "cancel_group_todo" {"group_id": "1", "message_id": "5", "message_seq": "6"} => null;

    set_essence_msg(bot, "5") => "set_essence_msg" {"message_id": "5"} => {"result": 0};
    delete_essence_msg(bot, essence())
        => "delete_essence_msg" {"message_id": "5", "msg_seq": "6", "msg_random": "7", "group_id": "1"} => {"result": 0};
    get_essence_msg_list(bot, "1") => "get_essence_msg_list" {"group_id": "1"}
        => [{"msg_seq": 6, "msg_random": 7, "sender_id": 2, "sender_nick": "s", "operator_id": 3, "operator_nick": "o",
            "message_id": 5, "operator_time": 17, "content": [{"type": "text", "data": {"text": "t"}}]}];
    send_group_notice(bot, "1", "c", notice())
        => "_send_group_notice" {"group_id": "1", "content": "c", "image": "base64://aGk=", "pinned": 1, "type": 1,
            "confirm_required": 0, "is_show_edit_card": 0, "tip_window_type": 0}
        => null;
    get_group_notice(bot, "1") => "_get_group_notice" {"group_id": "1"}
        => [{"notice_id": "n", "sender_id": 2, "publish_time": 17, "message": {"text": "t",
            "image": [{"id": "i", "height": "1", "width": "2"}], "images": [{"id": "i", "height": "1", "width": "2"}]},
            "settings": {"is_show_edit_card": 0}, "read_num": 3}];
    del_group_notice(bot, "1", "n") => "_del_group_notice" {"group_id": "1", "notice_id": "n"} => {"ec": 0};
    get_qun_album_list(bot, "1", page()) => "get_qun_album_list" {"group_id": "1", "attach_info": "a"}
        => {"album_list": [{"id": "x"}], "attach_info": "b", "has_more": true};
    get_group_album_media_list(bot, "1", "a", page())
        => "get_group_album_media_list" {"group_id": "1", "album_id": "a", "attach_info": "a"} => {"media_list": []};
    upload_image_to_qun_album(bot, "1", "a", "n", "https://a")
        => "upload_image_to_qun_album" {"group_id": "1", "album_id": "a", "album_name": "n", "file": "https://a"} => {"ok": 1};
    do_group_album_comment(bot, "1", "a", "l", "c")
        => "do_group_album_comment" {"group_id": "1", "album_id": "a", "lloc": "l", "content": "c"} => {"result": 0};
    set_group_album_media_like(bot, "1", "a", "b", like())
        => "set_group_album_media_like" {"group_id": "1", "album_id": "a", "batch_id": "b", "lloc": "l"} => {"result": 0};
    cancel_group_album_media_like(bot, "1", "a", "b", like())
        => "cancel_group_album_media_like" {"group_id": "1", "album_id": "a", "batch_id": "b", "lloc": "l"} => {"result": 0};
    del_group_album_media(bot, "1", "a", "l")
        => "del_group_album_media" {"group_id": "1", "album_id": "a", "lloc": "l"} => {"result": 0};

    get_group_file_url(bot, "1", "/f") => "get_group_file_url" {"group_id": "1", "file_id": "/f"} => {"url": "u"};
    get_private_file_url(bot, "/f") => "get_private_file_url" {"file_id": "/f"} => {"url": null};
    upload_group_file(bot, "1", "https://a", "n", upload())
        => "upload_group_file" {"group_id": "1", "file": "https://a", "name": "n", "folder": "f", "folder_id": "/f",
            "upload_file": true}
        => {"file_id": "/x"};
    upload_private_file(bot, "2", b"hi".to_vec(), "n", UploadPrivateFileOptions { upload_file: Some(true) })
        => "upload_private_file" {"user_id": "2", "file": "base64://aGk=", "name": "n", "upload_file": true} => {"file_id": null};
    get_group_root_files(bot, "1", FileCountOptions { file_count: Some(9) })
        => "get_group_root_files" {"group_id": "1", "file_count": 9}
        => {"files": [{"group_id": 1, "file_id": "/x", "file_name": "n", "busid": 102, "size": 4_294_967_296_i64,
                "file_size": "4294967296", "upload_time": 1, "dead_time": 0, "modify_time": 2, "download_times": 3, "uploader": 4,
                "uploader_name": "u"}],
            "folders": [{"group_id": 1, "folder_id": "/f", "folder": "/f", "folder_name": "n", "create_time": 1, "creator": 2,
                "creator_name": "c", "total_file_count": 3}]};
    get_group_files_by_folder(bot, "1", "/f", FileCountOptions { file_count: Some(9) })
        => "get_group_files_by_folder" {"group_id": "1", "folder_id": "/f", "file_count": 9} => {"files": [], "folders": []};
    get_group_file_system_info(bot, "1") => "get_group_file_system_info" {"group_id": "1"}
        => {"file_count": 1, "limit_count": 10000, "used_space": 2, "total_space": 10_737_418_240_i64};
    create_group_file_folder(bot, "1", "n")
        => "create_group_file_folder" {"group_id": "1", "folder_name": "n"} => {"result": {"retCode": 0}};
    delete_group_folder(bot, "1", "/f") => "delete_group_folder" {"group_id": "1", "folder_id": "/f"} => {"retCode": 0};
    delete_group_file(bot, "1", "/x") => "delete_group_file" {"group_id": "1", "file_id": "/x"} => {"result": 0};
    move_group_file(bot, "1", "/x", "/", "/f")
        => "move_group_file" {"group_id": "1", "file_id": "/x", "current_parent_directory": "/", "target_parent_directory": "/f"}
        => {"ok": true};
    rename_group_file(bot, "1", "/x", "/", "n")
        => "rename_group_file" {"group_id": "1", "file_id": "/x", "current_parent_directory": "/", "new_name": "n"}
        => {"ok": true};
    trans_group_file(bot, "1", "/x") => "trans_group_file" {"group_id": "1", "file_id": "/x"} => {"ok": false};
}
