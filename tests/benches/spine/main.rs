//! The benchmark of the spine: `cargo xtask bench`. Every figure stands beside what it is compared with, from the same
//! run, because machines are noisy. Figures are medians. With the names of parts (`loops`, `transports`, `webhook`, `start`,
//! `inside`, `commands`, `waiters`, `codec`, `storage`) only these are measured.

mod codec;
mod commands;
mod inside;
mod loops;
mod start;
mod storage;
mod transports;
mod waiters;
mod webhook;

use std::time::Duration;

/// As in the host's binary.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let Some(("bare-loop", rest)) = args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return loops::bare(rest.first().map_or("", String::as_str));
    }
    let wanted = |part: &str| args.is_empty() || args.iter().any(|arg| arg == part);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        if wanted("loops") {
            loops::run().await;
        }
        if wanted("transports") {
            transports::run().await;
        }
        if wanted("webhook") {
            webhook::run().await;
        }
        if wanted("start") {
            start::run().await;
        }
        if wanted("inside") {
            inside::run().await?;
        }
        if wanted("commands") {
            commands::run();
        }
        if wanted("waiters") {
            waiters::run().await;
        }
        if wanted("codec") {
            codec::run()?;
        }
        if wanted("storage") {
            storage::run().await?;
        }
        Ok(())
    })
}

/// The middle of some measurements.
fn median<T: Copy + PartialOrd>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("measurements compare"));
    values[values.len() / 2]
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A line of the report.
fn row(what: &str, figure: &str, bar: &str) {
    println!("{what:<58} {figure:>24}   {bar}");
}
