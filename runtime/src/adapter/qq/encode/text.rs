//! Text and what stands in it: escapes, mentions, faces.

use std::borrow::Cow;

use super::{invalid, unsupported};
use crate::adapter::qq::place::Scene;
use crate::model::{Error, Face, Mention};

/// Seen by nobody; it keeps what stands around it from being read as one.
const GAP: char = '\u{200B}';

/// Plain text as `content`: nothing in it is read as markup.
pub(super) fn plain(scene: Scene, text: &str, hide_addresses: bool) -> String {
    let text = if hide_addresses { hidden(text) } else { Cow::Borrowed(text) };
    match scene {
        Scene::Private => text.into_owned(),
        // Groups have no escapes.
        Scene::Group => text.replace("<qqbot-", &format!("<{GAP}qqbot-")).replace("<@", &format!("<{GAP}@")),
        Scene::Channel | Scene::Direct => text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace("@everyone", &format!("@{GAP}everyone")),
    }
}

/// Dots that the platform takes for a part of an address, as full-width ones. It looks for a letter, digit or CJK before
/// the dot and a letter after it.
fn hidden(text: &str) -> Cow<'_, str> {
    if !text.contains('.') {
        return Cow::Borrowed(text);
    }
    let mut before = None;
    let mut rest = text.chars().peekable();
    let mut hidden = String::with_capacity(text.len() + 8);
    while let Some(letter) = rest.next() {
        let inside = before.is_some_and(char::is_alphanumeric)
            && rest.peek().is_some_and(|after| after.is_alphabetic());
        hidden.push(if letter == '.' && inside { '．' } else { letter });
        before = Some(letter);
    }
    Cow::Owned(hidden)
}

/// A mention as it stands in `content`; none where it means nothing.
pub(super) fn mention(scene: Scene, mention: &Mention) -> Result<Option<String>, Error> {
    let tag = match (mention, scene) {
        (Mention::User(user), Scene::Group | Scene::Channel) => {
            format!("<qqbot-at-user id=\"{}\" />", id("at", &user.id)?)
        }
        (Mention::Everyone, Scene::Channel) => "<qqbot-at-everyone />".to_owned(),
        (Mention::Everyone, Scene::Group) => {
            return unsupported(scene, "a mention of everyone", "mention single users");
        }
        (Mention::User(_) | Mention::Everyone, Scene::Private | Scene::Direct) => return Ok(None),
        (Mention::Channel(channel), Scene::Channel | Scene::Direct) => {
            format!("<#{}>", id("at", &channel.id)?)
        }
        (Mention::Channel(_), Scene::Private | Scene::Group) => {
            return unsupported(scene, "a link to a channel", "send the channel's name as text");
        }
    };
    Ok(Some(tag))
}

/// A face as it stands in `content`.
pub(super) fn face(scene: Scene, face: &Face) -> Result<String, Error> {
    let number = !face.id.is_empty() && face.id.bytes().all(|byte| byte.is_ascii_digit());
    match (scene, face.text.as_deref().filter(|text| !text.is_empty())) {
        (Scene::Channel | Scene::Direct, _) if number => Ok(format!("<emoji:{}>", face.id)),
        (_, Some(text)) => Ok(plain(scene, text, false)),
        _ => unsupported(scene, "a face", "send its name or an emoji as text"),
    }
}

/// An id that may stand inside of a tag.
fn id<'a>(segment: &str, id: &'a str) -> Result<&'a str, Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.is_empty() || !id.bytes().all(plain) {
        return invalid(&format!(
            "the segment {segment} has the id {id:?}, which is none; use one of an event"
        ));
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_read_as_markup() {
        let text = "a<b & <qqbot-at-user id=\"1\" /> <@1> @everyone";
        assert_eq!(plain(Scene::Private, text, false), text);
        let group = plain(Scene::Group, text, false);
        assert!(!group.contains("<qqbot") && !group.contains("<@1>"), "{group}");
        assert_eq!(group.replace(GAP, ""), text, "and looks the same");
        let channel = plain(Scene::Channel, text, false);
        assert!(!channel.contains('<') && !channel.contains("@everyone"), "{channel}");
        assert!(channel.starts_with("a&lt;b &amp; "), "{channel}");
    }

    #[test]
    fn dots_of_addresses_are_hidden_and_others_stay() {
        for (text, expected) in [
            ("example.com", "example．com"),
            ("see main.rs, v1.txt", "see main．rs, v1．txt"),
            ("一句.另一句", "一句．另一句"),
            ("1.5 and 3.", "1.5 and 3."),
            ("end. Next", "end. Next"),
            ("...a.b", "...a．b"),
            ("none", "none"),
        ] {
            assert_eq!(plain(Scene::Private, text, true), expected);
            assert_eq!(plain(Scene::Private, text, false), text, "only if the owner says so");
        }
    }

    #[test]
    fn ids_cannot_end_their_tag() {
        for bad in ["", "1\" />", "a b", "<"] {
            assert!(matches!(id("at", bad), Err(Error::Invalid(_))), "{bad}");
        }
        assert_eq!(id("at", "7D296480D464EC5C"), Ok("7D296480D464EC5C"));
    }
}
