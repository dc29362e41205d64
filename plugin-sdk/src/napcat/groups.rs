//! Groups: their data, members, requests, rules and to-dos.

use serde_json::Value;

use super::{
    account::NoCacheOptions,
    answer::KernelResult,
    messages::CountOptions,
    received::{Group, GroupMember},
};
use crate::types::Id;

options! {
    /// For [`get_group_honor_info`].
    HonorOptions {
        /// "all" (if not given), "talkative", "performer", "legend", "strong_newbie" or "emotion".
        kind = "type": text,
    }

    /// For [`set_group_add_request`].
    GroupRequestOptions {
        /// Shown to the refused.
        reason: text,
        /// How many requests NapCat looks through for the flag: 100 if not given.
        count: count,
    }

    /// For [`set_group_leave`].
    LeaveOptions {
        /// NapCat ignores it.
        is_dismiss: flag,
    }

    /// For [`set_group_add_option`].
    JoinRuleOptions { group_question: text, group_answer: text }

    /// For [`set_group_robot_add_option`].
    RobotOptions { robot_member_switch: int, robot_member_examine: int }

    /// For [`set_group_search`].
    SearchOptions { no_code_finger_open: int, no_finger_open: int }

    /// For [`set_group_member_permissions`]; at least one.
    MemberPermissionOptions {
        allow_member_upload_album: flag,
        allow_member_temporary_session: flag,
        allow_member_create_group: flag,
    }

    /// For to-dos: which message.
    TodoOptions { message_id: id, message_seq: text }
}

answers! {
    /// A group's honors.
    GroupHonors {
        group_id: Id,
        current_talkative: Value,
        talkative_list: Vec<Value>,
        performer_list: Vec<Value>,
        legend_list: Vec<Value>,
        emotion_list: Vec<Value>,
        strong_newbie_list: Vec<Value>,
    }

    /// A muted member; builds differ in what they tell.
    MutedMember {
        uid: String,
        qid: String,
        uin ["uin" or "user_id"]: Id,
        nick ["nick" or "nickname"]: String,
        remark: String,
        card_name ["cardName"]: String,
        /// The kernel's code.
        role: i64,
        /// Seconds since 1970.
        shut_up_time ["shutUpTime" or "shut_up_time"]: i64,
        is_robot ["isRobot"]: bool,
    }

    /// How often everyone may still be mentioned today.
    AtAllRemain {
        can_at_all: bool,
        remain_at_all_count_for_group: i64,
        remain_at_all_count_for_uin: i64,
    }

    /// A join request or an invitation.
    Notify {
        /// The flag for [`set_group_add_request`].
        request_id: Id,
        invitor_uin: Id,
        invitor_nick: Option<String>,
        group_id: Id,
        group_name: Option<String>,
        message: Option<String>,
        /// Answered already.
        checked: bool,
        /// Who answered; "0" if nobody.
        actor: Id,
        requester_nick: Option<String>,
    }

    /// What waits for an answer. NapCat writes the invitations twice, the second time as `InvitedRequest`.
    GroupNotifies {
        invited_requests ["invited_requests" or "InvitedRequest"]: Vec<Notify>,
        join_requests: Vec<Notify>,
    }

    /// A member's sign-in of today.
    SignIn {
        user_id: Id,
        nick: String,
        time: i64,
        rank: i64,
    }
}

actions! {
    /// The groups that the account is in.
    get_group_list(; NoCacheOptions) -> Vec<Group>;
    /// A group, also one that the account is not in.
    get_group_info(group_id: id) -> Group;
    /// A group, asked from QQ's servers.
    get_group_detail_info(group_id: id) -> Group;
    /// What the kernel knows of a group.
    get_group_info_ex(group_id: id) -> Value;
    /// The members. The first call for a group is slow.
    get_group_member_list(group_id: id; NoCacheOptions) -> Vec<GroupMember>;
    /// A member. NapCat would ask QQ anew when nothing is said.
    get_group_member_info(group_id: id, user_id: id, no_cache: flag) -> GroupMember;
    /// The honors.
    get_group_honor_info(group_id: id; HonorOptions) -> GroupHonors;
    /// The members that are muted now.
    get_group_shut_list(group_id: id) -> Vec<MutedMember>;
    /// How often everyone may still be mentioned.
    get_group_at_all_remain(group_id: id) -> AtAllRemain;
    /// Join requests and invitations, 50 if not said otherwise.
    get_group_system_msg(; CountOptions) -> GroupNotifies;
    /// Those that were ignored.
    get_group_ignored_notifies() -> GroupNotifies;
    /// The ten newest join requests that QQ filtered out.
    get_group_ignore_add_request() -> Vec<Notify>;
    /// Answers a join request or an invitation. NapCat approves when nothing is said.
    set_group_add_request(flag: id, approve: flag; GroupRequestOptions) -> ();
    /// Removes a member; with `reject_add_request` for good.
    set_group_kick(group_id: id, user_id: id, reject_add_request: flag) -> ();
    /// Removes several members; with `reject_add_request` for good.
    set_group_kick_members(group_id: id, user_id: texts, reject_add_request: flag) -> ();
    /// Mutes a member for that many seconds, 30 days at most; 0, which NapCat takes when nothing is said, lifts it.
    set_group_ban(group_id: id, user_id: id, duration: count) -> ();
    /// Mutes the whole group, or lifts it.
    set_group_whole_ban(group_id: id, enable: flag) -> ();
    /// Makes a member admin, or no admin, which NapCat does when nothing is said. The account must be owner.
    set_group_admin(group_id: id, user_id: id, enable: flag) -> ();
    /// Sets a member's card; empty removes it. Takes up to 3 seconds, and fails when the card did not change.
    set_group_card(group_id: id, user_id: id, card: text) -> ();
    /// Renames the group.
    set_group_name(group_id: id, group_name: text) -> ();
    /// Leaves the group.
    set_group_leave(group_id: id; LeaveOptions) -> ();
    /// Sets a member's title; empty removes it. The account must be owner. Needs NapCat's packet backend.
    set_group_special_title(group_id: id, user_id: id, special_title: text) -> ();
    /// Sets the account's own note on the group.
    set_group_remark(group_id: id, remark: text) -> ();
    /// Sets the group's picture.
    set_group_portrait(group_id: id, file: source) -> KernelResult;
    /// Signs in for the day. Needs NapCat's packet backend.
    set_group_sign(group_id: id) -> ();
    /// Another name of [`set_group_sign`].
    send_group_sign(group_id: id) -> ();
    /// Who signed in today.
    get_group_signed_list(group_id: id) -> Vec<SignIn>;
    /// How people may join, in the kernel's codes.
    set_group_add_option(group_id: id, add_type: int; JoinRuleOptions) -> ();
    /// Whether official bots may join.
    set_group_robot_add_option(group_id: id; RobotOptions) -> ();
    /// Whether the group can be found.
    set_group_search(group_id: id; SearchOptions) -> ();
    /// Whether members may invite: "disabled", "require_approval", "no_approval" or "no_approval_under_100". Newer than
    /// 4.18.13.
    set_group_member_invite_policy(group_id: id, policy: text) -> ();
    /// What members may do. Newer than 4.18.13.
    set_group_member_permissions(group_id: id; MemberPermissionOptions) -> ();
    /// Whether new members see what was said before. Newer than 4.18.13.
    set_group_new_member_history_visibility(group_id: id, visible: flag) -> ();
    /// Makes a message the group's to-do. Needs NapCat's packet backend.
    set_group_todo(group_id: id; TodoOptions) -> ();
    /// Completes it. Needs NapCat's packet backend.
    complete_group_todo(group_id: id; TodoOptions) -> ();
    /// Cancels it. Needs NapCat's packet backend.
    cancel_group_todo(group_id: id; TodoOptions) -> ();
}
