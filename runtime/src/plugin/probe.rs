//! What the benchmark measures inside the sandbox, by the same code that runs plugins.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::Component;

use super::engine::{Ctx, Sandbox};
use crate::config::Limits;
use crate::host::Caller;
use crate::model::Incoming;
use crate::model::contract::PluginPre;

/// A compiled plugin to take the time of.
pub struct Probe {
    sandbox: Sandbox,
    pre: PluginPre<Ctx>,
}

impl Probe {
    /// Compiles a plugin, without a cache.
    ///
    /// # Errors
    ///
    /// When it is no plugin.
    pub fn new(file: &Path) -> anyhow::Result<Self> {
        let sandbox = Sandbox::new(None)?;
        let wrong = |e: wasmtime::Error| anyhow::anyhow!("{}: {e:#}", file.display());
        let component: Component = sandbox.compile(&std::fs::read(file)?).map_err(wrong)?;
        let pre = sandbox.link(&component).map_err(wrong)?;
        Ok(Self { sandbox, pre })
    }

    /// How long an instance takes to be made, store included; once for each of `times`.
    ///
    /// # Errors
    ///
    /// When it cannot be instantiated.
    pub async fn instantiate(&self, times: usize) -> anyhow::Result<Vec<Duration>> {
        let limits = Limits::default();
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let caller = Arc::new(Caller::describing());
            let begun = Instant::now();
            let (mut store, _) = self.sandbox.store(caller, &limits);
            self.pre.instantiate_async(&mut store).await.map_err(|e| anyhow::anyhow!("{e:#}"))?;
            took.push(begun.elapsed());
        }
        Ok(took)
    }

    /// How long `handler` takes for `event`, one call after the other in batches of `batch`; the average of each batch.
    ///
    /// # Errors
    ///
    /// When a call traps.
    pub async fn call(
        &self,
        handler: &str,
        event: &Incoming,
        batches: usize,
        batch: u32,
    ) -> anyhow::Result<Vec<Duration>> {
        let (mut store, cpu) = self.sandbox.store(Arc::new(Caller::describing()), &Limits::default());
        let calls = async {
            let plugin = self.pre.instantiate_async(&mut store).await?;
            let guest = plugin.iglu_plugin_guest();
            let calls = async |accessor: &wasmtime::component::Accessor<Ctx>| {
                let _ = guest.call_start(accessor, None).await?;
                let handle: super::instance::Handle =
                    accessor.with(|store| guest.func_handle().func().typed(store))?;
                let name: Arc<str> = handler.into();
                let mut took = Vec::with_capacity(batches);
                for _ in 0..batches {
                    let begun = Instant::now();
                    for _ in 0..batch {
                        let params = (Arc::clone(&name), Arc::clone(&event.event), "{}".to_owned());
                        let _ = handle.call_concurrent(accessor, params).await?;
                        cpu.returned();
                    }
                    took.push(begun.elapsed() / batch);
                }
                Ok::<_, wasmtime::Error>(took)
            };
            store.run_concurrent(calls).await?
        };
        cpu.watch(calls).await.map_err(|e| anyhow::anyhow!("{e:#}"))
    }
}
