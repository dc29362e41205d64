//! What a plugin may put into a message.
//!
//! Text, faces and the like are harmless. A file named by its path is not: the platform's client reads it from the
//! machine that it runs on and sends it away. So is anything that a client could take for a path.

use crate::model::{Error, Forward, MediaSource, Segment};
use crate::policy::{Permission, Policy};

/// Nodes of merged messages hold messages that hold merged messages; QQ shows three.
const DEEPEST: usize = 8;

/// Checks what `content` would make the platform's client read.
pub(super) fn check(policy: &Policy, content: &[Segment]) -> Result<(), Error> {
    if content.is_empty() {
        return Err(Error::Invalid("the message is empty; add at least one segment".to_owned()));
    }
    if needs_files(content, 0)? {
        policy.allows(&Permission::Files)?;
    }
    Ok(())
}

fn needs_files(content: &[Segment], depth: usize) -> Result<bool, Error> {
    if depth > DEEPEST {
        return Err(Error::Invalid(format!("merged messages are nested more than {DEEPEST} deep")));
    }
    let mut needs = false;
    for segment in content {
        needs |= match segment {
            Segment::Image(image) => names_a_path(&image.media.source),
            Segment::Voice(voice) => names_a_path(&voice.media.source),
            Segment::Video(video) => {
                names_a_path(&video.media.source) || video.cover.as_ref().is_some_and(names_a_path)
            }
            Segment::File(media) => names_a_path(&media.source),
            // Sent on as it is, so it may be anything.
            Segment::Other(_) => true,
            Segment::Forward(forward) => nodes_need_files(forward, depth)?,
            _ => false,
        };
    }
    Ok(needs)
}

fn nodes_need_files(forward: &Forward, depth: usize) -> Result<bool, Error> {
    let mut needs = false;
    for node in &forward.nodes {
        if node.message.is_some() || node.content.trim().is_empty() {
            continue;
        }
        let content: Vec<Segment> = serde_json::from_str(&node.content).map_err(|e| {
            Error::Invalid(format!(
                "a forward node's content is not the JSON form of a list of segments: {e}"
            ))
        })?;
        needs |= needs_files(&content, depth + 1)?;
    }
    Ok(needs)
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
            assert_eq!(check(&policy(false), &parse(&json)), Ok(()), "{json}");
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
            assert!(matches!(check(&policy(false), &parse(&json)), Err(Error::Denied(_))), "{json}");
            assert_eq!(check(&policy(true), &parse(&json)), Ok(()), "{json}");
        }
    }
}
