//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::io;
use std::process::ExitCode;

use crate::house::House;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Hears the signals from the moment it is made, so none is lost between two waits.
pub(super) struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Resolves at the next signal.
    #[cfg(unix)]
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(super) async fn asked(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Opens the house, unless a signal comes first.
pub(super) async fn open(
    opening: impl Future<Output = anyhow::Result<House>>,
    stop: &mut Stop,
) -> anyhow::Result<Option<House>> {
    tokio::select! {
        house = opening => house.map(Some),
        () = stop.asked() => Ok(None),
    }
}

/// Closes the house in order, which takes bounded time; one more signal cuts it short.
pub(super) async fn close(house: House, stop: &mut Stop) -> ExitCode {
    tokio::select! {
        () = house.close() => ExitCode::SUCCESS,
        () = stop.asked() => ExitCode::from(INTERRUPTED),
    }
}
