//! The benchmark of the spine: `cargo xtask bench`. Every figure stands beside what it is compared with, from the same
//! run, because machines are noisy. Figures are medians.

mod inside;
mod loops;
mod start;

use std::time::Duration;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    if args.next().as_deref() == Some("bare-loop") {
        return loops::bare(&args.next().unwrap_or_default());
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        loops::run().await;
        start::run().await;
        inside::run().await
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
