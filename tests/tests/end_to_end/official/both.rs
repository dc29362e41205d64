//! The same plugins on both platforms.

use iglu_tests::{
    host::Host,
    napcat::{
        FRIEND, GROUP, Napcat, OWNER,
        qq::{Bot, Chat, Platform},
    },
};

use super::{connected, folder, platform, push_to, table};

/// A chat somewhere, with somebody who talks.
enum Place<'a> {
    NapcatFriend(&'a Napcat),
    NapcatGroup(&'a Napcat),
    User(&'a Platform, Bot),
    Group(&'a Platform, Bot),
}

impl Place<'_> {
    /// Says something to the bot and waits for the text of its answer.
    async fn ask(&self, text: &str) -> String {
        match self {
            Place::NapcatFriend(napcat) => {
                napcat.private_text(FRIEND, text);
                napcat.next_call("send_private_msg").await.text()
            }
            Place::NapcatGroup(napcat) => {
                napcat.group_text(GROUP, OWNER, text);
                napcat.next_call("send_group_msg").await.text()
            }
            Place::User(platform, bot) => {
                let user = iglu_tests::napcat::qq::USER;
                bot.c2c(user, text);
                platform.next_sent_to(&Chat::User(user.to_owned())).await.text().to_owned()
            }
            Place::Group(platform, bot) => {
                let group = iglu_tests::napcat::qq::GROUP;
                bot.group_at(group, iglu_tests::napcat::qq::USER, text);
                platform.next_sent_to(&Chat::Group(group.to_owned())).await.text().to_owned()
            }
        }
    }
}

/// Gateway and webhook, each with a bot of its own, beside NapCat.
#[tokio::test]
async fn the_same_plugins_answer_on_napcat_and_on_the_official_platform() {
    let napcat = crate::common::napcat().await;
    let (gateway, webhook) = (platform().await, platform().await);
    let hooked = webhook.add_app(iglu_tests::napcat::qq::App::new("102000002", "DG5g3B4j9X2KOErG"));
    let tables = table(&gateway, gateway.bot().app(), "").replace("\"official\"", "\"gateway\"")
        + &table(&webhook, hooked.app(), "listen = \"http://127.0.0.1:0/qq\"");
    let folder = folder(&["echo", "notes", "inspect", "welcome"], "");
    folder.connect(&napcat, &tables);
    let host = Host::run(&folder).await;
    napcat.connected().await;
    gateway.connected().await;
    connected(&host).await;
    host.says("the gateway", |line| line.text() == "bot `gateway` is connected").await;
    push_to(&hooked, &host).await;

    let bot = gateway.bot();
    let places = [
        Place::NapcatFriend(&napcat),
        Place::NapcatGroup(&napcat),
        Place::User(&gateway, bot.clone()),
        Place::Group(&gateway, bot.clone()),
        Place::User(&webhook, hooked.clone()),
        Place::Group(&webhook, hooked.clone()),
    ];
    for place in &places {
        assert_eq!(place.ask("/echo 你好 world").await, "你好 world");
        let first = place.ask("/note add milk").await;
        assert!(place.ask("/note list").await.contains("milk"), "{first}");
        let shown = place.ask("look at this").await;
        assert!(shown.contains("look at this") && shown.contains("\"text\""), "{shown}");
    }

    let newcomer = "C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6";
    for (platform, bot) in [(&gateway, &bot), (&webhook, &hooked)] {
        let group = Chat::Group(iglu_tests::napcat::qq::GROUP.to_owned());
        bot.member_change(iglu_tests::napcat::qq::GROUP, newcomer, true);
        let welcome = platform.next_sent_to(&group).await;
        assert!(
            welcome.text().contains("Welcome!") && welcome.text().contains(newcomer),
            "{}",
            welcome.text()
        );
    }
    assert!(gateway.violations().is_empty() && webhook.violations().is_empty());
    host.stop().await;
}
