//! The database file: making, opening and locking it, and opening it again after the disk failed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase as _, StorageError};

use super::Clock;
use super::tables::{self, Tables};
use crate::model::Error;

/// Pages kept in memory. A bot's hot data is small, and the whole host should idle in 30 MB.
const CACHE: usize = 8 << 20;

/// A file up to this size is checked whole at every start (some 100 ms for the largest); a bigger one only after a
/// crash.
const CHECKED: u64 = 64 << 20;

/// Why the storage cannot be opened. Texts say thing, cause and remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The lock on the folder is held.
    #[error(
        "another iglu{} is running with the storage {}; stop it first, or use another folder", by(.process), .path.display()
    )]
    InUse {
        /// The database file.
        path: PathBuf,
        /// The other's process id, if it told.
        process: Option<String>,
    },
    /// The file is no database, or its checksums are wrong.
    #[error(
        "the storage {} is damaged ({reason}); restore it from a backup, or move it away to begin with an empty one",
        .path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A later iglu made it.
    #[error("the storage {} has format {found}, made by a newer iglu; this one reads up to {}: update iglu", .path.display(), tables::FORMAT)]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The format in the file.
        found: u64,
    },
    /// The disk refuses.
    #[error("cannot open the storage {}: {cause}", .path.display())]
    Io {
        /// The database file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

fn by(process: &Option<String>) -> String {
    process.as_ref().map_or_else(String::new, |process| format!(" (process {process})"))
}

/// The open database, shared by readers and the writer.
pub(super) struct Shared {
    path: PathBuf,
    clock: Clock,
    /// None while it could not be opened again, and after the end.
    database: RwLock<Option<Database>>,
    /// A reader met a failure after which redb answers nothing more.
    broken: AtomicBool,
    /// The last failure, for those whose change was lost with it.
    failure: Mutex<String>,
    /// Held while the file is ours. It outlives the database, which is closed and opened again after a failure.
    lock: Mutex<Option<File>>,
}

impl Shared {
    pub(super) fn open(path: &Path, clock: Clock) -> Result<Self, OpenError> {
        let io = |cause| OpenError::Io { path: path.to_owned(), cause };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(io)?;
        let lock = lock(path)?;
        if !path.try_exists().map_err(io)? {
            create(path, folder)?;
        }
        let database = open(path)?;
        Ok(Self {
            path: path.to_owned(),
            clock,
            database: RwLock::new(Some(database)),
            broken: AtomicBool::new(false),
            failure: Mutex::default(),
            lock: Mutex::new(Some(lock)),
        })
    }

    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction, u64) -> Result<T, redb::Error>,
    ) -> Result<T, String> {
        let database = self.reading();
        let database = database.as_ref().ok_or_else(|| self.failure())?;
        let attempt = || -> Result<T, redb::Error> { look(&database.begin_read()?, (self.clock)()) };
        attempt().map_err(|e| {
            if matches!(e, redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseClosed) {
                self.broken.store(true, Ordering::Relaxed);
            }
            e.to_string()
        })
    }

    /// Does `work` in one transaction, which is on disk when this returns.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, redb::Error>,
    ) -> Result<T, String> {
        self.recover_if_broken();
        let database = self.reading();
        let database = database.as_ref().ok_or_else(|| self.failure())?;
        let attempt = || -> Result<T, redb::Error> {
            let txn = database.begin_write()?;
            let mut tables = Tables::open(&txn, (self.clock)())?;
            let done = work(&mut tables)?;
            tables.finish()?;
            txn.commit()?;
            Ok(done)
        };
        attempt().map_err(|e| e.to_string())
    }

    pub(super) fn has_outlived(&self) -> bool {
        let due = self.read(|txn, now| Ok(tables::next_due(txn)?.is_some_and(|due| due <= now)));
        due.unwrap_or(false)
    }

    /// Notes why a transaction was lost, and opens the database afresh: redb does nothing more after a failed write.
    pub(super) fn failed(&self, reason: &str) {
        tracing::error!(path = %self.path.display(), reason, "the storage failed; what was just to be written is lost");
        self.note(reason);
        self.reopen();
    }

    /// Opens the database again if that failed before, or if a reader met a failure of the disk.
    pub(super) fn recover_if_broken(&self) {
        let broken = self.broken.swap(false, Ordering::Relaxed);
        if broken || self.reading().is_none() {
            self.reopen();
        }
    }

    fn reopen(&self) {
        self.put_away();
        match open(&self.path) {
            Ok(database) => {
                *self.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
            }
            Err(e) => {
                tracing::error!("{e}");
                self.note(&e.to_string());
            }
        }
    }

    pub(super) fn close(&self) {
        self.note("it is closed, because iglu is shutting down");
        self.put_away();
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// What a change answers that was lost.
    pub(super) fn why_it_failed(&self) -> Error {
        Error::Other(format!("storage: {}", self.failure()))
    }

    fn failure(&self) -> String {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, reason: &str) {
        reason.clone_into(&mut self.failure.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn put_away(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(database)));
        if dropped.is_err() {
            tracing::warn!(path = %self.path.display(), "the storage was not closed cleanly; it is checked at the next start");
        }
    }

    fn reading(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the folder for this process. The lock goes with the process, however it ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let io = |cause| OpenError::Io { path: path.to_owned(), cause };
    let name = path.with_extension("lock");
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(name).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            let process = Some(process.trim().to_owned()).filter(|process| !process.is_empty());
            return Err(OpenError::InUse { path: path.to_owned(), process });
        }
        // Some network file systems have no locks; redb says so itself where it matters.
        Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(e)) => return Err(io(e)),
    }
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(io)?;
    Ok(file)
}

/// Makes a new database beside its place and moves it there, so that a kill in between leaves no half-made file.
fn create(path: &Path, folder: &Path) -> Result<(), OpenError> {
    let io = |cause| OpenError::Io { path: path.to_owned(), cause };
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io(e)),
        _ => {}
    }
    let make = || -> Result<(), redb::Error> {
        let database = Database::builder().set_cache_size(CACHE).create(&beside)?;
        let txn = database.begin_write()?;
        tables::create(&txn)?;
        txn.commit()?;
        database.close()?;
        Ok(())
    };
    make().map_err(|e| io(io::Error::other(e)))?;
    fs::rename(&beside, path).map_err(io)?;
    sync_folder(folder).map_err(io)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn open(path: &Path) -> Result<Database, OpenError> {
    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let io = |cause| OpenError::Io { path: path.to_owned(), cause };
    let size = fs::metadata(path).map_err(io)?.len();
    let whole = size <= CHECKED;
    let attempt = || {
        Database::builder()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(whole)
            .set_repair_callback(move |repair| {
                if !whole {
                    let done = format!("{:.0} %", repair.progress() * 100.0);
                    tracing::info!(done, "the storage was not closed in order; checking it");
                }
            })
            .open(path)
    };
    let database = match catch_unwind(AssertUnwindSafe(attempt)) {
        Ok(Ok(database)) => database,
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => {
            return Err(OpenError::InUse { path: path.to_owned(), process: None });
        }
        Ok(Err(DatabaseError::Storage(StorageError::Io(e)))) if !tells_damage(&e) => return Err(io(e)),
        Ok(Err(e)) => return Err(damaged(e.to_string())),
        Err(_) => return Err(damaged("its pages contradict each other".to_owned())),
    };
    let found = || -> Result<Option<u64>, redb::Error> { tables::format(&database.begin_read()?) };
    match found().map_err(|e| damaged(e.to_string()))? {
        Some(tables::FORMAT) => Ok(database),
        Some(found) => Err(OpenError::Newer { path: path.to_owned(), found }),
        None => Err(damaged("it is a database, but not one of iglu".to_owned())),
    }
}

fn tells_damage(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}
