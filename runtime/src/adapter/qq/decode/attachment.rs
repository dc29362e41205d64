//! Attachments by their type.

use crate::adapter::node::Node;
use crate::model::{Image, Media, MediaSource, Segment, UnknownSegment, Video, Voice};

/// Whatever has an address is at least a file.
pub(super) fn read(node: &Node<'_>) -> Segment {
    let Some(url) = address(node.at("url")) else {
        return Segment::Other(UnknownSegment { kind: "attachment".to_owned(), data: super::json(node) });
    };
    let kind = node.at("content_type").words().unwrap_or_default();
    let media = Media {
        source: MediaSource::Url(url),
        name: node.at("filename").words(),
        size: node.at("size").number().filter(|size| *size >= 0.0),
        file_id: node.at("id").id(),
        mime_type: Some(&kind).filter(|kind| kind.contains('/')).cloned(),
    };
    let (width, height) = (node.at("width").count(), node.at("height").count());
    match kind.split('/').next().unwrap_or_default() {
        "image" => Segment::Image(Image { media, summary: None, sub_type: None, width, height }),
        "voice" | "audio" => Segment::Voice(Voice {
            media,
            transcript: node.at("asr_refer_text").words(),
            wav_url: address(node.at("voice_wav_url")),
        }),
        "video" => Segment::Video(Video { media, cover: None, width, height }),
        _ => Segment::File(media),
    }
}

/// Guilds leave the scheme out.
pub(super) fn address(node: &Node<'_>) -> Option<String> {
    let text = node.as_str().map(str::trim).filter(|text| !text.is_empty())?;
    let schemed = text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
            && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
    });
    Some(match text.strip_prefix("//") {
        _ if schemed => text.to_owned(),
        Some(rest) => format!("https://{rest}"),
        None => format!("https://{text}"),
    })
}
