//! `iglu dev` in scripts, with the project's `iglu.toml`, and what an author is told of mistakes.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use iglu_tests::fixtures::iglu_bin;

use crate::author::{Terminal, iglu, made, save, settled, told};

/// `iglu dev` with these lines as its input, until it ends by itself.
fn dev_with(dir: &Path, input: &str) -> Output {
    let mut command = settled(iglu_bin(), dir);
    command.arg("dev").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that ends at once does not read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn piped_lines_are_answered_in_order_and_then_it_ends() {
    let (_folder, dir) = made("piped");
    fs::write(dir.join("iglu.toml"), "language = \"en\"\n[commands]\nprefixes = [\"!\"]\n").unwrap();
    let done = dev_with(&dir, "!hello\n/hello\n:user 10002\n!help hello\n!hello");
    assert!(done.status.success(), "{}", told(&done));
    let out = String::from_utf8(done.stdout).unwrap();
    let answers: Vec<&str> = out.lines().filter(|line| line.contains("Hello!")).collect();
    assert_eq!(answers.len(), 2, "{out}");
    let (first, help) = (out.find("Hello!").unwrap(), out.find("!hello").unwrap());
    assert!(first < help && help < out.rfind("Hello!").unwrap(), "{out}");
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(err.contains("built in") && !out.contains("built in"), "{out}\n{err}");

    // What does not compile ends a script with an error, and says why.
    fs::write(dir.join("src/lib.rs"), "nonsense").unwrap();
    let refused = dev_with(&dir, "!hello\n");
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", told(&refused));
    assert!(told(&refused).contains("src/lib.rs:1") && told(&refused).contains("does not compile"));
}

#[test]
fn the_projects_settings_are_followed_while_it_runs() {
    let (_folder, dir) = made("settings");
    let file = dir.join("iglu.toml");
    let mut terminal = Terminal::dev(&dir);
    terminal.shows("10001> ");
    terminal.types("/hello\r");
    terminal.shows("Hello!");

    save(&file, "language = \"en\"\n[commands]\nprefixes = [\"!\"]\n");
    terminal.shows("the changed iglu.toml counts");
    terminal.types("!hello\r");
    terminal.shows("Hello!");
    // Wrong settings are told with their place, and those before stay.
    save(&file, "[commands]\nprefixs = [\"#\"]\n");
    terminal.shows("did you mean `prefixes`?");
    terminal.types("!hello\r");
    terminal.shows("Hello!");
    // Those of the bots are not for a workshop.
    let bot = "[[bot]]\nurl = \"ws://127.0.0.1:1\"\n";
    save(&file, &format!("language = \"en\"\n{bot}[commands]\nprefixes = [\"#\"]\n"));
    terminal.shows("the changed iglu.toml counts");
    terminal.types("#hello\r");
    terminal.shows("Hello!");
    // No file is no settings.
    fs::remove_file(&file).unwrap();
    terminal.shows("the changed iglu.toml counts");
    terminal.types("/hello\r");
    terminal.shows("Hello!");
    terminal.types(":quit\r");
    terminal.ends();
}

#[test]
fn mistakes_are_shown_where_they_are_and_explained() {
    let (_folder, dir) = made("mistaken");
    // The lines of a method, what of its first line is wrong, and words of the explanation.
    for (method, place, words) in [
        (r#"#[command("hi")] fn hi(&self) {}"#, "fn hi", "write `async fn hi(..)`"),
        (r#"#[command("/hi")] async fn hi(&self) {}"#, "\"/hi\"", "write \"hi\""),
        (r#"#[command("hi", alias = ["x"])] async fn hi(&self) {}"#, "alias", "unknown key `alias`"),
        (r#"#[command("hi", cooldown = "5s")] async fn hi(&self) {}"#, "\"5s\"", "whole number of seconds"),
        (r#"#[cron("0 25 * * *")] async fn hi(&self) {}"#, "\"0 25", "the hour is 0 to 23, not 25"),
        (
            r#"#[command("a")] async fn a(&self) {} #[command("a")] async fn b(&self) {}"#,
            "\"a\")] async fn b",
            "there is a command `a` already",
        ),
        (r#"#[command("hi")] async fn hi(&self, event: MessageEvent) {}"#, "MessageEvent", "`&MessageEvent`"),
        (
            r#"#[command("hi")] async fn hi(&self, a: &MessageEvent, b: &Event<Poked>) {}"#,
            "Event<Poked>",
            "one event",
        ),
        (
            r#"#[command("hi")] async fn hi(&self, a: Option<Clock>) {}"#,
            "Clock",
            "a handler cannot take an argument of type",
        ),
        (
            r#"#[command("hi")] async fn hi(&self, #[option] a: Vec<Clock>) {}"#,
            "Clock>",
            "an enum that derives `Choice`",
        ),
        (r#"#[command("hi")] async fn hi(&self, a: &Duration) {}"#, "Duration", "a handler cannot take `&"),
        (r#"#[command("hi")] async fn hi(&self) -> u32 { 1 }"#, "u32 {", "a handler cannot return `u32`"),
        (r#"#[on(MemberJoind)] async fn hi(&self) {}"#, "MemberJoind", "MemberJoined"),
        (r#"#[on(Poked)] async fn hi(&self, word: String) {}"#, "word", "take the event by reference"),
    ] {
        let source = format!(
            "use iglu_sdk::prelude::*; use std::time::Instant as Clock;\n#[derive(Default)]\nstruct Mistaken;\n#[plugin]\nimpl Mistaken {{\n{method}\n}}\n"
        );
        fs::write(dir.join("src/lib.rs"), source).unwrap();
        let refused = told(&iglu(&dir, &["build", "--dev"]));
        let column = method.find(place).unwrap() + 1;
        let place = format!("src/lib.rs:6:{column}");
        assert!(refused.contains(&place) && refused.contains(words), "{method}\n{place} {words}\n{refused}");
    }
    for (source, place, words) in [
        ("use iglu_sdk::prelude::*;\n#[plugin]\nstruct Mistaken;\n", "2:1", "belongs on an `impl` block"),
        (
            "use iglu_sdk::prelude::*;\nstruct Mistaken;\n#[plugin]\nimpl Mistaken {}\n",
            "4:6",
            "`Mistaken: Default` is not satisfied",
        ),
    ] {
        fs::write(dir.join("src/lib.rs"), source).unwrap();
        let refused = told(&iglu(&dir, &["build", "--dev"]));
        let place = format!("src/lib.rs:{place}");
        assert!(refused.contains(&place) && refused.contains(words), "{source}\n{place} {words}\n{refused}");
    }
}
