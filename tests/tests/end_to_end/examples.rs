//! The example plugins on a real account: games, reminders, moderation, the weather.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use iglu_tests::napcat::{FRIEND, GROUP, Napcat, OWNER};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use crate::common::{ask, house, request_head, said, settled, up};

/// A plain member of the group; [`FRIEND`] is an admin there, and the bot is a member.
const MEMBER: u64 = 30_001;

/// Says something in the group and waits for the bot's next message there.
async fn ask_in_group(napcat: &Napcat, user: u64, text: &str) -> String {
    napcat.group_text(GROUP, user, text);
    napcat.next_call("send_group_msg").await.text()
}

/// A server that answers each request with this status and body, and counts them. Answers its origin and the count.
async fn server(status: &'static str, body: String) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = request_head(&mut stream).await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            assert!(request.starts_with(b"GET /%E5%A5%A5%E6%96%AF%E9%99%86?format=j1 HTTP"), "{request:?}");
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(head.as_bytes()).await.unwrap();
        }
    });
    (origin, count)
}

#[tokio::test]
async fn a_number_is_guessed_by_members_of_the_group_in_turns() {
    let (napcat, _folder, host) = house(&["guess"], "").await;
    napcat.add_member(GROUP, MEMBER, "", "member");
    assert!(ask_in_group(&napcat, OWNER, "/guess 64").await.contains("from 1 to 64"));
    let (mut low, mut high) = (1, 64);
    for user in [MEMBER, FRIEND].into_iter().cycle().take(7) {
        let guess = (low + high) / 2;
        let hint = ask_in_group(&napcat, user, &guess.to_string()).await;
        match hint {
            hint if hint.starts_with("More") => low = guess + 1,
            hint if hint.starts_with("Less") => high = guess - 1,
            end => {
                assert!(end.contains(&format!("{guess} it is")) && end.contains("Your wins: 1."), "{end}");
                host.stop().await;
                return;
            }
        }
    }
    panic!("seven guesses are enough for 64 numbers: {:?}", napcat.calls());
}

#[tokio::test]
async fn a_reminder_survives_a_kill_and_mentions_who_asked() {
    let (napcat, folder, host) = house(&["remind", "echo"], "[plugin.remind]\ngrants = [\"send\"]\n").await;
    assert_eq!(ask(&napcat, "/remind 2d bread").await, "I will remind you in 2d.");
    assert!(ask(&napcat, "/remind soon tea").await.contains("such as 90s"));
    assert_eq!(ask_in_group(&napcat, OWNER, "/remind 5s tea").await, "I will remind you in 5s.");
    host.kill().await;
    napcat.disconnected().await;
    napcat.forget_calls();

    let host = up(&napcat, &folder).await;
    let reminder = napcat.next_call("send_group_msg").await;
    let at = json!({"type": "at", "data": {"qq": OWNER.to_string()}});
    assert_eq!((&reminder.message()[0], reminder.text().trim()), (&at, "⏰ tea"));
    assert_eq!(ask(&napcat, "/remind list").await, "1. in 2d: bread");
    assert_eq!(ask(&napcat, "/remind del 1").await, "Deleted: bread");
    settled(&napcat).await;
    assert_eq!(napcat.calls_of("send_group_msg").len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn admins_moderate_and_members_and_a_bot_without_rights_do_not() {
    let granted = "[plugin.admin]\ngrants = [\"group-admin\", \"recall\"]\n";
    let (napcat, folder, host) = house(&["admin", "echo"], granted).await;
    napcat.add_member(GROUP, MEMBER, "", "member");
    let mute = format!("/mute {MEMBER} 1h");
    napcat.group_text(GROUP, MEMBER, &mute);
    settled(&napcat).await;
    assert!(napcat.calls_of("set_group_ban").is_empty(), "a member may not");

    napcat.group_message(GROUP, FRIEND).text("/mute ").at(&MEMBER.to_string()).text(" 1h").push();
    let ban = napcat.next_call("set_group_ban").await;
    let (group, user) = (GROUP.to_string(), MEMBER.to_string());
    assert_eq!(ban.params(), &json!({"group_id": group, "user_id": user, "duration": 3600}));
    assert!(napcat.next_call("send_group_msg").await.text().ends_with("is muted for 1h."));

    let rude = napcat.group_text(GROUP, MEMBER, "something rude");
    napcat.group_message(GROUP, FRIEND).reply(rude).at(&MEMBER.to_string()).text(" /recall").push();
    napcat.next_call("delete_msg").await;
    settled(&napcat).await;
    assert_eq!(napcat.message(rude), None);

    napcat.answer_once("set_group_ban", iglu_tests::napcat::Answer::failed("没有权限"));
    let refused = ask_in_group(&napcat, OWNER, &mute).await;
    assert!(refused.starts_with("I am no admin") && refused.contains("没有权限"), "{refused}");
    host.stop().await;

    napcat.forget_calls();
    folder.connect(&napcat, "");
    let host = up(&napcat, &folder).await;
    let refused = ask_in_group(&napcat, OWNER, &format!("/kick {MEMBER}")).await;
    assert!(refused.starts_with("My owner has not allowed"), "{refused}");
    assert!(napcat.calls_of("set_group_kick").is_empty());
    host.says("what to grant", |line| line.is("admin", "grants = [\"group-admin\"]")).await;
    host.stop().await;
}

#[tokio::test]
async fn the_weather_is_asked_of_a_granted_server_and_of_no_other() {
    let report: Value = json!({
        "current_condition": [{"FeelsLikeC": "-6", "humidity": "86", "temp_C": "-2", "weatherDesc": [{"value": "Snow"}]}],
        "nearest_area": [{"areaName": [{"value": "Oslo"}], "country": [{"value": "Norway"}]}],
        "weather": [{"maxtempC": "0", "mintempC": "-5"}],
    });
    let (good, asked) = server("200 OK", report.to_string()).await;
    let settings = |origin: &str, grant: &str| {
        format!("[plugin.weather]\ngrants = [{grant}]\nconfig = {{ server = \"{origin}\" }}\n")
    };
    let (napcat, folder, host) = house(&["weather"], &settings(&good, "")).await;
    let refused = ask(&napcat, "/weather 奥斯陆").await;
    assert_eq!(refused, "I may not ask the weather server. My owner can change that.");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let wanted = format!("grants = [\"http:{good}\"]");
    host.says("what to grant", |line| line.is("weather", &wanted)).await;
    host.stop().await;

    folder.connect(&napcat, &settings(&good, &format!("\"http:{good}\"")));
    let host = up(&napcat, &folder).await;
    let told = ask(&napcat, "/weather 奥斯陆").await;
    assert_eq!(told, "Oslo, Norway: Snow, -2 °C, feels like -6 °C. Today -5 to 0 °C, humidity 86 %.");
    host.stop().await;

    let (bad, asked) = server("503 Busy", "<html>".to_owned()).await;
    folder.connect(&napcat, &settings(&bad, &format!("\"http:{bad}\"")));
    let host = up(&napcat, &folder).await;
    assert!(ask(&napcat, "/weather 奥斯陆").await.contains("out of order"), "{:?}", said(&napcat));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    host.stop().await;
}
