//! `iglu run`: the bots of a folder, until a signal.

use std::process::ExitCode;

use super::logging::Level;
use super::stop::{self, Stop};
use crate::config::Config;
use crate::house::House;

pub(super) async fn run(config: Config, level: Level) -> anyhow::Result<ExitCode> {
    let mut signals = Stop::listen()?;
    let bots = config.bots.len();
    let plugins = config.plugins_dir.clone();
    let Some(house) = stop::open(House::open(config), &mut signals).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    if bots == 0 {
        tracing::warn!(
            "iglu.toml names no bot; add a [[bot]] with its url, or try the plugins with `iglu chat`"
        );
    }
    house.connect();
    house.follow_config(move |changed| level.follow(changed));
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, bots, plugins = %plugins.display(), "iglu is up");
    signals.asked().await;
    tracing::info!("stopping; once more to stop at once");
    Ok(stop::close(house, &mut signals).await)
}
