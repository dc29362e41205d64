//! The sandbox's engine: the only place that sets wasmtime up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use wasmtime::component::{Component, HasData, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::room::Room;
use crate::config::Limits;
use crate::host::{Caller, Stdio};
use crate::model::contract;

/// How often a running guest gives way to its neighbours, and the unit in which its CPU time is counted.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// What one instance may hold at once, for some hundred bytes of the host each: things of WASI to wait for, and tasks,
/// calls and streams. Ten thousand handlers that wait for users have some tasks and a call each.
const RESOURCES: usize = 10_000;
const TASKS: usize = 200_000;

/// The engine with everything a plugin can import.
pub(crate) struct Sandbox {
    engine: Engine,
    linker: Linker<Ctx>,
    cache: Option<PathBuf>,
}

impl Sandbox {
    /// `cache` is the folder for compiled plugins; wasmtime's own cache keeps it, so a foreign file in there is never
    /// trusted as machine code of ours.
    pub(crate) fn new(cache: Option<&Path>) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true).epoch_interruption(true);
        if let Some(folder) = cache {
            let mut settings = CacheConfig::new();
            settings.with_directory(folder);
            let cache = Cache::new(settings).map_err(|e| {
                anyhow::anyhow!("cannot use {} for compiled plugins: {e:#}", folder.display())
            })?;
            config.cache(Some(cache));
        }
        let engine = Engine::new(&config)
            .map_err(|e| anyhow::anyhow!("cannot start the WebAssembly engine on this machine: {e:#}"))?;
        tick(&engine)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)
            .and_then(|()| contract::Plugin::add_to_linker::<Ctx, Calls>(&mut linker, |ctx| ctx))
            .map_err(|e| anyhow::anyhow!("the host functions do not fit together: {e:#}"))?;
        Ok(Self { engine, linker, cache: cache.map(Path::to_owned) })
    }

    /// Compiles a component, or takes it from the cache. Takes long the first time: not for an async thread.
    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Component> {
        Component::from_binary(&self.engine, bytes)
    }

    /// The folder for compiled plugins.
    pub(crate) fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// Checks imports and exports by name.
    pub(crate) fn link(&self, component: &Component) -> wasmtime::Result<contract::PluginPre<Ctx>> {
        contract::PluginPre::new(self.linker.instantiate_pre(component)?)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A store for one instance, with its limits and clocks.
    pub(crate) fn store(&self, caller: Arc<Caller>, limits: &Limits) -> (Store<Ctx>, CpuClock) {
        let stdio = Stdio::new(&caller);
        let wasi = WasiCtxBuilder::new()
            .stdout(stdio.clone())
            .stderr(stdio)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let clock = CpuClock::new(limits.cpu);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let ctx = Ctx { wasi, table, room: Room::new(limits.memory), caller };
        let mut store = Store::new(&self.engine, ctx);
        store.limiter(|ctx| &mut ctx.room);
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(TASKS);
        }
        store.set_hostcall_fuel(limits.call_bytes);
        store.set_epoch_deadline(1);
        let ticks = clock.clone();
        store.epoch_deadline_callback(move |_| {
            if ticks.tick() { Ok(UpdateDeadline::Yield(1)) } else { Err(OutOfTime(ticks.0.limit).into()) }
        });
        (store, clock)
    }
}

/// Lets time pass for every store of the engine, from a thread of its own that ends with the engine.
fn tick(engine: &Engine) -> anyhow::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("iglu-ticks".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}

/// What a store carries.
pub(crate) struct Ctx {
    wasi: WasiCtx,
    table: ResourceTable,
    room: Room,
    pub(crate) caller: Arc<Caller>,
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// How host functions see a store: the functions themselves are in `host/`.
pub(crate) struct Calls;

impl HasData for Calls {
    type Data<'a> = &'a mut Ctx;
}

/// A guest did not return to the host for too long.
#[derive(Debug, thiserror::Error)]
#[error("it ran for {0:?} without giving way")]
pub(crate) struct OutOfTime(Duration);

/// Counts the ticks that a guest runs through without returning to the host.
#[derive(Clone)]
pub(crate) struct CpuClock(Arc<Burn>);

struct Burn {
    ticks: AtomicU32,
    ticked: AtomicBool,
    limit: Duration,
}

impl CpuClock {
    fn new(limit: Duration) -> Self {
        Self(Arc::new(Burn { ticks: AtomicU32::new(0), ticked: AtomicBool::new(false), limit }))
    }

    /// One more tick; false when the time is up.
    fn tick(&self) -> bool {
        self.0.ticked.store(true, Ordering::Relaxed);
        let ticks = self.0.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        TICK * ticks <= self.0.limit
    }

    /// The guest is back in the host.
    pub(crate) fn returned(&self) {
        self.0.ticks.store(0, Ordering::Relaxed);
    }

    /// Drives `future`, which runs guest code, and notes each time that it comes to rest of its own accord, and not
    /// because a tick made it yield.
    pub(crate) async fn watch<F: Future>(&self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| {
            self.0.ticked.store(false, Ordering::Relaxed);
            let poll = future.as_mut().poll(cx);
            if !self.0.ticked.load(Ordering::Relaxed) {
                self.returned();
            }
            poll
        })
        .await
    }
}
