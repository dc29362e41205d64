//! The program `iglu`.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Compiling a plugin takes tens of megabytes for a moment, on several threads. The system's allocator keeps much of
/// that for ever; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// It looks for what it can give back only while it is used much, and a bot's night is quiet: somebody has to ask.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let asking = thread::Builder::new().name("memory".to_owned()).spawn(give_back);
    if let Err(reason) = asking {
        eprintln!("iglu: unused memory will be given back late: {reason}");
    }
    iglu::cli::main()
}

fn give_back() {
    loop {
        thread::sleep(GIVE_BACK_EVERY);
        #[allow(unsafe_code, reason = "a function of the allocator that takes no memory of ours")]
        // SAFETY: it may be called at any time and by any thread.
        unsafe {
            libmimalloc_sys::mi_collect(false);
        }
    }
}
