//! What is shown to whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::config::{CommandConfig, Config, PluginConfig};
use crate::model::{EventBody, Role};
use crate::plugin::mailbox::Mailbox;
use crate::router::Listener;
use crate::router::builtin::Asked;
use crate::router::pages::{LINES, PAGE};
use crate::router::samples::{event, manifest, message, rules, said};
use crate::router::table::Table;

const NOTES: &str = r#"{"name": "add", "on": {"command": {"name": "note add", "aliases": ["n"], "usage": "<text>", "help": "keeps it\n\nfor ever"}}},
    {"name": "wipe", "who": "superuser", "on": {"command": {"name": "note wipe"}}}"#;
const WELCOME: &str = r#"{"name": "w", "on": {"event": {"kinds": ["notice"]}}}"#;

fn board(plugins: &[(&str, &str)], rules: &Rules) -> Board {
    let listeners: Vec<Listener> = plugins
        .iter()
        .map(|(id, handlers)| Listener {
            id: Arc::from(*id),
            manifest: manifest(id, handlers),
            mailbox: Arc::new(Mailbox::new(1 << 20)),
        })
        .collect();
    let table = Table::new(listeners.iter().map(|it| (Arc::clone(&it.id), &it.manifest)), rules);
    Board { table, listeners }
}

/// The answer to a text that somebody says.
fn told(board: &Board, text: &str, rules: &Rules) -> Option<String> {
    let asker = event(EventBody::Message(message(text)));
    match board.table.find(&said(text), rules).1? {
        Asked::Own(_, what) => Some(about(board, &what, &asker, rules)),
        Asked::Below(parent) => below(board, &parent, &asker, rules),
    }
}

fn ask(board: &Board, about: &str, rules: &Rules) -> String {
    told(board, &format!("/help {about}"), rules).unwrap()
}

#[test]
fn the_overview_lists_every_command_the_asker_may_use() {
    let plugins = [("welcome", WELCOME), ("notes", NOTES)];
    let english = rules("1");
    assert_eq!(
        ask(&board(&plugins, &english), "", &english),
        "Commands (/help <name> tells more)\n\n【notes】\n/note add <text> - keeps it\n\nPlugins without commands: welcome"
    );
    let chinese = Rules { language: Language::Chinese, ..rules("10001") };
    let text = ask(&board(&plugins, &chinese), "", &chinese);
    assert!(text.starts_with("可用的指令") && text.contains("/note wipe"), "{text}");
}

#[test]
fn who_asks_where_decides_what_is_shown() {
    let handlers = r#"{"name": "a", "who": "group-admin", "on": {"command": {"name": "mute"}}},
        {"name": "o", "who": "group-owner", "on": {"command": {"name": "own"}}},
        {"name": "g", "chats": "group", "on": {"command": {"name": "vote"}}},
        {"name": "p", "chats": "private", "on": {"command": {"name": "secret"}}},
        {"name": "t", "to_me": true, "on": {"command": {"name": "talk"}}}"#;
    let rules = rules("1");
    let board = board(&[("p", handlers)], &rules);
    let group = |role| {
        let mut said = message("/help");
        said.sender.role = role;
        said
    };
    let private =
        crate::model::Message { chat: crate::model::Chat::Private("10001".to_owned()), ..message("/help") };
    for (said, shown) in [
        (group(Role::Member), "vote talk"),
        (group(Role::Admin), "mute vote talk"),
        (group(Role::Owner), "mute own vote talk"),
        (private, "mute secret talk"),
    ] {
        let text = about(&board, "", &event(EventBody::Message(said)), &rules);
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix('/')).collect();
        assert_eq!(names.join(" "), shown, "{text}");
    }
}

#[test]
fn details_are_found_by_plugin_command_and_alias() {
    let rules = rules("1");
    let board = board(&[("welcome", WELCOME), ("notes", NOTES)], &rules);
    let add = "/note add <text>\nkeeps it\n\nfor ever\nAlso: /n";
    for (asked, expected) in [
        ("Note  Add", format!("{add}\nPlugin: notes")),
        ("/n", format!("{add}\nPlugin: notes")),
        ("／n", format!("{add}\nPlugin: notes")),
        ("note", format!("{add}\nPlugin: notes")),
        ("NOTES", format!("【notes】\n\n{add}")),
        ("note ad", "There is no command or plugin named \"note ad\". Did you mean \"note add\"?".to_owned()),
        ("note wipe", "There is no command or plugin named \"note wipe\".".to_owned()),
        ("xyz 2", "There is no command or plugin named \"xyz 2\".".to_owned()),
    ] {
        let answer = ask(&board, asked, &rules);
        assert!(answer.starts_with(&expected), "{asked}: {answer}");
    }
}

#[test]
fn arguments_and_options_are_explained() {
    let handler = r#"{"name": "roll", "on": {"command": {"name": "roll", "help": "Throws.",
        "arguments": [{"name": "sides", "kind": "integer", "min": 2, "max": 100, "default": 6, "help": "of each"}, {"name": "why", "kind": "rest", "required": false}],
        "options": [{"name": "times", "short": "t", "kind": "integer", "min": 1, "default": "1"}, {"name": "loud", "kind": "flag", "help": "in capitals"}]}}}"#;
    let english = rules("1");
    assert_eq!(
        ask(&board(&[("dice", handler)], &english), "roll", &english),
        "/roll [sides=6] [why...] [-t|--times N] [--loud]\nThrows.\n  sides (a whole number from 2 to 100, default 6): of each\n  \
         -t, --times N (a whole number, at least 1, default 1)\n  --loud: in capitals\nPlugin: dice"
    );
    let chinese = Rules { language: Language::Chinese, ..rules("1") };
    let text = ask(&board(&[("dice", handler)], &chinese), "roll", &chinese);
    assert!(text.contains("  sides（2 到 100 之间的整数，默认 6）：of each\n"), "{text}");
}

#[test]
fn a_parent_answers_with_its_sub_commands() {
    let (user, superuser) = (rules("1"), rules("10001"));
    let told = |text, rules: &Rules| told(&board(&[("notes", NOTES)], rules), text, rules);
    let list = "/note add <text> - keeps it";
    assert_eq!(told("/note", &user).unwrap(), format!("Sub-commands of /note:\n{list}"));
    assert_eq!(
        told("／note", &superuser).unwrap(),
        "Sub-commands of ／note:\n／note add <text> - keeps it\n／note wipe"
    );
    assert_eq!(
        told("/note adds milk", &user).unwrap(),
        format!("/note has no sub-command \"adds\". Did you mean \"add\"? There are:\n{list}")
    );
    assert_eq!(told("/notes", &user), None);
    let claimed = format!(r#"{NOTES}, {{"name": "n", "on": {{"command": {{"name": "note"}}}}}}"#);
    let claimed = board(&[("notes", &claimed)], &user);
    assert_eq!(super::tests::told(&claimed, "/note", &user), None, "the plugin answers");
    let only_wipe = r#"{"name": "wipe", "who": "superuser", "on": {"command": {"name": "note wipe"}}}"#;
    let only_wipe = board(&[("notes", only_wipe)], &user);
    assert_eq!(super::tests::told(&only_wipe, "/note", &user), None, "nothing that the user may use");
}

#[test]
fn ordinary_words_are_no_call_for_a_sub_command_where_commands_need_no_prefix() {
    let rules = Rules { prefixes: vec![String::new()], ..Rules::default() };
    let board = board(&[("notes", NOTES)], &rules);
    assert!(told(&board, "note", &rules).is_some());
    assert_eq!(told(&board, "note that I am here", &rules), None);
}

#[test]
fn names_are_the_owners() {
    let renamed = CommandConfig {
        name: Some("记".to_owned()),
        prefixes: Some(vec!["！".to_owned()]),
        ..CommandConfig::default()
    };
    let owner = BTreeMap::from([("note add".to_owned(), renamed)]);
    let config = Config::parse("", std::path::Path::new("iglu.toml")).unwrap();
    let plugin = PluginConfig { commands: owner, ..config.plugin("notes") };
    let rules = Rules { plugins: BTreeMap::from([("notes".to_owned(), plugin)]), ..rules("1") };
    let board = board(&[("notes", NOTES)], &rules);
    assert!(ask(&board, "", &rules).contains("\n!记 <text> - keeps it"), "{}", ask(&board, "", &rules));
    assert!(ask(&board, "！记", &rules).starts_with("!记 <text>\nkeeps it\n\nfor ever\nAlso: !n"));
}

#[test]
fn long_help_comes_in_pages_that_lose_nothing() {
    let handlers = |plugin: usize| {
        let command = |n: usize| {
            format!(
                r#"{{"name": "h{n}", "on": {{"command": {{"name": "c{plugin}x{n}", "help": "说明文字"}}}}}}"#
            )
        };
        (0..10).map(command).collect::<Vec<_>>().join(",")
    };
    let plugins: Vec<(String, String)> = (0..12).map(|n| (format!("p{n:02}"), handlers(n))).collect();
    let plugins: Vec<(&str, &str)> = plugins.iter().map(|(id, it)| (id.as_str(), it.as_str())).collect();
    let rules = rules("1");
    let board = board(&plugins, &rules);
    let first = ask(&board, "", &rules);
    let (_, count) = first.lines().last().unwrap().split_once("page 1/").unwrap();
    let (count, next) = count.split_once(", ").unwrap();
    assert_eq!(next, "next: /help 2");
    let count: usize = count.parse().unwrap();
    let mut commands = Vec::new();
    for number in 1..=count {
        let page = ask(&board, &number.to_string(), &rules);
        assert!(page.chars().count() <= PAGE + 100 && page.lines().count() <= LINES + 2, "{page}");
        assert!(page.contains(&format!("page {number}/{count}")), "{page}");
        commands.extend(page.lines().filter_map(|line| line.strip_prefix("/c").map(str::to_owned)));
    }
    assert_eq!(commands.len(), 120);
    commands.dedup();
    assert_eq!(commands.len(), 120);
    let beyond = ask(&board, "99", &rules);
    assert_eq!(beyond, format!("There are {count} pages; the last is /help {count}"));
    assert!(
        ask(&board, "p03", &rules).ends_with("page 1/2, next: /help p03 2"),
        "{}",
        ask(&board, "p03", &rules)
    );
    assert!(ask(&board, "p03 2", &rules).ends_with("page 2/2"));
}

#[test]
fn pages_hold_lines_of_any_length() {
    let endless = Block { head: "字".repeat(10 * PAGE), lines: vec!["x".repeat(2 * PAGE); 9] };
    for page in pages(vec![endless]) {
        assert!(page.chars().count() <= PAGE && !page.is_empty());
    }
    assert_eq!(pages(Vec::new()), [""]);
}

#[test]
fn how_often_a_command_may_run_is_told_as_the_owner_says() {
    let handlers = r#"{"name": "sign", "cooldown": {"seconds": 5, "scope": "chat"}, "rate": {"count": 3, "seconds": 60},
        "on": {"command": {"name": "sign"}}}, {"name": "free", "on": {"command": {"name": "free"}}}"#;
    let rules = rules("1");
    let text = ask(&board(&[("p", handlers)], &rules), "sign", &rules);
    let told = "once in 5 s per chat at most; 3 times in 60 s per user at most";
    assert!(text.contains(told), "{text}");
    let config = "[plugin.p.rates]\nsign = []\nfree = { time = '2h', per = 'plugin' }";
    let config = Config::parse(config, std::path::Path::new("iglu.toml")).unwrap();
    let rules = Rules { plugins: config.plugins, language: Language::Chinese, ..rules };
    let board = board(&[("p", handlers)], &rules);
    assert_eq!(ask(&board, "sign", &rules), "/sign\n插件：p");
    assert_eq!(ask(&board, "free", &rules), "/free\n所有人合计 2 小时内最多 1 次\n插件：p");
}

#[test]
fn a_thousand_commands_are_shown_page_by_page() {
    let handlers = (0..1000)
        .map(|number| format!(r#"{{"name": "h{number}", "on": {{"command": {{"name": "c{number}"}}}}}}"#));
    let rules = rules("1");
    let board = board(&[("p", &handlers.collect::<Vec<_>>().join(","))], &rules);
    let first = ask(&board, "", &rules);
    let count: usize =
        first.split("page 1/").nth(1).and_then(|rest| rest.split(',').next()).unwrap().parse().unwrap();
    let pages: Vec<String> = (1..=count).map(|page| ask(&board, &page.to_string(), &rules)).collect();
    assert!(pages.iter().all(|page| page.chars().count() <= PAGE + 100 && page.lines().count() <= LINES + 2));
    let shown = pages.iter().flat_map(|page| page.lines()).filter(|line| line.starts_with("/c")).count();
    assert_eq!(shown, 1000);
}
