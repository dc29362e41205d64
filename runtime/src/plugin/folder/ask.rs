//! Files that somebody wants loaded now, and wants to hear of.

use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::sync::{oneshot, watch};

use super::sight::{File, Stamp};
use super::{Folder, Keeper, Order, SETTLE};
use crate::plugin::life::Status;

/// Hears what became of a file.
pub(super) type Told = oneshot::Sender<Result<(), String>>;

impl Folder {
    /// Loads a file now, whether it changed or not. Returns when its plugin has started.
    pub(crate) async fn load(&self, file: &Path) -> Result<(), String> {
        let (told, answer) = oneshot::channel();
        let closed = "the plugin folder is closed";
        self.orders.send(Order::Load(file.to_owned(), told)).await.map_err(|_| closed)?;
        answer.await.unwrap_or_else(|_| Err("the file changed again before it was loaded".to_owned()))
    }
}

impl Keeper {
    /// A file is to be loaded at the next look.
    pub(super) fn ask(&mut self, path: PathBuf, told: Told) {
        let Some(stamp) = std::fs::metadata(&path).ok().map(|metadata| Stamp::of(&metadata)) else {
            let _ = told.send(Err(format!("there is no file {}", path.display())));
            return;
        };
        let now = Instant::now();
        let file = self.files.entry(path.clone()).or_insert_with(|| File::new(now));
        (file.stamp, file.fresh, file.hash) = (Some(stamp), true, None);
        file.since = now.checked_sub(SETTLE).unwrap_or(now);
        self.asked.insert(path, told);
    }

    /// Whoever asked for this file hears why it does not run.
    pub(super) fn tell(&mut self, path: &Path, reason: &str) {
        if let Some(told) = self.asked.remove(path) {
            let _ = told.send(Err(reason.to_owned()));
        }
    }
}

/// Tells how the start of a plugin ended.
pub(super) async fn started(mut status: watch::Receiver<Status>, told: Told) {
    let status = status.wait_for(|status| *status != Status::Starting).await.map(|status| status.clone());
    let _ = told.send(match status {
        Ok(Status::Running) => Ok(()),
        _ => Err("it does not start; the log says why".to_owned()),
    });
}
