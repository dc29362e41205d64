//! `storage`: durable keys and values.

use std::ops::Deref;

use wasmtime::component::Accessor;

use super::{Entered, enter, held};
use crate::model::Error;
use crate::model::contract::iglu::plugin::storage::{Change, Condition, Entry, Host, HostWithStore, Page};
use crate::plugin::engine::{Calls, Ctx};
use crate::store::PluginStore;

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    async fn get(host: &Accessor<Ctx, Self>, key: String) -> Result<Option<Vec<u8>>, Error> {
        storage(host, held!(key))?.get(key).await
    }

    async fn set(
        host: &Accessor<Ctx, Self>,
        key: String,
        value: Vec<u8>,
        ttl_seconds: u32,
    ) -> Result<(), Error> {
        storage(host, held!(key, value))?.set(key, value, ttl_seconds).await
    }

    async fn delete(host: &Accessor<Ctx, Self>, key: String) -> Result<bool, Error> {
        storage(host, held!(key))?.delete(key).await
    }

    async fn scan(
        host: &Accessor<Ctx, Self>,
        prefix: String,
        after: Option<String>,
        count: u32,
    ) -> Result<Page, Error> {
        storage(host, held!(prefix, after))?.scan(prefix, after, count).await
    }

    async fn add(host: &Accessor<Ctx, Self>, key: String, delta: f64) -> Result<f64, Error> {
        storage(host, held!(key))?.add(key, delta).await
    }

    async fn swap(
        host: &Accessor<Ctx, Self>,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<bool, Error> {
        storage(host, held!(key, expected, value))?.swap(key, expected, value).await
    }

    async fn set_many(host: &Accessor<Ctx, Self>, entries: Vec<Entry>) -> Result<(), Error> {
        storage(host, held!(entries))?.set_many(entries).await
    }

    async fn get_many(host: &Accessor<Ctx, Self>, keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, Error> {
        storage(host, held!(keys))?.get_many(keys).await
    }

    async fn apply(
        host: &Accessor<Ctx, Self>,
        conditions: Vec<Condition>,
        changes: Vec<Change>,
    ) -> Result<bool, Error> {
        storage(host, held!(conditions, changes))?.apply(conditions, changes).await
    }
}

/// The plugin's storage, while a call of its is under way.
struct Open {
    store: PluginStore,
    _call: Entered,
}

impl Deref for Open {
    type Target = PluginStore;

    fn deref(&self) -> &PluginStore {
        &self.store
    }
}

fn storage(host: &Accessor<Ctx, Calls>, brought: usize) -> Result<Open, Error> {
    let caller = enter(host, brought)?;
    Ok(Open { store: caller.around()?.storage.with_quota(caller.limits.storage as u64), _call: caller })
}
