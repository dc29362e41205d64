//! Keywords and regular expressions of all plugins, looked for together.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexSet, RegexSetBuilder};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::table::Found;

/// How much of a message's text is searched. People write some thousands of characters; frames may hold millions, and
/// a socket reader waits meanwhile.
const SEARCHED: usize = 64 * 1024;
/// Compiled size of one set; more patterns make more sets.
const SET_SIZE: usize = 32 << 20;

/// Words to look for.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    all: Option<AhoCorasick>,
    /// By pattern: the handlers, each with the word as it wrote it.
    wanted: Vec<Vec<(usize, String)>>,
}

/// Patterns to look for.
#[derive(Debug, Default)]
pub(super) struct Regexes(Vec<Set>);

#[derive(Debug)]
struct Set {
    any: RegexSet,
    each: Vec<(usize, Regex)>,
}

impl Keywords {
    /// Of `(rank, word)`.
    pub(super) fn new(words: Vec<(usize, String)>) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut wanted: Vec<Vec<(usize, String)>> = Vec::new();
        for (rank, word) in words {
            let number = *numbers.entry(word.to_ascii_lowercase()).or_insert(wanted.len());
            if number == wanted.len() {
                wanted.push(Vec::new());
            }
            wanted[number].push((rank, word));
        }
        if wanted.is_empty() {
            return Self::default();
        }
        let patterns = wanted.iter().map(|handlers| handlers[0].1.as_str());
        match AhoCorasick::builder().ascii_case_insensitive(true).build(patterns) {
            Ok(all) => Self { all: Some(all), wanted },
            Err(e) => {
                warn!("the plugins' keywords are too many to look for, so none is: {e}");
                Self::default()
            }
        }
    }

    /// Adds the handlers whose words are in `text`, each once with the word that ends first.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        let Some(all) = &self.all else { return };
        let mut first: BTreeMap<usize, &str> = BTreeMap::new();
        let mut seen = Vec::new();
        for hit in all.find_overlapping_iter(searched(text)) {
            let number = hit.pattern().as_usize();
            seen.resize(self.wanted.len(), false);
            if !std::mem::replace(&mut seen[number], true) {
                for (rank, word) in &self.wanted[number] {
                    first.entry(*rank).or_insert(word);
                }
            }
        }
        found.extend(
            first
                .into_iter()
                .map(|(rank, word)| Found { rank, args: json!({"keyword": word, "text": text}).to_string() }),
        );
    }
}

impl Regexes {
    /// Of `(rank, pattern)`.
    pub(super) fn new(patterns: Vec<(usize, String)>) -> Self {
        Self::of_size(patterns, SET_SIZE)
    }

    fn of_size(patterns: Vec<(usize, String)>, size: usize) -> Self {
        let compile = |(rank, pattern): (usize, String)| match Regex::new(&pattern) {
            Ok(regex) => Some((rank, regex)),
            Err(e) => {
                warn!("a plugin's regex {pattern:?} does not compile and is left out: {e}");
                None
            }
        };
        let mut sets = Vec::new();
        combine(patterns.into_iter().filter_map(compile).collect(), size, &mut sets);
        Self(sets)
    }

    /// Adds the handlers whose pattern matches `text`, with the groups of the first match.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        let searched = searched(text);
        for set in &self.0 {
            for number in set.any.matches(searched) {
                let (rank, regex) = &set.each[number];
                if let Some(args) = groups(regex, searched) {
                    found.push(Found { rank: *rank, args });
                }
            }
        }
    }
}

/// One set if they fit together, else two halves.
fn combine(mut each: Vec<(usize, Regex)>, size: usize, sets: &mut Vec<Set>) {
    if each.is_empty() {
        return;
    }
    let patterns = each.iter().map(|(_, regex)| regex.as_str());
    match RegexSetBuilder::new(patterns).size_limit(size).build() {
        Ok(any) => sets.push(Set { any, each }),
        Err(e) if each.len() == 1 => warn!("a plugin's regex {:?} is left out: {e}", each[0].1.as_str()),
        Err(_) => {
            let half = each.split_off(each.len() / 2);
            combine(each, size, sets);
            combine(half, size, sets);
        }
    }
}

fn groups(regex: &Regex, text: &str) -> Option<String> {
    let captures = regex.captures(text)?;
    let value =
        |group: Option<regex::Match<'_>>| group.map_or(Value::Null, |group| Value::from(group.as_str()));
    let named: Map<String, Value> =
        regex.capture_names().flatten().map(|name| (name.to_owned(), value(captures.name(name)))).collect();
    let groups: Vec<Value> = captures.iter().map(value).collect();
    Some(json!({"match": groups.first(), "groups": groups, "named": named}).to_string())
}

/// The part of a text that is searched.
pub(super) fn searched(text: &str) -> &str {
    &text[..text.floor_char_boundary(SEARCHED)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(find: impl Fn(&mut Vec<Found>)) -> Vec<(usize, Value)> {
        let mut found = Vec::new();
        find(&mut found);
        found.sort_by_key(|found| found.rank);
        found.into_iter().map(|found| (found.rank, serde_json::from_str(&found.args).unwrap())).collect()
    }

    #[test]
    fn keywords_are_found_inside_and_over_each_other() {
        let words = [(0, "hello"), (0, "lo wo"), (1, "LO WO"), (2, "你好"), (3, "HeLLo")];
        let keywords = Keywords::new(words.map(|(rank, word)| (rank, word.to_owned())).to_vec());
        let hits = |text: &str| found(|found| keywords.find(text, found));
        let all = hits("say Hello World, 你好");
        assert_eq!(
            all.iter().map(|(rank, args)| (*rank, args["keyword"].as_str().unwrap())).collect::<Vec<_>>(),
            [(0, "hello"), (1, "LO WO"), (2, "你好"), (3, "HeLLo")]
        );
        assert_eq!(all[0].1["text"], "say Hello World, 你好");
        assert!(hits("nothing").is_empty());
        assert!(found(|found| Keywords::new(Vec::new()).find("x", found)).is_empty());
    }

    #[test]
    fn regexes_give_their_groups() {
        let patterns = [(0, r"^(\d+)d(?<sides>\d+)(\+\d+)?$"), (1, "d"), (2, "never")];
        let regexes = Regexes::new(patterns.map(|(rank, pattern)| (rank, pattern.to_owned())).to_vec());
        let hits = found(|found| regexes.find("2d6", found));
        assert_eq!(
            hits,
            [
                (0, json!({"match": "2d6", "groups": ["2d6", "2", "6", null], "named": {"sides": "6"}})),
                (1, json!({"match": "d", "groups": ["d"], "named": {}})),
            ]
        );
    }

    #[test]
    fn patterns_too_large_for_one_set_make_several() {
        let patterns = (0..12).map(|rank| (rank, format!(r"\w{{0,30}}{rank}x$"))).collect();
        let regexes = Regexes::of_size(patterns, 4 << 20);
        assert!((2..=12).contains(&regexes.0.len()), "{} sets", regexes.0.len());
        assert_eq!(
            found(|found| regexes.find("a7x", found)).iter().map(|hit| hit.0).collect::<Vec<_>>(),
            [7]
        );
    }

    #[test]
    fn a_huge_text_is_searched_at_its_beginning() {
        let text = format!("{}needle", "中".repeat(SEARCHED));
        let keywords = Keywords::new(vec![(0, "needle".to_owned()), (1, "中".to_owned())]);
        assert_eq!(
            found(|found| keywords.find(&text, found)).iter().map(|hit| hit.0).collect::<Vec<_>>(),
            [1]
        );
    }
}
