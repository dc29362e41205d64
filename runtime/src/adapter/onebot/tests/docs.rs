//! The tables of docs/napcat.md, in both languages, say what the code does and leave nothing out.

use std::collections::{BTreeMap, BTreeSet};

use super::super::encode::sends;
use super::*;
use crate::model::{Chat, Error, Segment};

const PAGES: [&str; 2] = ["napcat.md", "napcat.zh-CN.md"];
/// In the order of the pages.
const PARTS: [&str; 3] = ["events", "segments", "actions"];

/// The cells of the rows of one part of a page.
fn rows(page: &str, part: &str) -> Vec<Vec<String>> {
    let file = corpus_dir().join("../../docs").join(page);
    let text = std::fs::read_to_string(file).unwrap();
    let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), PARTS.len(), "{page}");
    let section = sections[PARTS.iter().position(|one| *one == part).unwrap()];
    let cells = |line: &str| {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).map(cells).collect();
    assert!(!rows.is_empty(), "{page}: {part}");
    rows
}

/// What stands in `code` in a cell.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of a column, each of which stands once, sorted.
fn column(page: &str, part: &str, cell: usize) -> Vec<String> {
    let mut all: Vec<String> = rows(page, part).iter().flat_map(|row| names(&row[cell])).collect();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count, "{page}: a name of {part} stands twice");
    all
}

/// The contract's name of what a frame became; none if it is for the link.
fn typed(observed: &Value) -> Option<String> {
    let case = observed["type"].as_str()?;
    Some(match case {
        "notice" | "request" => format!("{case}.{}", observed["data"]["type"].as_str().unwrap()),
        case => case.to_owned(),
    })
}

#[test]
fn the_table_of_events_names_each_event_and_what_it_becomes() {
    let mut becomes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in samples::events() {
        becomes.entry(name).or_default().extend(typed(&observed(name, &text)));
    }
    for page in PAGES {
        assert_eq!(column(page, "events", 0), corpus_list("events.txt"), "{page}");
        for row in rows(page, "events") {
            let seen: BTreeSet<String> =
                names(&row[0]).iter().flat_map(|name| becomes[name.as_str()].clone()).collect();
            let said: BTreeSet<String> = names(&row[1]).into_iter().collect();
            assert_eq!(said, seen, "{page}: {}", row[0]);
        }
    }
}

/// A segment's case, and how it is sent, in the marks of the table.
fn segment(kind: &str, data: &Value) -> (String, &'static str) {
    let group = Chat::Group("1".to_owned());
    let frame = json!({
        "post_type": "message", "message_type": "group", "group_id": 1, "user_id": 2,
        "message": [{"type": kind, "data": data}],
    });
    let content = events(kind, &frame.to_string())[0].message().unwrap().content.clone();
    let case = serde_json::to_value(&content[0]).unwrap()["type"].as_str().unwrap().to_owned();
    let text = || Segment::Text("x".to_owned());
    let between = [&[text()], &content[..], &[text()]].concat();
    let mark = match sends(&group, &between, None) {
        Ok(sent) if sent.len() == 1 => "✓",
        Ok(sent) => {
            assert_eq!(sent.len(), 3, "{kind}");
            "✓¹"
        }
        Err(Error::Unsupported(_)) => {
            let node = json!({
                "sender": "1", "nickname": "n", "content": serde_json::to_string(&content).unwrap(),
            });
            let forward = json!([{"type": "forward", "data": {"nodes": [node]}}]);
            let forward: Vec<Segment> = serde_json::from_value(forward).unwrap();
            if sends(&group, &forward, None).is_ok() { "✓²" } else { "✗" }
        }
        Err(error) => panic!("{kind}: {error:?}"),
    };
    (case, mark)
}

#[test]
fn the_table_of_segments_names_each_segment_its_case_and_whether_it_is_sent() {
    let samples: BTreeMap<_, _> =
        samples::segments().into_iter().map(|(kind, data)| (kind, segment(kind, &data))).collect();
    assert_eq!(samples["*"], ("other".to_owned(), "✓"));
    for page in PAGES {
        assert_eq!(column(page, "segments", 0), corpus_list("segments.txt"), "{page}");
        for row in rows(page, "segments") {
            let kinds = names(&row[0]);
            let seen: BTreeSet<&str> = kinds.iter().map(|kind| samples[kind.as_str()].0.as_str()).collect();
            let said = names(&row[1]);
            assert_eq!(said.iter().map(String::as_str).collect::<BTreeSet<_>>(), seen, "{page}: {}", row[0]);
            for kind in &kinds {
                assert_eq!(row[3], samples[kind.as_str()].1, "{page}: {kind}");
            }
        }
    }
    let known: Vec<&str> = samples.keys().copied().filter(|kind| *kind != "*").collect();
    assert_eq!(corpus_list("segments.txt"), known);
}

#[test]
fn the_table_of_actions_names_each_action_and_functions_that_exist() {
    let contract = std::fs::read_to_string(corpus_dir().join("../../wit/actions.wit")).unwrap();
    let functions: BTreeSet<String> = contract
        .split("\ninterface ")
        .skip(1)
        .flat_map(|interface| {
            let name = interface.split_whitespace().next().unwrap();
            let functions =
                interface.lines().filter_map(|line| line.split_once("func(").map(|(head, _)| head));
            functions.map(move |head| {
                let function = head.split(':').next().unwrap().trim();
                format!("{name}.{}", function.trim_start_matches('%'))
            })
        })
        .collect();
    assert!(functions.contains("groups.mute-all") && functions.contains("friends.list"), "{functions:?}");
    for page in PAGES {
        assert_eq!(column(page, "actions", 1), corpus_list("actions.txt"), "{page}");
        for row in rows(page, "actions") {
            for name in names(&row[0]) {
                assert!(name == "napcat" || functions.contains(&name), "{page}: {name}");
            }
        }
    }
}
