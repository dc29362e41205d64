//! The tables of events in docs/qq.md, in both languages, say what the code does and leave nothing out.

use std::collections::BTreeSet;

use super::*;

const PAGES: [&str; 2] = ["qq.md", "qq.zh-CN.md"];

/// The cells of the rows of the table of events: the second part of a page.
fn rows(page: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(corpus_dir().join("../../docs").join(page)).unwrap();
    let events = text.split("\n## ").nth(2).unwrap();
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    events.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// An event with all that any of them needs.
fn becomes(kind: &str) -> Option<String> {
    let d = json!({
        "id": "1", "guild_id": "2", "channel_id": "3", "openid": "4", "group_openid": "5", "member_openid": "6",
        "user_id": "7", "author": {"id": "8"}, "message": {"id": "9", "channel_id": "3", "guild_id": "2"},
        "target": {"id": "10"}, "emoji": {"id": "11"}, "audit_id": "12", "join_request_id": "13",
    });
    let Decoded::Event(event) = decoded(&frame(kind, &d), &Memory::default()) else { return None };
    let body = json_of(&event.event.body);
    let case = body["type"].as_str().unwrap();
    Some(match case {
        "notice" | "request" => format!("{case}.{}", body["data"]["type"].as_str().unwrap()),
        case => case.to_owned(),
    })
}

fn mark(answer: AnchorKind) -> &'static str {
    match answer {
        AnchorKind::Message => "✓",
        AnchorKind::Event => "✓¹",
        AnchorKind::Perhaps => "?",
        AnchorKind::Never => "✗",
    }
}

#[test]
fn the_table_of_events_names_each_event_what_it_becomes_and_whether_it_is_answered() {
    for page in PAGES {
        let mut said = BTreeSet::new();
        for row in rows(page) {
            for name in names(&row[0]) {
                assert!(said.insert(name.to_owned()), "{page}: {name} stands twice");
                let kind = decode::KINDS.iter().find(|kind| kind.name == name);
                let kind = kind.unwrap_or_else(|| panic!("{page}: nobody knows {name}"));
                assert_eq!(
                    names(&row[1]),
                    becomes(name).as_deref().into_iter().collect::<Vec<_>>(),
                    "{page}: {name}"
                );
                assert_eq!(row[2], mark(kind.answer), "{page}: {name}");
            }
        }
        let known: BTreeSet<String> = decode::KINDS.iter().map(|kind| kind.name.to_owned()).collect();
        assert_eq!(said, known, "{page}");
    }
}
