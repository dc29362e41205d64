//! The plugin in the real sandbox, with servers that say what the test wants.

use iglu_sdk::{
    serde_json::{Value, json},
    test::{Kit, Result},
};

/// What wttr.in sends, but for what the plugin does not read.
fn oslo() -> Value {
    json!({
        "current_condition": [{"FeelsLikeC": "-6", "FeelsLikeF": "21", "humidity": "86", "temp_C": "-2", "temp_F": "28",
            "weatherDesc": [{"value": "Light snow "}]}],
        "nearest_area": [{"areaName": [{"value": "Oslo"}], "country": [{"value": "Norway"}]}],
        "weather": [{"maxtempC": "0", "maxtempF": "32", "mintempC": "-5", "mintempF": "23"}],
    })
}

#[test]
fn the_weather_is_told_in_the_owners_units() -> Result<()> {
    let bot = Kit::new()?;
    bot.http("GET", "https://wttr.in/*", oslo());
    bot.user("10001")
        .say("/weather Oslo")
        .expect("Oslo, Norway: Light snow, -2 °C, feels like -6 °C. Today -5 to 0 °C, humidity 86 %.");
    bot.user("10001").say("/天气 奥斯陆/a b?").expect_containing("Oslo").expect_nothing();
    let urls: Vec<String> = bot.http_requests().into_iter().map(|request| request.url).collect();
    let escaped = "https://wttr.in/%E5%A5%A5%E6%96%AF%E9%99%86%2Fa%20b%3F?format=j1";
    assert_eq!(urls, ["https://wttr.in/Oslo?format=j1", escaped]);

    let settings = json!({"server": "https://weather.example/v1/", "units": "imperial"});
    let bot = Kit::builder().config(settings).grant("http:https://weather.example").build()?;
    bot.http("GET", "https://weather.example/v1/Oslo?format=j1", oslo());
    bot.user("10001")
        .say("/weather Oslo")
        .expect("Oslo, Norway: Light snow, 28 °F, feels like 21 °F. Today 23 to 32 °F, humidity 86 %.");
    Ok(())
}

#[test]
fn what_goes_wrong_is_said_politely() -> Result<()> {
    let bot = Kit::new()?;
    for (number, (answer, said)) in [
        (json!({"status": 404, "text": "Unknown location"}), "I do not know a place called Oslo."),
        (json!({"status": 500, "text": "oops"}), "out of order"),
        (json!({"text": "<html>"}), "out of order"),
        (json!({"json": {"current_condition": []}}), "out of order"),
        (json!({"json": {"current_condition": "moved", "weather": 7}}), "out of order"),
        (json!({"error": "timeout"}), "does not answer"),
        (json!({"error": "disconnected"}), "does not answer"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut answer = answer;
        answer["url"] = "https://wttr.in/*".into();
        answer["times"] = 1.into();
        bot.http_with(&answer);
        bot.user(&number.to_string()).say("/weather Oslo").expect_containing(said).expect_nothing();
    }
    bot.user("10001").say("/weather ..").expect_containing("no place").expect_nothing();
    bot.user("10001").say("/weather").expect_containing("/weather <city").expect_nothing();
    Ok(())
}

#[test]
fn without_the_grant_no_server_is_asked() -> Result<()> {
    for builder in [Kit::builder().deny("http:*"), Kit::builder().grant("http:https://other.example")] {
        let bot = builder.build()?;
        bot.http("GET", "https://wttr.in/*", oslo());
        let answers = bot.user("10001").say("/weather Oslo");
        answers.expect("I may not ask the weather server. My owner can change that.").expect_nothing();
        answers.expect_denied("http:https://wttr.in");
        assert!(answers.log().iter().any(|line| line.text.contains("http:https://wttr.in\"]")), "{answers}");
        assert!(bot.http_requests().is_empty());
    }
    Ok(())
}

#[test]
fn nobody_asks_all_the_time() -> Result<()> {
    let bot = Kit::new()?;
    bot.http("GET", "https://wttr.in/*", oslo());
    for _ in 0..5 {
        bot.user("10001").say("/weather Oslo").expect_containing("Oslo");
    }
    bot.user("10001").say("/weather Oslo").expect_containing("again");
    assert_eq!(bot.http_requests().len(), 5);
    Ok(())
}

#[test]
fn settings_of_a_wrong_form_are_refused_with_the_key() {
    let refused = Kit::builder().config(json!({"units": "kelvin"})).build();
    let reason = refused.expect_err("there is no kelvin").to_string();
    assert!(reason.contains("units"), "{reason}");
}
