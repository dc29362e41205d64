//! Media on their way to the platform, and what it called those that it has.
//!
//! The platform fetches an address itself; bytes go in one request while they are few, else in parts.

mod known;
mod parts;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

pub(super) use self::known::Uploads;
use self::known::{Key, Uploaded};
use super::account::{Account, Pace, text};
use super::api::{Body, Repeat, Reply, Request};
use super::encode::{Attachment, FileType};
use super::failure::Failure;
use super::place::Place;
use crate::model::{Error, Media, MediaSource};

/// The request that announces an upload in parts.
const PREPARE: &str = "upload_prepare";
const MIB: u64 = 1 << 20;
/// More bytes than this go in parts: the platform fails on larger ones in one request.
const WHOLE: usize = 5 << 20;
/// The most that is tried in one request, where parts are not open to the bot.
const WHOLE_AT_ALL: usize = 20 << 20;
/// Of an interface that a bot may not use, or that is not there.
const CLOSED: [i64; 4] = [11253, 11254, 404, 405];

impl Account {
    /// What a message names a medium by. `fresh`: what was known of it is not good any more.
    pub(super) async fn file_info(
        &self,
        place: &Place,
        attachment: Attachment<'_>,
        fresh: bool,
    ) -> Result<String, Error> {
        let kind = attachment.kind;
        let name = name_of(attachment);
        if let (MediaSource::Url(_), Some(size)) = (&attachment.media.source, attachment.media.size) {
            check_size(kind, size as u64)?;
        }
        let (key, bytes) = match &attachment.media.source {
            MediaSource::PlatformFile(token) => return Ok(token.clone()),
            MediaSource::Url(url) => (Key::of_url(place.scene, kind, url, &name), None),
            _ => {
                let bytes = bytes_of(attachment).await?;
                let key = Key::of_bytes(place.scene, kind, &bytes, &name);
                (Some(key), Some(bytes))
            }
        };
        if let Some(key) = &key {
            match self.uploads.get(key) {
                Some(_) if fresh => self.uploads.forget(key),
                Some(info) => return Ok(info),
                None => {}
            }
        }
        let reply = match (&attachment.media.source, bytes) {
            (_, Some(bytes)) => self.upload_bytes(place, kind, &name, bytes).await?,
            (MediaSource::Url(url), None) => {
                let mut body = Map::from_iter([("url".to_owned(), Value::from(url.as_str()))]);
                if kind == FileType::File {
                    body.insert("file_name".to_owned(), name.clone().into());
                }
                self.files(place, kind, body).await?
            }
            (_, None) => return Err(Error::Other("a medium has neither bytes nor an address".to_owned())),
        };
        let info = text(&reply.body["file_info"]).ok_or_else(|| {
            Error::Other(format!("the platform took the {} and did not say what it calls it", kind.words()))
        })?;
        if let Some(key) = key {
            let ttl = text(&reply.body["ttl"]).and_then(|ttl| ttl.parse().ok());
            self.uploads.put(key, Uploaded::new(info.clone(), ttl));
        }
        Ok(info)
    }

    async fn upload_bytes(
        &self,
        place: &Place,
        kind: FileType,
        name: &str,
        bytes: Cow<'_, [u8]>,
    ) -> Result<Reply, Error> {
        let few = bytes.len() <= WHOLE;
        let first = if few { self.upload_whole(place, kind, name, &bytes).await } else { Ok(None) };
        match first {
            Ok(Some(reply)) => return Ok(reply),
            Err(failure) if failure.status != Some(413) => return Err(failure.into()),
            _ => {}
        }
        let may_be_whole = !few && bytes.len() <= WHOLE_AT_ALL;
        let bytes = Bytes::from(bytes.into_owned());
        match self.upload_parts(place, kind, name, bytes.clone()).await {
            Err(Error::Platform(error)) if may_be_whole && CLOSED.contains(&i64::from(error.code)) => {
                let reply = self.upload_whole(place, kind, name, &bytes).await?;
                reply.ok_or(Error::Platform(error))
            }
            reply => reply,
        }
    }

    async fn upload_whole(
        &self,
        place: &Place,
        kind: FileType,
        name: &str,
        bytes: &[u8],
    ) -> Result<Option<Reply>, Failure> {
        let mut body = Map::from_iter([("file_data".to_owned(), Value::from(STANDARD.encode(bytes)))]);
        if kind == FileType::File {
            body.insert("file_name".to_owned(), name.into());
        }
        self.files(place, kind, body).await.map(Some)
    }

    /// The request that makes a medium of an address, of bytes, or of parts that are there.
    async fn files(
        &self,
        place: &Place,
        kind: FileType,
        mut body: Map<String, Value>,
    ) -> Result<Reply, Failure> {
        body.insert("file_type".to_owned(), json!(kind as u8));
        body.insert("srv_send_msg".to_owned(), false.into());
        self.upload_request(place, "files", &Value::Object(body), Repeat::Idempotent).await
    }

    async fn upload_request(
        &self,
        place: &Place,
        what: &str,
        body: &Value,
        repeat: Repeat,
    ) -> Result<Reply, Failure> {
        self.pace(if what == PREPARE { Pace::Slow(PREPARE) } else { Pace::Upload }).await;
        let path = place.path(what);
        let patience = self.settings.timings.upload;
        let method = reqwest::Method::POST;
        self.api.call(Request { method, path: &path, body: Body::Json(body), repeat, patience }).await
    }
}

/// The bytes of a medium that this host has. Whether a path may be read was decided before.
pub(super) async fn bytes_of(attachment: Attachment<'_>) -> Result<Cow<'_, [u8]>, Error> {
    let what = attachment.kind.words();
    match &attachment.media.source {
        MediaSource::Bytes(bytes) => {
            check_size(attachment.kind, bytes.len() as u64)?;
            Ok(Cow::Borrowed(bytes))
        }
        MediaSource::Path(path) => {
            let unread = |reason: std::io::Error| {
                Error::Invalid(format!("the {what} at {path:?} cannot be read: {reason}"))
            };
            let about = tokio::fs::metadata(path).await.map_err(unread)?;
            if !about.is_file() {
                return Err(Error::Invalid(format!("the {what} at {path:?} is no file")));
            }
            check_size(attachment.kind, about.len())?;
            let bytes = tokio::fs::read(path).await.map_err(unread)?;
            if bytes.is_empty() {
                return Err(Error::Invalid(format!("the {what} at {path:?} is empty")));
            }
            Ok(Cow::Owned(bytes))
        }
        MediaSource::Url(_) | MediaSource::PlatformFile(_) => {
            Err(Error::Other(format!("the bytes of this {what} are not on this host")))
        }
    }
}

/// The platform's limits, by kind.
fn check_size(kind: FileType, size: u64) -> Result<(), Error> {
    let most = match kind {
        FileType::Image | FileType::Voice => 20 * MIB,
        FileType::Video => 30 * MIB,
        FileType::File => 200 * MIB,
    };
    if size <= most {
        return Ok(());
    }
    let remedy =
        if kind == FileType::File { "split it" } else { "make it smaller, or send it as a file segment" };
    Err(Error::Invalid(format!(
        "the {} has {:.1} MiB, and the platform takes up to {} MiB: {remedy}",
        kind.words(),
        size as f64 / MIB as f64,
        most / MIB
    )))
}

/// The name that a file is shown by.
fn name_of(attachment: Attachment<'_>) -> String {
    let Media { source, name, .. } = attachment.media;
    let last =
        |path: &str| path.rsplit(['/', '\\']).next().map(str::to_owned).filter(|name| !name.is_empty());
    let from_source = || match source {
        MediaSource::Url(url) => last(url.split(['?', '#']).next().unwrap_or_default()),
        MediaSource::Path(path) => last(path),
        MediaSource::Bytes(_) | MediaSource::PlatformFile(_) => None,
    };
    let name = name.clone().filter(|name| !name.is_empty()).or_else(from_source);
    name.unwrap_or_else(|| match attachment.kind {
        FileType::Image => "image.png".to_owned(),
        FileType::Video => "video.mp4".to_owned(),
        FileType::Voice => "voice.silk".to_owned(),
        FileType::File => "file".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(source: MediaSource, name: Option<&str>) -> Media {
        Media { source, name: name.map(str::to_owned), size: None, file_id: None, mime_type: None }
    }

    #[test]
    fn files_keep_their_names() {
        let url = || MediaSource::Url("https://a.example/b/c.zip?x=/y".to_owned());
        for (source, name, expected) in [
            (url(), None, "c.zip"),
            (url(), Some("d.zip"), "d.zip"),
            (MediaSource::Path("/tmp/e.txt".to_owned()), None, "e.txt"),
            (MediaSource::Bytes(vec![1]), None, "file"),
            (MediaSource::Bytes(vec![1]), Some(""), "file"),
        ] {
            let media = media(source, name);
            assert_eq!(name_of(Attachment { kind: FileType::File, media: &media }), expected);
        }
    }

    #[test]
    fn what_is_too_large_is_refused_and_what_fits_is_not() {
        for (kind, most) in
            [(FileType::Image, 20), (FileType::Voice, 20), (FileType::Video, 30), (FileType::File, 200)]
        {
            assert_eq!(check_size(kind, most * MIB), Ok(()));
            let Err(Error::Invalid(text)) = check_size(kind, most * MIB + 1) else { panic!("{kind:?}") };
            assert!(text.contains(kind.words()) && text.contains(&most.to_string()), "{text}");
        }
    }

    #[tokio::test]
    async fn a_path_is_read_if_it_is_a_file_with_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| MediaSource::Path(folder.path().join(name).display().to_string());
        std::fs::write(folder.path().join("full"), b"abc").unwrap();
        std::fs::write(folder.path().join("empty"), b"").unwrap();
        for (name, expected) in [("full", true), ("empty", false), ("missing", false), ("", false)] {
            let media = media(file(name), None);
            let read = bytes_of(Attachment { kind: FileType::File, media: &media }).await;
            assert_eq!(read.is_ok_and(|bytes| &*bytes == b"abc"), expected, "{name}");
        }
    }
}
