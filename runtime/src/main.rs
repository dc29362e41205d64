//! The program `iglu`.

use std::process::ExitCode;

fn main() -> ExitCode {
    iglu::cli::main()
}
