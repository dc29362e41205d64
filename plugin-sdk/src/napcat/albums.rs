//! What a group keeps: essence messages, announcements, albums.

use serde_json::Value;

use super::received::Body;
use crate::types::Id;

options! {
    /// For [`delete_essence_msg`]: the message's id, or the three others.
    EssenceOptions { message_id: id, msg_seq: text, msg_random: text, group_id: id }

    /// For [`send_group_notice`].
    NoticeOptions {
        image: source,
        /// 1 pins it.
        pinned: count,
        /// 1 if not given.
        kind = "type": count,
        /// 1 if not given: members are asked to confirm that they read it.
        confirm_required: count,
        is_show_edit_card: count,
        tip_window_type: count,
    }

    /// For lists in pages: what the page before gave.
    AlbumPageOptions { attach_info: text }

    /// For likes in albums.
    AlbumLikeOptions { lloc: text }
}

answers! {
    /// A message of the group's essence.
    EssenceMessage {
        msg_seq: Id,
        msg_random: Id,
        sender_id: Id,
        sender_nick: String,
        operator_id: Id,
        operator_nick: String,
        message_id: Id,
        /// Seconds since 1970.
        operator_time: i64,
        content: Body,
    }

    /// An announcement.
    GroupNotice {
        notice_id: Id,
        sender_id: Id,
        /// Seconds since 1970.
        publish_time: i64,
        message: NoticeMessage,
        settings: Option<Value>,
        read_num: Option<i64>,
    }

    /// What it says.
    NoticeMessage {
        text: String,
        image: Vec<NoticeImage>,
        /// The same again.
        images: Vec<NoticeImage>,
    }

    /// A picture in it; sizes in pixels, as text.
    NoticeImage {
        id: Id,
        height: String,
        width: String,
    }

    /// A group's albums.
    AlbumList {
        album_list: Vec<Value>,
        attach_info: String,
        has_more: bool,
    }
}

actions! {
    /// Makes a message essence.
    set_essence_msg(message_id: id) -> Value;
    /// Takes a message out of the essence; the options say which.
    delete_essence_msg(; EssenceOptions) -> Value;
    /// The group's essence.
    get_essence_msg_list(group_id: id) -> Vec<EssenceMessage>;
    /// Posts an announcement.
    send_group_notice = "_send_group_notice"(group_id: id, content: text; NoticeOptions) -> ();
    /// The announcements.
    get_group_notice = "_get_group_notice"(group_id: id) -> Vec<GroupNotice>;
    /// Removes an announcement.
    del_group_notice = "_del_group_notice"(group_id: id, notice_id: id) -> Value;
    /// The albums.
    get_qun_album_list(group_id: id; AlbumPageOptions) -> AlbumList;
    /// What is in an album.
    get_group_album_media_list(group_id: id, album_id: id; AlbumPageOptions) -> Value;
    /// Puts a picture into an album.
    upload_image_to_qun_album(group_id: id, album_id: id, album_name: text, file: source) -> Value;
    /// Comments on a picture in an album.
    do_group_album_comment(group_id: id, album_id: id, lloc: id, content: text) -> Value;
    /// Likes a picture in an album.
    set_group_album_media_like(group_id: id, album_id: id, batch_id: id; AlbumLikeOptions) -> Value;
    /// Likes it no more.
    cancel_group_album_media_like(group_id: id, album_id: id, batch_id: id; AlbumLikeOptions) -> Value;
    /// Removes a picture from an album.
    del_group_album_media(group_id: id, album_id: id, lloc: id) -> Value;
}
