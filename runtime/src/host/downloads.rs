//! Large answers of the web, kept as files for one plugin until it has sent them.
//!
//! The plugin holds a token. A file goes after a while, when room is needed for newer ones, and with the plugin.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::magic::{self, Kind};
use crate::clock::Clock;
use crate::model::Error;

/// What every token begins with.
const MARK: &str = "iglu-download-";
/// As long as platforms keep the addresses of media, at the least.
const KEPT: Duration = Duration::from_secs(30 * 60);
/// A plugin's files may have so many times the bytes of the largest one.
const LARGEST: u64 = 4;

/// The files of one plugin.
pub(crate) struct Downloads {
    folder: PathBuf,
    clock: Clock,
    most: u64,
    kept: Arc<Mutex<VecDeque<Held>>>,
}

struct Held {
    token: String,
    file: Arc<OnDisk>,
}

/// A file that is gone when the last who uses it is done.
struct OnDisk {
    path: PathBuf,
    size: u64,
}

/// A file that is being written.
pub(super) struct Writing {
    file: File,
    on_disk: OnDisk,
    token: String,
    head: Vec<u8>,
}

impl Downloads {
    pub(super) fn new(folder: PathBuf, clock: Clock, largest: u64) -> Self {
        Self { folder, clock, most: largest.saturating_mul(LARGEST), kept: Arc::default() }
    }

    /// Whether this is the name of a file kept here, or of one that was.
    pub(super) fn is_token(name: &str) -> bool {
        name.starts_with(MARK)
    }

    pub(super) async fn begin(&self) -> Result<Writing, Error> {
        let token = format!("{MARK}{:032x}", fastrand::u128(..));
        let on_disk = OnDisk { path: self.folder.join(&token), size: 0 };
        let made = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            File::create_new(&on_disk.path).await
        };
        let file = made.await.map_err(|reason| unwritten(&reason))?;
        Ok(Writing { file, on_disk, token, head: Vec::new() })
    }

    /// Keeps a file that is complete, and answers its token and its size.
    pub(super) async fn keep(&self, mut writing: Writing) -> Result<(String, u64), Error> {
        writing.file.flush().await.map_err(|reason| unwritten(&reason))?;
        let Writing { on_disk, token, .. } = writing;
        let size = on_disk.size;
        let mut kept = lock(&self.kept);
        let mut all: u64 = kept.iter().map(|held| held.file.size).sum();
        while all + size > self.most
            && let Some(oldest) = kept.pop_front()
        {
            all -= oldest.file.size;
        }
        kept.push_back(Held { token: token.clone(), file: Arc::new(on_disk) });
        drop(kept);
        let end = self.clock.now() + KEPT.as_secs_f64();
        tokio::spawn(forget(Arc::downgrade(&self.kept), self.clock.clone(), end, token.clone()));
        Ok((token, size))
    }

    /// The bytes of a file, if there are at most `most`.
    pub(super) async fn read(&self, token: &str, most: usize) -> Result<Vec<u8>, Error> {
        let file =
            lock(&self.kept).iter().find(|held| held.token == token).map(|held| Arc::clone(&held.file));
        let gone = || {
            Error::NotFound(format!(
                "the downloaded file {token:?} is gone: it is kept for {} minutes, for the plugin that downloaded it; \
                 download it again",
                KEPT.as_secs() / 60
            ))
        };
        let file = file.ok_or_else(gone)?;
        if file.size > most as u64 {
            return Err(crate::web::too_large(most));
        }
        tokio::fs::read(&file.path).await.map_err(|_| gone())
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        lock(&self.kept).clear();
        // Not there if nothing was ever downloaded, and not empty while a file is in use.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if let Err(reason) = std::fs::remove_file(&self.path)
            && reason.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("{} cannot be deleted: {reason}", self.path.display());
        }
    }
}

impl Writing {
    pub(super) fn size(&self) -> u64 {
        self.on_disk.size
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let head = magic::LONGEST.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..head]);
        self.file.write_all(bytes).await.map_err(|reason| unwritten(&reason))?;
        self.on_disk.size += bytes.len() as u64;
        Ok(())
    }

    /// What the first bytes look like.
    pub(super) fn kind(&self) -> Option<Kind> {
        magic::kind(&self.head)
    }
}

/// Deletes what a host that was killed left behind.
pub(crate) fn tidy(folder: &Path) {
    if let Err(reason) = std::fs::remove_dir_all(folder)
        && reason.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("old downloads in {} cannot be deleted: {reason}", folder.display());
    }
}

async fn forget(kept: std::sync::Weak<Mutex<VecDeque<Held>>>, clock: Clock, end: f64, token: String) {
    clock.sleep_until(end).await;
    if let Some(kept) = kept.upgrade() {
        lock(&kept).retain(|held| held.token != token);
    }
}

fn unwritten(reason: &std::io::Error) -> Error {
    Error::Other(format!("the host cannot write the download to its data folder: {reason}"))
}

fn lock(kept: &Mutex<VecDeque<Held>>) -> MutexGuard<'_, VecDeque<Held>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(downloads: &Downloads, bytes: &[u8]) -> String {
        let mut writing = downloads.begin().await.unwrap();
        writing.write(bytes).await.unwrap();
        downloads.keep(writing).await.unwrap().0
    }

    fn files(folder: &Path) -> usize {
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn a_file_stays_for_a_while_and_goes_with_its_plugin() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, clock) = (dir.path().join("downloads/weather"), Clock::default());
        let downloads = Downloads::new(folder.clone(), clock.clone(), 100);
        let old = put(&downloads, b"old").await;
        clock.advance(KEPT / 2);
        let new = put(&downloads, b"new").await;
        assert_eq!(downloads.read(&old, 3).await, Ok(b"old".to_vec()));
        assert!(matches!(downloads.read(&old, 2).await, Err(Error::Exhausted(_))));
        clock.advance(KEPT / 2 + Duration::from_secs(1));
        while files(&folder) == 2 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(downloads.read(&old, 3).await, Err(Error::NotFound(_))));
        assert_eq!(downloads.read(&new, 3).await, Ok(b"new".to_vec()));
        drop(downloads);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn the_oldest_make_room_and_what_is_not_kept_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let downloads = Downloads::new(dir.path().to_owned(), Clock::default(), 10);
        let mut tokens = Vec::new();
        for _ in 0..5 {
            tokens.push(put(&downloads, &[7; 10]).await);
        }
        assert!(downloads.read(&tokens[0], 10).await.is_err());
        assert!(downloads.read(&tokens[1], 10).await.is_ok());
        assert_eq!(files(dir.path()), 4);
        let mut half = downloads.begin().await.unwrap();
        half.write(b"half").await.unwrap();
        drop(half);
        assert_eq!(files(dir.path()), 4);
        let other = Downloads::new(dir.path().join("other"), Clock::default(), 10);
        assert!(
            matches!(other.read(&tokens[4], 10).await, Err(Error::NotFound(_))),
            "another plugin's token"
        );
    }
}
