//! Files: fetched from where the platform keeps them, sent as messages.

use super::super::account::Account;
use crate::bot::{Answer, Files};
use crate::model::{Chat, Error, Media, MediaSource, Segment};
use crate::web::{self, Reach};

impl Files for Account {
    fn download(&self, file: Media, limit: usize, genuine: bool) -> Answer<'_, Vec<u8>> {
        Box::pin(async move {
            match &file.source {
                MediaSource::Bytes(bytes) if bytes.len() <= limit => Ok(bytes.clone()),
                MediaSource::Bytes(_) => Err(web::too_large(limit)),
                MediaSource::Url(url) if !url.is_empty() => {
                    web::fetch(url, limit, if genuine { Reach::Inside } else { Reach::Outside }).await
                }
                MediaSource::Url(_) => Err(Error::NotFound("the file came without an address".to_owned())),
                MediaSource::PlatformFile(_) => Err(Error::Unsupported(
                    "the official platform gives no bytes for an uploaded file; keep them when uploading"
                        .to_owned(),
                )),
                MediaSource::Path(_) => Err(Error::Unsupported(
                    "a path is for sending only; the file is on the host's own machine".to_owned(),
                )),
            }
        })
    }

    fn upload(&self, chat: Chat, file: Media, folder: Option<String>) -> Answer<'_, Option<String>> {
        Box::pin(async move {
            if folder.is_some_and(|folder| !folder.is_empty()) {
                return Err(Error::Unsupported(
                    "the official platform has no folders; upload without one".to_owned(),
                ));
            }
            // The file has no id beside the message's.
            self.send_all(&chat, &[Segment::File(file)], None, false).await.map(|_| None)
        })
    }
}
