//! Sending, fetching, marking and reacting to messages; pokes, cards and favourites.

use serde_json::Value;

use super::{answer::KernelResult, received::*};
use crate::types::Id;

options! {
    /// For [`send_msg`] and [`send_group_msg`]. The texts are those of a merged forward's card.
    SendOptions {
        /// Milliseconds that NapCat waits for QQ; newer builds.
        timeout: count,
        source: text,
        summary: text,
        prompt: text,
        /// The lines of preview.
        news: news,
    }

    /// For [`send_private_msg`]. The texts are those of a merged forward's card.
    SendPrivateOptions {
        /// The group where both met, for a temporary chat.
        group_id: id,
        /// Milliseconds that NapCat waits for QQ; newer builds.
        timeout: count,
        source: text,
        summary: text,
        prompt: text,
        /// The lines of preview.
        news: news,
    }

    /// The texts of a merged forward's card.
    ForwardOptions {
        source: text,
        summary: text,
        prompt: text,
        /// The lines of preview.
        news: news,
        /// Milliseconds that NapCat waits for QQ; newer builds.
        timeout: count,
    }

    /// For the two histories.
    HistoryOptions {
        /// The id of the message to begin at; none for the newest.
        message_seq: id,
        /// 20 if not given.
        count: count,
        reverse_order: flag,
        /// Saves the time of asking for addresses of media.
        disable_get_url: flag,
        /// Whether merged forwards are expanded: true if not given.
        parse_mult_msg: flag,
        quick_reply: flag,
    }

    /// Which chat, or the chat of which message.
    MarkReadOptions { user_id: id, group_id: id, message_id: id }

    /// For [`fetch_emoji_like`].
    EmojiPageOptions {
        /// 20 if not given.
        count: count,
        /// Of the page before.
        cookie: text,
    }

    /// For [`get_emoji_likes`].
    EmojiLikesOptions {
        /// Needed when the message is named by its long id.
        group_id: id,
        emoji_type: text,
        /// 0, all, if not given.
        count: count,
    }

    /// For lists that are limited.
    CountOptions { count: count }

    /// For [`send_poke`].
    PokeOptions {
        /// Where; without it the poke is private.
        group_id: id,
        target_id: id,
    }

    /// For [`group_poke`] and [`friend_poke`].
    PokeTargetOptions { target_id: id }

    /// For [`click_inline_keyboard_button`].
    ButtonOptions {
        button_id: text,
        callback_data: text,
        /// "10086" if not given.
        msg_seq: text,
    }

    /// Whom the card recommends: a user or a group.
    ArkShareOptions { user_id: id, group_id: id, phone_number: text }

    /// For [`get_mini_app_ark`]: `kind` makes a card from a template, all from `icon_url` on make one from nothing.
    MiniAppOptions {
        /// "bili" or "weibo".
        kind = "type": text,
        web_url = "webUrl": text,
        /// "true" for the raw object.
        raw_ark_data = "rawArkData": text,
        icon_url = "iconUrl": text,
        app_id = "appId": text,
        scene: text,
        template_type = "templateType": text,
        business_type = "businessType": text,
        ver_type = "verType": text,
        share_type = "shareType": text,
        version_id = "versionId": text,
        sdk_id = "sdkId": text,
        with_share_ticket = "withShareTicket": text,
    }

    /// For [`get_collection_list`].
    CollectionOptions {
        /// 50 if not given.
        count: number,
    }
}

answers! {
    /// One page of those who reacted.
    EmojiLikePage {
        emoji_likes_list ["emojiLikesList"]: Vec<EmojiLiker>,
        /// For the next page.
        cookie: String,
        is_last_page ["isLastPage"]: bool,
        is_first_page ["isFirstPage"]: bool,
        /// The kernel's; other than 0 is a failure.
        result: i64,
        err_msg ["errMsg"]: String,
    }

    /// Someone who reacted.
    EmojiLiker {
        tiny_id ["tinyId"]: Id,
        nick_name ["nickName"]: String,
        head_url ["headUrl"]: String,
    }

    /// All who reacted.
    EmojiLikes {
        emoji_like_list: Vec<EmojiLikeUser>,
    }

    /// Someone who reacted.
    EmojiLikeUser {
        user_id: Id,
        nick_name: String,
    }

    /// What was heard.
    VoiceText {
        text: String,
    }

    /// A chat with its last message.
    RecentContact {
        /// NapCat's spelling is `lastestMsg`.
        latest_msg ["lastestMsg"]: Option<MessageObject>,
        peer_uin ["peerUin"]: Id,
        remark: String,
        msg_time ["msgTime"]: String,
        /// The kernel's code: 1 a friend, 2 a group.
        chat_type ["chatType"]: i64,
        msg_id ["msgId"]: Id,
        send_nick_name ["sendNickName"]: String,
        send_member_name ["sendMemberName"]: String,
        peer_name ["peerName"]: String,
    }

    /// A signed card; as text it goes into [`Message::card`](crate::Message::card).
    MiniAppArk {
        data: Value,
    }
}

actions! {
    /// Sends one message to any chat. [`messages::send`](crate::messages::send) also splits what QQ carries only alone.
    send_msg(chat: chat, message: message; SendOptions) -> SentMessage;
    /// Sends one message to a group.
    send_group_msg(group_id: id, message: message; SendOptions) -> SentMessage;
    /// Sends one message to a user.
    send_private_msg(user_id: id, message: message; SendPrivateOptions) -> SentMessage;
    /// Recalls a message. Fails once NapCat has forgotten the id: it remembers the last 5000, and none after a restart.
    delete_msg(message_id: id) -> ();
    /// A message again, with fresh addresses of its media. Fails when it was recalled or NapCat has forgotten the id.
    get_msg(message_id: id) -> MessageObject;
    /// The messages inside a merged forward: by the id in its segment, the id of its message, or a `res_id`. Forwards
    /// inside it are expanded in the same answer and cannot be asked for.
    get_forward_msg(id: id) -> Messages;
    /// Sends a merged forward to any chat.
    send_forward_msg(chat: chat, messages: nodes; ForwardOptions) -> SentMessage;
    /// Sends a merged forward to a group.
    send_group_forward_msg(group_id: id, messages: nodes; ForwardOptions) -> SentMessage;
    /// Sends a merged forward to a user.
    send_private_forward_msg(user_id: id, messages: nodes; ForwardOptions) -> SentMessage;
    /// Passes one message on to a user.
    forward_friend_single_msg(message_id: id, user_id: id) -> ();
    /// Passes one message on to a group.
    forward_group_single_msg(message_id: id, group_id: id) -> ();
    /// A group's messages. Fails when there is none.
    get_group_msg_history(group_id: id; HistoryOptions) -> Messages;
    /// The messages of a private chat. Fails when there is none.
    get_friend_msg_history(user_id: id; HistoryOptions) -> Messages;
    /// Marks a chat as read; one of the options says which.
    mark_msg_as_read(; MarkReadOptions) -> ();
    /// Marks a private chat as read.
    mark_private_msg_as_read(user_id: id) -> ();
    /// Marks a group as read.
    mark_group_msg_as_read(group_id: id) -> ();
    /// Marks everything as read.
    mark_all_as_read = "_mark_all_as_read"() -> ();
    /// Puts an emoji under a group's message, or with `set` false takes it away.
    set_msg_emoji_like(message_id: id, emoji_id: number, set: flag) -> KernelResult;
    /// One page of those who reacted with one emoji; type 1 is a QQ face, 2 a Unicode emoji.
    fetch_emoji_like(
        message_id: id, emoji_id = "emojiId": number, emoji_type = "emojiType": number; EmojiPageOptions
    ) -> EmojiLikePage;
    /// All who reacted with one emoji.
    get_emoji_likes(message_id: id, emoji_id: number; EmojiLikesOptions) -> EmojiLikes;
    /// The text of a received voice message.
    fetch_ptt_text(message_id: id) -> VoiceText;
    /// The chats with the newest messages, 10 if not said otherwise.
    get_recent_contact(; CountOptions) -> Vec<RecentContact>;
    /// Pokes, in a group if that is given, else in private. Needs NapCat's packet backend.
    send_poke(user_id: id; PokeOptions) -> ();
    /// Pokes in a group. Needs NapCat's packet backend.
    group_poke(group_id: id, user_id: id; PokeTargetOptions) -> ();
    /// Pokes in private. Needs NapCat's packet backend.
    friend_poke(user_id: id; PokeTargetOptions) -> ();
    /// Presses a button under an official bot's message.
    click_inline_keyboard_button(group_id: id, bot_appid: id; ButtonOptions) -> Value;
    /// The card that recommends a group, as JSON for [`Message::card`](crate::Message::card); nothing is sent.
    send_group_ark_share(group_id: id) -> String;
    /// The card that recommends a user or a group, as `arkMsg` or `arkJson`; nothing is sent.
    send_ark_share(; ArkShareOptions) -> Value;
    /// The old name of [`send_group_ark_share`].
    ark_share_group = "ArkShareGroup"(group_id: id) -> String;
    /// The old name of [`send_ark_share`].
    ark_share_peer = "ArkSharePeer"(; ArkShareOptions) -> Value;
    /// A signed mini-app card. Needs NapCat's packet backend.
    get_mini_app_ark(
        title: text, desc: text, pic_url = "picUrl": text, jump_url = "jumpUrl": text; MiniAppOptions
    ) -> MiniAppArk;
    /// Adds to QQ's favourites.
    create_collection(raw_data = "rawData": text, brief: text) -> Value;
    /// QQ's favourites of a category.
    get_collection_list(category: number; CollectionOptions) -> Value;
}
