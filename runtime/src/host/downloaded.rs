//! Downloaded files on their way out: the plugin's token becomes the bytes before a bot sees the message.
//!
//! A file is kept on disk and read as a whole to be sent, since a message to NapCat carries it as base64 and the official
//! platform wants its hash first. `file` in the owner's limits bounds that memory, for each message that is being sent.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::downloads::Downloads;
use super::{Caller, magic};
use crate::model::{Error, Media, MediaSource, Segment};

/// Messages in merged messages that are looked into; [`content::check`](super::content) refuses deeper ones.
const DEEPEST: usize = 8;

/// The content with the bytes of downloaded files in it. Does not wait if there are none.
pub(super) async fn insert(caller: &Caller, mut content: Vec<Segment>) -> Result<Vec<Segment>, Error> {
    let mut tokens = Vec::new();
    walk(&mut content, 0, &mut |source, _| {
        if let Some(token) = token(source) {
            tokens.push(token.to_owned());
        }
        false
    });
    if tokens.is_empty() {
        return Ok(content);
    }
    let bytes = read(caller, tokens).await?;
    walk(&mut content, 0, &mut |source, name| {
        let Some(found) = token(source).and_then(|token| bytes.get(token)) else { return false };
        *source = MediaSource::Bytes(found.clone());
        if let Some(name @ None) = name {
            *name = magic::kind(found).map(|kind| format!("file.{}", kind.ending));
        }
        true
    });
    Ok(content)
}

/// The same for one medium.
pub(super) async fn medium(caller: &Caller, mut file: Media) -> Result<Media, Error> {
    let Some(token) = token(&file.source).map(str::to_owned) else { return Ok(file) };
    let bytes = read(caller, vec![token]).await?;
    file.source = MediaSource::Bytes(bytes.into_values().next().unwrap_or_default());
    Ok(file)
}

/// The files of these tokens, which together may be as large as one.
async fn read(caller: &Caller, tokens: Vec<String>) -> Result<HashMap<String, Vec<u8>>, Error> {
    let downloads = &caller.around()?.outlet.downloads;
    let mut left = caller.limits.file;
    let mut read = HashMap::new();
    for token in tokens {
        if let Entry::Vacant(place) = read.entry(token) {
            let bytes = downloads.read(place.key(), left).await?;
            left -= bytes.len();
            place.insert(bytes);
        }
    }
    Ok(read)
}

fn token(source: &MediaSource) -> Option<&str> {
    match source {
        MediaSource::PlatformFile(name) if Downloads::is_token(name) => Some(name),
        _ => None,
    }
}

/// Shows `look` every source in the content, with the name beside it; answers whether it changed any.
fn walk(
    content: &mut [Segment],
    depth: usize,
    look: &mut dyn FnMut(&mut MediaSource, Option<&mut Option<String>>) -> bool,
) -> bool {
    let mut changed = false;
    for segment in content {
        let media = match segment {
            Segment::Image(image) => &mut image.media,
            Segment::Voice(voice) => &mut voice.media,
            Segment::Video(video) => {
                if let Some(cover) = &mut video.cover {
                    changed |= look(cover, None);
                }
                &mut video.media
            }
            Segment::File(file) => file,
            Segment::Forward(forward) if depth < DEEPEST => {
                for node in forward.nodes.iter_mut().filter(|node| node.message.is_none()) {
                    let Ok(mut inner) = serde_json::from_str::<Vec<Segment>>(&node.content) else { continue };
                    if walk(&mut inner, depth + 1, look)
                        && let Ok(json) = serde_json::to_string(&inner)
                    {
                        node.content = json;
                        changed = true;
                    }
                }
                continue;
            }
            _ => continue,
        };
        changed |= look(&mut media.source, Some(&mut media.name));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_medium_is_looked_at() {
        let media = |n: u8| format!(r#"{{"source":{{"type":"platform-file","data":"iglu-download-{n}"}}}}"#);
        let inner = format!(r#"[{{"type":"image","data":{{"media":{}}}}}]"#, media(5));
        let node = serde_json::json!({"sender": "1", "nickname": "", "content": inner});
        let json = format!(
            r#"[{{"type":"text","data":"iglu-download-0"}},
                {{"type":"image","data":{{"media":{}}}}}, {{"type":"voice","data":{{"media":{}}}}},
                {{"type":"video","data":{{"media":{},"cover":{{"type":"url","data":"x"}}}}}},
                {{"type":"file","data":{}}}, {{"type":"forward","data":{{"nodes":[{node}]}}}}]"#,
            media(1),
            media(2),
            media(3),
            media(4),
        );
        let mut content: Vec<Segment> = serde_json::from_str(&json).unwrap();
        let mut found = Vec::new();
        let changed = walk(&mut content, 0, &mut |source, _| {
            let Some(name) = token(source).map(str::to_owned) else { return false };
            found.push(name);
            *source = MediaSource::Bytes(vec![7]);
            true
        });
        assert!(changed);
        assert_eq!(found, (1..=5).map(|n| format!("iglu-download-{n}")).collect::<Vec<_>>());
        assert_eq!(serde_json::to_string(&content).unwrap().matches("Bw==").count(), 5);
    }
}
