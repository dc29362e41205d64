//! Sending, against the simulated platform and its rules.

mod actions;
mod books;
mod encode;
mod interactions;
mod media;
mod replies;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use iglu_simulator::qq::{Bot as Player, Event, Options, Platform, Request};
use serde_json::Value;

use super::super::account::Account;
use super::super::api::Api;
use super::super::decode::{self, Came, Context, Decoded};
use super::super::wire::Envelope;
use super::super::{Rules, Settings, Timings};
use crate::adapter::now;
use crate::bot::Bot as _;
use crate::model::{self, Chat, Error, Incoming, Media, MediaSource, Receipt, Segment};

/// The simulated platform and a bot of this host on it.
struct Stage {
    platform: Platform,
    player: Player,
    account: Arc<Account>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Options::default(), |_| {}).await
    }

    async fn with(options: Options, change: impl FnOnce(&mut Settings)) -> Self {
        let platform = Platform::start(options).await;
        let player = platform.bot();
        let mut settings = settings(&platform, &player);
        change(&mut settings);
        let api = Arc::new(Api::new(&settings).unwrap());
        let account = Account::new(Arc::new(settings), api);
        Self { platform, player, account }
    }

    /// An event as the adapter decodes it.
    fn heard(&self, event: &Event) -> Arc<Incoming> {
        let text = event.envelope(None);
        let envelope = Envelope::read(&text).unwrap();
        let bot = self.account.about();
        let memory = &self.account.memory;
        let received = now() as u64;
        let came = Came { received, since: None, redelivered: false };
        let context = Context { bot, memory, came };
        match decode::event(&envelope, &text, context) {
            Decoded::Event(incoming) => Arc::new(incoming),
            Decoded::Ignored(reason) => panic!("{text} is ignored: {reason}"),
        }
    }

    async fn reply(&self, incoming: &Incoming, text: &str) -> Result<Receipt, Error> {
        self.answer(incoming, &model::text(text)).await
    }

    async fn answer(&self, incoming: &Incoming, content: &[Segment]) -> Result<Receipt, Error> {
        let chat = chat_of(incoming);
        self.account.send(&chat, content, Some(incoming), false).await
    }

    async fn send(&self, chat: &Chat, text: &str) -> Result<Receipt, Error> {
        self.account.send(chat, &model::text(text), None, false).await
    }

    fn requests(&self, method: &str, pattern: &str) -> Vec<Arc<Request>> {
        self.platform.requests_to(method, pattern)
    }
}

fn chat_of(incoming: &Incoming) -> Chat {
    crate::router::chat_of(&incoming.event.body).unwrap()
}

fn settings(platform: &Platform, player: &Player) -> Settings {
    Settings {
        name: "mine".to_owned(),
        app_id: player.app().app_id.clone(),
        secret: player.app().secret.clone(),
        old_secret: None,
        hook: None,
        journal: true,
        token_base: platform.token_base(),
        api_base: platform.api_base(),
        ca: None,
        intents: None,
        shards: None,
        rules: Rules::default(),
        timings: Timings {
            retry: Duration::from_millis(5),
            answer: Duration::from_secs(5),
            piece: Duration::from_millis(20),
            acknowledge: Duration::from_millis(200),
            ..Timings::default()
        },
    }
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn image(source: MediaSource) -> Segment {
    Segment::Image(model::Image {
        media: media(source),
        summary: None,
        sub_type: None,
        width: None,
        height: None,
    })
}

fn media(source: MediaSource) -> Media {
    Media { source, name: None, size: None, file_id: None, mime_type: None }
}

fn code(result: &Result<Receipt, Error>) -> i32 {
    match result {
        Err(Error::Platform(error)) => error.code,
        other => panic!("{other:?} is no refusal of the platform"),
    }
}

fn payload(name: &str) -> String {
    let path = format!("{}/../tests/corpus/qq-official/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}
