//! Lets real clients, written by others, talk to the simulators: `interop PYTHON FOLDER-OF-SCRIPTS`.
//!
//! One line per check; the exit code tells whether all are good.

mod onebot;
mod qq;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [python, scripts] = arguments.as_slice() else {
        eprintln!("usage: interop PYTHON FOLDER-OF-SCRIPTS");
        return ExitCode::from(2);
    };
    let failures = qq::run(python, scripts).await + onebot::run(python, scripts).await;
    println!("{}", if failures == 0 { "all good".to_owned() } else { format!("{failures} failed") });
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
