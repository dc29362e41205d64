//! Who may: the owner's lists, `/plugin`, rates.

use std::path::Path;

use super::*;
use crate::model::Role;
use crate::store::Store;

fn settled(toml: &str) -> Settings {
    let text = format!("language = 'en'\nsuperusers = ['1']\n{toml}");
    (&Config::parse(&text, Path::new("iglu.toml")).unwrap()).into()
}

struct Scene {
    router: Arc<Router>,
    mailboxes: Vec<Arc<Mailbox>>,
    bot: Arc<Recorder>,
}

/// A house of these plugins, whose bot notes what it says.
fn scene(settings: Settings, plugins: &[(&str, &str)]) -> Scene {
    let bot = Arc::new(Recorder::default());
    let bots = Arc::new(Bots::default());
    bots.insert(Arc::clone(&bot) as Arc<dyn Bot>);
    let router = Router::new(settings, bots, Clock::default());
    let mailboxes: Vec<_> = plugins.iter().map(|_| Arc::new(Mailbox::new(1 << 20))).collect();
    listen(&router, plugins, &mailboxes);
    Scene { router, mailboxes, bot }
}

impl Scene {
    /// What the host answers.
    async fn say(&self, user: &str, role: Role, group: &str, text: &str) -> String {
        let mut message = message(text);
        message.sender.id = user.to_owned();
        message.sender.role = role;
        message.chat = match group {
            "" => Chat::Private(user.to_owned()),
            group => Chat::Group(group.to_owned()),
        };
        self.router.route(incoming(EventBody::Message(message)));
        self.router.settled().await;
        let said = std::mem::take(&mut *self.bot.0.lock().unwrap());
        said.into_iter().map(|(_, text, _)| text).collect::<Vec<_>>().join("\n---\n")
    }

    async fn member(&self, text: &str) -> String {
        self.say("2", Role::Member, "5", text).await
    }

    async fn admin(&self, text: &str) -> String {
        self.say("3", Role::Admin, "5", text).await
    }

    async fn superuser(&self, text: &str) -> String {
        self.say("1", Role::Member, "5", text).await
    }

    /// How many events each plugin was given.
    fn given(&self) -> Vec<usize> {
        self.mailboxes.iter().map(|mailbox| mailbox.drain().len()).collect()
    }
}

#[tokio::test]
async fn a_plugin_is_switched_off_and_on_in_one_chat() {
    let (echo, dice) = (command("echo", ""), command("dice", ""));
    let house = scene(settled(""), &[("echo", &echo), ("dice", &dice)]);
    assert_eq!(
        house.member("/plugin off echo").await,
        "Only the group's owner, its admins and superusers may switch plugins."
    );
    assert_eq!(house.admin("/plugin off ECHO").await, "echo is off in this group now.");
    assert_eq!(house.admin("/plugin off echo").await, "echo is off in this group already.");
    assert_eq!(house.admin("/插件").await, "Plugins (● on, ○ off)\n● dice\n○ echo");
    assert!(house.admin("/plugin echo").await.ends_with("Commands: 1\nOff in this group."));
    for (group, given) in [("5", 0), ("6", 1)] {
        assert_eq!(house.say("2", Role::Member, group, "/echo hi").await, "");
        assert_eq!(house.given(), [given, 0], "in group {group}");
    }
    assert!(!house.member("/help").await.contains("/echo"), "its commands are gone from /help there");
    assert!(house.say("2", Role::Member, "6", "/help").await.contains("/echo"), "and stay elsewhere");
    assert_eq!(house.admin("/plugin on echo").await, "echo is on in this group now.");
    house.member("/echo hi").await;
    assert_eq!(house.given(), [1, 0]);
}

#[tokio::test]
async fn a_user_switches_in_private_and_a_superuser_everywhere() {
    let echo = command("echo", "");
    let house = scene(settled(""), &[("echo", &echo)]);
    assert_eq!(house.say("2", Role::Unknown, "", "/plugin off echo").await, "echo is off in this chat now.");
    house.say("2", Role::Unknown, "", "/echo").await;
    house.say("3", Role::Unknown, "", "/echo").await;
    assert_eq!(house.given(), [1], "theirs alone");

    let refused = house.admin("/plugin off echo --everywhere").await;
    assert_eq!(refused, "Only superusers may switch plugins everywhere.");
    assert_eq!(house.superuser("/plugin off echo —everywhere").await, "echo is off everywhere now.");
    assert!(house.admin("/plugin on echo").await.starts_with("echo is off everywhere; a superuser may"));
    assert_eq!(house.admin("/plugin").await, "Plugins (● on, ○ off)\n○ echo (off everywhere)");
    house.superuser("/echo").await;
    assert_eq!(house.given(), [0], "off is off for superusers too");
    assert!(house.superuser("/plugin on echo everywhere").await.contains("no longer off everywhere"));
    house.say("2", Role::Unknown, "", "/echo").await;
    house.superuser("/echo").await;
    assert_eq!(house.given(), [1], "each chat has its own setting again");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_what_can() {
    let named = r#"{"name": "h", "on": {"command": {"name": "x"}}}"#;
    let house =
        scene(settled("[plugin.secret.access]\nallow_chats = []"), &[("echo", named), ("secret", named)]);
    for (text, answer) in [
        ("/plugin off", "Usage:\n/plugin list\n/plugin info <name>\n/plugin on|off <name>"),
        ("/plugin dance echo", "Usage:\n"),
        ("/plugin off ehco", "There is no plugin named \"ehco\". Did you mean \"echo\"?"),
        ("/plugin info secret", "There is no plugin named \"secret\"."),
        ("/plugin", "Plugins (● on, ○ off)\n● echo"),
    ] {
        let said = house.admin(text).await;
        assert!(said.starts_with(answer), "{text}: {said}");
    }
    assert!(house.superuser("/plugin").await.contains("● secret"), "hidden from whom it is not for");
    assert!(house.superuser("/plugin off").await.ends_with("[--everywhere]"));
}

#[tokio::test]
async fn switches_outlive_a_restart_and_give_way_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.redb")).unwrap();
    let echo = command("echo", "");
    let open = async |toml: &str| {
        let switches = Arc::new(Switches::open(store.own("switches")).await.unwrap());
        scene(Settings { switches, ..settled(toml) }, &[("echo", &echo)])
    };
    let house = open("").await;
    house.admin("/plugin off echo").await;
    let house = open("").await;
    house.member("/echo").await;
    assert_eq!(house.given(), [0], "still off");
    house.admin("/plugin on echo").await;

    // On is what the file said at that time, so it was nothing to remember.
    let house = open("[plugin.echo]\ndefault = 'off'").await;
    house.member("/echo").await;
    assert_eq!(house.given(), [0], "the file says otherwise now");
    assert_eq!(house.admin("/plugin on echo").await, "echo is on in this group now.");
    let house = open("[plugin.echo]\ndefault = 'off'").await;
    house.member("/echo").await;
    house.say("2", Role::Member, "6", "/echo").await;
    assert_eq!(house.given(), [1], "on in the one group");
}

#[tokio::test]
async fn a_switch_that_cannot_be_kept_counts_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.redb")).unwrap();
    let switches = Arc::new(Switches::open(store.own("switches")).await.unwrap());
    let echo = command("echo", "");
    let house = scene(Settings { switches, ..settled("") }, &[("echo", &echo)]);
    store.close().await;
    let said = house.admin("/plugin off echo").await;
    assert!(said.starts_with("echo is off in this group now.") && said.contains("cannot be saved"), "{said}");
    house.member("/echo").await;
    assert_eq!(house.given(), [0]);
}

#[tokio::test]
async fn who_is_denied_wakes_nobody_and_is_not_answered() {
    let echo = format!("{},{}", command("echo", ""), on_message("m", ""));
    let toml =
        "[access]\ndeny_users = ['1', '2']\ndeny_chats = ['6']\n[plugin.echo.access]\ndeny_users = ['4']";
    let house = scene(settled(toml), &[("echo", &echo), ("dice", &on_message("m", ""))]);
    for (user, group, given) in
        [("1", "5", [2, 1]), ("1", "6", [2, 1]), ("2", "5", [0, 0]), ("3", "6", [0, 0]), ("4", "5", [0, 1])]
    {
        house.say(user, Role::Member, group, "/echo").await;
        assert_eq!(house.given(), given, "user {user} in {group}");
        let answered = !house.say(user, Role::Member, group, "/help").await.is_empty();
        assert_eq!(answered, given[1] > 0, "user {user} in {group}");
        house.given();
    }
}

#[tokio::test]
async fn a_plugin_that_is_off_does_not_block() {
    let guard = on_message("g", r#", "priority": 9, "block": true"#);
    let house =
        scene(settled("[plugin.guard]\noff = ['5']"), &[("a", &command("echo", "")), ("guard", &guard)]);
    house.member("/echo").await;
    assert_eq!(house.given(), [1, 0]);
    let mut elsewhere = message("/echo");
    elsewhere.chat = Chat::Group("6".to_owned());
    house.router.route(incoming(EventBody::Message(elsewhere)));
    assert_eq!(house.mailboxes[0].len(), 0, "nothing before the verdict");
    answer(house.mailboxes[1].try_pop().unwrap(), Verdict::Handled);
    house.router.settled().await;
    assert_eq!(house.given(), [0, 0], "kept from the other plugin");
}

#[tokio::test]
async fn a_command_that_comes_too_early_is_answered_once() {
    let handlers = format!(
        "{},{}",
        command("roll", r#", "rate": {"count": 2, "seconds": 60, "scope": "chat"}"#),
        r#"{"name": "word", "on": {"keyword": {"any": ["lucky"]}}, "cooldown": {"seconds": 60, "scope": "chat"}}"#
    );
    let house = scene(settled(""), &[("dice", &handlers)]);
    for (text, answer, given) in [
        ("/roll", "", 1),
        ("/roll", "", 1),
        ("/roll", "Please try again in 60 s.", 0),
        ("/roll", "", 0),
        ("lucky", "", 1),
        ("lucky", "", 0),
    ] {
        assert_eq!(house.member(text).await, answer, "{text}");
        assert_eq!(house.given(), [given], "{text}");
    }
    house.router.clock.advance(Duration::from_secs(61));
    assert_eq!(house.member("/roll").await, "");
    assert_eq!(house.given(), [1], "it runs again");
}

#[tokio::test]
async fn the_owners_rates_replace_the_plugins() {
    let roll = command("roll", r#", "cooldown": {"seconds": 3600, "scope": "plugin"}"#);
    let rate = "{ count = 2, time = '1m' }";
    for (rates, runs) in [
        ("", 1),
        ("roll = []", 5),
        (&format!("roll = {rate}"), 2),
        (&format!("ROLL = [{rate}, {{ time = '2s', per = 'plugin' }}]"), 1),
        (&format!("rol = {rate}"), 1),
    ] {
        let house = scene(settled(&format!("[plugin.dice.rates]\n{rates}")), &[("dice", &roll)]);
        for _ in 0..5 {
            house.member("/roll").await;
        }
        assert_eq!(house.given(), [runs], "{rates}");
        let told =
            house.router.remarks.lock().unwrap().iter().any(|it| it.contains("did you mean \"roll\"?"));
        assert_eq!(told, rates.starts_with("rol ="), "{rates}");
    }
}

#[tokio::test]
async fn a_user_may_be_kept_from_too_many_commands() {
    let (echo, dice) = (command("echo", ""), format!("{},{}", command("dice", ""), on_message("m", "")));
    let toml = "[commands]\nrate = { count = 2, time = '30s' }";
    let house = scene(settled(toml), &[("echo", &echo), ("dice", &dice)]);
    house.member("/echo").await;
    assert!(house.member("/help").await.contains("/echo"));
    assert_eq!(house.given(), [1, 2]);
    assert_eq!(house.member("/dice").await, "Please try again in 30 s.");
    assert_eq!(house.member("/help").await, "");
    assert_eq!(house.given(), [0, 2], "what is no command goes on");
    for _ in 0..4 {
        house.superuser("/echo").await;
    }
    house.say("3", Role::Member, "5", "/echo").await;
    assert_eq!(house.given(), [5, 5], "each user for themselves, superusers as they like");
    house.router.clock.advance(Duration::from_secs(31));
    house.member("/dice").await;
    assert_eq!(house.given(), [0, 2]);
}

const ROLL: &str = r#"{"name": "roll", "rate": {"count": 2, "seconds": 60},
    "on": {"command": {"name": "roll", "arguments": [{"name": "sides", "kind": "integer"}]}}}"#;

#[tokio::test]
async fn a_flood_of_wrong_commands_is_answered_as_often_as_the_command_may_run() {
    let house = scene(settled(""), &[("dice", ROLL)]);
    let mut told = Vec::new();
    for _ in 0..10 {
        told.push(house.member("/roll x").await);
    }
    assert!(told[..2].iter().all(|text| text.contains("Usage: /roll <sides>")), "{told:?}");
    assert!(told[2].starts_with("Please try again in"), "{told:?}");
    assert!(told[3..].iter().all(String::is_empty), "{told:?}");
    // A slip costs no run.
    for _ in 0..3 {
        house.member("/roll 6").await;
    }
    assert_eq!(house.given(), [2]);
    assert!(house.admin("/roll").await.contains("Usage:"), "another user has a count of their own");
}

#[tokio::test]
async fn the_hosts_own_answers_end_too_unless_the_owner_says_how_often() {
    let plain = r#"{"name": "add", "on": {"command": {"name": "note add", "arguments": [{"name": "n", "kind": "integer"}]}}}"#;
    let flood = ["/help", "/note", "/note add x", "/plugin"];
    let answers = async |settings: &str, superuser: bool| {
        let house = scene(settled(settings), &[("notes", plain)]);
        let mut told = Vec::new();
        for number in 0..100 {
            let text = flood[number % flood.len()];
            let answer = if superuser { house.superuser(text).await } else { house.member(text).await };
            told.extend(Some(answer).filter(|answer| !answer.is_empty()));
        }
        (told.len(), told.last().unwrap().starts_with("Please try again"))
    };
    assert_eq!(answers("", false).await, (21, true));
    assert_eq!(answers("", true).await, (100, false));
    let owners = "[commands]\nrate = { count = 50, time = '60s' }";
    assert_eq!(answers(owners, false).await, (51, true));
}
