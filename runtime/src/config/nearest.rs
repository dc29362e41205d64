//! "Did you mean": the known word nearest to one that is not.

/// Longer words are not compared: it takes as long as both are long together, and users write the one, plugins the other.
const LONGEST: usize = 64;

/// The candidate that `word` was most likely meant to be, if any is near enough to be worth saying.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let comparable = |word: &str| (2..=LONGEST).contains(&word.len());
    if !comparable(word) {
        return None;
    }
    let word = word.to_lowercase();
    let candidates = candidates.into_iter().filter(|candidate| comparable(candidate));
    candidates
        .map(|candidate| (candidate, closeness(&word, &candidate.to_lowercase())))
        .filter(|(_, closeness)| *closeness >= 0.8)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(candidate, _)| candidate)
}

/// 1 for equal words. A word that lacks its end, or has too much of one, counts as near.
fn closeness(word: &str, candidate: &str) -> f64 {
    let cut =
        word.len().min(candidate.len()) >= 3 && (candidate.starts_with(word) || word.starts_with(candidate));
    if cut { 0.9 } else { strsim::jaro_winkler(word, candidate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["enabled", "grants", "config", "limits"];
        for (word, expected) in [
            ("grant", Some("grants")),
            ("Grants", Some("grants")),
            ("enable", Some("enabled")),
            ("limit", Some("limits")),
            ("cofnig", Some("config")),
            ("xyz", None),
            ("", None),
            ("c", None),
            (&"config".repeat(11), None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
