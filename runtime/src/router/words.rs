//! A command's text as words.

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'t> {
    /// Without its quotation marks.
    pub text: &'t str,
    /// Where it begins, its quotation mark included, in bytes.
    pub start: usize,
    pub quoted: bool,
}

/// Words are split at white space (the full-width space too); `"two words"` and `“two words”` are one. A quotation mark
/// counts at the beginning of a word only, and if there is one to close it.
pub(super) fn split(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let start = text.len() - rest.len();
        let quoted = quoted(rest, first);
        let (word, after) =
            quoted.unwrap_or_else(|| rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())));
        rest = after.trim_start();
        Some(Word { text: word, start, quoted: quoted.is_some() })
    })
}

/// The words alone.
pub(super) fn words(text: &str) -> Vec<&str> {
    split(text).map(|word| word.text).collect()
}

/// What stands in the quotation marks that `text` begins with, and what comes after them.
fn quoted(text: &str, first: char) -> Option<(&str, &str)> {
    let closing = match first {
        '"' => '"',
        '“' => '”',
        _ => return None,
    };
    let inner = &text[first.len_utf8()..];
    inner.match_indices(closing).find_map(|(at, mark)| {
        let after = &inner[at + mark.len()..];
        (after.is_empty() || after.starts_with(char::is_whitespace)).then_some((&inner[..at], after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_keep_words_together() {
        for (text, expected) in [
            ("", vec![]),
            ("a  b\u{3000}c\n", vec!["a", "b", "c"]),
            (r#""a b" c"#, vec!["a b", "c"]),
            ("“a b”\u{3000}c", vec!["a b", "c"]),
            (r#"say "hi"#, vec!["say", "\"hi"]),
            (r#"it"s a"b c" d"#, vec!["it\"s", "a\"b", "c\"", "d"]),
            (r#""a"b c" d"#, vec!["a\"b c", "d"]),
            (r#""" x"#, vec!["", "x"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn words_know_where_they_begin() {
        let found: Vec<_> =
            split(" a \u{3000}“b c” d").map(|word| (word.text, word.start, word.quoted)).collect();
        assert_eq!(found, [("a", 1, false), ("b c", 6, true), ("d", 16, false)]);
    }
}
