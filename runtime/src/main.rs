//! The program `iglu`.

use std::process::ExitCode;

/// Compiling a plugin takes tens of megabytes for a moment, on several threads. The system's allocator keeps much of
/// that for ever; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    iglu::cli::main()
}
