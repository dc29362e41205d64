//! Actions that answer in packets, while a plugin reads them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bot::PacketStream;
use crate::model::Error;

/// Streams at once in one instance; the packets of each may wait in memory.
const MOST: usize = 4;
/// A stream that is not read for so long has been forgotten by its plugin.
const PATIENCE: Duration = Duration::from_secs(60);

type Reader = Arc<tokio::sync::Mutex<Box<dyn PacketStream>>>;

/// The open streams of one instance.
pub(crate) struct Streams {
    table: Arc<Mutex<Table>>,
    patience: Duration,
}

#[derive(Default)]
struct Table {
    opened: u64,
    open: HashMap<u64, Open>,
}

struct Open {
    reader: Reader,
    read: Instant,
    /// It was closed for want of a reader; that is said once.
    is_over: bool,
}

impl Default for Streams {
    fn default() -> Self {
        Self { table: Arc::default(), patience: PATIENCE }
    }
}

impl Streams {
    /// Keeps a stream and gives it a name.
    pub(super) fn keep(&self, stream: Box<dyn PacketStream>) -> Result<String, Error> {
        let mut table = lock(&self.table);
        if table.open.values().filter(|open| !open.is_over).count() >= MOST {
            return Err(Error::Exhausted(format!(
                "{MOST} streams are open already; read one to its end before the next"
            )));
        }
        table.opened += 1;
        let number = table.opened;
        let reader = Arc::new(tokio::sync::Mutex::new(stream));
        table.open.insert(number, Open { reader, read: Instant::now(), is_over: false });
        drop(table);
        tokio::spawn(look_after(Arc::downgrade(&self.table), number, self.patience));
        Ok(number.to_string())
    }

    /// The next packet of a stream; none after the last.
    pub(super) async fn next(&self, name: &str) -> Result<Option<Value>, Error> {
        let unknown = || Error::NotFound(format!("there is no stream {name:?} (any more)"));
        let number: u64 = name.parse().map_err(|_| unknown())?;
        let reader = {
            let mut table = lock(&self.table);
            let open = table.open.get_mut(&number).ok_or_else(unknown)?;
            if open.is_over {
                table.open.remove(&number);
                return Err(Error::Timeout(format!(
                    "nobody read the stream for {:?}; it is closed",
                    self.patience
                )));
            }
            open.read = Instant::now();
            open.reader.clone()
        };
        let next = reader.lock().await.next().await;
        let mut table = lock(&self.table);
        match (&next, table.open.get_mut(&number)) {
            (Ok(Some(_)), Some(open)) => open.read = Instant::now(),
            _ => drop(table.open.remove(&number)),
        }
        next
    }
}

/// Closes a stream that nobody reads. Its packets go at once, its name a while later.
async fn look_after(table: std::sync::Weak<Mutex<Table>>, number: u64, patience: Duration) {
    loop {
        tokio::time::sleep(patience).await;
        let Some(table) = table.upgrade() else { return };
        let mut table = lock(&table);
        let Some(open) = table.open.get_mut(&number) else { return };
        let is_read = Arc::strong_count(&open.reader) > 1 || open.read.elapsed() < patience;
        if open.is_over {
            table.open.remove(&number);
            return;
        }
        if !is_read {
            open.is_over = true;
            open.reader = Arc::new(tokio::sync::Mutex::new(Box::new(Closed)));
        }
    }
}

struct Closed;

impl PacketStream for Closed {
    fn next(&mut self) -> crate::bot::Answer<'_, Option<Value>> {
        Box::pin(async { Ok(None) })
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(u32);

    impl PacketStream for Count {
        fn next(&mut self) -> crate::bot::Answer<'_, Option<Value>> {
            self.0 += 1;
            let packet = (self.0 < 3).then(|| Value::from(self.0));
            Box::pin(async { Ok(packet) })
        }
    }

    #[tokio::test]
    async fn a_stream_is_read_to_its_end_and_then_unknown() {
        let streams = Streams::default();
        let name = streams.keep(Box::new(Count(0))).unwrap();
        for expected in [Some(Value::from(1)), Some(Value::from(2)), None] {
            assert_eq!(streams.next(&name).await.unwrap(), expected);
        }
        assert!(matches!(streams.next(&name).await, Err(Error::NotFound(_))));
        assert!(matches!(streams.next("x").await, Err(Error::NotFound(_))));
    }

    #[tokio::test]
    async fn there_are_not_more_streams_than_the_limit() {
        let streams = Streams::default();
        let names: Vec<_> = (0..MOST).map(|_| streams.keep(Box::new(Count(0))).unwrap()).collect();
        assert!(matches!(streams.keep(Box::new(Count(0))), Err(Error::Exhausted(_))));
        while streams.next(&names[0]).await.unwrap().is_some() {}
        streams.keep(Box::new(Count(0))).unwrap();
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_is_closed() {
        let streams = Streams { patience: Duration::from_millis(20), ..Streams::default() };
        let name = streams.keep(Box::new(Count(0))).unwrap();
        let is_closed = || lock(&streams.table).open.get(&1).is_none_or(|open| open.is_over);
        while !is_closed() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(streams.next(&name).await, Err(Error::Timeout(_) | Error::NotFound(_))));
        assert!(matches!(streams.next(&name).await, Err(Error::NotFound(_))));
    }
}
