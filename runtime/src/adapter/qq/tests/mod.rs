//! Tokens, requests and the gateway against small servers that do what each test says.

mod api;
mod faults;
mod gateway;
mod house;
mod intents;
mod server;
mod token;

use std::path::Path;
use std::time::Duration;

use super::{Rules, Settings, Timings};

/// The document of this name in the corpus.
fn payload(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/corpus/qq-official/{name}.json"));
    std::fs::read_to_string(&file).unwrap_or_else(|reason| panic!("{}: {reason}", file.display()))
}

/// A table whose platform is at this address, with waits short enough for tests.
fn settings_of(base: &str) -> Settings {
    let timings = Timings {
        handshake: Duration::from_secs(5),
        hello: Duration::from_secs(5),
        retry: Duration::from_millis(4),
        answer: Duration::from_secs(5),
        ..Timings::default()
    };
    Settings {
        name: "mine".to_owned(),
        app_id: "102000001".to_owned(),
        secret: "naOC0ocQE3shWLAfffVLB1rhYPG7xxxx".to_owned(),
        old_secret: None,
        hook: None,
        token_base: base.to_owned(),
        api_base: base.to_owned(),
        ca: None,
        intents: None,
        shards: None,
        rules: Rules::default(),
        timings,
    }
}
