//! What one plugin may use: every number, its unit and its reason, in one table.

use std::time::Duration;

use super::source::Section;
use super::values::{GIB, KIB, MIB, Quantity};

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $default:expr, $least:expr => $most:expr;)*) => {
        /// What one plugin may use. `[limits]` sets it for all plugins, `[plugin.<id>.limits]` for one.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// The limits of this table; what it does not name is as in `base`.
            pub(super) fn read(section: &Section<'_>, base: &Self) -> Self {
                let limits = Self {
                    $($name: section
                        .read(stringify!($name), |value| within(<$kind>::read(value)?, $least, $most))
                        .unwrap_or(base.$name),)*
                };
                section.finish();
                limits
            }
        }
    };
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

limits! {
    /// Bytes of linear memory; growing beyond is a trap. A Rust plugin needs about 1.5 MiB, Python 40 MiB.
    memory: usize = 64 * MIB, MIB => 4 * GIB;
    /// CPU time without returning to the host before the plugin is killed. Honest work between two host calls takes
    /// milliseconds; a second is a loop.
    cpu: Duration = seconds(1), Duration::from_millis(20) => seconds(3600);
    /// Time from a handler's start to its end, waiting for users not counted, before it is reported and, if handlers pile up, the
    /// plugin is restarted. Longer than a slow HTTP answer, shorter than a user's patience.
    handler: Duration = seconds(60), Duration::from_millis(100) => seconds(86400);
    /// Time for `start`. A plugin may fetch something there, but a new version waits for it.
    start: Duration = seconds(10), Duration::from_millis(100) => seconds(600);
    /// Time for `stop`, while the successor waits and events queue up.
    stop: Duration = seconds(5), Duration::from_millis(10) => seconds(600);
    /// Time that running handlers are given to finish when a new version or the end of the host comes.
    grace: Duration = seconds(5), Duration::from_millis(0) => seconds(600);
    /// The wait after a first crash; it doubles with each further one. A second is no harm to people and a mercy to logs.
    backoff: Duration = seconds(1), Duration::from_millis(1) => seconds(3600);
    /// Handlers of one plugin that run at once, those that wait for users not counted; more stay in the mailbox. Each costs some 10 KiB while it waits.
    concurrency: u32 = 64, 1 => 4096;
    /// Bytes of events that wait for the plugin; the newest is shed when they do not fit. Some tens of thousands of
    /// messages: a reload or a burst is a wait, not a loss.
    mailbox: usize = 32 * MIB, 64 * KIB => 4 * GIB;
    /// Bytes that one host call may carry, in or out; those under way carry four times as much together. Pictures fit; a
    /// film is a file, not an argument.
    call_bytes: usize = 16 * MIB, 64 * KIB => GIB;
    /// Bytes of keys and values in the plugin's storage. Notes and scores, not archives.
    storage: usize = 16 * MIB, 0 => 64 * GIB;
    /// Log lines a second, on average; more are dropped and counted. A log that scrolls faster is not read.
    log_per_second: u32 = 20, 1 => 100_000;
    /// Log lines at once, before the average counts.
    log_burst: u32 = 100, 1 => 100_000;
    /// Messages a second to one account on the plugin's own initiative (not replies), on average. QQ freezes accounts
    /// that send much faster.
    sends_per_second: u32 = 10, 1 => 100_000;
    /// The same for one conversation: what people can still read.
    sends_per_chat: u32 = 2, 1 => 100_000;
    /// Messages on the plugin's own initiative at once, before the averages count: a notice to all groups.
    sends_burst: u32 = 50, 1 => 100_000;
    /// Replies to one event. A long answer in pieces fits; a flood does not.
    replies_per_event: u32 = 50, 1 => 100_000;
    /// Time of one HTTP request, its body included. Half of what a handler has, so that it can still say that it failed.
    http_timeout: Duration = seconds(30), Duration::from_millis(10) => seconds(3600);
    /// HTTP requests on their way at once; more wait for their turn. Many services count six a client.
    http_at_once: u32 = 16, 1 => 4096;
    /// Waits for a user's next message at once. Each costs about a kilobyte here and some in the plugin.
    waits: u32 = 10_000, 0 => 1_000_000;
    /// Timers that have not fired. Reminders of a group's people, not a queue.
    timers: u32 = 1000, 0 => 100_000;
    /// Bytes of a file that is downloaded, or sent as bytes.
    file: usize = 64 * MIB, 0 => 4 * GIB;
}

fn within<T: Quantity>(value: T, least: T, most: T) -> Result<T, String> {
    if value < least {
        return Err(format!("{} is too little; the least is {}", value.show(), least.show()));
    }
    if value > most {
        return Err(format!("{} is too much; the most is {}", value.show(), most.show()));
    }
    Ok(value)
}
