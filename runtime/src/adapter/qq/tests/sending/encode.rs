//! Message content as the platform's requests.

use serde_json::{Value, json};

use super::super::super::Rules;
use super::super::super::encode::{FileType, Piece, pieces};
use super::super::super::place::Scene;
use super::{image, media, payload};
use crate::model::{
    Error, Face, Markdown, MediaSource, Mention, Mentioned, Mface, Quote, Segment, UnknownSegment, Voice,
};

fn text(text: &str) -> Segment {
    Segment::Text(text.to_owned())
}

fn url(name: &str) -> Segment {
    image(MediaSource::Url(format!("https://example.com/{name}")))
}

fn at(id: &str) -> Segment {
    Segment::At(Mention::User(Mentioned { id: id.to_owned(), name: None, is_self: false }))
}

fn face(id: &str, text: Option<&str>) -> Segment {
    Segment::Face(Face {
        id: id.to_owned(),
        text: text.map(str::to_owned),
        kind: None,
        result_id: None,
        chain_count: None,
    })
}

fn quote(message: &str) -> Segment {
    Segment::Reply(Quote { message: message.to_owned(), sender: None, time: None, text: None, content: None })
}

fn markdown(content: &str) -> Segment {
    Segment::Markdown(Markdown { content: Some(content.to_owned()), template: None })
}

fn keyboard(rows: usize, buttons: usize) -> Segment {
    let row = json!({"buttons": vec![json!({"id": "1"}); buttons]});
    Segment::Keyboard(json!({"content": {"rows": vec![row; rows]}}).to_string())
}

fn encoded<'a>(scene: Scene, content: &'a [Segment], rules: &Rules) -> Result<Vec<Piece<'a>>, Error> {
    let known = |message: &str| (message == "KNOWN").then(|| "REFIDX_known==".to_owned());
    pieces(scene, content, None, rules, &known)
}

type Shown = (Value, Option<FileType>);

/// The fields of each request, and what kind of medium goes with it.
fn shown(scene: Scene, content: &[Segment]) -> Vec<Shown> {
    let pieces = encoded(scene, content, &Rules::default()).unwrap();
    let shown = |piece: Piece<'_>| (Value::Object(piece.fields), piece.attachment.map(|it| it.kind));
    pieces.into_iter().map(shown).collect()
}

const IMAGE: Option<FileType> = Some(FileType::Image);

#[test]
fn private_and_group_content_is_as_few_requests_as_show_it() {
    let voice = || {
        Segment::Voice(Voice { media: media(MediaSource::Bytes(vec![1])), transcript: None, wav_url: None })
    };
    let keys = json!({"content": {"rows": [{"buttons": [{"id": "1"}]}]}});
    let cases: Vec<(Scene, Vec<Segment>, Vec<Shown>)> = vec![
        (Scene::Private, vec![text("a"), text("b")], vec![(json!({"msg_type": 0, "content": "ab"}), None)]),
        (
            Scene::Group,
            vec![at("7D29"), text(" hi")],
            vec![(json!({"msg_type": 0, "content": "<qqbot-at-user id=\"7D29\" /> hi"}), None)],
        ),
        (Scene::Private, vec![at("7D29"), text("hi")], vec![(json!({"msg_type": 0, "content": "hi"}), None)]),
        (
            Scene::Private,
            vec![text("look"), url("1.png"), text("so"), url("2.png"), url("3.png")],
            vec![
                (json!({"msg_type": 7, "content": "look"}), IMAGE),
                (json!({"msg_type": 7, "content": "so"}), IMAGE),
                (json!({"msg_type": 7}), IMAGE),
            ],
        ),
        (
            Scene::Group,
            vec![url("1.png"), text("\n"), url("2.png"), text("end")],
            vec![
                (json!({"msg_type": 7}), IMAGE),
                (json!({"msg_type": 7}), IMAGE),
                (json!({"msg_type": 0, "content": "end"}), None),
            ],
        ),
        (
            Scene::Private,
            vec![text("listen"), voice()],
            vec![
                (json!({"msg_type": 0, "content": "listen"}), None),
                (json!({"msg_type": 7}), Some(FileType::Voice)),
            ],
        ),
        (
            Scene::Group,
            vec![text("a"), markdown("# b"), keyboard(1, 1), text("c")],
            vec![
                (json!({"msg_type": 0, "content": "a"}), None),
                (json!({"msg_type": 2, "markdown": {"content": "# b"}, "keyboard": keys}), None),
                (json!({"msg_type": 0, "content": "c"}), None),
            ],
        ),
        (
            Scene::Group,
            vec![keyboard(1, 1), markdown("b")],
            vec![(json!({"msg_type": 2, "markdown": {"content": "b"}, "keyboard": keys}), None)],
        ),
        (
            Scene::Private,
            vec![Segment::Ark(json!({"template_id": 23, "kv": []}).to_string())],
            vec![(json!({"msg_type": 3, "ark": {"template_id": 23, "kv": []}}), None)],
        ),
        (
            Scene::Private,
            vec![face("277", Some("汪汪")), text("!")],
            vec![(json!({"msg_type": 0, "content": "汪汪!"}), None)],
        ),
        (
            Scene::Private,
            vec![quote("KNOWN"), text("yes"), url("1.png"), text("no")],
            vec![
                (
                    json!({"msg_type": 7, "content": "yes", "message_reference": {"message_id": "REFIDX_known=="}}),
                    IMAGE,
                ),
                (json!({"msg_type": 0, "content": "no"}), None),
            ],
        ),
    ];
    for (scene, content, expected) in cases {
        assert_eq!(shown(scene, &content), expected, "{content:?}");
    }
}

#[test]
fn channels_have_words_of_their_own() {
    let everyone = Segment::At(Mention::Everyone);
    let channel = Segment::At(Mention::Channel(Mentioned { id: "5".to_owned(), name: None, is_self: false }));
    let content = [text("a<b&c "), face("277", None), at("12"), everyone.clone(), channel];
    let expected = "a&lt;b&amp;c <emoji:277><qqbot-at-user id=\"12\" /><qqbot-at-everyone /><#5>";
    assert_eq!(shown(Scene::Channel, &content), [(json!({"content": expected}), None)]);
    assert_eq!(
        shown(Scene::Channel, &[text("see"), url("1.png")]),
        [(json!({"content": "see", "image": "https://example.com/1.png"}), None)]
    );
    let bytes = image(MediaSource::Bytes(vec![1]));
    assert_eq!(shown(Scene::Direct, &[text("see"), bytes]), [(json!({"content": "see"}), IMAGE)]);
    assert_eq!(
        shown(Scene::Channel, &[Segment::Embed(json!({"title": "t"}).to_string())]),
        [(json!({"embed": {"title": "t"}}), None)]
    );
    assert_eq!(
        shown(Scene::Channel, &[quote("M1"), text("x")]),
        [(json!({"content": "x", "message_reference": {"message_id": "M1"}}), None)],
        "a channel quotes by id"
    );
    assert_eq!(shown(Scene::Direct, &[everyone, text("x")]), [(json!({"content": "x"}), None)]);
}

#[test]
fn the_documented_requests_come_out() {
    let documented = |name: &str| serde_json::from_str::<Value>(&payload(name)).unwrap();
    let without_anchor = |mut request: Value| {
        let fields = request.as_object_mut().unwrap();
        fields.retain(|field, _| !["msg_id", "event_id", "msg_seq", "media"].contains(&field.as_str()));
        request
    };
    let keys = Segment::Keyboard(documented("request-group-markdown-keyboard")["keyboard"].to_string());
    let card =
        documented("request-group-markdown-keyboard")["markdown"]["content"].as_str().unwrap().to_owned();
    let reference =
        documented("request-c2c-reference")["message_reference"]["message_id"].as_str().unwrap().to_owned();
    for (name, scene, content) in [
        ("request-c2c-text", Scene::Private, vec![text("你好，欢迎使用机器人助手！")]),
        ("request-c2c-media", Scene::Private, vec![url("1.png")]),
        ("request-c2c-reference", Scene::Private, vec![quote(&reference), text("收到")]),
        ("request-group-text-event-id", Scene::Group, vec![text("大家好")]),
        ("request-group-markdown-keyboard", Scene::Group, vec![markdown(&card), keys]),
    ] {
        let shown = shown(scene, &content);
        assert_eq!(shown.len(), 1, "{name}");
        assert_eq!(shown[0].0, without_anchor(documented(name)), "{name}");
    }
}

#[test]
fn what_cannot_be_sent_is_refused_by_name() {
    let mface = Segment::Mface(Mface {
        emoji_id: String::new(),
        package_id: String::new(),
        key: String::new(),
        summary: Some("[酷]".to_owned()),
        media: None,
    });
    let other = Segment::Other(UnknownSegment { kind: "x".to_owned(), data: "{}".to_owned() });
    let unsupported = [
        (Scene::Private, mface, "market face"),
        (Scene::Group, face("1", None), "face"),
        (Scene::Group, Segment::At(Mention::Everyone), "everyone"),
        (Scene::Private, Segment::Embed("{}".to_owned()), "embed"),
        (Scene::Channel, Segment::File(media(MediaSource::Bytes(vec![1]))), "file"),
        (Scene::Channel, image(MediaSource::PlatformFile("x".to_owned())), "uploaded"),
        (Scene::Private, keyboard(1, 1), "keyboard"),
        (Scene::Private, Segment::Ark(r#"{"ark_type": "feed"}"#.to_owned()), "card"),
        (Scene::Private, Segment::Card("{}".to_owned()), "card"),
        (Scene::Private, Segment::Shake, "shake"),
        (Scene::Private, other, "kind"),
    ];
    for (scene, segment, word) in unsupported {
        let content = [text("first"), segment];
        let Err(Error::Unsupported(said)) = encoded(scene, &content, &Rules::default()) else {
            panic!("{content:?} to {scene:?}")
        };
        assert!(said.contains(word) && said.contains(": "), "{said}");
    }
    let invalid = [
        vec![],
        vec![text(" ")],
        vec![quote("KNOWN")],
        vec![markdown("x"), keyboard(6, 1)],
        vec![markdown("x"), keyboard(1, 6)],
        vec![markdown("x"), keyboard(0, 0)],
        vec![markdown("x"), Segment::Keyboard("[".to_owned())],
        vec![markdown("")],
        vec![Segment::Ark("{}".to_owned())],
        vec![image(MediaSource::Url("ftp://example.com/1.png".to_owned()))],
        vec![image(MediaSource::Url(String::new()))],
        vec![image(MediaSource::Bytes(Vec::new()))],
    ];
    for content in invalid {
        let refused = encoded(Scene::Private, &content, &Rules::default());
        assert!(matches!(refused, Err(Error::Invalid(_))), "{content:?}: {refused:?}");
    }
    let fits = [markdown("x"), keyboard(5, 5)];
    assert!(encoded(Scene::Private, &fits, &Rules::default()).is_ok(), "five rows of five are allowed");
}

#[test]
fn a_permission_that_is_off_is_named() {
    let rules = Rules { markdown: false, ark: false, ..Rules::default() };
    for (segment, key) in
        [(markdown("x"), "`markdown`"), (Segment::Ark(r#"{"template_id": 1}"#.to_owned()), "`ark`")]
    {
        let content = [segment];
        let Err(Error::Unsupported(said)) = encoded(Scene::Group, &content, &rules) else { panic!() };
        assert!(said.contains(key), "{said}");
        assert!(encoded(Scene::Group, &content, &Rules::default()).is_ok());
    }
}

#[test]
fn a_quote_that_is_wanted_is_made_or_refused_and_another_is_left_out() {
    let wanted = [quote("UNKNOWN"), text("x")];
    assert!(matches!(encoded(Scene::Private, &wanted, &Rules::default()), Err(Error::NotFound(_))));
    let plain = [text("x")];
    let rules = Rules::default();
    let with = |message| {
        let known = |message: &str| (message == "KNOWN").then(|| "REFIDX_1".to_owned());
        let pieces = pieces(Scene::Group, &plain, Some(message), &rules, &known).unwrap();
        pieces[0].fields.get("message_reference").cloned()
    };
    assert_eq!(with("UNKNOWN"), None);
    assert_eq!(with("KNOWN"), Some(json!({"message_id": "REFIDX_1", "ignore_get_message_error": true})));
}

#[test]
fn addresses_are_hidden_in_text_if_the_owner_says_so() {
    let rules = Rules { hide_addresses: true, ..Rules::default() };
    let content = [text("example.com")];
    let hidden = encoded(Scene::Group, &content, &rules).unwrap();
    assert_eq!(hidden[0].fields["content"], "example．com");
    assert_eq!(hidden[0].text, "example.com");
    let plain = encoded(Scene::Group, &content, &Rules::default()).unwrap();
    assert_eq!(plain[0].fields["content"], "example.com");
}
