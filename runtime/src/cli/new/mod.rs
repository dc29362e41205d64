//! `iglu new`: a plugin's project that builds and tests at once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::project::checkout;
use super::{language_of, pick, terminal};
use crate::config::Language;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plugin's name, and the folder to make
    name: PathBuf,
    /// Language of the greeting and of the texts [default: by LANG]
    #[arg(long, value_name = "LANGUAGE", value_parser = ["zh", "en"])]
    language: Option<String>,
    /// A folder with iglu-sdk, in place of the one on the net
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

/// The project's files, with `{words}` to fill in: path, Chinese, English.
const FILES: [(&str, &str, &str); 6] = [
    ("Cargo.toml", include_str!("Cargo.toml.txt"), include_str!("Cargo.toml.txt")),
    ("src/lib.rs", include_str!("lib.rs.txt"), include_str!("lib.rs.txt")),
    ("tests/hello.rs", include_str!("test.rs.txt"), include_str!("test.rs.txt")),
    ("README.md", include_str!("README.zh.txt"), include_str!("README.en.txt")),
    ("iglu.toml", include_str!("iglu.zh.txt"), include_str!("iglu.en.txt")),
    (".gitignore", "/target\n", "/target\n"),
];

pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let language = arguments.language.as_deref().map_or_else(Language::from_environment, language_of);
    let dir = arguments.name;
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Err(reason) = check(name) {
        bail!("{name:?} cannot be a plugin's name: {reason}");
    }
    let sdk = sdk(arguments.sdk.as_deref())?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
    }
    match fs::create_dir(&dir) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already; choose another name, or move it away", dir.display())
        }
        made => made.with_context(|| format!("cannot make the folder {}", dir.display()))?,
    }
    for (path, chinese, english) in FILES {
        let text = fill(pick(language, chinese, english), name, &sdk, language);
        let path = dir.join(path);
        let written = fs::create_dir_all(path.parent().unwrap_or(&dir)).and_then(|()| fs::write(&path, text));
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    let dir = dir.display();
    let _ = terminal::say(&match language {
        Language::Chinese => format!("已创建 {dir}。接下来：cd {dir} && iglu dev"),
        Language::English => format!("Made {dir}. Next: cd {dir} && iglu dev"),
    });
    Ok(ExitCode::SUCCESS)
}

/// Where the made project takes the SDK from, as Cargo.toml says it.
fn sdk(told: Option<&Path>) -> anyhow::Result<String> {
    let path = match told {
        Some(path) => {
            let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
            if !manifest.contains("name = \"iglu-sdk\"") {
                bail!(
                    "{} holds no iglu-sdk; --sdk names the folder `plugin-sdk` of iglu's sources",
                    path.display()
                );
            }
            let found = fs::canonicalize(path);
            Some(found.with_context(|| format!("cannot read {}", path.display()))?)
        }
        None => checkout().map(|root| root.join("plugin-sdk")),
    };
    Ok(match path {
        Some(path) => format!("{{ path = {} }}", toml::Value::from(path.to_string_lossy().into_owned())),
        None => format!("{{ git = {} }}", toml::Value::from(env!("CARGO_PKG_REPOSITORY"))),
    })
}

fn fill(template: &str, name: &str, sdk: &str, language: Language) -> String {
    let words = [
        ("{name}", name),
        ("{type}", &camel(name)),
        ("{sdk}", sdk),
        ("{description}", pick(language, "打招呼", "Says hello")),
        ("{greeting}", pick(language, "你好！", "Hello!")),
        ("{language}", pick(language, "zh", "en")),
    ];
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value))
}

/// `my-bot` as the name of a type.
fn camel(name: &str) -> String {
    let parts = name.split(['-', '_']).filter(|part| !part.is_empty());
    parts
        .flat_map(|part| part[..1].to_uppercase().chars().chain(part[1..].chars()).collect::<Vec<_>>())
        .collect()
}

/// Rust's keywords, strict and reserved.
const KEYWORDS: [&str; 53] = [
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "macro_rules",
];
/// Crates that such a project already has, and what cargo keeps for itself.
const TAKEN: [&str; 12] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "iglu",
    "iglu-sdk",
    "incremental",
    "proc-macro",
    "proc_macro",
    "std",
    "test",
];
/// Names of devices on Windows, where no folder can have them.
const DEVICES: [&str; 10] = ["aux", "com1", "com2", "com3", "con", "lpt1", "lpt2", "lpt3", "nul", "prn"];

fn check(name: &str) -> Result<(), &'static str> {
    let lower = name.to_ascii_lowercase();
    if name.is_empty() {
        return Err("it is empty; write for example `iglu new hello`");
    }
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)) {
        return Err(
            "use small letters a-z, digits, `-` and `_`; the name that users see is set in src/lib.rs",
        );
    }
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err("it must begin with a letter");
    }
    if name.len() > 64 {
        return Err("it is longer than 64 letters");
    }
    if KEYWORDS.contains(&lower.as_str()) {
        return Err("it is a keyword of Rust; add a word, as in `my-match`");
    }
    if TAKEN.contains(&lower.as_str()) {
        return Err("Rust or cargo has something of that name already; add a word, as in `my-test`");
    }
    if DEVICES.contains(&lower.as_str()) {
        return Err("Windows keeps it for a device");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, language: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join(name);
        run(Arguments { name: dir.clone(), language: Some(language.to_owned()), sdk: None }).unwrap();
        (folder, dir)
    }

    #[test]
    fn names_are_those_that_cargo_and_windows_take() {
        for (name, reason) in [
            ("hello", ""),
            ("my-bot_2", ""),
            ("", "empty"),
            ("Hello", "small letters"),
            ("你好", "small letters"),
            ("a b", "small letters"),
            ("2fast", "begin with a letter"),
            ("-x", "begin with a letter"),
            ("match", "keyword"),
            ("async", "keyword"),
            ("test", "already"),
            ("iglu-sdk", "already"),
            ("nul", "device"),
        ] {
            let told = check(name).err().unwrap_or_default();
            assert!(
                if reason.is_empty() { told.is_empty() } else { told.contains(reason) },
                "{name}: {told}"
            );
        }
    }

    #[test]
    fn a_project_has_everything_and_no_blank_left_open() {
        for (language, greeting) in [("zh", "你好！"), ("en", "Hello!")] {
            let (_folder, dir) = made("my-bot", language);
            for (path, ..) in FILES {
                let text = fs::read_to_string(dir.join(path)).unwrap();
                for word in ["{name}", "{type}", "{sdk}", "{description}", "{greeting}", "{language}"] {
                    assert!(!text.contains(word), "{path} still has {word}");
                }
            }
            let source = fs::read_to_string(dir.join("src/lib.rs")).unwrap();
            assert!(source.lines().count() <= 10 && source.contains(greeting), "{source}");
            assert!(source.contains("struct MyBotPlugin;"), "{source}");
            let manifest: toml::Table = fs::read_to_string(dir.join("Cargo.toml")).unwrap().parse().unwrap();
            assert_eq!(manifest["package"]["name"].as_str(), Some("my-bot"));
            assert!(
                manifest.contains_key("workspace"),
                "another workspace around it is none of its business"
            );
            let config =
                crate::config::Config::load(&dir.join("iglu.toml")).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(config.language, language_of(language));
        }
    }

    #[test]
    fn what_is_there_is_left_alone() {
        let (folder, dir) = made("hello", "en");
        fs::write(dir.join("src/lib.rs"), "mine").unwrap();
        let again = run(Arguments { name: dir.clone(), language: None, sdk: None });
        assert!(again.unwrap_err().to_string().contains("is there already"));
        assert_eq!(fs::read_to_string(dir.join("src/lib.rs")).unwrap(), "mine");
        let bad = Arguments { name: folder.path().join("Bad Name"), language: None, sdk: None };
        assert!(run(bad).is_err() && !folder.path().join("Bad Name").exists());
        let no_sdk = Arguments {
            name: folder.path().join("fine"),
            language: None,
            sdk: Some(folder.path().to_owned()),
        };
        assert!(run(no_sdk).unwrap_err().to_string().contains("holds no iglu-sdk"));
        assert!(!folder.path().join("fine").exists(), "nothing is made before all is known");
    }
}
