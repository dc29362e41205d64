//! The house with one plugin, and the test's account in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bot::Actor;
use super::request::{Answer, Open, Request, Say};
use crate::adapter::sandbox::{Sandbox, Speaker};
use crate::bot::Bot;
use crate::cli::{CONFIG, chat};
use crate::clock::Clock;
use crate::config::Config;
use crate::house::House;
use crate::model::{Incoming, Role, text};
use crate::plugin::loader::{Inspection, inspect_in};
use crate::web::{Script, Web};

const FILE: &str = "plugin.wasm";
/// So often somebody may wake while a test puts the clock forward; then the rest passes at once.
const STEPS: usize = 10_000;
/// How many keys one page of the storage brings.
const PAGE: u32 = 1000;

pub(super) struct Stage {
    house: House,
    actor: Arc<Actor>,
    clock: Clock,
    /// The servers that the plugin asks are the test's.
    web: Web,
    /// The plugin's id.
    id: String,
    /// Where it lies in the house.
    file: PathBuf,
    /// How long a handler may be at work.
    patience: Duration,
    /// Gone when this is dropped.
    _own: Option<TempDir>,
}

impl Stage {
    /// Opens the house. Answers also what there is to know of the plugin.
    pub(super) async fn open(open: Open) -> Result<(Self, Value), String> {
        let own = match &open.dir {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(|e| format!("cannot make a folder: {e}"))?),
        };
        let dir =
            open.dir.clone().or_else(|| own.as_ref().map(|own| own.path().to_owned())).unwrap_or_default();
        let cache = cache(&dir);
        let file = dir.join("plugins").join(FILE);
        put(&open.plugin, &file)?;
        let found = inspect_in(&file, Some(&cache)).await;
        let Inspection { manifest, .. } = found.map_err(|e| format!("{}: {e}", open.plugin.display()))?;
        let asked: Vec<String> = manifest.permissions.iter().map(|asked| asked.name.clone()).collect();
        let text = settings(&open, &manifest.id, &asked)?;
        let mut config = Config::parse(&text, &dir.join(CONFIG)).map_err(|e| e.to_string())?;
        config.cache_dir = cache;
        let (language, patience) = (config.language, chat::patience(&config));

        let clock = Clock::default();
        clock.advance(seconds(open.ahead)?);
        let web = Web::scripted(Script::default());
        let house = House::open_in(config, clock.clone(), web.clone()).await.map_err(|e| format!("{e:#}"))?;
        let actor = Actor::new(clock.clone(), language);
        house.bots.insert(Arc::clone(&actor) as Arc<dyn Bot>);
        let about = json!({"manifest": manifest, "bot": actor.info()});
        let stage = Self { house, actor, clock, web, id: manifest.id.clone(), file, patience, _own: own };
        (stage.house.inlet())(Sandbox::connected());
        let at_rest = stage.settle().await;
        if !stage.house.is_running(&stage.id) {
            stage.close().await;
            return Err("the plugin does not start; the log says why".to_owned());
        }
        at_rest.map(|()| (stage, about))
    }

    pub(super) fn take_actions(&self) -> Vec<Value> {
        self.actor.take_actions()
    }

    pub(super) async fn close(self) {
        self.house.close().await;
    }

    pub(super) async fn carry_out(&self, request: Request) -> Result<Value, String> {
        match request {
            Request::Say(say) => self.say(*say).await,
            Request::Event { body } => self.deliver(self.actor.happened(*body), true).await,
            Request::Advance { seconds: by } => {
                self.pass(seconds(by)?).await.map(|()| json!({"now": self.clock.now()}))
            }
            Request::Answer(answer) => {
                let Answer { action, ok, error, times } = *answer;
                self.actor.script(action, error.map_or(Ok(ok), Err), times);
                Ok(Value::Null)
            }
            Request::Http(answer) => {
                let script = self.web.script().ok_or("the web has no script")?;
                script
                    .add(&Value::Object(answer).to_string())
                    .map(|()| Value::Null)
                    .map_err(|e| e.to_string())
            }
            Request::Asked {} => Ok(json!(self.web.script().map(Script::asked).unwrap_or_default())),
            Request::Stored { key } => {
                let value = self.house.storage(&self.id).get(key).await.map_err(|e| e.to_string())?;
                Ok(value.map_or(Value::Null, |bytes| {
                    json!({"text": std::str::from_utf8(&bytes).ok(), "base64": STANDARD.encode(&bytes)})
                }))
            }
            Request::Keys { prefix } => self.keys(&prefix).await,
            Request::Store { key, value } => {
                let stored = self.house.storage(&self.id).set(key, value.into_bytes(), 0).await;
                stored.map(|()| Value::Null).map_err(|e| e.to_string())
            }
            Request::Reload { plugin } => {
                if let Some(plugin) = plugin {
                    put(&plugin, &self.file)?;
                }
                self.house.load(&self.file).await?;
                self.settle().await.map(|()| Value::Null)
            }
            Request::Open(_) | Request::Close => {
                Err("this is for the program and not for the house".to_owned())
            }
        }
    }

    async fn say(&self, say: Say) -> Result<Value, String> {
        let role = match (&say.group, say.role) {
            (_, Some(role)) => role,
            (Some(_), None) => Role::Member,
            (None, None) => Role::Unknown,
        };
        let content = match (say.text, say.content) {
            (Some(plain), None) => text(plain),
            (None, Some(content)) => content,
            _ => return Err("say either `text` or `content`".to_owned()),
        };
        let speaker = Speaker { user: say.user, name: say.name, role, group: say.group };
        self.deliver(self.actor.said(speaker, content, say.to_me), say.wait).await
    }

    async fn deliver(&self, incoming: Incoming, wait: bool) -> Result<Value, String> {
        let about =
            json!({"event": incoming.event.id, "message": incoming.message().map(|message| &message.id)});
        (self.house.inlet())(incoming);
        if wait {
            self.settle().await?;
        }
        Ok(about)
    }

    /// Lets time pass, from one who is woken to the next: who wakes and sleeps again wakes again in the same time.
    async fn pass(&self, time: Duration) -> Result<(), String> {
        // What was begun before begins before time passes.
        self.settle().await?;
        let mut reached = self.clock.instant();
        let end = reached.checked_add(time).ok_or("so much time cannot pass")?;
        for _ in 0..STEPS {
            let Some(next) = self.clock.next_alarm(reached).filter(|next| *next <= end) else { break };
            self.clock.advance(next.saturating_duration_since(self.clock.instant()));
            self.settle().await?;
            reached = next;
        }
        self.clock.advance(end.saturating_duration_since(self.clock.instant()));
        self.settle().await
    }

    async fn settle(&self) -> Result<(), String> {
        tokio::time::timeout(self.patience, self.house.at_rest()).await.map_err(|_| {
            let seconds = self.patience.as_secs();
            format!("the plugin did not come to rest within {seconds} s: a handler is still at work")
        })
    }

    async fn keys(&self, prefix: &str) -> Result<Value, String> {
        let storage = self.house.storage(&self.id);
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = storage.scan(prefix.to_owned(), after, PAGE).await.map_err(|e| e.to_string())?;
            keys.extend(page.entries.into_iter().map(|entry| entry.key));
            after = page.next;
            if after.is_none() {
                return Ok(json!(keys));
            }
        }
    }
}

/// Compiled plugins are kept for all tests of this user, because compiling takes most of their time.
fn cache(dir: &Path) -> PathBuf {
    let home = |name: &str, inside: &str| std::env::var_os(name).map(|path| Path::new(&path).join(inside));
    let base =
        home("XDG_CACHE_HOME", "").or_else(|| home("LOCALAPPDATA", "")).or_else(|| home("HOME", ".cache"));
    base.filter(|base| base.is_absolute())
        .map_or_else(|| dir.join("data/cache"), |base| base.join("iglu/tests"))
}

/// Copies a plugin into the house in one step.
fn put(plugin: &Path, file: &Path) -> Result<(), String> {
    let folder = file.parent().unwrap_or(file);
    let part = file.with_extension("part");
    let copied = fs::create_dir_all(folder)
        .and_then(|()| fs::copy(plugin, &part))
        .and_then(|_| fs::rename(&part, file));
    copied.map_err(|e| format!("cannot copy {} to {}: {e}", plugin.display(), file.display()))
}

fn seconds(number: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number).map_err(|e| {
        format!("{number} seconds cannot pass: {e}; time goes only forward, and not without end")
    })
}

/// The test's wishes as an `iglu.toml`.
fn settings(open: &Open, id: &str, asked: &[String]) -> Result<String, String> {
    let mut top = toml::Table::new();
    if let Some(language) = &open.language {
        top.insert("language".to_owned(), language.clone().into());
    }
    if !open.superusers.is_empty() {
        top.insert("superusers".to_owned(), open.superusers.clone().into());
    }
    let grants = open.grants.as_deref().unwrap_or(asked);
    let grants: Vec<_> = grants.iter().filter(|grant| !open.deny.contains(grant)).cloned().collect();
    let mut plugin = toml::Table::new();
    plugin.insert("grants".to_owned(), grants.into());
    if let Some(config) = &open.config {
        let config = toml::Value::try_from(config).map_err(|e| {
            format!("the config has no form in iglu.toml: {e}; leave keys without a value out")
        })?;
        plugin.insert("config".to_owned(), config);
    }
    let plugins = toml::Table::from_iter([(id.to_owned(), toml::Value::Table(plugin))]);
    let tables = toml::Table::from_iter([("plugin".to_owned(), toml::Value::Table(plugins))]);
    Ok(format!("{top}\n{}\n{tables}", open.settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(more: &Value) -> Open {
        let mut open = json!({"plugin": "a.wasm"});
        open.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(open).unwrap()
    }

    #[test]
    fn the_wishes_of_a_test_are_a_configuration() {
        let asked = ["send".to_owned(), "recall".to_owned()];
        for (wishes, grants) in [
            (json!({}), 2),
            (json!({"deny": ["send"]}), 1),
            (json!({"grants": []}), 0),
            (json!({"grants": ["send"], "deny": ["send"]}), 0),
            (json!({"config": {"a": [1, "x"], "b": {"c": true}}, "superusers": ["1"], "language": "en"}), 2),
            (json!({"settings": "[limits]\nhandler = \"5 s\""}), 2),
        ] {
            let text = settings(&open(&wishes), "my.plugin", &asked).unwrap();
            let config =
                Config::parse(&text, Path::new(CONFIG)).unwrap_or_else(|e| panic!("{wishes}: {e}\n{text}"));
            let plugin = config.plugin("my.plugin");
            assert_eq!(plugin.grants.len(), grants, "{wishes}");
            assert_eq!(plugin.config, wishes.get("config").cloned().unwrap_or(json!({})));
        }
        assert!(settings(&open(&json!({"config": {"a": null}})), "a", &[]).unwrap_err().contains("no form"));
    }

    #[test]
    fn time_does_not_go_back() {
        assert_eq!(seconds(1.5), Ok(Duration::from_millis(1500)));
        assert!(seconds(-1.0).is_err() && seconds(f64::NAN).is_err() && seconds(1e300).is_err());
    }
}
