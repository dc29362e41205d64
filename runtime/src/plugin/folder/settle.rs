//! What becomes of a loaded file: a plugin begins, takes over, ends, or is refused.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tokio::sync::watch;
use tracing::{error, info};

use super::ask::started;
use super::sight::{File, Holds};
use super::{DISABLED, Keeper};
use crate::config::plugin_config;
use crate::host::{Desk, Outlet, Shared, Surroundings};
use crate::plugin::life::{Home, Plugin, Status, Why};
use crate::plugin::loader::{Loaded, Version};
use crate::policy::Policy;

impl Keeper {
    /// The configuration changed: each plugin whose settings are others now gets them.
    pub(super) async fn resettle(&mut self) {
        // The router's table may depend on the owner's settings too.
        (self.changed)();
        let loaded = |(path, file): (&PathBuf, &File)| file.loaded.is_some().then(|| path.clone());
        let paths: Vec<PathBuf> = self.files.iter().filter_map(loaded).collect();
        for path in paths {
            self.settle(&path, Why::Config).await;
        }
    }

    /// Makes of a loaded file what the owner's configuration says.
    pub(super) async fn settle(&mut self, path: &Path, why: Why) {
        let Some(file) = self.files.get(path) else { return };
        let Some(loaded) = file.loaded.clone() else { return };
        let (held, before) = (file.holds.clone(), file.version.clone());
        let id = loaded.manifest.id.clone();
        if why == Why::Config && held == Holds::Double(id.clone()) {
            return;
        }
        let version = match self.version(path, loaded, before.as_deref()) {
            Ok(Some(version)) => Arc::new(version),
            Ok(None) => {
                self.tell(path, DISABLED);
                return self.disabled(path, &held, &id).await;
            }
            Err(reason) => {
                let known = self.files.get_mut(path).and_then(|file| file.refusal.replace(reason.clone()));
                if known.as_ref() != Some(&reason) {
                    refused(path, &held, &reason);
                }
                return self.tell(path, &reason);
            }
        };
        if let Some(before) = before.filter(|before| why == Why::Config && before.is_settled_as(&version)) {
            self.set(path, held, Some(before));
            return;
        }
        if let Some(other) = self.holder(&id, path) {
            error!(
                file = %path.display(),
                "it holds the plugin {id:?}, and so does {}; delete one of them, or give one another id",
                other.display()
            );
            self.set(path, Holds::Double(id), None);
            return self.tell(path, "another file holds the same plugin");
        }
        // The file held another plugin before.
        if let Holds::Plugin(old) = &held
            && *old != id
        {
            self.end(old).await;
        }
        self.set(path, Holds::Plugin(id.clone()), Some(Arc::clone(&version)));
        let told = self.asked.remove(path);
        let known = self.plugins.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        let Some(plugin) = known else {
            let status = self.begin(version);
            if let Some(told) = told {
                tokio::spawn(started(status, told));
            }
            return;
        };
        let answer = plugin.swap(Arc::clone(&version), why);
        tokio::spawn(async move {
            let answer = answer.await.unwrap_or_else(|_| Err("the plugin has ended".to_owned()));
            if answer.is_ok() {
                let number = &version.manifest.version;
                match why {
                    Why::Reload => info!(plugin = %id, version = %number, "the new version has taken over"),
                    Why::Config => info!(plugin = %id, version = %number, "it runs with its new settings"),
                }
            }
            if let Some(told) = told {
                let _ = told.send(answer);
            }
        });
    }

    /// The owner does not want this plugin.
    async fn disabled(&mut self, path: &Path, held: &Holds, id: &str) {
        let known = self.files.get(path).and_then(|file| file.refusal.clone());
        self.set(path, Holds::Nothing, None);
        if let Holds::Plugin(held) = held {
            self.end(held).await;
        }
        if let Some(file) = self.files.get_mut(path) {
            file.refusal = Some(DISABLED.to_owned());
        }
        if known.as_deref() != Some(DISABLED) {
            info!(plugin = %id, file = %path.display(), "{DISABLED}");
        }
    }

    /// What the owner's configuration makes of a file. `None`: it is not to run.
    fn version(
        &self,
        path: &Path,
        loaded: Loaded,
        before: Option<&Version>,
    ) -> Result<Option<Version>, String> {
        let Loaded { manifest, pre, .. } = loaded;
        let owner = self.rooms.config.load();
        let settings = owner.plugin(&manifest.id);
        if !settings.enabled {
            return Ok(None);
        }
        let config = plugin_config(&manifest.id, manifest.config.as_ref(), &settings.config, owner.folder())
            .map_err(|faults| faults.join("; "))?;
        let policy = Policy::new(&manifest.id, &manifest.permissions, &settings.grants);
        let wanted = policy.ungranted();
        if !wanted.is_empty() && before.is_none_or(|before| before.policy.ungranted() != wanted) {
            let all = wanted.join(", ");
            let lines = policy.lines(&wanted);
            let (table, line) = lines.split_once('\n').unwrap_or_default();
            info!(
                plugin = %manifest.id,
                "it asks for what is not granted: {all}; what needs it will be denied, until iglu.toml says so under \
                 {table}: {line}"
            );
        }
        Ok(Some(Version {
            matcher: self.rooms.router.matcher(&manifest),
            pre,
            limits: settings.limits,
            config: config.value.to_string(),
            secrets: config.secrets.into(),
            grants: settings.grants,
            policy: Arc::new(policy),
            file: path.to_owned(),
            manifest,
        }))
    }

    fn begin(&mut self, version: Arc<Version>) -> watch::Receiver<Status> {
        let id = version.manifest.id.clone();
        let limits = &version.limits;
        let downloads = self.rooms.config.load().downloads().join(&id);
        let outlet = Outlet::new(self.rooms.web.clone(), &self.rooms.clock, downloads, limits);
        let shared = Shared {
            bots: Arc::clone(&self.rooms.bots),
            owner: Arc::clone(&self.rooms.config),
            clock: self.rooms.clock.clone(),
            desk: Desk { router: Arc::clone(&self.rooms.router), schedule: Arc::clone(&self.rooms.schedule) },
        };
        let storage = self.rooms.store.plugin(&id, limits.storage as u64);
        let surroundings = Surroundings::new(id.as_str().into(), shared, storage, outlet, limits);
        let home = Home {
            sandbox: Arc::clone(&self.rooms.sandbox),
            surroundings: Arc::new(surroundings),
            changed: Arc::clone(&self.changed),
        };
        let plugin = Arc::new(Plugin::begin(home, version));
        let status = plugin.status.clone();
        self.plugins.write().unwrap_or_else(PoisonError::into_inner).insert(id, plugin);
        (self.changed)();
        status
    }

    /// Another file that holds this plugin and is still there.
    fn holder(&mut self, id: &str, path: &Path) -> Option<PathBuf> {
        let holds = |file: &File| file.holds == Holds::Plugin(id.to_owned());
        let other = self.files.iter().find(|(other, file)| *other != path && holds(file));
        let other = other.map(|(other, _)| other.clone())?;
        if std::fs::metadata(&other).is_ok() {
            return Some(other);
        }
        // It was renamed: this file is its continuation.
        self.files.remove(&other);
        None
    }

    pub(super) async fn gone(&mut self, path: &Path) {
        let Some(file) = self.files.remove(path) else { return };
        let Holds::Plugin(id) = file.holds else { return };
        let heir = self.files.values_mut().find(|file| file.holds == Holds::Double(id.clone()));
        if let Some(heir) = heir {
            info!(plugin = %id, "{} is gone; another file with this plugin takes over", path.display());
            (heir.fresh, heir.hash) = (true, None);
            return;
        }
        self.end(&id).await;
        info!(plugin = %id, "{} is gone; the plugin has ended", path.display());
    }

    async fn end(&self, id: &str) {
        let plugin = self.plugins.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(plugin) = plugin {
            (self.changed)();
            plugin.close("disable").await;
        }
    }

    fn set(&mut self, path: &Path, holds: Holds, version: Option<Arc<Version>>) {
        if let Some(file) = self.files.get_mut(path) {
            (file.holds, file.version, file.refusal) = (holds, version, None);
        }
    }
}

pub(super) fn refused(path: &Path, held: &Holds, reason: &str) {
    let stays = match held {
        Holds::Plugin(id) => format!("; the version of {id} that runs stays"),
        _ => String::new(),
    };
    error!(file = %path.display(), "not a plugin that can run here: {reason}{stays}");
}
