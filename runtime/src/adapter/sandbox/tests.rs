use super::*;
use crate::model::{Forward, ForwardNode, Image, Media, MediaSource, Notice, plain_text, text};

struct Room {
    bot: Arc<Sandbox>,
    seen: Arc<Mutex<Vec<String>>>,
}

fn room() -> Room {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&seen);
    let screen = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    Room { bot: Sandbox::new(Box::new(screen), Language::English), seen }
}

impl Room {
    fn event(&self, line: &str) -> Incoming {
        match self.bot.typed(line) {
            Typed::Event(event) => *event,
            other => panic!("{line:?} came to {other:?}"),
        }
    }

    fn message(&self, line: &str) -> Message {
        self.event(line).message().unwrap().clone()
    }

    fn note(&self, line: &str) -> String {
        match self.bot.typed(line) {
            Typed::Note(note) => note,
            other => panic!("{line:?} came to {other:?}"),
        }
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    async fn answer(&self, line: &str, content: Vec<Segment>) -> Receipt {
        let event = self.event(line);
        let chat = event.message().unwrap().chat.clone();
        self.bot.send(&chat, &content, Some(&event), false).await.unwrap()
    }
}

#[test]
fn a_line_is_a_private_message_to_the_bot() {
    let room = room();
    let event = room.event("  /echo hi  ");
    let message = event.message().unwrap();
    assert_eq!(message.content, text("/echo hi"));
    assert_eq!((message.text.as_str(), message.raw.as_str()), ("/echo hi", "/echo hi"));
    assert_eq!(message.chat, Chat::Private("10001".to_owned()));
    assert_eq!(message.sender.id, "10001");
    assert!(message.to_me);
    assert_eq!((event.event.bot.id.as_str(), event.event.bot.platform.as_str()), (BOT_ID, "sandbox"));
    assert_eq!(event.dedup, None);
    assert!(matches!(room.bot.typed(" \t"), Typed::Nothing));
}

#[test]
fn every_message_and_every_event_has_an_id_of_its_own() {
    let room = room();
    let events: Vec<_> = (0..100).map(|_| room.event("same")).collect();
    let ids = events.iter().flat_map(|event| [event.event.id.clone(), event.message().unwrap().id.clone()]);
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 200);
}

#[test]
fn user_and_group_can_be_changed() {
    let room = room();
    assert_eq!(room.note(":user 10002 Bob Ross"), "You are user 10002, in private.");
    assert_eq!(room.note("：group 20001"), "You are user 10002, member in group 20001.");
    assert_eq!(room.note(":role admin"), "You are user 10002, admin in group 20001.");
    assert_eq!(room.bot.place(), "10002@20001");
    let message = room.message("hello");
    assert_eq!(message.chat, Chat::Group("20001".to_owned()));
    assert_eq!((message.sender.nickname.as_str(), message.sender.role), ("Bob Ross", Role::Admin));
    assert!(!message.to_me);
    room.note(":private");
    assert_eq!(room.message("hello").chat, Chat::Private("10002".to_owned()));
}

#[test]
fn mentions_and_simple_segments_can_be_typed() {
    let room = room();
    room.note(":group 20001");
    let message = room.message("@bot hello @10002 [face 14][image: http://x/cat.png] a@bot.example");
    assert!(message.to_me);
    let shown = room.bot.lock().shown(&message.content);
    assert_eq!(shown, "@bot hello @10002 [face 14][image: http://x/cat.png] a@bot.example");
    assert_eq!(message.text, "hello   a@bot.example");
    assert_eq!(message.content.len(), 7);
    for (line, to_me) in
        [("@10000", true), ("@all", false), ("@botany", false), ("@", false), ("mail@bot", false)]
    {
        assert_eq!(room.message(line).to_me, to_me, "{line}");
    }
    for line in ["[face]", "[face x]", "[image:]", "[", "[]", "[face 1", "@someone"] {
        assert_eq!(room.message(line).content, text(line));
    }
}

#[test]
fn lines_for_the_chat_itself_do_not_reach_the_plugins() {
    let room = room();
    assert!(room.note(":help").contains(":group ID"));
    assert!(room.note(":grup 1").contains("did you mean `:group`"));
    assert!(room.note(":zzz").contains("`::zzz`"));
    assert_eq!(room.note(":group"), "Usage: :group ID");
    assert_eq!(room.note(":role king"), "Usage: :role member|admin|owner");
    assert_eq!(room.note(":quit now"), "Usage: :quit");
    assert!(matches!(room.bot.typed(":quit"), Typed::Quit));
    assert_eq!(room.message("::zzz").text, ":zzz");
    assert_eq!(room.message(":)").text, ":)");
    assert_eq!(room.message(":").text, ":");
}

#[test]
fn a_user_can_join_and_poke() {
    let room = room();
    assert!(room.note(":join").contains(":group"));
    let EventBody::Notice(Notice::Poked(poke)) = room.event(":poke").event.body.clone() else { panic!() };
    assert_eq!((poke.sender.as_str(), poke.target.as_str()), ("10001", BOT_ID));
    room.note(":group 20001");
    let joined = room.event(":join 10003 New Face");
    let EventBody::Notice(Notice::MemberJoined(change)) = &joined.event.body else { panic!() };
    assert_eq!(
        (change.group.as_str(), change.user.as_str(), change.how.as_str()),
        ("20001", "10003", "approve")
    );
    let EventBody::Notice(Notice::MemberLeft(change)) = room.event(":leave 10003").event.body.clone() else {
        panic!()
    };
    assert_eq!(change.user, "10003");
    assert_eq!(room.note(":leave 1 2"), "Usage: :leave [ID]");
}

#[tokio::test]
async fn what_the_bot_sends_is_shown_with_its_place_if_it_is_elsewhere() {
    let room = room();
    room.answer("hi", text("hello\nthere")).await;
    room.note(":group 20001");
    room.answer("hi", text("in the group")).await;
    room.bot.send(&Chat::Private("10009".into()), &text("psst"), None, false).await.unwrap();
    assert_eq!(room.seen(), ["hello\nthere", "in the group", "[private 10009] psst"]);
}

#[tokio::test]
async fn a_quoting_answer_shows_what_it_quotes() {
    let room = room();
    let event = room.event("question");
    let chat = event.message().unwrap().chat.clone();
    room.bot.send(&chat, &text("answer"), Some(&event), true).await.unwrap();
    assert_eq!(room.seen(), ["[reply to 1: question] answer"]);
}

#[tokio::test]
async fn messages_can_be_fetched_and_recalled_once() {
    let room = room();
    let sent = room.answer("hi", text("oops")).await.messages.remove(0);
    let chat = Chat::Private("10001".into());
    let fetched = room.bot.fetch(&chat, &sent).await.unwrap();
    assert_eq!((plain_text(&fetched.content).as_str(), fetched.sender.id.as_str()), ("oops", BOT_ID));
    assert!(fetched.sender.is_bot);
    room.bot.recall(&chat, &sent).await.unwrap();
    assert_eq!(room.seen(), ["oops", "[recalled: oops]"]);
    assert!(matches!(room.bot.recall(&chat, &sent).await, Err(Error::NotFound(_))));
    assert!(matches!(room.bot.fetch(&chat, &sent).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn memory_of_messages_is_bounded() {
    let room = room();
    let first = room.message("first").id;
    for _ in 0..REMEMBERED {
        room.event("more");
    }
    assert!(room.bot.fetch(&Chat::Private("10001".into()), &first).await.is_err());
    assert_eq!(room.bot.lock().messages.len(), REMEMBERED);
}

#[tokio::test]
async fn empty_messages_and_platform_actions_are_refused_with_a_reason() {
    let room = room();
    let chat = Chat::Private("10001".into());
    assert!(matches!(room.bot.send(&chat, &[], None, false).await, Err(Error::Invalid(_))));
    let refused = room.bot.call("get_status", json!({})).await;
    assert!(matches!(refused, Err(Error::Unsupported(text)) if text.contains("get_status")));
    assert!(room.seen().is_empty());
}

#[test]
fn every_segment_is_readable() {
    let media = |source| Media { source, name: None, size: None, file_id: None, mime_type: None };
    let image = |source| {
        Segment::Image(Image {
            media: media(source),
            summary: None,
            sub_type: None,
            width: None,
            height: None,
        })
    };
    let inner = serde_json::to_string(&[
        image(MediaSource::Bytes(vec![0; 7])),
        Segment::Forward(Forward {
            id: None,
            nodes: vec![node("Carol", r#"[{"type":"text","data":"deep"}]"#)],
            cover: None,
        }),
    ])
    .unwrap();
    let forward = Forward {
        id: None,
        nodes: vec![
            node("Alice", r#"[{"type":"text","data":"two\nlines"}]"#),
            node("Bob", &inner),
            node("", "broken"),
        ],
        cover: None,
    };
    let room = room();
    let show = |content: &[Segment]| room.bot.lock().shown(content);
    assert_eq!(
        show(&[Segment::Forward(forward)]),
        "[forward]\n  Alice: two\n    lines\n  Bob: [image: 7 bytes][forward]\n      Carol: deep\n  10005: broken"
    );
    assert_eq!(show(&[image(MediaSource::PlatformFile("A1.png".into()))]), "[image: A1.png]");
    assert_eq!(
        show(&[Segment::Shake, Segment::Dice(crate::model::Game { outcome: Some("6".into()) })]),
        "[shake][dice 6]"
    );
    assert_eq!(show(&text("bell\u{7} esc\u{1b}[2J\r\nend")), "bell\u{fffd} esc\u{fffd}[2J\nend");
    let card = Segment::Card(format!("{{\"x\":\"{}\"}}", "长".repeat(100)));
    assert_eq!(show(&[card]).chars().count(), "[card: ]".len() + 41);
}

fn node(nickname: &str, content: &str) -> ForwardNode {
    ForwardNode {
        message: None,
        sender: "10005".to_owned(),
        nickname: nickname.to_owned(),
        time: None,
        content: content.to_owned(),
    }
}

#[tokio::test]
async fn the_history_ends_where_it_is_asked_to() {
    use crate::bot::Chats as _;
    let room = room();
    let chat = room.message("1").chat;
    let answered = room.answer("2", text("3")).await;
    room.note(":group 20001");
    room.message("elsewhere");
    let ids = |messages: Vec<Message>| messages.into_iter().map(|it| it.raw).collect::<Vec<_>>();
    assert_eq!(ids(room.bot.history(chat.clone(), None, 9).await.unwrap()), ["1", "2", "3"]);
    assert_eq!(ids(room.bot.history(chat.clone(), None, 2).await.unwrap()), ["2", "3"]);
    assert!(room.bot.history(chat.clone(), None, 0).await.unwrap().is_empty());
    let before = answered.messages[0].parse::<u64>().unwrap() - 1;
    assert_eq!(ids(room.bot.history(chat.clone(), Some(before.to_string()), 9).await.unwrap()), ["1", "2"]);
    assert!(matches!(room.bot.history(chat, Some("99".to_owned()), 9).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn groups_and_people_are_those_that_were_met() {
    use crate::bot::{Friends, Groups};
    let room = room();
    assert!(Groups::list(&*room.bot).await.unwrap().is_empty());
    room.note(":group 20001");
    room.note(":user 10002 Ann");
    room.note(":role admin");
    room.message("hello");
    let groups = Groups::list(&*room.bot).await.unwrap();
    assert_eq!((groups.len(), groups[0].id.as_str(), groups[0].members), (1, "20001", Some(2)));
    assert_eq!(Groups::info(&*room.bot, "20001".to_owned()).await.unwrap(), groups[0]);
    let ann = room.bot.member("20001".to_owned(), "10002".to_owned()).await.unwrap();
    assert_eq!((ann.user.nickname.as_str(), ann.user.role), ("Ann", Role::Admin));
    assert!(ann.last_spoke.is_some());
    assert!(matches!(Groups::info(&*room.bot, "1".to_owned()).await, Err(Error::NotFound(_))));
    assert!(matches!(room.bot.member("20001".to_owned(), "9".to_owned()).await, Err(Error::NotFound(_))));
    let friends: Vec<_> = Friends::list(&*room.bot).await.unwrap().into_iter().map(|it| it.user.id).collect();
    assert_eq!(friends, ["10002"]);
    assert_eq!(room.bot.profile("10002".to_owned()).await.unwrap().user.nickname, "Ann");
    let refusal = room.bot.mute("20001".to_owned(), "10002".to_owned(), 60).await;
    let Err(Error::Unsupported(text)) = refusal else { panic!("{refusal:?}") };
    assert!(text.contains("groups.mute ") && text.contains("sandbox"), "{text}");
}
