//! The typed actions and the raw one.

use iglu_simulator::qq::{CHANNEL, Fault, GROUP, GUILD, Options, USER};
use serde_json::json;

use super::{Stage, body, chat_of, media};
use crate::bot::{Bot as _, Chats as _, Files as _, Friends as _, Groups};
use crate::model::{ChannelChat, Chat, Error, EventBody, MediaSource};

fn channel() -> Chat {
    Chat::Channel(ChannelChat { guild: GUILD.to_owned(), channel: CHANNEL.to_owned() })
}

#[tokio::test]
async fn a_message_is_taken_back_within_its_time() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let chat = chat_of(&heard);
    let first = stage.reply(&heard, "x").await.unwrap().messages.remove(0);
    stage.account.recall(&chat, &first).await.unwrap();
    assert_eq!(stage.player.recalled(), std::slice::from_ref(&first));
    assert!(matches!(stage.account.recall(&chat, &first).await, Err(Error::NotFound(_))));
    assert!(matches!(stage.account.recall(&chat, " ").await, Err(Error::Invalid(_))));
    let late = stage.reply(&heard, "x").await.unwrap().messages.remove(0);
    stage.platform.advance(std::time::Duration::from_secs(121));
    let Err(Error::Platform(error)) = stage.account.recall(&chat, &late).await else { panic!() };
    assert!(error.code == 40_064_004 && error.message.contains("two minutes"), "{error:?}");
    let sent = stage.send(&channel(), "x").await.unwrap().messages.remove(0);
    stage.account.recall(&channel(), &sent).await.unwrap();
    let request = stage.requests("DELETE", "/channels/*/messages/*").pop().unwrap();
    assert_eq!(request.query, "hidetip=true");
}

#[tokio::test]
async fn typing_takes_a_number_and_no_answer() {
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let event = stage.player.c2c(USER, "hi");
    let heard = stage.heard(&event);
    stage.account.typing(heard.clone(), chat_of(&heard), 90).await.unwrap();
    let request = stage.requests("POST", "/v2/users/*/messages").pop().unwrap();
    let expected = json!({
        "msg_type": 6,
        "input_notify": {"input_type": 1, "input_second": 60},
        "msg_id": event.message_id(),
        "msg_seq": 1,
    });
    assert_eq!(body(&request), expected);
    for _ in 0..4 {
        stage.reply(&heard, "x").await.unwrap();
    }
    stage.platform.fault("POST", "/v2/users/*/messages", 1, Fault::error(400, 50_059, "no"));
    assert_eq!(stage.account.typing(heard.clone(), chat_of(&heard), 5).await, Ok(()), "it is a courtesy");
    let group = stage.heard(&stage.player.group_at(GROUP, USER, "hi"));
    let refused = stage.account.typing(group.clone(), chat_of(&group), 5).await;
    assert!(matches!(refused, Err(Error::Unsupported(_))));
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn reactions_are_of_channels() {
    let stage = Stage::new().await;
    let event = stage.player.channel_at(USER, "hi");
    let message = event.message_id().to_owned();
    for (emoji, kind) in [("76", 1), ("128516", 2)] {
        for add in [true, false] {
            stage.account.react(channel(), message.clone(), emoji.to_owned(), add).await.unwrap();
            let method = if add { "PUT" } else { "DELETE" };
            let path = format!("/channels/{CHANNEL}/messages/{message}/reactions/{kind}/{emoji}");
            assert_eq!(stage.requests(method, &path).len(), 1, "{method} {path}");
        }
    }
    let refused =
        stage.account.react(Chat::Group(GROUP.to_owned()), message.clone(), "76".to_owned(), true).await;
    assert!(matches!(refused, Err(Error::Unsupported(_))));
    assert!(matches!(
        stage.account.react(channel(), message, "😄".to_owned(), true).await,
        Err(Error::Invalid(_))
    ));
}

#[tokio::test]
async fn groups_are_read_and_kept() {
    let stage = Stage::new().await;
    let group = stage.account.groups().unwrap();
    stage.platform.fault(
        "GET",
        "/v2/groups/*/info",
        1,
        Fault::answer(
            200,
            r#"{"group_openid":"G","group_name":"猫","group_finger_memo":"m","group_member_num":7}"#,
        ),
    );
    let info = Groups::info(group, GROUP.to_owned()).await.unwrap();
    assert_eq!(
        (&*info.id, &*info.name, info.description.as_deref(), info.members),
        ("G", "猫", Some("m"), Some(7))
    );
    let pages = [
        r#"{"members":[{"member_openid":"A","username":"a","member_role":"owner"},{}],"next_cursor":"c 1"}"#,
        r#"{"members":[{"member_openid":"B","joined_at":"2026-01-01T00:00:00+08:00"}],"next_cursor":""}"#,
    ];
    for page in pages {
        stage.platform.fault("GET", "/v2/groups/*/members", 1, Fault::answer(200, page));
    }
    let members = group.members(GROUP.to_owned()).await.unwrap();
    let ids: Vec<_> = members.iter().map(|member| &*member.user.id).collect();
    assert_eq!(ids, ["A", "B"]);
    assert!(members[1].joined.is_some_and(|joined| joined > 1.7e9));
    stage.platform.fault("POST", "/v2/groups/*/batch_remove_members", 1, Fault::answer(200, "{}"));
    group.kick(GROUP.to_owned(), "A".to_owned(), true).await.unwrap();
    let request = stage.requests("POST", "/v2/groups/*/batch_remove_members").pop().unwrap();
    assert_eq!(body(&request), json!({"member_openids": ["A"], "add_to_member_blacklist": true}));
    assert!(matches!(Groups::info(group, " ".to_owned()).await, Err(Error::Invalid(_))));
    assert!(
        matches!(group.leave(GROUP.to_owned()).await, Err(Error::Unsupported(_))),
        "QQ has no such request"
    );
}

#[tokio::test]
async fn join_requests_are_answered() {
    let stage = Stage::new().await;
    let event = stage.player.join_request(GROUP, USER, "let me in");
    let heard = stage.heard(&event);
    let EventBody::Request(request) = heard.event.body.clone() else { panic!("{:?}", heard.event.body) };
    let path = "/v2/groups/*/approval_join_request/*";
    stage.platform.fault("POST", path, 2, Fault::answer(200, "{}"));
    stage.account.answer_request(request.clone(), true, Some("x".to_owned())).await.unwrap();
    stage.account.answer_request(request.clone(), false, Some("full".to_owned())).await.unwrap();
    let bodies: Vec<_> = stage.requests("POST", path).iter().map(|request| body(request)).collect();
    assert_eq!((&bodies[0]["op"], bodies[0].get("reject_reason")), (&json!("approve"), None));
    assert_eq!((&bodies[1]["op"], &bodies[1]["reject_reason"]), (&json!("decline"), &json!("full")));
    assert!(bodies[0]["join_request_id"].is_string());
    stage.platform.fault("POST", path, 1, Fault::error(400, 11_004, "gone"));
    let refused = stage.account.answer_request(request, true, None).await;
    assert!(matches!(refused, Err(Error::Expired(_))), "{refused:?}");
}

#[tokio::test]
async fn a_raw_message_shares_the_numbers_of_the_others() {
    let stage = Stage::new().await;
    let event = stage.player.c2c(USER, "hi");
    let heard = stage.heard(&event);
    let action = format!("POST /v2/users/{USER}/messages");
    let raw = |text: &str| json!({"msg_type": 0, "content": text, "msg_id": event.message_id()});
    stage.reply(&heard, "1").await.unwrap();
    let answer = stage.account.call(&action, raw("2")).await.unwrap();
    assert!(stage.account.memory.wrote(answer["id"].as_str().unwrap()));
    let mut numbered = raw("3");
    numbered["msg_seq"] = json!(9);
    stage.account.call(&action, numbered).await.unwrap();
    stage.reply(&heard, "4").await.unwrap();
    let numbers: Vec<_> = stage.platform.sent().iter().map(|sent| sent.body["msg_seq"].clone()).collect();
    assert_eq!(numbers, [1, 2, 9, 10]);
    assert!(stage.reply(&heard, "5").await.is_ok(), "on the bot's own initiative");
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn any_request_can_be_made_by_hand() {
    let stage = Stage::new().await;
    let me = stage.account.call("GET /users/@me", json!({})).await.unwrap();
    assert_eq!(me["id"], *stage.player.app().user_id);
    stage.account.call("GET /users/@me/guilds", json!({"limit": 1})).await.unwrap();
    assert_eq!(stage.requests("GET", "/users/@me/guilds").pop().unwrap().query, "limit=1");
    let Err(Error::Platform(error)) = stage.account.call("GET /no/such", json!({})).await else { panic!() };
    assert!(error.code > 0, "{error:?}");
    for (action, params) in
        [("GET /users/@me", json!([])), ("users", json!({})), ("GET //evil.example", json!({}))]
    {
        assert!(matches!(stage.account.call(action, params).await, Err(Error::Invalid(_))), "{action}");
    }
}

#[tokio::test]
async fn files_are_fetched_from_where_the_platform_has_them() {
    let stage = Stage::new().await;
    let url = stage.platform.put_media("a.txt", b"hello".to_vec());
    let file = || media(MediaSource::Url(url.clone()));
    assert_eq!(stage.account.download(file(), 5, true).await, Ok(b"hello".to_vec()));
    assert!(matches!(stage.account.download(file(), 4, true).await, Err(Error::Exhausted(_))));
    assert!(
        matches!(stage.account.download(file(), 5, false).await, Err(Error::Denied(_))),
        "a plugin's address"
    );
    let token = media(MediaSource::PlatformFile("x".to_owned()));
    assert!(matches!(stage.account.download(token, 5, true).await, Err(Error::Unsupported(_))));
}

#[tokio::test]
async fn what_the_platform_has_not_is_unsupported() {
    let stage = Stage::new().await;
    let chat = Chat::Group(GROUP.to_owned());
    assert!(matches!(stage.account.fetch(&chat, "m").await, Err(Error::Unsupported(_))));
    assert!(matches!(stage.account.history(chat, None, 5).await, Err(Error::Unsupported(_))));
    assert!(matches!(stage.account.profile(USER.to_owned()).await, Err(Error::Unsupported(_))));
    assert!(matches!(stage.account.url(channel(), "f".to_owned()).await, Err(Error::Unsupported(_))));
}
