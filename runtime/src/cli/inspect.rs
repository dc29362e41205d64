//! `iglu inspect FILE.wasm`: what a plugin is, from its own words and from the file.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::{pick, terminal};
use crate::adapter::sandbox::printable;
use crate::config::{Language, shown};
use crate::plugin::loader::{Inspection, inspect};
use crate::plugin::manifest::{Handler, Trigger};

pub(super) async fn run(file: &Path, as_json: bool, language: Language) -> anyhow::Result<ExitCode> {
    let found = inspect(file).await.map_err(|e| anyhow!("{}: {e}", file.display()))?;
    let text = if as_json {
        serde_json::to_string_pretty(&json(file, &found)).context("the manifest has no JSON form")?
    } else {
        format!("{}: {}\n{}", pick(language, "文件", "file"), file.display(), describe(&found, language))
    };
    // Whoever reads may have had enough, as in `iglu inspect x.wasm | head -1`.
    let _ = terminal::say(&text);
    Ok(ExitCode::SUCCESS)
}

fn json(file: &Path, found: &Inspection) -> Value {
    let mut manifest = found.manifest.clone();
    manifest.config = manifest.config.as_ref().map(shown);
    json!({
        "file": file,
        "manifest": manifest,
        "contract": found.contract,
        "size": found.size,
        "imports": found.imports,
    })
}

fn describe(found: &Inspection, language: Language) -> String {
    let Inspection { manifest, contract, imports, size } = found;
    let mut text = String::new();
    let mut line = |zh: &str, en: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{}: {}", pick(language, zh, en), printable(value).replace('\n', " "));
        }
    };
    line("插件", "plugin", &manifest.id);
    line("名称", "name", &manifest.name);
    line("版本", "version", &manifest.version);
    line("说明", "description", &manifest.description);
    line("作者", "authors", &manifest.authors.join(", "));
    line("主页", "homepage", manifest.homepage.as_deref().unwrap_or_default());
    line("接口版本", "contract", contract);
    line("大小", "size", &format!("{size} {}", pick(language, "字节", "bytes")));

    let permissions = manifest.permissions.iter().map(|asked| match asked.reason.as_str() {
        "" => asked.name.clone(),
        reason => format!("{}: {reason}", asked.name),
    });
    list(&mut text, pick(language, "申请的权限", "permissions asked for"), permissions, language);
    let handlers = manifest.handlers.iter().map(handler);
    list(&mut text, pick(language, "处理器", "handlers"), handlers, language);
    if let Some(schema) = &manifest.config {
        list(&mut text, pick(language, "设置", "config"), settings(schema, language).into_iter(), language);
    }
    list(&mut text, pick(language, "导入", "imports"), imports.iter().cloned(), language);
    text.truncate(text.trim_end().len());
    text
}

/// The keys of `[plugin.<id>.config]`, one on each line.
fn settings(schema: &Value, language: Language) -> Vec<String> {
    let schema = shown(schema);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let line = |(key, about): (&String, &Value)| {
        let mut line = key.clone();
        let mut note = |note: &str| line.push_str(&format!(" [{note}]"));
        if let Some(kind) = about["type"].as_str() {
            note(kind);
        }
        if about["writeOnly"] == true {
            note(pick(language, "保密", "secret"));
        }
        if required.iter().any(|name| name == key) {
            note(pick(language, "必填", "required"));
        }
        if let Some(default) = about.get("default") {
            note(&format!("{}: {default}", pick(language, "默认", "default")));
        }
        if let Some(description) = about["description"].as_str() {
            line.push_str(&format!(" {description}"));
        }
        line
    };
    schema["properties"].as_object().into_iter().flatten().map(line).collect()
}

fn list(text: &mut String, title: &str, items: impl Iterator<Item = String>, language: Language) {
    let _ = writeln!(text, "{title}:");
    let before = text.len();
    for item in items {
        let _ = writeln!(text, "  {}", printable(&item).replace('\n', " "));
    }
    if text.len() == before {
        let _ = writeln!(text, "  {}", pick(language, "（无）", "none"));
    }
}

/// One handler on one line: its name, what wakes it, and under which conditions.
fn handler(handler: &Handler) -> String {
    let mut text = match &handler.on {
        Trigger::Command(command) => {
            let names = std::iter::once(&command.name).chain(&command.aliases);
            let names: Vec<String> = names.map(|name| format!("/{name}")).collect();
            let usage = crate::router::usage_of(command);
            let gap = if usage.is_empty() { "" } else { " " };
            let help = if command.help.is_empty() { String::new() } else { format!(" ({})", command.help) };
            format!("{}: {}{gap}{usage}{help}", handler.name, names.join(", "))
        }
        Trigger::Keyword(keyword) => format!("{}: keyword {}", handler.name, keyword.any.join(", ")),
        Trigger::Regex(regex) => format!("{}: regex {}", handler.name, regex.pattern),
        Trigger::Event(kinds) => format!("{}: event {}", handler.name, kinds.kinds.join(", ")),
        Trigger::Cron(cron) => {
            let zone = cron.zone.as_deref().map_or_else(String::new, |zone| format!(" {zone}"));
            format!("{}: cron {}{zone}", handler.name, cron.line)
        }
    };
    let defaults = json!({"who": "everyone", "chats": "any", "to_me": false, "priority": 0, "block": false});
    let conditions = serde_json::to_value(handler).unwrap_or_default();
    for (key, default) in defaults.as_object().into_iter().flatten() {
        match &conditions[key] {
            value if value == default => {}
            Value::Bool(_) => text.push_str(&format!(" [{key}]")),
            Value::String(word) => text.push_str(&format!(" [{key}: {word}]")),
            value => text.push_str(&format!(" [{key}: {value}]")),
        }
    }
    if let Some(cooldown) = handler.cooldown {
        text.push_str(&format!(" [cooldown: {} s]", cooldown.seconds));
    }
    if let Some(rate) = handler.rate {
        text.push_str(&format!(" [rate: {} in {} s]", rate.count, rate.seconds));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::manifest::Manifest;

    fn found() -> Inspection {
        let manifest = Manifest::parse(
            r#"{"id": "notes", "version": "1.2.0", "description": "keeps\u001b[2J notes",
                "permissions": [{"name": "send", "reason": "to remind"}],
                "handlers": [
                  {"name": "add", "on": {"command": {"name": "note add", "aliases": ["记"], "usage": "<text>"}},
                   "who": "group-admin", "block": true, "priority": 5, "cooldown": {"seconds": 2.5}, "rate": {"count": 3, "seconds": 60}},
                  {"name": "hello", "on": {"event": {"kinds": ["notice.member-joined"]}}, "chats": "group"}]}"#,
        );
        Inspection {
            manifest: manifest.unwrap(),
            contract: "0.1.0".to_owned(),
            imports: vec!["iglu:plugin/storage@0.1.0".to_owned()],
            size: 90_123,
        }
    }

    #[test]
    fn everything_about_a_plugin_is_told() {
        let text = describe(&found(), Language::English);
        let expected = "plugin: notes\nname: notes\nversion: 1.2.0\ndescription: keeps\u{fffd}[2J notes\n\
            contract: 0.1.0\nsize: 90123 bytes\n\
            permissions asked for:\n  send: to remind\n\
            handlers:\n  add: /note add, /记 <text> [who: group-admin] [priority: 5] [block] [cooldown: 2.5 s] [rate: 3 in 60 s]\n  \
            hello: event notice.member-joined [chats: group]\n\
            imports:\n  iglu:plugin/storage@0.1.0";
        assert_eq!(text, expected);
        assert!(describe(&found(), Language::Chinese).contains("申请的权限:\n  send: to remind"));
    }

    #[test]
    fn a_plugin_without_wishes_says_none() {
        let mut plain = found();
        plain.manifest.permissions.clear();
        assert!(describe(&plain, Language::English).contains("permissions asked for:\n  none\n"));
    }

    #[test]
    fn settings_are_told_and_secrets_are_not() {
        let mut found = found();
        found.manifest.config = Some(json!({"type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "Where."},
            "times": {"type": "integer", "default": 3},
            "key": {"type": "string", "writeOnly": true, "default": "hunter2"}}}));
        let text = describe(&found, Language::English);
        let expected = "config:\n  city [string] [required] Where.\n  times [integer] [default: 3]\n  \
            key [string] [secret] [default: \"***\"]\n";
        assert!(text.contains(expected), "{text}");
        assert!(!json(Path::new("a.wasm"), &found).to_string().contains("hunter2"));
    }

    #[test]
    fn json_holds_the_whole_manifest() {
        let json = json(Path::new("a.wasm"), &found());
        assert_eq!(json["manifest"]["permissions"][0]["reason"], "to remind");
        assert_eq!((json["size"].as_u64(), json["contract"].as_str()), (Some(90_123), Some("0.1.0")));
    }
}
