//! What people write, and what becomes of it.

use super::*;
use crate::config::Language;
use crate::model::{Media, MediaSource, Mentioned, Quote};
use crate::plugin::manifest::{Manifest, Trigger};
use crate::router::usage;

/// One number, an option with a value, a flag.
const ROLL: &str = r#""arguments": [{"name": "sides", "kind": "integer", "min": 1, "max": 100}],
    "options": [{"name": "times", "short": "t", "kind": "integer", "default": 1}, {"name": "loud", "short": "l", "kind": "flag"},
                {"name": "mark", "short": "m"}]"#;
const ADD: &str = r#""arguments": [{"name": "n", "kind": "number", "many": true}]"#;
const SAY: &str = r#""arguments": [{"name": "to"}, {"name": "text", "kind": "rest"}], "options": [{"name": "loud", "kind": "flag"}]"#;
const REST: &str = r#""arguments": [{"name": "text", "kind": "rest"}]"#;
const MAY: &str = r#""arguments": [{"name": "a", "required": false}, {"name": "b", "default": "x"}, {"name": "more", "many": true, "required": false}]"#;
const WALK: &str =
    r#""arguments": [{"name": "way", "kind": "choice", "choices": ["north", "South", "回家"]}]"#;
const MUTE: &str = r#""arguments": [{"name": "user", "kind": "user"}, {"name": "minutes", "kind": "integer", "default": 10}]"#;
const SHOW: &str = r#""arguments": [{"name": "picture", "kind": "image"}, {"name": "title", "kind": "rest", "required": false}]"#;
const TAGS: &str = r#""options": [{"name": "tag", "short": "g", "many": true}, {"name": "to", "kind": "user"}, {"name": "key", "required": true}]"#;

fn command(declared: &str) -> Command {
    let json = format!(
        r#"{{"id": "p", "handlers": [{{"name": "h", "on": {{"command": {{"name": "c", {declared}}}}}}}]}}"#
    );
    let mut manifest = Manifest::parse(&json).unwrap_or_else(|e| panic!("{declared}: {e}"));
    match manifest.handlers.remove(0).on {
        Trigger::Command(command) => command,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Segment {
    Segment::Text(text.to_owned())
}

fn at(id: &str) -> Segment {
    Segment::At(Mention::User(Mentioned { id: id.to_owned(), name: None, is_self: id == "me" }))
}

fn picture(url: &str) -> Segment {
    let media = Media {
        source: MediaSource::Url(url.to_owned()),
        name: None,
        size: None,
        file_id: None,
        mime_type: None,
    };
    Segment::Image(Image { media, summary: None, sub_type: None, width: None, height: None })
}

fn quote(content: Option<&str>) -> Segment {
    let content = content.map(str::to_owned);
    Segment::Reply(Quote { message: "1".to_owned(), sender: None, time: None, text: None, content })
}

/// JSON with its keys in order, however maps are built.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members: Vec<String> =
                members.into_iter().map(|(key, value)| format!("{}:{}", json!(key), sorted(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

/// The values in short, or the answer.
fn parsed(declared: &str, said: &str, content: &[Segment]) -> String {
    let command = command(declared);
    match parse(&command, said, content) {
        Ok(values) => sorted(&Value::Object(values)),
        Err(wrong) => usage::refusal(&wrong, "", Language::English).lines().next().unwrap().to_owned(),
    }
}

#[test]
fn texts_are_read_as_the_declaration_says() {
    let roll = |sides: &str, times: &str, loud: &str, mark: &str| {
        format!(r#"{{"loud":{loud},"mark":{mark},"sides":{sides},"times":{times}}}"#)
    };
    let plain = || roll("6", "1", "false", "null");
    for (declared, said, expected) in [
        (ROLL, "6", plain()),
        (ROLL, "  6 \n", plain()),
        (ROLL, "６", plain()),
        (ROLL, "\u{3000}6\u{3000}", plain()),
        (ROLL, "\"6\"", plain()),
        (ROLL, "6 --times 3", roll("6", "3", "false", "null")),
        (ROLL, "--times 3 6", roll("6", "3", "false", "null")),
        (ROLL, "--times=3 6", roll("6", "3", "false", "null")),
        (ROLL, "--TIMES=3 6", roll("6", "3", "false", "null")),
        (ROLL, "－－times＝３ 6", roll("6", "3", "false", "null")),
        (ROLL, "—times 3 6", roll("6", "3", "false", "null")),
        (ROLL, "——times 3 6", roll("6", "3", "false", "null")),
        (ROLL, "-t 3 6", roll("6", "3", "false", "null")),
        (ROLL, "-t3 6", roll("6", "3", "false", "null")),
        (ROLL, "-t=3 6", roll("6", "3", "false", "null")),
        (ROLL, "-t -3 6", roll("6", "-3", "false", "null")),
        (ROLL, "--times=-3 6", roll("6", "-3", "false", "null")),
        (ROLL, "6 -l", roll("6", "1", "true", "null")),
        (ROLL, "-lt3 6", roll("6", "3", "true", "null")),
        (ROLL, "--loud 6 --loud", roll("6", "1", "true", "null")),
        (ROLL, "--mark \"a b\" 6", roll("6", "1", "false", "\"a b\"")),
        (ROLL, "--mark=“a” 6", roll("6", "1", "false", "\"a\"")),
        (ROLL, "--mark \"--loud\" 6", roll("6", "1", "false", "\"--loud\"")),
        (ROLL, "--mark= 6", roll("6", "1", "false", "\"\"")),
        (ROLL, "--mark -x 6", roll("6", "1", "false", "\"-x\"")),
        (ROLL, "-- 6", plain()),
        (ROLL, "", "<sides> (a whole number from 1 to 100) is missing.".into()),
        (ROLL, "--loud", "<sides> (a whole number from 1 to 100) is missing.".into()),
        (ROLL, "six", "sides cannot be \"six\": it must be a whole number from 1 to 100.".into()),
        (ROLL, "0", "sides cannot be \"0\": out of range, it must be a whole number from 1 to 100.".into()),
        (ROLL, "-6", "sides cannot be \"-6\": out of range, it must be a whole number from 1 to 100.".into()),
        (ROLL, "99999999999999999999999", "sides cannot be \"99999999999999999999999\": out of range, it must be a whole number from 1 to 100.".into()),
        (ROLL, "6 7", "Too many arguments: \"7\" is not expected.".into()),
        (ROLL, "6 -- --loud", "Too many arguments: \"--loud\" is not expected.".into()),
        (ROLL, "6 --tims 3", "There is no option --tims. Did you mean --times?".into()),
        (ROLL, "6 --xyz", "There is no option --xyz.".into()),
        (ROLL, "6 -x", "There is no option -x.".into()),
        (ROLL, "6 -times 3", "times cannot be \"imes\": it must be a whole number.".into()),
        (ROLL, "6 --times", "--times needs a value: a whole number.".into()),
        (ROLL, "6 --times --loud", "--times needs a value: a whole number.".into()),
        (ROLL, "6 --times x", "times cannot be \"x\": it must be a whole number.".into()),
        (ROLL, "6 --times 1 -t 2", "--times may be there only once.".into()),
        (ROLL, "6 --loud=yes", "--loud takes no value.".into()),
        (ROLL, "6 -l=yes", "--loud takes no value.".into()),
        (ROLL, "6 ——", "Too many arguments: \"——\" is not expected.".into()),
        (ROLL, "6 ——鲁迅", "Too many arguments: \"——鲁迅\" is not expected.".into()),
        (ADD, "-3", r#"{"n":[-3.0]}"#.into()),
        (ADD, "1 -2.5 +3 .5 1e2", r#"{"n":[1.0,-2.5,3.0,0.5,100.0]}"#.into()),
        (ADD, "", "<n> (a number) is missing.".into()),
        (ADD, "1 two", "n cannot be \"two\": it must be a number.".into()),
        (ADD, "1 --", "n cannot be \"--\": it must be a number.".into()),
        (SAY, "all hello  there ", r#"{"loud":false,"text":"hello  there","to":"all"}"#.into()),
        (SAY, "all --loud hello --there", r#"{"loud":true,"text":"hello --there","to":"all"}"#.into()),
        (SAY, "all hello --loud", r#"{"loud":false,"text":"hello --loud","to":"all"}"#.into()),
        (SAY, "all -- --loud", r#"{"loud":false,"text":"--loud","to":"all"}"#.into()),
        (SAY, "“you two” “hi”  x", r#"{"loud":false,"text":"“hi”  x","to":"you two"}"#.into()),
        (SAY, "all", "<text> is missing.".into()),
        (REST, "-- a\n b", r#"{"text":"-- a\n b"}"#.into()),
        (REST, "--loud", r#"{"text":"--loud"}"#.into()),
        (REST, " \u{3000}", "<text> is missing.".into()),
        (MAY, "", r#"{"a":null,"b":"x","more":[]}"#.into()),
        (MAY, "1", r#"{"a":"1","b":"x","more":[]}"#.into()),
        (MAY, "1 2 3 \"4 5\"", r#"{"a":"1","b":"2","more":["3","4 5"]}"#.into()),
        (MAY, "\"\" 2", r#"{"a":"","b":"2","more":[]}"#.into()),
        (WALK, "NORTH", r#"{"way":"north"}"#.into()),
        (WALK, "ｓｏｕｔｈ", r#"{"way":"South"}"#.into()),
        (WALK, "回家", r#"{"way":"回家"}"#.into()),
        (WALK, "nort", "way cannot be \"nort\": did you mean \"north\"? It is one of north, South, 回家.".into()),
        (WALK, "up", "way cannot be \"up\": it must be one of north, South, 回家.".into()),
        (MUTE, "10001 3", r#"{"minutes":3,"user":{"id":"10001","name":null}}"#.into()),
        (MUTE, "@A-1", r#"{"minutes":10,"user":{"id":"A-1","name":null}}"#.into()),
        (MUTE, "Bob", "user cannot be \"Bob\": it must be a user: mention one, or write the number.".into()),
        (MUTE, "", "<user> (a user: mention one, or write the number) is missing.".into()),
        (SHOW, "title", "<picture> (an image) is missing.".into()),
        (TAGS, "--key k", r#"{"key":"k","tag":[],"to":null}"#.into()),
        (TAGS, "-g a --tag b --key=k --to 5", r#"{"key":"k","tag":["a","b"],"to":{"id":"5","name":null}}"#.into()),
        (TAGS, "-g a", "--key is missing.".into()),
        (TAGS, "x --key k", "Too many arguments: \"x\" is not expected.".into()),
    ] {
        assert_eq!(parsed(declared, said, &[text("/c "), text(said)]), expected, "{declared}\n{said:?}");
    }
}

#[test]
fn mentions_are_users_in_order() {
    let user =
        |id: &str, minutes: u32| format!(r#"{{"minutes":{minutes},"user":{{"id":"{id}","name":null}}}}"#);
    let pair = r#""arguments": [{"name": "user", "kind": "user"}, {"name": "minutes", "kind": "user"}]"#;
    let may =
        r#""arguments": [{"name": "a", "kind": "user"}, {"name": "b", "kind": "user", "required": false}]"#;
    for (declared, said, content, expected) in [
        (MUTE, "3", vec![text("/c "), at("7"), text(" 3")], user("7", 3)),
        (MUTE, "3", vec![text("/c 3"), at("7")], user("7", 3)),
        (MUTE, "3", vec![at("me"), text("/c 3"), at("me"), at("7")], user("7", 3)),
        // QQ mentions whom one quotes.
        (MUTE, "3", vec![quote(None), at("5"), text("/c 3 "), at("7")], user("7", 3)),
        (MUTE, "", vec![quote(None), at("5"), text("/c")], user("5", 10)),
        (MUTE, "8 3", vec![quote(None), at("5"), text("/c 8 3")], user("8", 3)),
        (
            may,
            "",
            vec![quote(None), at("5"), text("/c"), at("7")],
            r#"{"a":{"id":"7","name":null},"b":null}"#.into(),
        ),
        (
            pair,
            "",
            vec![text("/c "), at("7"), at("8"), at("9")],
            r#"{"minutes":{"id":"8","name":null},"user":{"id":"7","name":null}}"#.into(),
        ),
        (
            pair,
            "6",
            vec![text("/c "), at("7"), text(" 6")],
            r#"{"minutes":{"id":"6","name":null},"user":{"id":"7","name":null}}"#.into(),
        ),
        (
            TAGS,
            "--key k --to",
            vec![text("/c --key k --to "), at("7")],
            r#"{"key":"k","tag":[],"to":{"id":"7","name":null}}"#.into(),
        ),
    ] {
        assert_eq!(parsed(declared, said, &content), expected, "{content:?}");
    }
}

#[test]
fn images_come_from_the_message_or_from_the_quoted_one() {
    let shown = |url: &str, title: &str| {
        format!(r#"{{"picture":{{"media":{{"source":{{"data":"{url}","type":"url"}}}}}},"title":{title}}}"#)
    };
    let quoted = serde_json::to_string(&[text("x"), picture("q")]).unwrap();
    for (said, content, expected) in [
        ("", vec![text("/c"), picture("a"), picture("b")], shown("a", "null")),
        ("my cat", vec![text("/c "), picture("a"), text("my cat")], shown("a", "\"my cat\"")),
        ("", vec![quote(Some(&quoted)), text("/c")], shown("q", "null")),
        ("", vec![quote(Some(&quoted)), text("/c"), picture("a")], shown("a", "null")),
        ("", vec![quote(Some("not json")), text("/c")], "<picture> (an image) is missing.".into()),
    ] {
        assert_eq!(parsed(SHOW, said, &content), expected, "{content:?}");
    }
}

#[test]
fn refusals_are_in_the_owners_language_with_the_usage() {
    let command = command(ROLL);
    let line = usage::line("/", "roll", &usage::of(&command));
    let told =
        |said: &str| usage::refusal(&parse(&command, said, &[]).unwrap_err(), &line, Language::Chinese);
    let shown = "用法：/roll <sides> [-t|--times N] [-l|--loud] [-m|--mark ...]";
    for (said, cause) in [
        ("", "缺少参数 <sides>（1 到 100 之间的整数）。"),
        ("x", "参数 sides 不能是“x”：应为1 到 100 之间的整数。"),
        ("101", "参数 sides 不能是“101”：超出范围，应为1 到 100 之间的整数。"),
        ("1 2", "参数太多：“2”是多余的。"),
        ("1 --tmes 2", "没有选项 --tmes。是不是 --times？"),
        ("1 -t", "选项 --times 需要一个值（整数）。"),
        ("1 --loud=1", "选项 --loud 不带值。"),
        ("1 -t1 -t2", "选项 --times 只能写一次。"),
    ] {
        assert_eq!(told(said), format!("{cause}\n{shown}"), "{said}");
    }
    let long = told(&"长".repeat(5000));
    assert!(long.chars().count() < 300, "{long}");
}

/// Whatever is written, the answer is values of every declared name, or a reason.
#[test]
fn random_input_never_panics() {
    let pieces = [
        "-",
        "--",
        "—",
        "——",
        "=",
        "＝",
        "\"",
        "“",
        "”",
        "@",
        "＠",
        " ",
        "\u{3000}",
        "\n",
        "t",
        "l",
        "times",
        "loud",
        "mark",
        "--times",
        "-t3",
        "3",
        "-3",
        "０",
        "1e308",
        ".",
        "north",
        "é",
        "🎲",
        "\u{0}",
        "\u{202e}",
        "999999999999999999999",
    ];
    let commands: Vec<Command> = [ROLL, ADD, SAY, REST, MAY, WALK, MUTE, SHOW, TAGS].map(command).into();
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..20_000 {
        let said: String = (0..random.usize(0..12)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        let mut content = vec![text(&said)];
        for _ in 0..random.usize(0..3) {
            let extra = [at("1"), at("me"), picture("p"), quote(Some("[]")), text(&said)];
            content.insert(random.usize(..=content.len()), extra[random.usize(..extra.len())].clone());
        }
        let command = &commands[round % commands.len()];
        match parse(command, &said, &content) {
            Ok(values) => {
                let declared = command.arguments.iter().chain(&command.options);
                assert!(declared.clone().all(|argument| values.contains_key(&argument.name)), "{said:?}");
                assert_eq!(values.len(), declared.count());
            }
            Err(wrong) => {
                for language in [Language::Chinese, Language::English] {
                    assert!(usage::refusal(&wrong, "/c", language).lines().count() >= 2, "{said:?}");
                }
            }
        }
    }
}
