//! `iglu init`: a bot's folder with a commented configuration. It adds what is missing and changes nothing.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::{CONFIG, pick, terminal};
use crate::config::Language;

const CHINESE: &str = include_str!("iglu.zh.toml");
const ENGLISH: &str = include_str!("iglu.en.toml");

pub(super) fn run(dir: &Path, language: Language) -> anyhow::Result<ExitCode> {
    let plugins = dir.join("plugins");
    for folder in [&plugins, &dir.join("data")] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let config = dir.join(CONFIG);
    let made = make(&config, pick(language, CHINESE, ENGLISH));
    let made = made.with_context(|| format!("cannot write {}", config.display()))?;
    let (config, plugins, dir) = (config.display(), plugins.display(), dir.display());
    let text = match (made, language) {
        (true, Language::Chinese) => {
            format!("已创建 {config}。把插件（.wasm）放进 {plugins}，再运行 `iglu chat {dir}` 和它们聊聊。")
        }
        (true, Language::English) => {
            format!(
                "Made {config}. Put plugins (.wasm) into {plugins}, then talk to them with `iglu chat {dir}`."
            )
        }
        (false, Language::Chinese) => format!("{config} 已经存在，保持原样。"),
        (false, Language::English) => format!("{config} is already there and was left as it is."),
    };
    let _ = terminal::say(&text);
    Ok(ExitCode::SUCCESS)
}

/// Writes a file unless there is one; answers whether it did.
fn make(path: &Path, text: &str) -> io::Result<bool> {
    match File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{BotConfig, Config, Limits, LogFormat};

    #[test]
    fn a_new_folder_has_all_that_run_needs() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("my/bot");
        run(&dir, Language::Chinese).unwrap();
        let config = Config::load(&dir.join(CONFIG)).unwrap();
        assert_eq!(config.language, Language::Chinese);
        assert!(config.bots.is_empty());
        assert!(config.plugins_dir.is_dir() && config.data_dir.is_dir());
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (config, plugin) = (folder.path().join(CONFIG), folder.path().join("plugins/echo.wasm"));
        fs::write(&config, "language = \"en\" # mine").unwrap();
        run(folder.path(), Language::Chinese).unwrap();
        fs::write(&plugin, "bytes").unwrap();
        run(folder.path(), Language::Chinese).unwrap();
        assert_eq!(fs::read_to_string(config).unwrap(), "language = \"en\" # mine");
        assert_eq!(fs::read_to_string(plugin).unwrap(), "bytes");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let told = format!("{:#}", run(&file, Language::English).unwrap_err());
        assert!(told.contains("cannot make the folder") && told.contains("plugins"), "{told}");
    }

    /// In the templates `#key` and `#[table]` are settings, `# text` is prose.
    fn with_every_setting(template: &str) -> String {
        let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
        let lines = template.lines().map(|line| if setting(line) { &line[1..] } else { line });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_setting_in_the_templates_is_known_and_shows_its_default() {
        for (template, language) in [(CHINESE, Language::Chinese), (ENGLISH, Language::English)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(CONFIG);
            let plain = Config::parse(template, &path).unwrap_or_else(|e| panic!("{e}"));
            let full = Config::parse(&with_every_setting(template), &path).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((plain.language, full.language), (language, language));
            assert_eq!(full.limits, plain.limits);
            assert_eq!((&full.prefixes, &full.plugins_dir), (&plain.prefixes, &plain.plugins_dir));
            assert_eq!((full.log.format, &full.log.level), (LogFormat::Human, &plain.log.level));
            assert_eq!(full.data_dir, plain.data_dir);
            let urls: Vec<_> = full
                .bots
                .onebot
                .iter()
                .map(|BotConfig { url, .. }| url.as_deref().unwrap_or_default())
                .collect();
            assert_eq!(urls, ["ws://127.0.0.1:3001"]);
            let official: Vec<_> = full.bots.official.iter().map(|bot| bot.hook.is_some()).collect();
            assert_eq!(official, [true]);
            assert_eq!(full.plugins.keys().collect::<Vec<_>>(), ["echo"]);
        }
    }

    const REFERENCES: [(&str, &str); 2] = [
        ("docs/config.md", include_str!("../../../docs/config.md")),
        ("docs/config.zh-CN.md", include_str!("../../../docs/config.zh-CN.md")),
    ];

    #[test]
    fn the_reference_pages_show_every_limit_with_its_default() {
        for (page, text) in REFERENCES {
            let toml = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
            let config = Config::parse(toml, Path::new(CONFIG)).unwrap_or_else(|e| panic!("{page}: {e}"));
            assert_eq!(config.limits, Limits::default(), "{page}");
            let limits = format!("{:?}", Limits::default());
            for (name, _) in limits.split(['{', ',']).filter_map(|field| field.split_once(": ")) {
                assert!(
                    toml.contains(&format!("\n{} = ", name.trim())),
                    "{page} lacks the limit `{}`",
                    name.trim()
                );
            }
        }
    }

    /// The lines of `ca`, `certificate` and `key` name files that are not there.
    #[test]
    fn the_reference_pages_show_bots_of_the_official_platform_with_their_defaults() {
        for (page, text) in REFERENCES {
            let toml = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
            let shown = |paragraph: &&str| paragraph.contains("\n# platform = \"qq\"");
            let lines = toml.split("\n\n").filter(shown).flat_map(|paragraph| {
                let lines = paragraph.lines().map(|line| line.trim_start_matches("# "));
                lines.skip_while(|line| !line.starts_with("[[bot]]"))
            });
            let is_file =
                |line: &&str| ["ca =", "certificate =", "key ="].iter().any(|key| line.starts_with(key));
            let toml = lines.filter(|line| !is_file(line)).collect::<Vec<_>>().join("\n");
            let config = Config::parse(&toml, Path::new(CONFIG)).unwrap_or_else(|e| panic!("{page}: {e}"));
            let [gateway, webhook] = &config.bots.official[..] else { panic!("{page}: {toml}") };
            let plain = format!("[[bot]]\nplatform = \"qq\"\napp_id = {:?}\nsecret = \"s\"", gateway.app_id);
            let plain = &Config::parse(&plain, Path::new(CONFIG)).unwrap().bots.official[0];
            assert_eq!(
                (&gateway.api_base, &gateway.token_base),
                (&plain.api_base, &plain.token_base),
                "{page}"
            );
            assert_eq!((webhook.journal, webhook.skew), (plain.journal, plain.skew), "{page}");
            let mut rules = webhook.rules.clone();
            rules.guild.count = plain.rules.guild.count;
            assert_eq!(rules, plain.rules, "{page}");
        }
    }
}
