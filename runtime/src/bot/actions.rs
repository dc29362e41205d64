//! What some platforms can do and others cannot: one trait for each interface of the contract.
//!
//! Whatever a platform does not implement answers `unsupported`, with the names of function and platform.

use std::sync::Arc;

use super::{Answer, Bot, cannot};
use crate::model::{
    Announcement, Chat, EssenceEntry, Friend, Group, GroupMember, Incoming, Listing, Media, Message, Request,
    UserProfile,
};

macro_rules! actions {
    ($(#[$doc:meta])* $trait:ident of $interface:literal {
        $($(#[$about:meta])* $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*
    }) => {
        $(#[$doc])*
        pub trait $trait: Bot {
            $(
                $(#[$about])*
                fn $name(&self, $($argument: $type),*) -> Answer<'_, $answer> {
                    let _ = ($($argument,)*);
                    let function = concat!($interface, ".", stringify!($name)).replace('_', "-");
                    let refusal = cannot(&Bot::info(self), &function);
                    Box::pin(std::future::ready(Err(refusal)))
                }
            )*
        }
    };
}

actions! {
    /// Chats, beside sending, fetching and recalling.
    Chats of "messages" {
        /// The messages inside a merged one.
        fetch_forward(forward: String) -> Vec<Message>;
        /// Up to `count` messages, the oldest first, up to and with `before`, or the newest.
        history(chat: Chat, before: Option<String>, count: u32) -> Vec<Message>;
        /// Puts an emoji under a message, or takes it away.
        react(chat: Chat, message: String, emoji: String, add: bool) -> ();
        /// Shows that the bot is typing an answer to that event.
        typing(answers: Arc<Incoming>, chat: Chat, seconds: u32) -> ();
        /// Marks the chat as read.
        mark_read(chat: Chat) -> ();
    }
}

actions! {
    /// Groups and their members.
    Groups of "groups" {
        /// The groups that the bot is in.
        list() -> Vec<Group>;
        /// One group.
        info(group: String) -> Group;
        /// All members.
        members(group: String) -> Vec<GroupMember>;
        /// One member.
        member(group: String, user: String) -> GroupMember;
        /// Removes a member; `refuse_return` refuses the next requests too.
        kick(group: String, user: String, refuse_return: bool) -> ();
        /// Keeps a member from writing; 0 lifts it.
        mute(group: String, user: String, seconds: u32) -> ();
        /// Keeps all but admins from writing.
        mute_all(group: String, on: bool) -> ();
        /// Makes a member admin, or no longer.
        set_admin(group: String, user: String, on: bool) -> ();
        /// Sets a member's name in the group; empty removes it.
        set_card(group: String, user: String, card: String) -> ();
        /// Sets a member's title; empty removes it.
        set_title(group: String, user: String, title: String) -> ();
        /// Names the group.
        rename(group: String, name: String) -> ();
        /// Makes a message essence, or no longer.
        set_essence(group: String, message: String, on: bool) -> ();
        /// The essence messages.
        essences(group: String) -> Vec<EssenceEntry>;
        /// Posts an announcement.
        announce(group: String, text: String, picture: Option<Media>) -> ();
        /// The announcements.
        announcements(group: String) -> Vec<Announcement>;
        /// Removes an announcement.
        remove_announcement(group: String, announcement: String) -> ();
        /// Leaves the group.
        leave(group: String) -> ();
    }
}

actions! {
    /// Friends, users and requests.
    Friends of "friends" {
        /// The friends.
        list() -> Vec<Friend>;
        /// Any user.
        profile(user: String) -> UserProfile;
        /// Likes a profile so many times.
        like(user: String, times: u32) -> ();
        /// Pokes a user, in that group or in private.
        poke(user: String, group: Option<String>) -> ();
        /// Ends a friendship.
        remove(user: String) -> ();
        /// Requests and invites of groups that are not answered yet.
        pending_requests() -> Vec<Request>;
        /// Answers a request. `reason` is for the refused, or the approved friend's remark.
        answer_request(request: Request, approve: bool, reason: Option<String>) -> ();
    }
}

actions! {
    /// Files.
    Files of "files" {
        /// The bytes of a medium, if at most `limit`. `genuine`: its address came from the platform, and not from a plugin.
        download(file: Media, limit: usize, genuine: bool) -> Vec<u8>;
        /// Puts a file into a chat. Answers its id.
        upload(chat: Chat, file: Media, folder: Option<String>) -> Option<String>;
        /// A short-lived address of a file.
        url(chat: Chat, file_id: String) -> String;
        /// A group's files and folders.
        list(group: String, folder: Option<String>) -> Listing;
        /// Removes a group's file.
        remove(group: String, file_id: String) -> ();
        /// Makes a folder. Answers its id.
        create_folder(group: String, name: String) -> Option<String>;
        /// Removes a folder.
        remove_folder(group: String, folder: String) -> ();
    }
}
