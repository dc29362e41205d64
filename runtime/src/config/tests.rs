use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::adapter::onebot::{Listen, Visit};
use crate::adapter::qq::Hook;
use crate::plugin::manifest::CooldownScope;

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(text, Path::new("home/iglu.toml"))
}

#[test]
fn bots_of_the_official_platform_are_read() {
    let config = parse(
        r#"
        [[bot]]
        platform = "qq"
        app_id = 102000001
        secret = "DG5g3B4j9X2KOErG"
        intents = ["GROUP_AND_C2C_EVENT", "INTERACTION"]
        shards = 2
        sandbox = true
        rules = { active = false, private_replies = 5, group_window = "4m", user_day = 3 }

        [[bot]]
        platform = "qq"
        name = "hook"
        app_id = "102000002"
        secret = "b"
        old_secret = "a"
        listen = "http://127.0.0.1:8080/qq"
        journal = false
        delivery_age = "2m"
        token_api = "http://127.0.0.1:1/"
        "#,
    )
    .unwrap();
    let [gateway, hook] = &config.bots.official[..] else { panic!("{:?}", config.bots) };
    assert_eq!((gateway.name.as_str(), gateway.app_id.as_str()), ("102000001", "102000001"));
    assert_eq!((gateway.intents, gateway.shards), (Some(1 << 25 | 1 << 26), Some(2)));
    assert_eq!(gateway.api_base, "https://sandbox.api.sgroup.qq.com");
    assert!(gateway.hook.is_none() && gateway.journal);
    let rules = &gateway.rules;
    assert_eq!((rules.active, rules.private.count, rules.active_user.day), (false, 5, 3));
    assert_eq!(rules.group.time, Duration::from_secs(240));
    assert_eq!(
        hook.hook,
        Some(Hook { host: "127.0.0.1:8080".to_owned(), path: "/qq".to_owned(), tls: None })
    );
    assert_eq!(hook.old_secret.as_ref().map(Secret::reveal), Some("a"));
    assert_eq!((hook.journal, hook.skew), (false, Duration::from_secs(120)));
    assert_eq!(
        (hook.token_base.as_str(), hook.api_base.as_str()),
        ("http://127.0.0.1:1", "https://api.sgroup.qq.com")
    );
    assert!(!format!("{config:?}").contains("DG5g"), "secrets are not shown");
}

#[test]
fn an_empty_file_is_a_host_without_bots() {
    let config = parse("").unwrap();
    assert_eq!(config.prefixes, ["/"]);
    assert_eq!(config.timezone, "Asia/Shanghai");
    assert_eq!(config.plugins_dir, Path::new("home/plugins"));
    assert_eq!(config.data_dir, Path::new("home/data"));
    assert_eq!(config.log, LogConfig { format: LogFormat::Human, level: "info".to_owned() });
    assert!(config.bots.is_empty() && config.superusers.is_empty() && config.plugins.is_empty());
    assert_eq!(config.limits, Limits::default());
    let plugin = config.plugin("anything");
    assert!(plugin.enabled && plugin.grants.is_empty());
    assert_eq!(plugin.config, json!({}));
}

#[test]
fn every_way_to_napcat_can_be_written() {
    let config = parse(
        r#"
        [[bot]]
        listen = "ws://127.0.0.1:8080/onebot"
        account = 10001
        [[bot]]
        name = "other"
        listen = "ws://127.0.0.1:8080/onebot"
        account = "10002"
        [[bot]]
        url = "http://127.0.0.1:3000"
        listen = "http://0.0.0.0:8081"
        token = "x"
        sends_per_chat = 1
        send_wait = "3s"
        [[bot]]
        url = "https://example.com:3002"
        "#,
    )
    .unwrap();
    let [first, second, posts, stream] = &config.bots.onebot[..] else { panic!("{:?}", config.bots) };
    let door = |kind, host: &str, path: &str| Some(Listen { kind, host: host.into(), path: path.into() });
    assert_eq!(first.listen, door(Visit::Socket, "127.0.0.1:8080", "/onebot"));
    assert_eq!((first.name.as_str(), first.account.as_deref()), ("127.0.0.1:8080", Some("10001")));
    assert_eq!((second.name.as_str(), &second.listen), ("other", &first.listen));
    assert_eq!(posts.listen, door(Visit::Posts, "0.0.0.0:8081", "/"));
    assert_eq!((posts.sending.per_chat, posts.sending.outage), (1, Duration::from_secs(3)));
    assert_eq!((stream.url.as_deref(), &stream.listen), (Some("https://example.com:3002"), &None));
}

#[test]
fn everything_that_is_written_arrives() {
    let config = parse(
        r#"
        language = "en"
        timezone = "Europe/Berlin"
        superusers = ["10001", 10002]
        [commands]
        prefixes = ["/", "!", ""]
        [log]
        format = "json"
        level = "info,iglu::router=debug"
        [folders]
        plugins = "p"
        data = "/var/lib/iglu"
        [[bot]]
        url = "ws://127.0.0.1:3001"
        token = "x"
        [[bot]]
        name = "second"
        url = "wss://[::1]:3002/path?a=b"
        [limits]
        memory = "128 MiB"
        handler = "30s"
        [plugin.echo]
        grants = ["send", "call:get_*"]
        config = { greeting = "hi", at = 2026-01-01, deep = { n = [1, 2.5] } }
        [plugin.echo.limits]
        cpu = "250ms"
        [plugin."a.b"]
        enabled = false
        "#,
    )
    .unwrap();
    assert_eq!(config.language, Language::English);
    assert_eq!(config.timezone, "Europe/Berlin");
    assert_eq!(config.superusers, Users::from_iter(["10001".to_owned(), "10002".to_owned()]));
    assert_eq!(config.prefixes, ["/", "!", ""]);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.data_dir, Path::new("/var/lib/iglu"));
    let names: Vec<_> = config.bots.onebot.iter().map(|bot| bot.name.as_str()).collect();
    assert_eq!(names, ["127.0.0.1:3001", "second"]);
    assert_eq!(config.bots.onebot[0].token.as_ref().map(Secret::reveal), Some("x"));
    assert!(!format!("{config:?}").contains("\"x\""));
    let echo = config.plugin("echo");
    assert_eq!(echo.grants.iter().map(ToString::to_string).collect::<Vec<_>>(), ["send", "call:get_*"]);
    assert_eq!(echo.config, json!({"greeting": "hi", "at": "2026-01-01", "deep": {"n": [1, 2.5]}}));
    assert_eq!(echo.limits.cpu, Duration::from_millis(250));
    assert_eq!(echo.limits.memory, 128 << 20);
    assert_eq!(config.plugin("other").limits.handler, Duration::from_secs(30));
    assert!(!config.plugin("a.b").enabled);
}

#[test]
fn who_may_and_how_often_is_read() {
    let config = parse(
        r#"
        superusers = ["onebot:1"]
        [commands]
        rate = { count = 5, time = "10s" }
        [access]
        allow_users = [7]
        [plugin.echo]
        default = "off"
        on = ["5"]
        access = { deny_chats = ["private"] }
        [plugin.echo.rates]
        echo = { count = 3, time = "1m", per = "chat" }
        "天气" = []
        "#,
    )
    .unwrap();
    let rate = |count, seconds, scope| Rate { count, seconds, scope };
    let bot = |platform: &str| crate::model::Bot {
        id: "9".to_owned(),
        platform: platform.to_owned(),
        nickname: String::new(),
        online: true,
    };
    assert!(config.superusers.has(&bot("onebot"), "1") && !config.superusers.has(&bot("qq"), "1"));
    assert_eq!(config.command_rate, Some(rate(5, 10.0, CooldownScope::User)));
    let (users, chats) = config.access.allow.as_ref().unwrap();
    assert!(users.has(&bot("qq"), "7") && *chats == Chats::default());
    let echo = config.plugin("echo");
    let [group, private] =
        [crate::model::Chat::Group("5".to_owned()), crate::model::Chat::Private("5".to_owned())];
    assert!(echo.presence.default_off && echo.presence.on.has(&bot("qq"), &group));
    assert!(echo.access.deny_chats.has(&bot("qq"), &private) && echo.access.allow.is_none());
    assert_eq!(echo.rates["echo"], [rate(3, 60.0, CooldownScope::Chat)]);
    assert!(echo.rates["天气"].is_empty());
    assert_eq!(config.plugin("other").presence, Presence::default());
}

#[test]
fn every_error_says_where_and_what_to_write() {
    let table = [
        ("superuser = []", "1:1: superuser: unknown key; did you mean `superusers`?"),
        ("\n[plugin.echo]\n  grant = []", "3:3: plugin.echo.grant: unknown key; did you mean `grants`?"),
        (
            "superusers = ['onbot:1']",
            "1:15: superusers: \"onbot:1\": `onbot:` is not known before an id; did you",
        ),
        ("[access]\ndeny_user = []", "2:1: access.deny_user: unknown key; did you mean `deny_users`?"),
        (
            "[access]\ndeny_users = ['private']\ndeny_chats = ['qq:x:1']",
            "3:15: access.deny_chats: \"qq:x:1\" is no chat",
        ),
        ("[plugin.a.access]\nallow_chats = '1'", "2:15: plugin.a.access.allow_chats: must be a list"),
        ("[plugin.a]\ndefault = 'of'", "2:11: plugin.a.default: \"of\" is not known; did you mean `off`?"),
        ("[plugin.a.rates]\nx = 3", "2:5: plugin.a.rates.x: must be such as `{ count = 3, time"),
        ("[plugin.a.rates]\nx = { count = 3 }", "plugin.a.rates.x: has no `time`"),
        ("[plugin.a.rates]\nx = [{ time = 5 }]", "plugin.a.rates.x: `time`: has no unit"),
        ("[plugin.a.rates]\nx = { time = '5s', count = 0 }", "`count`: 0 is out of range; write 1 to 1000"),
        ("[plugin.a.rates]\nx = { time = '0s' }", "`time`: must be more than nothing"),
        (
            "[plugin.a.rates]\nx = { time = '5s', pro = 'chat' }",
            "`pro` is not known here; known are `count`, `time`",
        ),
        ("[commands]\nrate = { time = '5s', per = 'chat' }", "commands.rate: `per`: only `user` is possible"),
        (
            "[plugin.echo]\ngrants = ['send', 'snd']",
            "2:19: plugin.echo.grants: `snd` is no permission; did you mean `send`?",
        ),
        ("[plugin.echo]\ngrants = 'send'", "2:10: plugin.echo.grants: must be a list"),
        ("[plugin.echo.limits]\nmemory = 64", "2:10: plugin.echo.limits.memory: has no unit"),
        ("[limits]\nmemory = '1 KiB'", "2:10: limits.memory: 1 KiB is too little; the least is 1 MiB"),
        ("[limits]\nconcurrency = 0", "2:15: limits.concurrency: 0 is too little"),
        ("[limits]\nmemry = '1 MiB'", "2:1: limits.memry: unknown key; did you mean `memory`?"),
        ("language = 'fr'", "1:12: language: \"fr\" is not known; write `zh`, `en`"),
        ("timezone = 'Asia/Shangai'", "1:12: timezone: \"Asia/Shangai\" is no time zone; write an IANA name"),
        ("[log]\nlevel = 'inof'", "2:9: log.level: \"inof\" is no level; did you mean `info`?"),
        ("[commands]\nprefixes = []", "2:12: commands.prefixes: is empty"),
        ("[commands]\nprefixes = ['/', 'a b']", "2:18: commands.prefixes: \"a b\" has white space"),
        ("[[bot]]\ntoken = 'x'", "bot number 1: has no `url`"),
        (
            "[[bot]]\nurl='ws://a'\n[[bot]]\nurl = 'ftp://a:3000'",
            "4:7: bot number 2.url: must begin with `ws://`",
        ),
        (
            "[[bot]]\nurl='ws://a'\n[[bot]]\nurl = 'ws://a'",
            "bot number 2.url: another bot has the same address",
        ),
        (
            "[[bot]]\nlisten='127.0.0.1:80'",
            "bot number 1.listen: \"127.0.0.1:80\" does not say what comes there",
        ),
        ("[[bot]]\nlisten='ws://127.0.0.1'", "names no port"),
        ("[[bot]]\nlisten='wss://127.0.0.1:1'", "put a proxy with TLS in front of it"),
        ("[[bot]]\nlisten='ws://0.0.0.0:1'", "set a `token`"),
        ("[[bot]]\nurl='ws://a'\nlisten='ws://[::1]:1'", "write two [[bot]] tables"),
        ("[[bot]]\nurl='ws://a'\nlisten='http://localhost:1'", "begin `url` with `http://`"),
        ("[[bot]]\nurl='ws://a'\naccount=1", "bot number 1.account: is only asked at `listen`"),
        ("[[bot]]\nurl='ws://a'\nsends_per_chat=0", "bot number 1.sends_per_chat: must be at least 1"),
        (
            "[[bot]]\nname='a'\nlisten='ws://[::1]:1'\n[[bot]]\nname='b'\nlisten='ws://[::1]:1'\naccount=1",
            "bot number 2.listen: another bot waits there too",
        ),
        (
            "[[bot]]\nurl='ws://a'\ntoken_file='none.txt'",
            "3:12: bot number 1.token_file: cannot read home/none.txt",
        ),
        (
            "[[bot]]\nurl='ws://a'\nplatform='telegram'",
            "bot number 1.platform: \"telegram\" is not known; write `onebot`, `qq`",
        ),
        ("[[bot]]\nplatform='qq'\nsecret='x'", "bot number 1: has no `app_id`"),
        ("[[bot]]\nplatform='qq'\napp_id=1", "bot number 1: has no `secret`"),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret=''", "bot number 1.secret: is empty"),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nurl='ws://a'", "bot number 1.url: unknown key"),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nlisten='ws://a:1'", "does not begin with `http://`"),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nlisten='http://a'", "names no port"),
        (
            "[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nlisten='https://a:443'",
            "`https://` needs `certificate`",
        ),
        (
            "[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nlisten='http://a:1'\nkey='none'",
            "there is no file home/none",
        ),
        (
            "[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nlisten='http://a:1'\nintents=['GUILDS']",
            "bot number 1.intents: is of the gateway",
        ),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nintents=['GILDS']", "\"GILDS\" is no intent"),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\nshards=0", "bot number 1.shards: must be at least 1"),
        ("[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\napi='api.example'", "is no address of a server"),
        (
            "[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\n[[bot]]\nplatform='qq'\napp_id=1\nsecret='y'\nname='b'",
            "bot number 2: another bot has the same `app_id`",
        ),
        (
            "[[bot]]\nurl='ws://a'\nname='a'\n[[bot]]\nplatform='qq'\napp_id=1\nsecret='y'\nname='a'",
            "bot number 2.name: another bot is named \"a\" too",
        ),
        (
            "[[bot]]\nplatform='qq'\napp_id=1\nsecret='x'\n[bot.rules]\nactiv=true",
            "bot number 1.rules.activ: unknown key; did you mean `active`?",
        ),
        ("[bot]\nurl='ws://a'", "bot: must be a list of tables; write `[[bot]]`"),
        ("superusers = [true]", "1:15: superusers: must be an id as text or number, not boolean"),
        ("a = \n", "1:5: is not TOML: "),
        ("中文 = 1", "1:1: is not TOML: "),
        ("plugin = 3", "1:10: plugin: must be a table, not integer"),
        ("[plugin.echo]\nconfig = { x = inf }", "2:10: plugin.echo.config: `inf`"),
    ];
    for (text, expected) in table {
        let errors = parse(text).unwrap_err().to_string();
        assert!(errors.contains(expected), "{text}\n gave {errors}\n not {expected}");
        assert!(errors.starts_with("home/iglu.toml:"), "{errors}");
    }
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_file() {
    let errors = parse("language = 'fr'\nsupersuers = []\n[limits]\ncpu = 5\n[[bot]]\nurl = 3").unwrap_err();
    let lines: Vec<_> = errors.0.iter().map(|error| error.at.unwrap().0).collect();
    assert_eq!(lines, [1, 2, 4, 6]);
}

#[test]
fn a_missing_file_points_to_init() {
    let folder = tempfile::tempdir().unwrap();
    let errors = Config::load(&folder.path().join("iglu.toml")).unwrap_err().to_string();
    assert!(errors.contains("iglu init"), "{errors}");
}

#[test]
fn a_token_can_live_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "secret\n").unwrap();
    let file = folder.path().join("iglu.toml");
    std::fs::write(&file, "[[bot]]\nurl = 'ws://127.0.0.1:1'\ntoken_file = 'token'").unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.bots.onebot[0].token.as_ref().map(Secret::reveal), Some("secret"));
}

#[test]
fn the_language_follows_the_locale() {
    for (locale, language) in [
        (None, Language::Chinese),
        (Some("C.UTF-8"), Language::Chinese),
        (Some("zh_CN.UTF-8"), Language::Chinese),
        (Some("en_US.UTF-8"), Language::English),
        (Some("de"), Language::English),
    ] {
        assert_eq!(Language::of_locale(locale), language, "{locale:?}");
    }
}

/// The file that this module's documentation shows.
fn documented() -> String {
    let lines = include_str!("mod.rs").lines().skip_while(|line| *line != "//! ```toml").skip(1);
    let lines =
        lines.take_while(|line| *line != "//! ```").map(|line| line.trim_start_matches("//!").trim_start());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_file_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cert.pem"), "").unwrap();
    let config = Config::parse(&documented(), &folder.path().join("iglu.toml")).unwrap();
    assert_eq!(config.bots.onebot[0].name, "main");
    assert_eq!(config.plugin("echo").limits.memory, 128 << 20);
}

#[test]
fn a_file_cut_or_garbled_anywhere_never_panics() {
    let text = documented();
    for at in 0..text.len() {
        if let Some(cut) = text.get(..at) {
            let _ = parse(cut);
        }
        let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else { continue };
        for garbage in ["\"", "[", "=", "\u{0}", "中", "\n[["] {
            if let Err(errors) = parse(&format!("{before}{garbage}{after}")) {
                assert!(errors.0.iter().all(|error| error.at.is_some()), "{errors}");
            }
        }
    }
}
