//! HTTP, settings and a grant: the weather by [wttr.in](https://wttr.in), or by a server of the owner's that speaks alike.
//!
//! The owner grants the one origin that the plugin shall ask:
//!
//! ```toml
//! [plugin.weather]
//! grants = ["http:https://wttr.in"]
//! config.units = "imperial"
//! ```

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Config)]
struct Settings {
    /// The server's address.
    #[config(default = "https://wttr.in")]
    server: String,
    /// The units of temperatures.
    #[config(default = Units::Metric)]
    units: Units,
}

#[derive(Clone, Copy, Config)]
enum Units {
    Metric,
    Imperial,
}

#[derive(Default)]
struct Weather;

// The server is a setting, so the manifest asks for any; what counts is what the owner grants.
#[plugin(
    name = "Weather",
    config = Settings,
    permissions("http:*" = "to ask the weather server; grant only its address, such as http:https://wttr.in")
)]
impl Weather {
    /// Tells the weather: `/weather Oslo`.
    #[command("weather", aliases = ["天气"], rate(count = 5, seconds = 60, per = "user"))]
    async fn weather(&self, city: Rest) -> Result<String> {
        let Settings { server, units } = Settings::load()?;
        let request = http::get(server).path(&city).query("format", "j1").timeout(Duration::from_secs(15));
        let response = request.await.map_err(|error| excuse(&error))?;
        if response.status == 404 {
            return Err(Error::reply(format!("I do not know a place called {city}.")));
        }
        let json = response.error_for_status().and_then(|response| response.json::<Value>());
        let json = json.map_err(|error| excuse(&error))?;
        report(&json, units).ok_or_else(|| excuse(&HostError::Other(format!("no weather report: {json}"))))
    }
}

/// What a user is told of an error. The log has what the owner needs: for a missing grant, the very lines to add.
fn excuse(error: &HostError) -> Error {
    log::warn!("{error}");
    Error::reply(match error {
        HostError::Denied(_) => "I may not ask the weather server. My owner can change that.",
        HostError::Timeout(_) | HostError::Disconnected(_) => {
            "The weather server does not answer. Later, perhaps?"
        }
        HostError::RateLimited { .. } => "One at a time, please!",
        HostError::Invalid(_) => "That is no place that I could ask for.",
        _ => "The weather server is out of order. Later, perhaps?",
    })
}

/// None if it is not what wttr.in sends.
fn report(json: &Value, units: Units) -> Option<String> {
    let (unit, [now, feels, low, high]) = match units {
        Units::Metric => ("°C", ["temp_C", "FeelsLikeC", "mintempC", "maxtempC"]),
        Units::Imperial => ("°F", ["temp_F", "FeelsLikeF", "mintempF", "maxtempF"]),
    };
    let (place, current, today) =
        (&json["nearest_area"][0], &json["current_condition"][0], &json["weather"][0]);
    Some(format!(
        "{}, {}: {}, {} {unit}, feels like {} {unit}. Today {} to {} {unit}, humidity {} %.",
        place["areaName"][0]["value"].as_str()?,
        place["country"][0]["value"].as_str()?,
        current["weatherDesc"][0]["value"].as_str()?.trim(),
        current[now].as_str()?,
        current[feels].as_str()?,
        today[low].as_str()?,
        today[high].as_str()?,
        current["humidity"].as_str()?,
    ))
}
