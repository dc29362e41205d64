//! The official platform: the real program against a simulated one.
//!
//! | module | facts about |
//! | --- | --- |
//! | `both` | the same plugins on NapCat, in private chats and in groups of the official platform |
//! | `gateway` | links that break in every way; intents |
//! | `journal` | what was acknowledged, and kills |
//! | `replies` | windows, counts and numbers of replies, buttons, replies that grow, quotas, faults of requests |
//! | `webhook` | deliveries: attacks, repetitions, several bots, certificates, a full disk |

mod both;
mod gateway;
mod journal;
mod replies;
mod webhook;

use std::time::Duration;

use iglu_tests::{
    fixtures::plugin,
    folder::Folder,
    host::Host,
    napcat::qq::{App, Bot, Options, Platform, Webhook},
};

/// A simulated platform with the rules of the documentation, patient enough for a busy machine.
pub(crate) async fn platform() -> Platform {
    platform_with(Options::default()).await
}

/// One with these settings.
pub(crate) async fn platform_with(options: Options) -> Platform {
    Platform::start(Options { deadline: Duration::from_secs(60), ..options }).await
}

/// The `[[bot]]` table of a bot there. By the gateway, unless `more` has a `listen`.
pub(crate) fn table(platform: &Platform, app: &App, more: &str) -> String {
    let App { app_id, secret, .. } = app;
    let (api, token_api) = (platform.api_base(), platform.token_base());
    format!(
        "[[bot]]\nplatform = \"qq\"\nname = \"official\"\napp_id = \"{app_id}\"\nsecret = \"{secret}\"\napi = \"{api}\"\n\
         token_api = \"{token_api}\"\n{more}\n"
    )
}

/// A folder with these plugins and settings.
pub(crate) fn folder(plugins: &[&str], settings: &str) -> Folder {
    let folder = Folder::new();
    for name in plugins {
        folder.put(&format!("{name}.wasm"), &plugin(name));
    }
    folder.configure(settings);
    folder
}

/// The simulated platform, its bot, and iglu connected to it by the gateway.
pub(crate) async fn house(plugins: &[&str], options: Options) -> (Platform, Bot, Folder, Host) {
    let platform = platform_with(options).await;
    let bot = platform.bot();
    let folder = folder(plugins, &table(&platform, bot.app(), ""));
    let host = Host::run(&folder).await;
    connected(&host).await;
    (platform, bot, folder, host)
}

/// Where iglu waits for deliveries to the bot of this name.
pub(crate) async fn door(host: &Host, name: &str) -> String {
    let what = format!("bot `{name}` waits for deliveries at ");
    let line = host.says(&what, |line| line.text().starts_with(&what)).await;
    format!("http://{}", &line.text()[what.len()..])
}

/// Has the bot's events pushed to iglu alone, without pauses between tries.
pub(crate) async fn push_to(bot: &Bot, host: &Host) {
    let url = door(host, "official").await;
    bot.forget_webhooks();
    bot.webhook(Webhook { spacing: Duration::from_millis(20), ..Webhook::to(&url) }).unwrap();
}

/// Waits until the bot can send.
pub(crate) async fn connected(host: &Host) {
    host.says("the connection", |line| line.text() == "bot `official` is connected").await;
}
