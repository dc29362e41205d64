//! The account itself, friends, requests, users, stickers and Qzone.

use serde_json::Value;

use super::{messages::CountOptions, received::*};
use crate::types::Id;

options! {
    /// For what NapCat keeps in its memory.
    NoCacheOptions {
        /// Asks QQ again.
        no_cache: flag,
    }

    /// For [`set_friend_add_request`].
    FriendRequestOptions {
        /// The account's note on the new friend.
        remark: text,
    }

    /// For [`delete_friend`].
    DeleteFriendOptions {
        /// Blocks the user.
        temp_block: flag,
        /// Disappears from the user's list too.
        temp_both_del: flag,
    }

    /// For [`get_profile_like`].
    ProfileLikeOptions {
        /// Whose; the account's own if not given.
        user_id: id,
        start: count,
        /// 10 if not given.
        count: count,
    }

    /// For [`set_qq_profile`].
    ProfileOptions {
        personal_note: text,
        /// 0 unknown, 1 male, 2 female.
        sex: count,
    }

    /// For [`set_diy_online_status`].
    DiyStatusOptions {
        /// 1 if not given.
        face_type: number,
        wording: text,
    }

    /// For [`get_model_show`].
    ModelOptions { model: text }

    /// For [`add_custom_face`].
    CustomFaceOptions {
        emoji_id: number,
        package_id: number,
        file_name: text,
        /// Bytes.
        file_size: number,
        md5: text,
        is_mark_face: flag,
        is_origin: flag,
    }

    /// For [`delete_custom_face`]; one of them.
    DeleteFaceOptions { res_id: texts, id: texts, ids: texts, md5: texts }

    /// For [`send_qzone_msg`].
    QzoneOptions {
        images: texts,
        /// Who may see it: 1 all (if not given), 4 friends, 16 some friends, 64 the account alone, 128 all but some.
        ugc_right: count,
        /// Needed for 16 and 128.
        target_uins: texts,
    }
}

answers! {
    /// The account.
    LoginInfo {
        user_id: Id,
        nickname: String,
    }

    /// A user's profile.
    Stranger {
        user_id: Id,
        uid: String,
        nickname: String,
        age: i64,
        qid: String,
        qq_level ["qqLevel" or "level"]: i64,
        /// "male", "female" or "unknown".
        sex: String,
        /// The line under the name.
        long_nick: String,
        reg_time: i64,
        is_vip: bool,
        is_years_vip: bool,
        vip_level: i64,
        remark: String,
        status: i64,
        login_days: i64,
    }

    /// A category of friends.
    FriendCategory {
        category_id ["categoryId"]: Id,
        category_name ["categoryName"]: String,
        /// How many are in it.
        category_mb_count ["categoryMbCount"]: i64,
        buddy_list ["buddyList"]: Vec<User>,
    }

    /// A friend who is none from the other side.
    OneWayFriend {
        uin: Id,
        uid: String,
        nick_name: String,
        age: i64,
        source: String,
    }

    /// A friend request that QQ found suspicious.
    DoubtFriendRequest {
        /// For [`set_doubt_friends_add_request`]; no number.
        flag: String,
        uin: Id,
        nick: String,
        source: String,
        reason: String,
        msg: String,
        group_code: String,
        time: String,
        kind ["type"]: String,
    }

    /// Who liked a profile.
    ProfileLikes {
        uid: String,
        time: String,
        favorite_info ["favoriteInfo"]: FavoriteInfo,
        vote_info ["voteInfo"]: VoteInfo,
    }

    /// Likes that the account gave.
    FavoriteInfo {
        user_infos ["userInfos"]: Vec<Value>,
        total_count: i64,
        last_time: i64,
        today_count: i64,
    }

    /// Likes that it got.
    VoteInfo {
        total_count: i64,
        new_count: i64,
        new_nearby_count: i64,
        last_visit_time: i64,
        user_infos ["userInfos"]: Vec<Value>,
    }

    /// Codes as [`set_online_status`] has them.
    UserStatus {
        status: i64,
        ext_status: i64,
    }

    /// From and to, both included.
    UinRange {
        min_uin ["minUin"]: Id,
        max_uin ["maxUin"]: Id,
    }

    /// A made-up device.
    ModelVariant {
        variants: ModelShow,
    }

    /// Its name.
    ModelShow {
        model_show: String,
        need_pay: bool,
    }

    /// A post.
    QzonePost {
        /// For [`delete_qzone_msg`].
        tid: String,
    }
}

actions! {
    /// The account's own number and name.
    get_login_info() -> LoginInfo;
    /// A user's profile, friend or not.
    get_stranger_info(user_id: id; NoCacheOptions) -> Stranger;
    /// The friends.
    get_friend_list(; NoCacheOptions) -> Vec<User>;
    /// The friends by category.
    get_friends_with_category() -> Vec<FriendCategory>;
    /// Those who are a friend from one side only.
    get_unidirectional_friend_list() -> Vec<OneWayFriend>;
    /// Likes a profile; QQ caps it per day.
    send_like(user_id: id, times: count) -> ();
    /// Answers a friend request. NapCat approves when nothing is said.
    set_friend_add_request(flag: id, approve: flag; FriendRequestOptions) -> ();
    /// Friend requests that QQ holds back as suspicious, 50 if not said otherwise.
    get_doubt_friends_add_request(; CountOptions) -> Vec<DoubtFriendRequest>;
    /// Approves such a request. NapCat cannot refuse one, whatever is asked for.
    set_doubt_friends_add_request(flag: id) -> Value, with "approve" = true;
    /// Sets the account's note on a friend; empty removes it.
    set_friend_remark(user_id: id, remark: text) -> ();
    /// Removes a friend. For somebody who is none the answer holds `valid` false, and the call goes well.
    delete_friend(user_id: id; DeleteFriendOptions) -> Value;
    /// Who liked a profile.
    get_profile_like(; ProfileLikeOptions) -> ProfileLikes;
    /// Sets the account's name, note and sex.
    set_qq_profile(nickname: text; ProfileOptions) -> Value;
    /// Sets the account's picture.
    set_qq_avatar(file: source) -> ();
    /// Sets the line under the account's name.
    set_self_longnick(long_nick = "longNick": text) -> Value;
    /// Sets the status: 10/0 online, 30/0 away, 40/0 invisible, 50/0 busy, 60/0 "Q me", 70/0 do not disturb; 10 with 1000
    /// to 2037 for the others. The battery is per cent.
    set_online_status(status: int, ext_status: int, battery_status: int) -> ();
    /// Sets a status of one's own words, with a face.
    set_diy_online_status(face_id: number; DiyStatusOptions) -> String;
    /// Shows "typing" to a friend: 1. Nothing is known that takes it away.
    set_input_status(user_id: id, event_type: int) -> Value;
    /// Whether a user is online. Needs NapCat's packet backend.
    nc_get_user_status(user_id: id) -> UserStatus;
    /// The numbers that official bots have.
    get_robot_uin_range() -> Vec<UinRange>;
    /// Always empty, after half a second.
    get_online_clients() -> Vec<Value>;
    /// An invented answer, for clients of go-cqhttp.
    get_model_show = "_get_model_show"(; ModelOptions) -> Vec<ModelVariant>;
    /// Has no effect, for clients of go-cqhttp.
    set_model_show = "_set_model_show"() -> ();
    /// Addresses of the account's stickers, 48 if not said otherwise.
    fetch_custom_face(; CountOptions) -> Vec<String>;
    /// The account's stickers with all that QQ knows of them.
    fetch_custom_face_detail(; CountOptions) -> Value;
    /// Adds a sticker from a path on NapCat's machine.
    add_custom_face(file: id; CustomFaceOptions) -> Value;
    /// Removes stickers; one of the options says which.
    delete_custom_face(; DeleteFaceOptions) -> Value;
    /// Renames a sticker.
    set_custom_face_desc(emoji_id: number, res_id: id, md5: text, desc: text) -> Value;
    /// Posts to the account's Qzone. Newer than 4.18.13.
    send_qzone_msg(content: text; QzoneOptions) -> QzonePost;
    /// Removes a post of the account's Qzone. Newer than 4.18.13.
    delete_qzone_msg(tid: id) -> ();
}
