//! Keywords and regular expressions of all plugins, looked for together.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::table::Found;
use crate::model::Error;

/// How much of a message's text is searched. People write some thousands of characters; frames may hold millions, and
/// a socket reader waits meanwhile.
const SEARCHED: usize = 64 * 1024;
/// Compiled size of one set; more patterns make more sets.
const SET_SIZE: usize = 32 << 20;
/// Keywords that are found in one text, overlapping ones too.
const HITS: usize = 1 << 20;
/// Bytes of a pattern that is written at run time.
const LONGEST: usize = 16 << 10;
/// Compiled sizes of a pattern, of which the smallest that it fits into counts; `\w` is large, for all the world's
/// letters are in it.
const SIZES: [usize; 6] = [8 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20, 4 << 20];
/// The largest of a pattern that is written at run time, and of one in a manifest.
const LARGEST: usize = 1 << 20;
const LARGEST_DECLARED: usize = 4 << 20;
/// Of all that somebody waits for.
const ALL_SIZES: usize = 128 << 20;
/// Patterns that nobody waits for any more are swept when there are this many, and again at twice as many as were left.
const SWEEP: usize = 1024;

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
        for hit in all.find_overlapping_iter(searched(text)).take(HITS) {
            let number = hit.pattern().as_usize();
            seen.resize(self.wanted.len(), false);
            if !std::mem::replace(&mut seen[number], true) {
                for (rank, word) in &self.wanted[number] {
                    first.entry(*rank).or_insert(word);
                }
            }
        }
        found.extend(first.into_iter().map(|(rank, word)| Found {
            rank,
            args: Ok(json!({"keyword": word, "text": text}).to_string()),
        }));
    }
}

impl Regexes {
    /// Of `(rank, pattern)`.
    pub(super) fn new(patterns: Vec<(usize, String)>) -> Self {
        Self::of_size(patterns, SET_SIZE)
    }

    fn of_size(patterns: Vec<(usize, String)>, size: usize) -> Self {
        let compiled = |(rank, pattern): (usize, String)| match compile(&pattern, LARGEST_DECLARED) {
            Ok((regex, _)) => Some((rank, regex)),
            Err(reason) => {
                warn!("a plugin's regex is left out: {reason}");
                None
            }
        };
        let mut sets = Vec::new();
        combine(patterns.into_iter().filter_map(compiled).collect(), size, &mut sets);
        Self(sets)
    }

    /// Adds the handlers whose pattern matches `text`, with the groups of the first match.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        let searched = searched(text);
        for set in &self.0 {
            for number in set.any.matches(searched) {
                let (rank, regex) = &set.each[number];
                if let Some(args) = groups(regex, searched) {
                    found.push(Found { rank: *rank, args: Ok(args) });
                }
            }
        }
    }
}

/// Patterns that plugins write while they run: equal ones are compiled once, and all together are not too large.
#[derive(Debug)]
pub(super) struct Shared {
    known: Mutex<Known>,
    /// Of their sizes.
    most: usize,
}

#[derive(Debug, Default)]
struct Known {
    /// By text, with the size.
    patterns: HashMap<String, (Weak<Regex>, usize)>,
    /// Of all that are in `patterns`.
    sizes: usize,
    sweep_at: usize,
}

impl Default for Shared {
    fn default() -> Self {
        Self { known: Mutex::default(), most: ALL_SIZES }
    }
}

impl Shared {
    /// The pattern, for as long as somebody holds it.
    pub(super) fn get(&self, pattern: &str) -> Result<Arc<Regex>, Error> {
        if pattern.len() > LONGEST {
            return Err(Error::Invalid(format!(
                "the pattern has {} bytes, {LONGEST} are allowed; look at the message itself instead",
                pattern.len()
            )));
        }
        let known = |known: &Known| known.patterns.get(pattern).and_then(|(regex, _)| regex.upgrade());
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known(&lock()) {
            return Ok(known);
        }
        // Not under the lock: it takes a while, and others route messages.
        let (compiled, size) = compile(pattern, LARGEST).map_err(Error::Invalid)?;
        let mut all = lock();
        if let Some(known) = known(&all) {
            return Ok(known);
        }
        if all.sizes + size > self.most || all.patterns.len() >= all.sweep_at.max(SWEEP) {
            all.patterns.retain(|_, (regex, _)| regex.strong_count() > 0);
            all.sizes = all.patterns.values().map(|(_, size)| size).sum();
            all.sweep_at = 2 * all.patterns.len();
        }
        if all.sizes + size > self.most {
            return Err(Error::Exhausted(
                "too many different patterns are waited for; wait for one that fits all, or without a pattern".to_owned(),
            ));
        }
        let compiled = Arc::new(compiled);
        all.sizes += size;
        if let Some((_, old)) = all.patterns.insert(pattern.to_owned(), (Arc::downgrade(&compiled), size)) {
            all.sizes -= old;
        }
        Ok(compiled)
    }
}

/// The size that a pattern counts with once it is compiled, of those that manifests declare.
///
/// # Errors
///
/// When it does not compile, or is larger than any may be.
pub(crate) fn size(pattern: &str) -> Result<usize, String> {
    compile(pattern, LARGEST_DECLARED).map(|(_, size)| size)
}

fn compile(pattern: &str, largest: usize) -> Result<(Regex, usize), String> {
    let shown = || pattern.chars().take(100).collect::<String>();
    let mut reason = String::new();
    for size in SIZES.into_iter().filter(|size| *size <= largest) {
        // What matching keeps besides is bounded in the same way.
        match RegexBuilder::new(pattern).size_limit(size).dfa_size_limit(2 * size).build() {
            Ok(regex) => return Ok((regex, size)),
            Err(e @ regex::Error::CompiledTooBig(_)) => reason = e.to_string(),
            Err(e) => return Err(format!("the pattern {:?}: {e}", shown())),
        }
    }
    Err(format!("the pattern {:?}: {reason}", shown()))
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

    #[test]
    fn equal_patterns_are_compiled_once_and_bad_ones_refused() {
        let shared = Shared::default();
        let (one, two) = (shared.get("a+").unwrap(), shared.get("a+").unwrap());
        assert!(Arc::ptr_eq(&one, &two));
        for bad in ["(", "(?=x)", r"\w{500}{500}", &"x".repeat(LONGEST + 1), &"x".repeat(1 << 20)] {
            assert!(matches!(shared.get(bad), Err(Error::Invalid(_))), "{}", bad.len());
        }
        for number in 0..3 * SWEEP {
            shared.get(&number.to_string()).unwrap();
        }
        assert!(shared.known.lock().unwrap().patterns.len() <= SWEEP + 1);
    }

    #[test]
    fn large_patterns_are_few_and_make_room_when_nobody_waits() {
        let shared = Shared { most: 3 * LARGEST, ..Shared::default() };
        let large = |number: usize| shared.get(&format!(r"^{number}\w{{8}}$"));
        let mut held = Vec::new();
        let refused = loop {
            match large(held.len()) {
                Ok(regex) => held.push(regex),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, Error::Exhausted(_)), "{refused:?}");
        assert_eq!(held.len(), 3);
        assert!(shared.get("^[a-z]$").is_err());
        held.clear();
        assert!(shared.get("^[a-z]$").is_ok() && large(0).is_ok());
    }

    fn found(find: impl Fn(&mut Vec<Found>)) -> Vec<(usize, Value)> {
        let mut found = Vec::new();
        find(&mut found);
        found.sort_by_key(|found| found.rank);
        found
            .into_iter()
            .map(|found| (found.rank, serde_json::from_str(found.args.as_ref().unwrap()).unwrap()))
            .collect()
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
