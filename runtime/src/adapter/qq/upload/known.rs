//! What the platform called the media that it was given lately.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::adapter::qq::account::lock;
use crate::adapter::qq::encode::FileType;
use crate::adapter::qq::place::Scene;

/// Bounded; the one that was not asked for longest is forgotten first.
const KEPT: usize = 1_024;
/// Endings of addresses that name one picture or sound. Others may give another one each time.
const FIXED: [&str; 13] =
    ["png", "jpg", "jpeg", "gif", "webp", "bmp", "mp4", "mov", "silk", "slk", "amr", "mp3", "wav"];

#[derive(Debug, Default)]
pub(in crate::adapter::qq) struct Uploads(Mutex<HashMap<Key, Uploaded>>);

/// One medium, as far as the platform tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    scene: Scene,
    kind: FileType,
    content: Content,
    /// Files only.
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Content {
    Url(String),
    Sha256([u8; 32]),
}

impl Key {
    /// None for an address that may give another thing each time.
    pub(super) fn of_url(scene: Scene, kind: FileType, url: &str, name: &str) -> Option<Self> {
        let path = url.split('#').next().unwrap_or_default();
        let (_, ending) = path.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        FIXED.contains(&ending.as_str()).then(|| Self {
            scene,
            kind,
            content: Content::Url(url.to_owned()),
            name: (kind == FileType::File).then(|| name.to_owned()),
        })
    }

    pub(super) fn of_bytes(scene: Scene, kind: FileType, bytes: &[u8], name: &str) -> Self {
        let name = (kind == FileType::File).then(|| name.to_owned());
        Self { scene, kind, content: Content::Sha256(Sha256::digest(bytes).into()), name }
    }
}

/// One that the platform has.
#[derive(Debug, Clone)]
pub(super) struct Uploaded {
    info: String,
    /// None: for ever.
    until: Option<Instant>,
    used: Instant,
}

impl Uploaded {
    /// `ttl` is in seconds; 0 is for ever, none is unknown and not kept.
    pub(super) fn new(info: String, ttl: Option<u64>) -> Self {
        let now = Instant::now();
        let until = match ttl {
            Some(0) => None,
            // A tenth less, so that the message still arrives in time.
            Some(ttl) => Some(now + Duration::from_secs(ttl.min(1 << 30)).mul_f64(0.9)),
            None => Some(now),
        };
        Self { info, until, used: now }
    }

    fn is_good(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Uploads {
    pub(super) fn get(&self, key: &Key) -> Option<String> {
        let now = Instant::now();
        let mut known = lock(&self.0);
        let found = known.get_mut(key).filter(|found| found.is_good(now))?;
        found.used = now;
        Some(found.info.clone())
    }

    pub(super) fn forget(&self, key: &Key) {
        lock(&self.0).remove(key);
    }

    pub(super) fn put(&self, key: Key, uploaded: Uploaded) {
        let now = Instant::now();
        if !uploaded.is_good(now) {
            return;
        }
        let mut known = lock(&self.0);
        if known.len() >= KEPT {
            known.retain(|_, other| other.is_good(now));
        }
        if known.len() >= KEPT
            && let Some(oldest) = known.iter().min_by_key(|(_, other)| other.used).map(|(key, _)| key.clone())
        {
            known.remove(&oldest);
        }
        known.insert(key, uploaded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        Key::of_bytes(Scene::Group, FileType::Image, &number.to_le_bytes(), "")
    }

    #[test]
    fn uploads_are_told_apart_by_scene_kind_and_content() {
        let url = |url: &str| Key::of_url(Scene::Private, FileType::Image, url, "n");
        assert_eq!(url("https://a.example/1.png"), url("https://a.example/1.png"));
        assert_ne!(url("https://a.example/1.png"), url("https://a.example/2.png"));
        let group = Key::of_url(Scene::Group, FileType::Image, "https://a.example/1.png", "n");
        assert_ne!(url("https://a.example/1.png"), group, "an upload is good in its scene only");
        for changing in
            ["https://a.example/random", "https://a.example/1.png?t=1", "https://a.example/api.php"]
        {
            assert_eq!(url(changing), None, "{changing}");
        }
        let file = |name: &str| Key::of_bytes(Scene::Group, FileType::File, b"x", name);
        assert_ne!(file("a"), file("b"), "a file is shown by its name");
    }

    #[test]
    fn an_upload_is_good_for_less_than_its_time() {
        let uploads = Uploads::default();
        for (number, (ttl, good)) in
            [(Some(0), true), (Some(300), true), (None, false)].into_iter().enumerate()
        {
            uploads.put(key(number), Uploaded::new("info".to_owned(), ttl));
            assert_eq!(uploads.get(&key(number)).is_some(), good, "{ttl:?}");
        }
        let late = Uploaded::new("info".to_owned(), Some(10));
        assert!(late.is_good(late.used + Duration::from_secs(8)));
        assert!(!late.is_good(late.used + Duration::from_secs(9)));
        uploads.forget(&key(0));
        assert_eq!(uploads.get(&key(0)), None);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let uploads = Uploads::default();
        for number in 0..KEPT + 10 {
            uploads.put(key(number), Uploaded::new("info".to_owned(), Some(0)));
        }
        assert_eq!(lock(&uploads.0).len(), KEPT);
        assert!(uploads.get(&key(KEPT + 9)).is_some());
    }
}
