//! The bytes of a medium that NapCat has: by its address, else through NapCat.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value, json};

use super::super::{account::Account, bot::SLOW_TIME};
use crate::model::{Error, Media, MediaSource};
use crate::web::{self, Reach};

/// Lenient about padding: implementations differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const VOICES: [&str; 8] = ["amr", "silk", "slk", "mp3", "wav", "ogg", "m4a", "flac"];
const IMAGES: [&str; 6] = ["png", "jpg", "jpeg", "gif", "webp", "bmp"];

/// What NapCat told about a file.
struct Told {
    bytes: Option<String>,
    url: Option<String>,
}

/// The bytes, if there are at most `limit`.
pub(super) async fn download(
    account: &Account,
    file: &Media,
    limit: usize,
    reach: Reach,
) -> Result<Vec<u8>, Error> {
    let by_address = match &file.source {
        MediaSource::Bytes(bytes) => return within(bytes.clone(), limit),
        MediaSource::Url(url) if is_address(url) => {
            match web::fetch(&with_name(url, file), limit, reach).await {
                Err(error) if !is_final(&error) => Some(error),
                answer => return answer,
            }
        }
        _ => None,
    };
    let asked = by_name(account, file, limit).await;
    match (asked, by_address) {
        (Err(Error::NotFound(_) | Error::Platform(_) | Error::Unsupported(_)), Some(error)) => Err(error),
        (answer, _) => answer,
    }
}

/// Asks NapCat, which may have the file still, or know a fresh address of it.
async fn by_name(account: &Account, file: &Media, limit: usize) -> Result<Vec<u8>, Error> {
    let mut gone = Error::NotFound(format!(
        "NapCat has no bytes of the file {:?} (any more), and it came without a usable address",
        file.name.as_deref().unwrap_or_default()
    ));
    let Some(key) = key(file) else { return Err(gone) };
    for (action, more) in actions(file) {
        let mut params = key.clone();
        if let Value::Object(more) = more {
            params.extend(more);
        }
        let params = params.into();
        let told = account.read(action, &params, account.deadline.max(SLOW_TIME), |node| Told {
            bytes: node.at("base64").words(),
            url: ["url", "file"].iter().find_map(|key| node.at(key).words().filter(|url| is_address(url))),
        });
        match told.await {
            Ok(Told { bytes: Some(text), .. }) => return decode(&text, limit),
            Ok(Told { url: Some(url), .. }) => match web::fetch(&url, limit, Reach::Inside).await {
                Err(error) if !is_final(&error) => gone = error,
                answer => return answer,
            },
            Ok(_) | Err(Error::NotFound(_) | Error::Platform(_) | Error::Unsupported(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(gone)
}

/// How NapCat knows the file.
fn key(file: &Media) -> Option<Map<String, Value>> {
    let by = |key: &str, value: &str| Some(Map::from_iter([(key.to_owned(), value.into())]));
    if let Some(id) = file.file_id.as_deref().filter(|id| !id.is_empty()) {
        return by("file_id", id);
    }
    match &file.source {
        MediaSource::PlatformFile(name) | MediaSource::Path(name) if !name.is_empty() => by("file", name),
        _ => by("file", file.name.as_deref().filter(|name| !name.is_empty())?),
    }
}

/// The actions to try. Only `get_record` gives the bytes of a voice for sure, and wants to be told a format.
fn actions(file: &Media) -> Vec<(&'static str, Value)> {
    let name = match &file.source {
        MediaSource::PlatformFile(name) | MediaSource::Path(name) => name.as_str(),
        _ => "",
    };
    let name = file.name.as_deref().unwrap_or(name);
    let ending = name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase());
    let mut actions = vec![("get_file", json!({}))];
    if IMAGES.contains(&ending.as_str()) {
        actions.push(("get_image", json!({})));
    }
    if VOICES.contains(&ending.as_str()) {
        actions.push(("get_record", json!({"out_format": "mp3"})));
    }
    actions
}

fn decode(text: &str, limit: usize) -> Result<Vec<u8>, Error> {
    let text = text.strip_prefix("base64://").unwrap_or(text);
    if text.len() / 4 * 3 > limit.saturating_add(2) {
        return Err(web::too_large(limit));
    }
    let bytes = BASE64
        .decode(text)
        .map_err(|reason| Error::Other(format!("the bytes that NapCat gave are no base64: {reason}")))?;
    within(bytes, limit)
}

fn within(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, Error> {
    if bytes.len() > limit { Err(web::too_large(limit)) } else { Ok(bytes) }
}

/// What asking NapCat would not better.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::Exhausted(_))
}

fn is_address(text: &str) -> bool {
    let text = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    text.starts_with("http://") || text.starts_with("https://")
}

/// QQ's addresses of files end where the name belongs.
fn with_name(url: &str, file: &Media) -> String {
    match (&file.name, url.ends_with("?fname=")) {
        (Some(name), true) => url.to_owned() + &web::escaped(name),
        _ => url.to_owned(),
    }
}

/// Time for an upload: NapCat fetches the file first and sends it then.
pub(super) fn upload_time(file: &Media) -> Duration {
    let known = file.size.filter(|size| *size > 0.0).map_or(0, |size| (size * 2.0) as usize);
    SLOW_TIME + super::super::encode::upload_time(known)
}
