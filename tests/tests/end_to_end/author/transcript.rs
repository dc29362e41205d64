//! The transcript of docs/first-plugin.md is what happens: its commands are run, its edits made, its lines typed, and what
//! it shows has to come.

use super::*;

/// What a page lets its reader do and see.
#[derive(Debug, PartialEq)]
enum Step {
    /// `$ iglu new hello && cd hello`
    Run(String),
    /// The whole of `src/lib.rs`.
    Source(String),
    /// Change this to that, and save.
    Edit(String, String),
    /// `10001> /hello`, and what is answered.
    Say(String, String),
    See(String),
}

/// Whoever speaks in the chat.
const PROMPT: &str = "10001>";

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut prose = "";
    for (number, part) in page.split("```").enumerate() {
        if number % 2 == 0 {
            prose = part.trim().rsplit("\n\n").next().unwrap_or_default();
        } else if let Some(source) = part.strip_prefix("rust\n") {
            steps.push(Step::Source(source.to_owned()));
        } else if let Some(shown) = part.strip_prefix("console\n") {
            let quoted: Vec<&str> = prose.split('`').skip(1).step_by(2).collect();
            if let ([from, to, ..], false) = (&quoted[..], steps.is_empty()) {
                steps.push(Step::Edit((*from).to_owned(), (*to).to_owned()));
            }
            steps.extend(session(shown));
        }
    }
    steps
}

fn session(shown: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = shown.lines();
    while let Some(line) = lines.next() {
        match (line.strip_prefix("$ "), line.strip_prefix(PROMPT)) {
            (Some(command), _) => steps.push(Step::Run(command.to_owned())),
            (_, Some("")) => {}
            (_, Some(said)) => {
                let answer = lines.next().unwrap_or_default().to_owned();
                steps.push(Step::Say(said.trim().to_owned(), answer));
            }
            _ => steps.push(Step::See(line.to_owned())),
        }
    }
    steps
}

/// A line without its times, which differ from run to run.
fn timeless(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (line, 0);
    while let Some(at) = rest[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let length = rest[at..].find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len() - at);
        if rest[at..at + length].trim_end_matches('.').contains('.') {
            pieces.push(&rest[..at]);
            (rest, from) = (&rest[at + length..], 0);
        } else {
            from = at + length;
        }
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// What a line of the page promises to be seen. The compiler's words are its own, but for the place of the mistake.
fn promised(line: &str) -> Option<&str> {
    let trimmed = line.trim_start();
    if let Some(place) = trimmed.strip_prefix("--> ") {
        return place.rsplit_once(':').map(|(line, _column)| line);
    }
    let is_rustc = trimmed.len() < line.len()
        || line.starts_with("error")
        || line.starts_with('|')
        || line.starts_with(|c: char| c.is_ascii_digit());
    (!is_rustc).then_some(line)
}

fn follow(page: &str, locale: &str) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page)).unwrap();
    let steps = steps(&text);
    let count = |which: fn(&Step) -> bool| steps.iter().filter(|step| which(step)).count();
    let edits = count(|step| matches!(step, Step::Edit(..)));
    assert!(edits > 1 && count(|step| matches!(step, Step::Say(..))) > edits, "{page}: {steps:?}");

    let folder = tempfile::tempdir().unwrap();
    let mut dir = folder.path().to_owned();
    let mut terminal: Option<Terminal> = None;
    let (mut told, mut before) = (String::new(), None::<String>);
    let mut saved = Instant::now();
    for step in steps {
        match step {
            Step::Run(commands) => {
                for command in commands.split(" && ") {
                    match command.split(' ').collect::<Vec<_>>()[..] {
                        ["cd", to] => dir.push(to),
                        ["iglu", "dev"] => terminal = Some(Terminal::dev_in(&dir, locale)),
                        ["iglu", ref arguments @ ..] => {
                            let mut iglu = settled(iglu_bin(), &dir);
                            let done = iglu.args(arguments).env("LANG", locale).output().unwrap();
                            assert!(done.status.success(), "{command}: {}", super::told(&done));
                            told = super::told(&done);
                            lock(&dir.join(arguments[arguments.len() - 1]));
                        }
                        _ => panic!("{page}: nobody can run {command:?}"),
                    }
                }
            }
            Step::Source(source) => {
                assert_eq!(source, fs::read_to_string(dir.join("src/lib.rs")).unwrap(), "{page}");
            }
            Step::Edit(from, to) => {
                edit(&dir, &from, &to);
                saved = Instant::now();
            }
            Step::Say(line, answer) => {
                let terminal = terminal.as_mut().unwrap();
                terminal.says(&line, &answer, before.as_ref().unwrap_or(&answer));
                if before.as_ref().is_some_and(|before| *before != answer) {
                    println!("{page}: {answer:?} {:.1?} after the save", saved.elapsed());
                }
                before = Some(answer);
            }
            Step::See(line) => match (promised(&line), &mut terminal) {
                (None, _) => {}
                (Some(line), None) => assert!(told.contains(line), "{page}: {line:?} is not in {told:?}"),
                (Some(line), Some(terminal)) => {
                    timeless(line).into_iter().for_each(|piece| terminal.shows(piece));
                }
            },
        }
    }
    let mut terminal = terminal.unwrap();
    terminal.types(":quit\r");
    terminal.ends();
}

/// The dependencies of a made project are those of this workspace.
fn lock(dir: &Path) {
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"), dir.join("Cargo.lock")).unwrap();
}

#[test]
fn each_save_is_answered_by_the_new_version_as_the_book_shows() {
    follow("first-plugin.md", "en_US.UTF-8");
    follow("first-plugin.zh-CN.md", "zh_CN.UTF-8");
}

#[test]
fn a_page_is_read_as_steps() {
    let page = "Text `a`.\n\n```console\n$ iglu dev\niglu: built in 2.0 s\n10001> /hello\nHello!\n10001>\n```\n\n\
                Other.\n\nNow change `x` to `y` in `z`:\n\n```console\nerror: no\n  --> src/lib.rs:8:1\n```\n";
    let owned = str::to_owned;
    let expected = [
        Step::Run(owned("iglu dev")),
        Step::See(owned("iglu: built in 2.0 s")),
        Step::Say(owned("/hello"), owned("Hello!")),
        Step::Edit(owned("x"), owned("y")),
        Step::See(owned("error: no")),
        Step::See(owned("  --> src/lib.rs:8:1")),
    ];
    assert_eq!(steps(page), expected);
    assert_eq!(timeless("built in 2.0 s, 10.15 秒 by 10001."), ["built in ", " s, ", " 秒 by 10001."]);
    let promises =
        ["error: no", "  --> src/lib.rs:8:1", " 8 | x", "| |_^", "10 | y", "iglu: no"].map(promised);
    assert_eq!(promises, [None, Some("src/lib.rs:8"), None, None, None, Some("iglu: no")]);
}
