//! Typed actions on a real socket: what goes out, and what becomes of the answer.

use serde_json::{Value, json};

use super::server::*;
use super::*;
use crate::bot::{Answer, Bot, Friends, Groups};
use crate::model::{
    Chat, Error, FriendRequest, JoinRequest, Media, MediaSource, PlatformError, Request, Role, Segment,
    TemporaryChat,
};

pub(super) type Ask<T> = for<'a> fn(&'a dyn Bot) -> Answer<'a, T>;

/// A connected account and the server that it talks to.
pub(super) struct Line {
    pub(super) house: House,
    pub(super) peer: Peer,
}

impl Line {
    pub(super) async fn open() -> Self {
        let (listener, address) = listen().await;
        let mut house = House::open(settings(address));
        let peer = Peer::welcome(&listener).await;
        assert_eq!(house.state().await, "connected");
        Self { house, peer }
    }

    /// Asks, and answers the requests that this makes with these frames in turn. Answers the requests too.
    pub(super) async fn exchange<T>(
        &mut self,
        ask: impl for<'a> FnOnce(&'a dyn Bot) -> Answer<'a, T>,
        frames: &[Value],
    ) -> (Vec<Value>, Result<T, Error>) {
        let bot = self.house.bot();
        soon("the answer", async { tokio::join!(serve(&mut self.peer, frames), ask(&*bot)) }).await
    }
}

/// Answers requests with these frames in turn; which requests.
pub(super) async fn serve(peer: &mut Peer, frames: &[Value]) -> Vec<Value> {
    let mut requests = Vec::new();
    for frame in frames {
        let request = peer.request().await;
        let mut frame = frame.clone();
        frame["echo"] = request["echo"].clone();
        peer.say(&frame).await;
        requests.push(json!([request["action"], request["params"]]));
    }
    requests
}

pub(super) fn ok(data: &Value) -> Value {
    json!({"status": "ok", "retcode": 0, "data": data, "message": "", "wording": ""})
}

pub(super) fn failed(message: &str) -> Value {
    json!({"status": "failed", "retcode": 1200, "data": null, "message": message, "wording": message})
}

fn recorded(name: &str) -> Value {
    let path = corpus_dir().join("onebot").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn s(text: &str) -> String {
    text.to_owned()
}

fn any_event() -> std::sync::Arc<crate::model::Incoming> {
    crate::adapter::sandbox::Sandbox::connected().into()
}

pub(super) fn group() -> Chat {
    Chat::Group(s("757951413"))
}

pub(super) fn friend() -> Chat {
    Chat::Private(s("5079132"))
}

pub(super) fn medium(source: MediaSource, name: Option<&str>) -> Media {
    Media { source, name: name.map(str::to_owned), size: None, file_id: None, mime_type: None }
}

fn join_request(token: &str) -> JoinRequest {
    JoinRequest {
        group: s("757951413"),
        user: s("5079132"),
        nickname: None,
        inviter: None,
        comment: String::new(),
        source: None,
        auto_approved: false,
        token: s(token),
    }
}

fn friend_request(user: &str) -> Request {
    let (comment, token) = (String::new(), s("1747106146"));
    Request::Friend(FriendRequest { user: s(user), nickname: None, comment, source: None, token })
}

#[tokio::test]
async fn what_is_ordered_goes_out_with_every_parameter_that_matters() {
    let table: &[(Ask<()>, &str, Value)] = &[
        (
            |bot| bot.groups().unwrap().kick(s("7"), s("5"), true),
            "set_group_kick",
            json!({"group_id": "7", "user_id": "5", "reject_add_request": true}),
        ),
        (
            |bot| bot.groups().unwrap().mute(s("7"), s("5"), 600),
            "set_group_ban",
            json!({"group_id": "7", "user_id": "5", "duration": 600}),
        ),
        (
            |bot| bot.groups().unwrap().mute(s("7"), s("5"), 0),
            "set_group_ban",
            json!({"group_id": "7", "user_id": "5", "duration": 0}),
        ),
        (
            |bot| bot.groups().unwrap().mute_all(s("7"), true),
            "set_group_whole_ban",
            json!({"group_id": "7", "enable": true}),
        ),
        (
            |bot| bot.groups().unwrap().set_admin(s("7"), s("5"), false),
            "set_group_admin",
            json!({"group_id": "7", "user_id": "5", "enable": false}),
        ),
        (
            |bot| bot.groups().unwrap().set_card(s("7"), s("5"), s("")),
            "set_group_card",
            json!({"group_id": "7", "user_id": "5", "card": ""}),
        ),
        (
            |bot| bot.groups().unwrap().set_title(s("7"), s("5"), s("龙骑士")),
            "set_group_special_title",
            json!({"group_id": "7", "user_id": "5", "special_title": "龙骑士"}),
        ),
        (
            |bot| bot.groups().unwrap().rename(s("7"), s(" new ")),
            "set_group_name",
            json!({"group_id": "7", "group_name": " new "}),
        ),
        (
            |bot| bot.groups().unwrap().set_essence(s("7"), s("9"), true),
            "set_essence_msg",
            json!({"message_id": "9"}),
        ),
        (
            |bot| bot.groups().unwrap().set_essence(s("7"), s("9"), false),
            "delete_essence_msg",
            json!({"message_id": "9"}),
        ),
        (
            |bot| {
                let picture = medium(MediaSource::Bytes(b"hi".to_vec()), None);
                bot.groups().unwrap().announce(s("7"), s("read"), Some(picture))
            },
            "_send_group_notice",
            json!({"group_id": "7", "content": "read", "pinned": 0, "type": 1, "confirm_required": 0,
                "is_show_edit_card": 0, "tip_window_type": 0, "image": "base64://aGk="}),
        ),
        (
            |bot| bot.groups().unwrap().remove_announcement(s("7"), s("n1")),
            "_del_group_notice",
            json!({"group_id": "7", "notice_id": "n1"}),
        ),
        (
            |bot| bot.groups().unwrap().leave(s("7")),
            "set_group_leave",
            json!({"group_id": "7", "is_dismiss": false}),
        ),
        (|bot| bot.friends().unwrap().like(s("5"), 10), "send_like", json!({"user_id": "5", "times": 10})),
        (|bot| bot.friends().unwrap().poke(s("5"), None), "send_poke", json!({"user_id": "5"})),
        (
            |bot| bot.friends().unwrap().poke(s("5"), Some(s("7"))),
            "send_poke",
            json!({"group_id": "7", "user_id": "5"}),
        ),
        (
            |bot| bot.friends().unwrap().remove(s("5")),
            "delete_friend",
            json!({"user_id": "5", "temp_block": false, "temp_both_del": false}),
        ),
        (
            |bot| bot.chats().unwrap().react(group(), s("9"), s("128516"), true),
            "set_msg_emoji_like",
            json!({"message_id": "9", "emoji_id": "128516", "set": true}),
        ),
        (
            |bot| bot.chats().unwrap().react(group(), s("9"), s("76"), false),
            "set_msg_emoji_like",
            json!({"message_id": "9", "emoji_id": "76", "set": false}),
        ),
        (
            |bot| bot.chats().unwrap().typing(any_event(), friend(), 5),
            "set_input_status",
            json!({"user_id": "5079132", "event_type": 1}),
        ),
        (
            |bot| bot.chats().unwrap().mark_read(group()),
            "mark_group_msg_as_read",
            json!({"group_id": "757951413"}),
        ),
        (
            |bot| bot.chats().unwrap().mark_read(friend()),
            "mark_private_msg_as_read",
            json!({"user_id": "5079132"}),
        ),
        (
            |bot| bot.files().unwrap().remove(s("7"), s("f")),
            "delete_group_file",
            json!({"group_id": "7", "file_id": "f"}),
        ),
        (
            |bot| bot.files().unwrap().remove_folder(s("7"), s("d")),
            "delete_group_folder",
            json!({"group_id": "7", "folder_id": "d"}),
        ),
        (
            |bot| bot.friends().unwrap().answer_request(friend_request("1"), true, Some(s("Ann"))),
            "set_friend_add_request",
            json!({"flag": "1747106146", "approve": true, "remark": "Ann"}),
        ),
        (
            |bot| bot.friends().unwrap().answer_request(friend_request("2"), false, Some(s("no"))),
            "set_friend_add_request",
            json!({"flag": "1747106146", "approve": false, "remark": ""}),
        ),
        (
            |bot| {
                let request = Request::Join(join_request("1747107600123456"));
                bot.friends().unwrap().answer_request(request, false, Some(s("full")))
            },
            "set_group_add_request",
            json!({"flag": "1747107600123456", "sub_type": "add", "approve": false, "reason": "full", "count": 100}),
        ),
        (
            |bot| {
                let request = Request::Invite(join_request("1747107600223456"));
                bot.friends().unwrap().answer_request(request, true, None)
            },
            "set_group_add_request",
            json!({"flag": "1747107600223456", "sub_type": "invite", "approve": true, "reason": "", "count": 100}),
        ),
    ];
    let mut line = Line::open().await;
    for (ask, action, params) in table {
        for answer in [recorded("response_void_without_data"), failed("不行")] {
            let fails = answer["retcode"] == 1200;
            if fails && action.ends_with("add_request") {
                continue;
            }
            let (requests, result) = line.exchange(ask, &[answer]).await;
            assert_eq!(requests, [json!([action, params])]);
            let refusal = PlatformError { code: 1200, message: s("不行"), trace: None };
            assert_eq!(result, if fails { Err(Error::Platform(refusal)) } else { Ok(()) }, "{action}");
        }
    }
    let (_, result) = line.exchange(table[8].0, &[ok(&json!({"result": 110, "errMsg": "no right"}))]).await;
    let refusal = PlatformError { code: 110, message: s("no right"), trace: None };
    assert_eq!(result, Err(Error::Platform(refusal)), "inside of a success");
    line.house.close().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_goes_out() {
    let mut line = Line::open().await;
    let invalid: &[Ask<()>] = &[
        |bot| bot.groups().unwrap().kick(s(""), s("5"), false),
        |bot| bot.groups().unwrap().kick(s("7"), s(" "), false),
        |bot| bot.groups().unwrap().mute(s("7"), s("5"), 30 * 86_400 + 1),
        |bot| bot.groups().unwrap().rename(s("7"), s("")),
        |bot| bot.friends().unwrap().like(s("5"), 0),
        |bot| bot.chats().unwrap().react(group(), s("9"), s("😄"), true),
        |bot| bot.friends().unwrap().answer_request(Request::Join(join_request("")), true, None),
    ];
    for ask in invalid {
        let (_, result) = line.exchange(ask, &[]).await;
        assert!(matches!(result, Err(Error::Invalid(_))), "{result:?}");
    }
    let unsupported: &[Ask<()>] = &[
        |bot| bot.chats().unwrap().react(friend(), s("9"), s("76"), true),
        |bot| bot.chats().unwrap().typing(any_event(), group(), 5),
    ];
    for ask in unsupported {
        let (_, result) = line.exchange(ask, &[]).await;
        assert!(matches!(result, Err(Error::Unsupported(_))), "{result:?}");
    }
    line.house.close().await;
}

#[tokio::test]
async fn groups_are_read_from_recorded_answers() {
    let mut line = Line::open().await;
    let (requests, groups) =
        line.exchange(|bot| bot.groups().unwrap().list(), &[recorded("response_get_group_list")]).await;
    assert_eq!(requests, [json!(["get_group_list", {"no_cache": false}])]);
    let groups = groups.unwrap();
    let seen = (groups.len(), groups[0].id.as_str(), groups[0].name.as_str(), groups[0].muted);
    assert_eq!(seen, (1, "757951413", "测试群", false));
    assert_eq!((groups[0].members, groups[0].capacity, &groups[0].remark), (Some(12), Some(200), &None));

    let muted = json!({"group_id": "7", "group_name": "n", "group_remark": "r", "group_all_shut": -1});
    let (requests, info) =
        line.exchange(|bot| Groups::info(bot.groups().unwrap(), s("7")), &[ok(&muted)]).await;
    assert_eq!(requests, [json!(["get_group_info", {"group_id": "7"}])]);
    let info = info.unwrap();
    assert!(info.muted && info.members.is_none() && info.remark.as_deref() == Some("r"));
    for gone in [failed("群7不存在"), ok(&Value::Null)] {
        let (_, info) = line.exchange(|bot| Groups::info(bot.groups().unwrap(), s("7")), &[gone]).await;
        assert!(matches!(info, Err(Error::NotFound(_))), "{info:?}");
    }

    let member = json!({"group_id": 7, "user_id": 5, "nickname": "n", "card": "c", "level": "12", "role": "owner",
        "title": "t", "join_time": 1_700_000_000, "last_sent_time": 1_700_000_001_000_u64, "shut_up_timestamp": 0,
        "is_robot": true});
    let (requests, members) = line
        .exchange(|bot| bot.groups().unwrap().members(s("7")), &[ok(&json!([member, {"nickname": "no id"}]))])
        .await;
    assert_eq!(requests, [json!(["get_group_member_list", {"group_id": "7", "no_cache": false}])]);
    let members = members.unwrap();
    assert_eq!(members.len(), 1);
    let one = &members[0];
    assert_eq!((one.user.role, one.user.level.as_deref(), one.user.is_bot), (Role::Owner, Some("12"), true));
    assert_eq!((one.joined, one.last_spoke, one.muted_until), (Some(1.7e9), Some(1_700_000_001.0), None));
    let (requests, _) = line
        .exchange(|bot| bot.groups().unwrap().member(s("7"), s("5")), &[failed("群(7)成员5不存在")])
        .await;
    let params = json!({"group_id": "7", "user_id": "5", "no_cache": true});
    assert_eq!(requests, [json!(["get_group_member_info", params])]);

    let essence = json!([{"msg_seq": 1, "sender_id": 5, "sender_nick": "n", "operator_id": 6, "message_id": 9,
        "operator_time": 1_700_000_000, "content": [{"type": "text", "data": {"text": "wise"}}]}]);
    let (_, essences) = line.exchange(|bot| bot.groups().unwrap().essences(s("7")), &[ok(&essence)]).await;
    let essences = essences.unwrap();
    assert_eq!(
        (essences[0].message.as_str(), &essences[0].content[..]),
        ("9", &[Segment::Text(s("wise"))][..])
    );

    let notices =
        json!([{"notice_id": "n", "sender_id": 5, "publish_time": 1_700_000_000, "message": {"text": "t"}}]);
    let (_, notices) =
        line.exchange(|bot| bot.groups().unwrap().announcements(s("7")), &[ok(&notices)]).await;
    let notice = &notices.unwrap()[0];
    assert_eq!((notice.id.as_str(), notice.text.as_str(), notice.time), ("n", "t", 1.7e9));
    line.house.close().await;
}

#[tokio::test]
async fn friends_and_requests_are_read_from_recorded_answers() {
    let mut line = Line::open().await;
    let (_, friends) = line
        .exchange(|bot| Friends::list(bot.friends().unwrap()), &[recorded("response_get_friend_list")])
        .await;
    let friends = friends.unwrap();
    assert_eq!((friends[0].user.id.as_str(), friends[0].user.nickname.as_str()), ("5079132", "东风寄千愁"));

    let profile =
        json!({"user_id": 5, "nickname": "n", "age": 18, "sex": "female", "long_nick": "hi", "remark": ""});
    let (requests, profile) =
        line.exchange(|bot| bot.friends().unwrap().profile(s("5")), &[ok(&profile)]).await;
    assert_eq!(requests, [json!(["get_stranger_info", {"user_id": "5", "no_cache": false}])]);
    let profile = profile.unwrap();
    assert_eq!((profile.age, profile.sex.as_deref(), profile.remark), (Some(18), Some("female"), None));
    let (_, profile) =
        line.exchange(|bot| bot.friends().unwrap().profile(s("5")), &[failed("无法获取用户信息")]).await;
    assert!(matches!(profile, Err(Error::NotFound(_))), "{profile:?}");

    let mut answer = recorded("response_get_group_system_msg");
    let mut done = answer["data"]["join_requests"][0].clone();
    done["checked"] = true.into();
    answer["data"]["join_requests"].as_array_mut().unwrap().push(done.clone());
    done["checked"] = false.into();
    answer["data"]["InvitedRequest"] = json!([done]);
    let (_, pending) = line.exchange(|bot| bot.friends().unwrap().pending_requests(), &[answer]).await;
    let pending = pending.unwrap();
    let [Request::Join(join), Request::Invite(_)] = &pending[..] else { panic!("{pending:?}") };
    assert_eq!((join.token.as_str(), join.user.as_str()), ("1747107600123456", "5079132"));
    assert_eq!((join.group.as_str(), join.comment.as_str()), ("757951413", "想加入群聊"));
    line.house.close().await;
}

#[tokio::test]
async fn a_request_that_was_answered_before_is_expired() {
    let mut line = Line::open().await;
    let accept: Ask<()> = |bot| {
        let request = Request::Join(join_request("1747107600123456"));
        bot.friends().unwrap().answer_request(request, true, None)
    };
    let (_, gone) = line.exchange(accept, &[failed("No such request")]).await;
    assert!(matches!(gone, Err(Error::Expired(_))), "{gone:?}");
    let mut checked = recorded("response_get_group_system_msg");
    let (_, refused) = line.exchange(accept, &[failed("odd"), checked.clone()]).await;
    assert!(matches!(refused, Err(Error::Platform(_))), "it is still open: {refused:?}");
    checked["data"]["join_requests"][0]["checked"] = true.into();
    let (_, gone) = line.exchange(accept, &[failed("odd"), checked]).await;
    assert!(matches!(gone, Err(Error::Expired(_))), "{gone:?}");
    let (_, done) = line.exchange(accept, &[ok(&Value::Null)]).await;
    assert_eq!(done, Ok(()));
    let (_, again) = line.exchange(accept, &[]).await;
    assert!(matches!(again, Err(Error::Expired(_))), "nothing goes out: {again:?}");
    line.house.close().await;
}

#[tokio::test]
async fn histories_end_at_the_message_and_stand_in_order() {
    let mut line = Line::open().await;
    let (requests, found) = line
        .exchange(
            |bot| bot.chats().unwrap().history(group(), None, 20),
            &[recorded("response_get_group_msg_history")],
        )
        .await;
    let params = json!({"group_id": "757951413", "message_seq": "0", "count": 20, "reverse_order": false,
        "reverseOrder": false});
    assert_eq!(requests, [json!(["get_group_msg_history", params])]);
    assert_eq!(found.unwrap()[0].id, "2096329721");

    let many = |ids: &[i64]| {
        let messages: Vec<_> = ids.iter().map(|id| message(*id, "x")).collect();
        let mut messages = json!({"messages": messages});
        for (message, id) in messages["messages"].as_array_mut().unwrap().iter_mut().zip(ids) {
            message["real_seq"] = id.to_string().into();
        }
        ok(&messages)
    };
    let ids = |found: Result<Vec<crate::model::Message>, Error>| {
        found.unwrap().into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    let before: Ask<_> = |bot| bot.chats().unwrap().history(friend(), Some(s("3")), 2);
    let (_, found) = line.exchange(before, &[many(&[4, 3, 1, 2])]).await;
    assert_eq!(ids(found), ["2", "3"]);
    let (requests, found) = line.exchange(before, &[many(&[3, 4]), many(&[3, 2])]).await;
    assert_eq!(ids(found), ["2", "3"], "a build that goes on from the message");
    assert_eq!(requests[1][1]["reverse_order"], true);

    let newest: Ask<_> = |bot| bot.chats().unwrap().history(friend(), None, 2);
    let (_, found) = line.exchange(newest, &[failed("消息undefined不存在")]).await;
    assert_eq!(ids(found), Vec::<String>::new());
    let (_, found) = line.exchange(before, &[failed("消息3不存在")]).await;
    assert!(matches!(found, Err(Error::NotFound(_))), "{found:?}");
    let (_, found) = line.exchange(|bot| bot.chats().unwrap().history(group(), None, 9), &[many(&[1])]).await;
    assert_eq!(ids(found), Vec::<String>::new(), "a message of another chat");
    let none: Ask<_> = |bot| bot.chats().unwrap().history(friend(), None, 0);
    assert_eq!(ids(line.exchange(none, &[]).await.1), Vec::<String>::new());
    let temporary: Ask<_> = |bot| {
        let chat = Chat::Temporary(TemporaryChat { user: s("5079132"), group: Some(s("7")) });
        bot.chats().unwrap().history(chat, None, 9)
    };
    let (requests, _) = line.exchange(temporary, &[many(&[1])]).await;
    assert_eq!(requests[0][1]["user_id"], "5079132");
    line.house.close().await;
}

#[tokio::test]
async fn merged_messages_are_read_in_each_of_their_forms() {
    let mut line = Line::open().await;
    let ask: Ask<_> = |bot| bot.chats().unwrap().fetch_forward(s("7505442611578883339"));
    for name in ["response_get_forward_msg", "response_get_forward_msg_gocq_nodes"] {
        let (requests, found) = line.exchange(ask, &[recorded(name)]).await;
        assert_eq!(requests, [json!(["get_forward_msg", {"id": "7505442611578883339"}])]);
        let found = found.unwrap();
        assert_eq!(
            (found[0].text.as_str(), found[0].sender.id.as_str()),
            ("inner text", "5079132"),
            "{name}"
        );
    }
    let inner = json!([{"type": "node", "data": {"user_id": "5", "nickname": "n",
        "content": [{"type": "text", "data": {"text": "deep"}}]}}]);
    let nested = json!({"messages": [
        {"type": "node", "data": {"uin": 1, "name": "old", "content": [{"type": "forward",
            "data": {"id": "1", "content": inner}}]}},
        {"content": "nobody"},
    ]});
    let (_, found) = line.exchange(ask, &[ok(&nested)]).await;
    let found = found.unwrap();
    let Segment::Forward(forward) = &found[0].content[0] else { panic!("{found:?}") };
    assert!(forward.nodes[0].content.contains("deep"));
    assert_eq!((found[0].sender.nickname.as_str(), found[1].text.as_str()), ("old", "nobody"));
    for gone in [failed("消息已过期或者为内层消息，无法获取转发消息"), ok(&Value::Null)]
    {
        let (_, found) = line.exchange(ask, &[gone]).await;
        assert!(matches!(found, Err(Error::NotFound(_))), "{found:?}");
    }
    line.house.close().await;
}
