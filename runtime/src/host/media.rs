//! Media that the platform gave: those of an event, and those of messages that a plugin has read.

use super::Caller;
use crate::model::{EventBody, Incoming, Media, MediaSource, Notice, Segment};

/// Merged messages in merged messages that are looked into.
const DEEPEST: usize = 4;

/// The medium of this event that is meant by `file`.
pub(super) fn carried(incoming: &Incoming, file: &Media) -> Option<Media> {
    let mut found = None;
    let mut look = |media: &Media| {
        if found.is_none() && is_meant(media, file) {
            found = Some(media.clone());
        }
    };
    match &incoming.event.body {
        EventBody::Message(message) | EventBody::MessageSent(message) => each(&message.content, 0, &mut look),
        EventBody::Notice(Notice::FileUploaded(upload)) => look(&upload.file),
        _ => {}
    }
    found
}

/// Keeps the addresses in a message that a plugin has read.
pub(super) fn note(caller: &Caller, content: &[Segment]) {
    each(content, 0, &mut |media| {
        if let MediaSource::Url(url) = &media.source {
            caller.was_given(url);
        }
    });
}

fn is_meant(known: &Media, file: &Media) -> bool {
    let same_source = known.source == file.source && known.source != MediaSource::Url(String::new());
    let same = |a: &Option<String>, b: &Option<String>| a.as_ref().is_some_and(|a| b.as_ref() == Some(a));
    same_source || same(&known.file_id, &file.file_id) || same(&known.name, &file.name)
}

fn each(content: &[Segment], depth: usize, look: &mut dyn FnMut(&Media)) {
    let mut inner = |json: &str| {
        if depth < DEEPEST
            && let Ok(content) = serde_json::from_str::<Vec<Segment>>(json)
        {
            each(&content, depth + 1, look);
        }
    };
    for segment in content {
        match segment {
            Segment::Forward(forward) => forward.nodes.iter().for_each(|node| inner(&node.content)),
            Segment::Reply(quote) => quote.content.iter().for_each(|content| inner(content)),
            _ => {}
        }
    }
    for segment in content {
        match segment {
            Segment::Image(image) => look(&image.media),
            Segment::Voice(voice) => {
                look(&voice.media);
                if let Some(url) = &voice.wav_url {
                    let source = MediaSource::Url(url.clone());
                    look(&Media { source, name: None, size: None, file_id: None, mime_type: None });
                }
            }
            Segment::Video(video) => look(&video.media),
            Segment::File(file) => look(file),
            Segment::Mface(sticker) => sticker.media.iter().for_each(&mut *look),
            _ => {}
        }
    }
}
