//! From bytes to something that can be instantiated, with one clear outcome for every kind of file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::engine::{Ctx, Sandbox};
use super::instance::explain;
use super::manifest::Manifest;
use super::workshop;
use crate::config::{Limits, hide};
use crate::host::Caller;
use crate::model::contract::PluginPre;
use crate::policy::Grant;

/// The contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";
const PACKAGE: &str = "iglu:plugin/";
/// Of a plugin's file. One with a whole Python in it has 40 MB.
const LARGEST: u64 = 256 << 20;

/// One version of a plugin, compiled, checked and described.
pub(crate) struct Version {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) pre: PluginPre<Ctx>,
    pub(crate) limits: Limits,
    /// The plugin's configuration for this version, as JSON: defaults filled in.
    pub(crate) config: String,
    /// What of it must never be shown.
    pub(crate) secrets: Arc<[String]>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) policy: Arc<crate::policy::Policy>,
    /// Finds the handlers of events that were queued for another version.
    pub(crate) matcher: crate::router::Matcher,
    pub(crate) file: PathBuf,
}

impl Version {
    /// Whether both come of one file and the owner's settings are the same, so that one need not take over from the other.
    pub(crate) fn is_settled_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.manifest, &other.manifest)
            && (&self.config, &self.limits, &self.grants) == (&other.config, &other.limits, &other.grants)
    }

    /// A text of the plugin as it may be shown.
    pub(crate) fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        hide(text, &self.secrets)
    }
}

/// Names a file's content.
pub(crate) type Hash = [u8; 32];

pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// What `iglu inspect` tells of a file.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// The file's size in bytes.
    pub size: usize,
}

/// Why a file is no plugin that can run here.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not WebAssembly at all, or cut short.
    #[error(
        "not a WebAssembly component: {0}; if the file is still being written, it is read again when it changes"
    )]
    NotWasm(String),
    /// A core module.
    #[error(
        "a core module and not a component; build it with `cargo build --target wasm32-wasip2` (not wasm32-wasip1 or \
         wasm32-unknown-unknown), or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// A component of another kind.
    #[error("a component, but not an iglu plugin: it exports no {PACKAGE}guest@{CONTRACT} (it exports {0})")]
    OtherWorld(String),
    /// Built for a contract that this host does not speak.
    #[error(
        "built for {interface}, but this iglu speaks {PACKAGE}*@{CONTRACT}; either update iglu, or build the plugin with \
         an iglu-sdk of {CONTRACT}"
    )]
    OtherContract {
        /// The interface, with its version.
        interface: String,
    },
    /// It imports something that the host does not give.
    #[error("it imports {import}, which iglu gives to no plugin{hint}")]
    UnknownImport {
        /// The interface or function.
        import: String,
        /// What to do instead, if there is something.
        hint: &'static str,
    },
    /// Name right, shape wrong.
    #[error("it does not fit the contract {CONTRACT}: {0}; build it with the iglu-sdk or WIT of this iglu")]
    Misfit(String),
    /// Compiling was given up.
    #[error("it cannot be compiled: {0}")]
    Compile(String),
    /// The instance or `describe` failed.
    #[error("it cannot be asked what it is: {0}")]
    Describe(String),
    /// The manifest is wrong.
    #[error("{0}")]
    Manifest(#[from] super::manifest::ManifestError),
    /// The file is larger than any plugin.
    #[error("the file has {0} bytes; {LARGEST} are allowed")]
    Large(u64),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}; check its name and permissions")]
    Io(#[from] std::io::Error),
}

/// A component that passed all checks, before the owner's configuration comes in.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) pre: PluginPre<Ctx>,
    imports: Vec<String>,
}

/// Compiles, links, instantiates and describes. `hash` is the [`hash`] of `bytes`.
pub(crate) async fn load(
    sandbox: &Arc<Sandbox>,
    bytes: Vec<u8>,
    hash: &Hash,
    limits: &Limits,
) -> Result<Loaded, LoadError> {
    if let Some(cache) = sandbox.cache()
        && is_component(&bytes)
    {
        workshop::compile(cache, hash, &bytes).await.map_err(LoadError::Compile)?;
    }
    let compiler = Arc::clone(sandbox);
    // Cranelift may need seconds for a large plugin.
    let (component, pre) = tokio::task::spawn_blocking(move || {
        let component = compile(&compiler, &bytes)?;
        let pre = compiler.link(&component).map_err(|e| misfit(&compiler, &component, &e))?;
        Ok::<_, LoadError>((component, pre))
    })
    .await
    .map_err(|e| LoadError::Describe(format!("the compiler failed: {e}")))??;
    let imports =
        component.component_type().imports(sandbox.engine()).map(|(name, _)| name.to_owned()).collect();
    let described = describe(sandbox, &pre, limits).await?;
    // Its patterns are compiled, and they may be large.
    let manifest = tokio::task::spawn_blocking(move || Manifest::parse(&described))
        .await
        .map_err(|e| LoadError::Describe(format!("reading its manifest failed: {e}")))??;
    let manifest = Arc::new(manifest);
    Ok(Loaded { manifest, pre, imports })
}

/// Looks at a file as `iglu inspect` does.
///
/// # Errors
///
/// When the file would not load.
pub async fn inspect(path: &Path) -> Result<Inspection, LoadError> {
    inspect_in(path, None).await
}

/// The same, with a folder for compiled plugins.
pub(crate) async fn inspect_in(path: &Path, cache: Option<&Path>) -> Result<Inspection, LoadError> {
    let bytes = read(path).await?;
    let (size, hash) = (bytes.len(), hash(&bytes));
    let sandbox = Arc::new(Sandbox::new(cache).map_err(|e| LoadError::Describe(format!("{e:#}")))?);
    let Loaded { manifest, imports, .. } = load(&sandbox, bytes, &hash, &Limits::default()).await?;
    let contract = imports
        .iter()
        .find_map(|import| import.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')))
        .map_or_else(|| CONTRACT.to_owned(), |(_, version)| version.to_owned());
    let manifest = Arc::unwrap_or_clone(manifest);
    Ok(Inspection { manifest, contract, imports, size })
}

/// The file's bytes, if they are of a sane number.
pub(crate) async fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let size = tokio::fs::metadata(path).await?.len();
    if size > LARGEST {
        return Err(LoadError::Large(size));
    }
    Ok(tokio::fs::read(path).await?)
}

fn is_component(bytes: &[u8]) -> bool {
    matches!(bytes, [0, b'a', b's', b'm', _, _, 1, 0, ..])
}

fn compile(sandbox: &Sandbox, bytes: &[u8]) -> Result<Component, LoadError> {
    // The header: magic, version, layer. Layer 0 is a core module, 1 a component.
    match bytes {
        [] => return Err(LoadError::NotWasm("the file is empty".to_owned())),
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => return Err(LoadError::CoreModule),
        [0, b'a', b's', b'm', ..] => {}
        _ => return Err(LoadError::NotWasm("it does not begin with \\0asm".to_owned())),
    }
    sandbox.compile(bytes).map_err(|e| LoadError::NotWasm(e.root_cause().to_string()))
}

/// Why linking failed, from the component's own words.
fn misfit(sandbox: &Sandbox, component: &Component, error: &wasmtime::Error) -> LoadError {
    let engine = sandbox.engine();
    let ty = component.component_type();
    let names: Vec<String> =
        ty.imports(engine).chain(ty.exports(engine)).map(|(name, _)| name.to_owned()).collect();
    let other_version = |name: &&String| {
        name.strip_prefix(PACKAGE)
            .and_then(|rest| rest.split_once('@'))
            .is_some_and(|(_, version)| version != CONTRACT)
    };
    if let Some(interface) = names.iter().find(other_version) {
        return LoadError::OtherContract { interface: interface.clone() };
    }
    let known = |name: &str| name.starts_with("wasi:") || name.starts_with(PACKAGE);
    for (name, _) in ty.imports(engine) {
        if name.starts_with("wasi:http/") {
            let hint = "; HTTP goes through the host: iglu:plugin/http";
            return LoadError::UnknownImport { import: name.to_owned(), hint };
        }
        if !known(name) {
            return LoadError::UnknownImport {
                import: name.to_owned(),
                hint: "; build it for the iglu world `plugin`",
            };
        }
    }
    if !names.iter().any(|name| *name == format!("{PACKAGE}guest@{CONTRACT}")) {
        let exports: Vec<_> = ty
            .exports(engine)
            .map(|(name, item)| match item.ty {
                ComponentItem::ComponentFunc(_) => format!("function {name}"),
                _ => name.to_owned(),
            })
            .collect();
        return LoadError::OtherWorld(if exports.is_empty() {
            "nothing".to_owned()
        } else {
            exports.join(", ")
        });
    }
    LoadError::Misfit(format!("{error:#}"))
}

/// Asks a throw-away instance, without any rights, what it is. Only a real instance proves a file good.
async fn describe(sandbox: &Sandbox, pre: &PluginPre<Ctx>, limits: &Limits) -> Result<String, LoadError> {
    let caller = Arc::new(Caller::describing());
    let (mut store, cpu) = sandbox.store(Arc::clone(&caller), limits);
    caller.runs_on(cpu.clone());
    let ask = cpu.watch(async {
        let plugin = pre.instantiate_async(&mut store).await?;
        let guest = plugin.iglu_plugin_guest();
        let (json,) = guest.func_describe().call_async(&mut store, ()).await?;
        Ok::<_, wasmtime::Error>(json)
    });
    match tokio::time::timeout(limits.start.max(Duration::from_secs(1)), ask).await {
        Ok(Ok(json)) => Ok(json),
        Ok(Err(e)) => {
            let text = e.root_cause().to_string();
            // Wrong types show only here, as "expected `string` found `u32`": the names were right.
            if text.contains("mismatch") || (text.starts_with("expected ") && text.contains(" found ")) {
                return Err(LoadError::Misfit(format!("{e:#}")));
            }
            Err(LoadError::Describe(explain(&e, limits)))
        }
        Err(_) => Err(LoadError::Describe(format!("describe() did not answer within {:?}", limits.start))),
    }
}
