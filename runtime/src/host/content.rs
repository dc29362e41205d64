//! What a plugin may put into a message.
//!
//! Text, faces and the like are harmless. A file named by its path is not: the platform's client reads it from the
//! machine that it runs on and sends it away. So is anything that a client could take for a path.

use crate::model::{Error, Forward, MediaSource, Segment};
use crate::policy::{Permission, Policy};

/// Nodes of merged messages hold messages that hold merged messages; QQ shows three.
const DEEPEST: usize = 8;

/// Checks what `content` would make the platform's client read, and that no medium has more than `most` bytes.
pub(super) fn check(policy: &Policy, most: usize, content: &[Segment]) -> Result<(), Error> {
    if content.is_empty() {
        return Err(Error::Invalid("the message is empty; add at least one segment".to_owned()));
    }
    let mut found = Found::default();
    found.look(content, 0)?;
    if found.paths {
        policy.allows(&Permission::Files)?;
    }
    if found.largest > most {
        return Err(Error::Exhausted(format!(
            "a medium of the message has {} bytes and a plugin may send {most} (`file` in iglu.toml)",
            found.largest
        )));
    }
    Ok(())
}

/// What a message holds.
#[derive(Default)]
struct Found {
    /// Something that a client could read from its machine.
    paths: bool,
    /// Bytes of the largest medium.
    largest: usize,
}

impl Found {
    fn look(&mut self, content: &[Segment], depth: usize) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(Error::Invalid(format!("merged messages are nested more than {DEEPEST} deep")));
        }
        for segment in content {
            match segment {
                Segment::Image(image) => self.source(&image.media.source),
                Segment::Voice(voice) => self.source(&voice.media.source),
                Segment::Video(video) => {
                    self.source(&video.media.source);
                    video.cover.iter().for_each(|cover| self.source(cover));
                }
                Segment::File(media) => self.source(&media.source),
                // Sent on as it is, so it may be anything.
                Segment::Other(_) => self.paths = true,
                Segment::Forward(forward) => self.nodes(forward, depth)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn nodes(&mut self, forward: &Forward, depth: usize) -> Result<(), Error> {
        for node in &forward.nodes {
            if node.message.is_some() || node.content.trim().is_empty() {
                continue;
            }
            let content: Vec<Segment> = serde_json::from_str(&node.content).map_err(|e| {
                Error::Invalid(format!(
                    "a forward node's content is not the JSON form of a list of segments: {e}"
                ))
            })?;
            self.look(&content, depth + 1)?;
        }
        Ok(())
    }

    fn source(&mut self, source: &MediaSource) {
        self.paths |= names_a_path(source);
        if let MediaSource::Bytes(bytes) = source {
            self.largest = self.largest.max(bytes.len());
        }
    }
}

pub(super) fn names_a_path(source: &MediaSource) -> bool {
    match source {
        MediaSource::Bytes(_) => false,
        MediaSource::Path(_) => true,
        MediaSource::Url(url) => {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            !matches!(scheme.as_deref(), Some("http" | "https")) && !url.is_empty()
        }
        // Tokens and names are flat; what has a separator or a scheme would be taken for a path or an address.
        MediaSource::PlatformFile(name) => name.contains(['/', '\\', ':']) || name.starts_with('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(granted: bool) -> Policy {
        use crate::plugin::manifest::PermissionRequest;
        let asked = [PermissionRequest { name: "files".to_owned(), reason: String::new() }];
        let grant = crate::policy::Grant::parse("files").unwrap();
        Policy::new("test", &asked, if granted { std::slice::from_ref(&grant) } else { &[] })
    }

    fn parse(json: &str) -> Vec<Segment> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn media_have_at_most_so_many_bytes_wherever_they_are() {
        let bytes = r#"{"source":{"type":"bytes","data":"aGk="}}"#;
        let file = format!(r#"[{{"type":"file","data":{bytes}}}]"#);
        let node = format!(
            r#"[{{"type":"forward","data":{{"nodes":[{{"sender":"1","nickname":"","content":{}}}]}}}}]"#,
            serde_json::Value::from(file.as_str())
        );
        for json in [file, format!(r#"[{{"type":"image","data":{{"media":{bytes}}}}}]"#), node] {
            assert_eq!(check(&policy(false), 2, &parse(&json)), Ok(()), "{json}");
            let refused = check(&policy(false), 1, &parse(&json));
            assert!(
                matches!(&refused, Err(Error::Exhausted(text)) if text.contains("`file`")),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_could_read_the_owners_files_needs_the_permission() {
        let image =
            |source: &str| format!(r#"[{{"type":"image","data":{{"media":{{"source":{source}}}}}}}]"#);
        let harmless = [
            r#"[{"type":"text","data":"/etc/passwd"}]"#.to_owned(),
            image(r#"{"type":"url","data":"https://example.com/a.png"}"#),
            image(r#"{"type":"bytes","data":"aGk="}"#),
            image(r#"{"type":"platform-file","data":"E8C1.png"}"#),
        ];
        for json in harmless {
            assert_eq!(check(&policy(false), 2, &parse(&json)), Ok(()), "{json}");
        }
        let nested = r#"[{"type":"image","data":{"media":{"source":{"type":"path","data":"/etc/passwd"}}}}]"#;
        let forward = format!(
            r#"[{{"type":"forward","data":{{"nodes":[{{"sender":"1","nickname":"","content":{}}}]}}}}]"#,
            serde_json::Value::from(nested)
        );
        let harmful = [
            image(r#"{"type":"path","data":"/etc/passwd"}"#),
            image(r#"{"type":"url","data":"file:///etc/passwd"}"#),
            image(r#"{"type":"url","data":"/etc/passwd"}"#),
            image(r#"{"type":"platform-file","data":"../../etc/passwd"}"#),
            r#"[{"type":"other","data":{"kind":"image","data":"{\"file\":\"/etc/passwd\"}"}}]"#.to_owned(),
            forward,
        ];
        for json in harmful {
            assert!(matches!(check(&policy(false), 2, &parse(&json)), Err(Error::Denied(_))), "{json}");
            assert_eq!(check(&policy(true), 2, &parse(&json)), Ok(()), "{json}");
        }
    }
}
