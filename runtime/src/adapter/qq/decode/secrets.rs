//! Takes the platform's secrets out of a frame, and leaves every other byte as it came.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::{memchr2, memmem};

const NAME: &str = "auth_token";
const MASK: &str = "***";

static SEARCH: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(NAME));

/// What a value belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    /// `ext`: a list of `key=value`.
    Ext,
    /// `auth_token` as a key of its own.
    Secret,
}

/// `text` is valid JSON.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let is_named = SEARCH.find(text.as_bytes()).is_some();
    if !is_named && memmem::find(text.as_bytes(), b"\\u00").is_none() {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    // Whether it is an object, and where it stands.
    let mut levels: Vec<(bool, Place)> = Vec::new();
    let (mut place, mut is_key) = (Place::Elsewhere, false);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'{' | b'[' => {
                is_key = bytes[at] == b'{';
                levels.push((is_key, place));
            }
            b'}' | b']' => {
                levels.pop();
                is_key = false;
            }
            b',' => (is_key, place) = levels.last().copied().unwrap_or((false, Place::Elsewhere)),
            b'"' => {
                let escapes;
                (at, escapes) = end_of_string(bytes, at);
                let token = &text[start..at];
                if is_key {
                    let outer = levels.last().map_or(Place::Elsewhere, |(_, outer)| *outer);
                    place = place_of(&decoded(token, escapes), outer);
                    is_key = false;
                } else if place != Place::Elsewhere
                    && let Some(instead) = instead_of(&decoded(token, escapes), place)
                {
                    out.push_str(&text[copied..start]);
                    out.push_str(&instead);
                    copied = at;
                }
                continue;
            }
            byte if place == Place::Secret && (byte.is_ascii_digit() || byte == b'-') => {
                while at < bytes.len() && !b",]} \t\r\n".contains(&bytes[at]) {
                    at += 1;
                }
                out.push_str(&text[copied..start]);
                out.push_str(&format!("\"{MASK}\""));
                copied = at;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Behind the closing quote, and whether there are escapes before it.
fn end_of_string(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut at = start + 1;
    let mut escapes = false;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return (at + 1, escapes);
        }
        escapes = true;
        at += 2;
    }
    (bytes.len(), escapes)
}

fn decoded(token: &str, escapes: bool) -> Cow<'_, str> {
    let inside = token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).unwrap_or(token);
    if escapes {
        serde_json::from_str(token).map_or(Cow::Borrowed(inside), Cow::Owned)
    } else {
        Cow::Borrowed(inside)
    }
}

fn place_of(key: &str, outer: Place) -> Place {
    match key {
        NAME => Place::Secret,
        "ext" => Place::Ext,
        _ if outer == Place::Secret => Place::Secret,
        _ => Place::Elsewhere,
    }
}

fn instead_of(value: &str, place: Place) -> Option<String> {
    match place {
        Place::Elsewhere => None,
        Place::Secret => Some(format!("\"{MASK}\"")),
        Place::Ext => {
            let given = |at: &usize| value[at + NAME.len()..].trim_start().starts_with('=');
            let at = SEARCH.find_iter(value.as_bytes()).find(given)?;
            serde_json::to_string(&format!("{}{NAME}={MASK}", &value[..at])).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn the_token_is_masked_wherever_the_platform_may_write_it() {
        for (text, wanted) in [
            (r#"{"ext":["a=1","auth_token=s3=="],"b":1}"#, r#"{"ext":["a=1","auth_token=***"],"b":1}"#),
            (r#"{ "ext" : [ "auth_token=s" , "b=2" ] }"#, r#"{ "ext" : [ "auth_token=***" , "b=2" ] }"#),
            (r#"{"ext":["\u0061uth_token=s\"s"]}"#, r#"{"ext":["auth_token=***"]}"#),
            (r#"{"ext":"a=1;auth_token=s"}"#, r#"{"ext":"a=1;auth_token=***"}"#),
            (r#"{"ext":{"auth_token":"s"},"x":"s"}"#, r#"{"ext":{"auth_token":"***"},"x":"s"}"#),
            (r#"{"auth_token":-12.5e3,"x":7}"#, r#"{"auth_token":"***","x":7}"#),
            (r#"{"auth_token":["s",{"k":"t"}],"x":"s"}"#, r#"{"auth_token":["***",{"k":"***"}],"x":"s"}"#),
            (
                r#"{"a":[{"ext":["auth_token=1"]},{"ext":["auth_token=2"]}]}"#,
                r#"{"a":[{"ext":["auth_token=***"]},{"ext":["auth_token=***"]}]}"#,
            ),
        ] {
            assert_eq!(masked(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_users_write_stays() {
        for text in [
            r#"{"content":"auth_token=abc","ext":["msg_idx=auth"]}"#,
            r#"{"content":"\"ext\":[\"auth_token=abc\"]"}"#,
            r#"{"content":"\u0061uth_token","n":1.50,"z":[]}"#,
            r#"{"ext":["auth_tokens","xauth_token"],"a":"auth_token"}"#,
            r#"["auth_token","ext",{"x":"auth_token=1"}]"#,
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
