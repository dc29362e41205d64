//! Small conveniences on message content.

use super::Segment;

/// A message of one text segment.
#[must_use]
pub fn text(text: impl Into<String>) -> Vec<Segment> {
    vec![Segment::Text(text.into())]
}

/// The text segments of a message, joined; everything else is left out.
#[must_use]
pub fn plain_text(content: &[Segment]) -> String {
    content
        .iter()
        .filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The ASCII form of a full-width character; any other as it is.
pub(crate) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}
