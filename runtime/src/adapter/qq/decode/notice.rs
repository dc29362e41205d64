//! What happens to friends and groups besides messages.

use super::{Given, time, unknown};
use crate::model::{
    Chat, EventBody, JoinRequest, MemberChange, Membership, Notice, PushChange, Request, UserNotice,
};

/// FRIEND_ADD and FRIEND_DEL.
pub(super) fn friend(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let notice = UserNotice {
        user: d.at("openid").id()?,
        union_id: d.at("author").at("union_openid").id(),
        scene: d.at("scene").id(),
        scene_data: d.at("scene_param").words().or_else(|| d.at("short_code").words()),
    };
    Some(EventBody::Notice(if given.kind == "FRIEND_ADD" {
        Notice::FriendAdded(notice)
    } else {
        Notice::FriendRemoved(notice)
    }))
}

/// C2C_MSG_RECEIVE, GROUP_MSG_REJECT and their counterparts.
pub(super) fn push(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let chat = if given.kind.starts_with("GROUP") {
        Chat::Group(d.at("group_openid").id()?)
    } else {
        Chat::Private(d.at("openid").id()?)
    };
    let allowed = given.kind.ends_with("RECEIVE");
    Some(EventBody::Notice(Notice::PushChanged(PushChange {
        chat,
        allowed,
        operator: d.at("op_member_openid").id(),
    })))
}

/// GROUP_ADD_ROBOT and GROUP_DEL_ROBOT.
pub(super) fn robot(given: Given<'_, '_>) -> Option<EventBody> {
    let membership = Membership {
        group: given.d.at("group_openid").id()?,
        operator: given.d.at("op_member_openid").id(),
        how: String::new(),
    };
    Some(EventBody::Notice(if given.kind == "GROUP_ADD_ROBOT" {
        Notice::BotJoined(membership)
    } else {
        Notice::BotLeft(membership)
    }))
}

/// GROUP_MEMBER_ADD and GROUP_MEMBER_REMOVE.
pub(super) fn member(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let change = MemberChange {
        group: d.at("group_openid").id()?,
        user: d.at("member_openid").id().or_else(|| d.at("user_openid").id())?,
        operator: d.at("op_member_openid").id(),
        how: String::new(),
    };
    Some(EventBody::Notice(if given.kind == "GROUP_MEMBER_ADD" {
        Notice::MemberJoined(change)
    } else {
        Notice::MemberLeft(change)
    }))
}

/// GROUP_JOIN_REQUEST.
pub(super) fn join_request(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let auto = d.at("auto_approved");
    Some(EventBody::Request(Request::Join(JoinRequest {
        group: d.at("group_openid").id()?,
        user: d.at("member_openid").id()?,
        nickname: d.at("username").words(),
        inviter: d.at("invited_by").id(),
        comment: d.at("verify_info").at("verify_message").words().unwrap_or_default(),
        source: d.at("apply_source").words(),
        auto_approved: auto.truth() == Some(true) || auto.at("strategy_id").id().is_some(),
        token: d.at("join_request_id").id()?,
    })))
}

/// What the contract names by its kind.
pub(super) fn other(given: Given<'_, '_>) -> Option<EventBody> {
    Some(EventBody::Notice(Notice::Other(unknown(given))))
}

/// When it happened, where the platform tells; the times of what it happened to are not that.
pub(super) fn time_of(given: Given<'_, '_>) -> Option<f64> {
    let d = given.d;
    let made = if given.kind.ends_with("_CREATE") || given.kind.ends_with("_ADD") {
        let info = ["thread_info", "post_info", "reply_info"].map(|key| d.at(key).at("date_time"));
        info.into_iter().chain([d.at("joined_at")]).find_map(time::read)
    } else {
        None
    };
    ["timestamp", "apply_at", "audit_time"].iter().find_map(|key| time::read(d.at(key))).or(made)
}
