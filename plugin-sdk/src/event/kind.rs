//! The kinds of events: for `#[on(MemberJoined)]` and as the parameter of [`Event`](super::Event).
//!
//! A kind listens to all below it: `Notice` to every notice, `Any` to everything.

use std::fmt::Debug;

use crate::types::{
    AdminChange, Audit, BotState as BotStateRecord, Chat, Essence as EssenceRecord, EventBody,
    FriendRequest as FriendRecord, GrayTip as GrayTipRecord, GuildNotice, Honor as HonorRecord,
    Interaction as InteractionRecord, JoinRequest as JoinRecord, LuckyKing as LuckyKingRecord, MemberChange,
    Membership, Mute, Notice as NoticeCase, OnlineFile as OnlineFileRecord, PokeNotice, ProfileLike,
    PushChange, Reaction as ReactionRecord, Recall, ReceivedMessage, Request as RequestCase,
    Scheduled as ScheduledRecord, TextChange, Typing as TypingRecord, UnknownEvent, Upload, UserNotice,
};

/// A kind of event: its name in the manifest, and what it carries.
pub trait Kind: 'static {
    /// The contract's case names joined by dots, `notice.member-joined`; the manifest lists them.
    const NAMES: &'static [&'static str];
    /// What an event of this kind carries.
    type Body: Clone + Debug + 'static;
    /// Takes that out, if the event is of this kind.
    fn take(body: EventBody) -> Option<Self::Body>;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $($name:literal)|+: $body:ty, $pattern:pat => $value:expr;)*) => {$(
        $(#[$doc])*
        #[doc = ""]
        #[doc = "```"]
        #[doc = "# use iglu_sdk::{event::kind, prelude::*, testing::Harness};"]
        #[doc = "# #[derive(Default)] struct Watcher;"]
        #[doc = "# #[plugin(id = \"watcher\")] impl Watcher {"]
        #[doc = "#[on]"]
        #[doc = concat!("async fn seen(&self, event: &Event<kind::", stringify!($kind), ">) {")]
        #[doc = "    log::info!(\"{:?}\", event.body());"]
        #[doc = "}"]
        #[doc = "# }"]
        #[doc = concat!("# let on = &Harness::<Watcher>::new().manifest()[\"handlers\"][0][\"on\"];")]
        #[doc = concat!("# assert_eq!(on[\"event\"][\"kinds\"], json!([", $("\"", $name, "\", ",)+ "]));")]
        #[doc = "```"]
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}

        impl Kind for $kind {
            const NAMES: &'static [&'static str] = &[$($name),+];
            type Body = $body;

            #[allow(unreachable_patterns, reason = "one of the kinds takes everything")]
            fn take(body: EventBody) -> Option<$body> {
                match body {
                    $pattern => Some($value),
                    _ => None,
                }
            }
        }
    )*};
}

macro_rules! notices {
    ($($(#[$doc:meta])* $kind:ident = $name:literal: $body:ty;)*) => {
        kinds! {$(
            $(#[$doc])* $kind = $name: $body, EventBody::Notice(NoticeCase::$kind(body)) => body;
        )*}
    };
}

kinds! {
    /// Everything; match on the [`EventBody`].
    Any = "message" | "message-sent" | "notice" | "request" | "interaction" | "bot-state" | "scheduled" | "other": EventBody, body => body;
    /// Any message.
    Message = "message": ReceivedMessage, EventBody::Message(message) => message;
    /// A message in a private chat.
    PrivateMessage = "message.private": ReceivedMessage,
        EventBody::Message(
            message @ ReceivedMessage { chat: Chat::Private(_) | Chat::Temporary(_) | Chat::Direct(_), .. },
        ) => message;
    /// A message in a group.
    GroupMessage = "message.group": ReceivedMessage,
        EventBody::Message(message @ ReceivedMessage { chat: Chat::Group(_), .. }) => message;
    /// A message that the account itself sent.
    MessageSent = "message-sent": ReceivedMessage, EventBody::MessageSent(message) => message;
    /// Any notice; match on the cases.
    Notice = "notice": NoticeCase, EventBody::Notice(notice) => notice;
    /// Any request; match on the cases.
    Request = "request": RequestCase, EventBody::Request(request) => request;
    /// Someone wants to be the bot's friend.
    FriendRequest = "request.friend": FriendRecord, EventBody::Request(RequestCase::Friend(request)) => request;
    /// Someone wants to join a group that the bot administers.
    JoinRequest = "request.join": JoinRecord, EventBody::Request(RequestCase::Join(request)) => request;
    /// Someone invites the bot into a group.
    InviteRequest = "request.invite": JoinRecord, EventBody::Request(RequestCase::Invite(request)) => request;
    /// A button or menu entry was pressed.
    Interaction = "interaction": InteractionRecord, EventBody::Interaction(interaction) => interaction;
    /// The bot's link or login changed.
    BotState = "bot-state": BotStateRecord, EventBody::BotState(state) => state;
    /// A timer of this plugin, or its cron line, fell due.
    Scheduled = "scheduled": ScheduledRecord, EventBody::Scheduled(scheduled) => scheduled;
    /// Anything newer than the contract.
    Other = "other": UnknownEvent, EventBody::Other(event) => event;
}

notices! {
    /// Someone joined a group.
    MemberJoined = "notice.member-joined": MemberChange;
    /// Someone left a group, or was removed.
    MemberLeft = "notice.member-left": MemberChange;
    /// Someone became a group's admin, or is it no longer.
    AdminChanged = "notice.admin-changed": AdminChange;
    /// A member or the whole group was muted, or no longer is.
    Muted = "notice.muted": Mute;
    /// A message was taken back.
    MessageRecalled = "notice.message-recalled": Recall;
    /// A file was put into a chat.
    FileUploaded = "notice.file-uploaded": Upload;
    /// The bot has a new friend.
    FriendAdded = "notice.friend-added": UserNotice;
    /// The bot lost a friend.
    FriendRemoved = "notice.friend-removed": UserNotice;
    /// Someone was poked.
    Poked = "notice.poked": PokeNotice;
    /// Someone put an emoji under a message, or took it away.
    Reaction = "notice.reaction": ReactionRecord;
    /// A message was made essence, or is it no longer.
    Essence = "notice.essence": EssenceRecord;
    /// A member's name in a group changed.
    CardChanged = "notice.card-changed": TextChange;
    /// A member's title changed.
    TitleChanged = "notice.title-changed": TextChange;
    /// A group's name changed.
    GroupRenamed = "notice.group-renamed": TextChange;
    /// The bot is in a new group.
    BotJoined = "notice.bot-joined": Membership;
    /// The bot is in a group no longer.
    BotLeft = "notice.bot-left": Membership;
    /// The bot may, or may no longer, write on its own initiative.
    PushChanged = "notice.push-changed": PushChange;
    /// Someone liked the bot's profile.
    ProfileLiked = "notice.profile-liked": ProfileLike;
    /// A friend is typing.
    Typing = "notice.typing": TypingRecord;
    /// A message under review passed or failed.
    Audited = "notice.audited": Audit;
    /// The luckiest share of a red packet.
    LuckyKing = "notice.lucky-king": LuckyKingRecord;
    /// A group honour.
    Honor = "notice.honor": HonorRecord;
    /// A grey line in a chat.
    GrayTip = "notice.gray-tip": GrayTipRecord;
    /// A file offered from device to device.
    OnlineFile = "notice.online-file": OnlineFileRecord;
    /// A guild's event that has no kind of its own.
    Guild = "notice.guild": GuildNotice;
}

kinds! {
    /// Any other notice.
    OtherNotice = "notice.other": UnknownEvent, EventBody::Notice(NoticeCase::Other(event)) => event;
}
