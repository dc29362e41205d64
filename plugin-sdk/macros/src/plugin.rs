//! `#[plugin]`: the block as it was written, and the implementation of `Plugin` beside it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Error, Expr, Ident, ImplItem, ImplItemFn, ItemImpl, Result, ReturnType, Type, spanned::Spanned};

use crate::{
    attributes::{self, Item, unknown},
    handler::{Handler, TRIGGERS, handlers},
    parameters::{self, Receiver, receiver},
};

struct About {
    id: TokenStream,
    name: TokenStream,
    version: TokenStream,
    description: TokenStream,
    homepage: TokenStream,
    permissions: Vec<TokenStream>,
    config: Option<Expr>,
    state: bool,
}

/// The methods that are no handlers, but part of the plugin's life.
#[derive(Default)]
struct Life {
    start: Option<ImplItemFn>,
    stop: Option<ImplItemFn>,
}

pub(crate) fn expand(arguments: TokenStream, mut item: ItemImpl) -> Result<TokenStream> {
    if let Some((_, of, _)) = &item.trait_ {
        return Err(Error::new_spanned(of, "`#[plugin]` belongs on the struct's own `impl` block"));
    }
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(&item.generics, "a plugin has no generic parameters"));
    }
    let about = about(attributes::parse(arguments)?)?;
    let (handlers, life) = take_methods(&mut item)?;
    let plugin = &item.self_ty;
    let manifest = manifest(&about, &handlers);
    let arms = handlers.iter().map(|handler| &handler.arm);
    let create = create(&about, &life, plugin)?;
    let stop = stop(&about, &life)?;
    Ok(quote! {
        #item

        const _: () = {
            use ::iglu_sdk::__private as private;
            #[allow(unused_imports, reason = "for commands with arguments of `FromStr` types")]
            use private::Untyped as _;

            impl private::Plugin for #plugin {
                const MANIFEST: private::Manifest = #manifest;

                #create

                #[allow(unused_mut, unused_variables, reason = "not every handler needs all of it")]
                async fn handle(
                    plugin: &private::RwLock<Self>,
                    handler: &str,
                    mut call: private::Call,
                ) -> ::iglu_sdk::Result<::iglu_sdk::Outcome> {
                    match handler {
                        #(#arms)*
                        unknown => ::core::result::Result::Err(private::unknown_handler(unknown)),
                    }
                }

                #stop
            }

            // Natively nothing but tests uses a plugin; it is not dead for that.
            #[cfg(not(target_arch = "wasm32"))]
            const _: &::core::primitive::str = <#plugin as private::Plugin>::MANIFEST.id;

            #[cfg(target_arch = "wasm32")]
            mod component {
                type Component = ::iglu_sdk::__private::Component<super::#plugin>;
                ::iglu_sdk::__private::export!(Component with_types_in ::iglu_sdk::__private::abi);
            }
        };
    })
}

fn about(items: Vec<Item>) -> Result<About> {
    let mut about = About {
        id: quote!(::core::env!("CARGO_PKG_NAME")),
        name: quote!(""),
        version: quote!(::core::env!("CARGO_PKG_VERSION")),
        description: quote!(::core::env!("CARGO_PKG_DESCRIPTION")),
        homepage: quote!(::core::env!("CARGO_PKG_HOMEPAGE")),
        permissions: Vec::new(),
        config: None,
        state: false,
    };
    for item in items {
        match item.name() {
            "id" => about.id = plugin_id(&item)?,
            "name" => about.name = literal(&item)?,
            "version" => about.version = literal(&item)?,
            "description" => about.description = literal(&item)?,
            "homepage" => about.homepage = literal(&item)?,
            "permissions" => about.permissions = permissions(&item)?,
            "config" => about.config = Some(item.value()?.clone()),
            "state" => about.state = item.flag()?,
            _ => {
                return Err(unknown(
                    &item,
                    "`id`, `name`, `version`, `description`, `homepage`, `permissions`, `config` and `state`",
                ));
            }
        }
    }
    Ok(about)
}

fn literal(item: &Item) -> Result<TokenStream> {
    let value = item.value()?;
    Ok(quote!(#value))
}

/// Ids name folders of data and tables of the owner's config, so they stay plain.
fn plugin_id(item: &Item) -> Result<TokenStream> {
    let id = item.text()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || !id.chars().all(plain) {
        return Err(Error::new(
            item.value()?.span(),
            "an id has lower-case letters, digits, `-`, `_` and `.` only",
        ));
    }
    Ok(quote!(#id))
}

fn permissions(item: &Item) -> Result<Vec<TokenStream>> {
    let inner = item.inner.as_ref().ok_or_else(|| {
        Error::new(item.span(), "each with its reason: `permissions(send = \"to remind people\")`")
    })?;
    inner
        .iter()
        .map(|item| {
            let name = item.name().replace('_', "-");
            let name = if name.contains(':') { item.name() } else { &name };
            let known = matches!(name, "send" | "recall" | "group-admin" | "friends" | "files")
                || name.strip_prefix("call:").is_some_and(|pattern| !pattern.is_empty())
                || name == "http:*"
                || ["http:http://", "http:https://"]
                    .iter()
                    .any(|scheme| name.strip_prefix(scheme).is_some_and(|host| !host.is_empty()));
            if !known {
                return Err(unknown(
                    item,
                    "`send`, `recall`, `group_admin`, `friends`, `files`, `\"http:https://api.example.com\"` and \
                     `\"call:<action pattern>\"`",
                ));
            }
            let reason = item.text()?;
            Ok(quote!(private::Permission { name: #name, reason: #reason }))
        })
        .collect()
}

fn take_methods(item: &mut ItemImpl) -> Result<(Vec<Handler>, Life)> {
    let mut found = Vec::new();
    let mut life = Life::default();
    for member in &mut item.items {
        let ImplItem::Fn(method) = member else { continue };
        let (triggers, others): (Vec<_>, Vec<_>) = std::mem::take(&mut method.attrs)
            .into_iter()
            .partition(|attribute| TRIGGERS.iter().any(|name| names(attribute, name)));
        let (hooks, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|attribute| names(attribute, "start") || names(attribute, "stop"));
        method.attrs = others;
        for hook in hooks {
            let slot = if names(&hook, "start") { &mut life.start } else { &mut life.stop };
            if slot.replace(method.clone()).is_some() {
                return Err(Error::new_spanned(hook, "there is one already"));
            }
        }
        found.extend(handlers(method, &triggers)?);
        told_apart(&found)?;
        if !triggers.is_empty() {
            parameters::strip(method);
        }
    }
    Ok((found, life))
}

/// Two commands of one name for the same people in the same chats would both run.
fn told_apart(handlers: &[Handler]) -> Result<()> {
    let mut known: Vec<(&str, &str)> = Vec::new();
    for handler in handlers {
        for (name, place) in &handler.names {
            let is_it =
                |(known, scene): &(&str, &str)| known.eq_ignore_ascii_case(name) && *scene == handler.scene;
            if known.iter().any(is_it) {
                let text = format!(
                    "there is a command `{name}` already, for the same people and chats; both would run"
                );
                return Err(Error::new(*place, text));
            }
            known.push((name, &handler.scene));
        }
    }
    Ok(())
}

fn names(attribute: &syn::Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
        && attribute
            .path()
            .segments
            .first()
            .is_some_and(|first| first.ident == name || first.ident == "iglu_sdk")
}

fn manifest(about: &About, handlers: &[Handler]) -> TokenStream {
    let About { id, name, version, description, homepage, permissions, config, .. } = about;
    let config = match config {
        Some(ty) => {
            // Whichever of the two traits the type has; an error then stands at the type.
            let find = quote_spanned!(ty.span()=> (&private::SchemaOf::<#ty>::new()).schema_text());
            quote!(::core::option::Option::Some(|| {
                #[allow(unused_imports, reason = "a type has one of them")]
                use private::{ByConfig as _, BySchemars as _};
                #find
            }))
        }
        None => quote!(::core::option::Option::None),
    };
    let entries = handlers.iter().map(|handler| &handler.entry);
    quote! {
        private::Manifest {
            id: #id,
            name: #name,
            version: #version,
            description: #description,
            authors: ::core::env!("CARGO_PKG_AUTHORS"),
            homepage: #homepage,
            permissions: &[#(#permissions),*],
            config: #config,
            handlers: &[#(#entries),*],
        }
    }
}

fn create(about: &About, life: &Life, plugin: &Type) -> Result<TokenStream> {
    let fresh = match &life.start {
        Some(start) if receiver(start)? == Receiver::None => {
            if about.state {
                return Err(Error::new_spanned(
                    &start.sig,
                    "with `state` the plugin is made from the state or by `Default`; take `&mut self` here",
                ));
            }
            let name = &start.sig.ident;
            let made = awaited(start, quote!(<#plugin>::#name()));
            return Ok(quote! {
                async fn create(_: ::core::option::Option<::std::vec::Vec<u8>>) -> ::iglu_sdk::Result<Self> {
                    private::Created::created(#made)
                }
            });
        }
        Some(start) => {
            let name = &start.sig.ident;
            let started = awaited(start, quote!(plugin.#name()));
            quote!(private::IntoStarted::into_started(#started)?;)
        }
        None => quote!(),
    };
    let made = if about.state {
        quote!(private::from_state(state))
    } else {
        // A plugin that cannot be made so is an error at its name.
        quote_spanned!(plugin.span()=> <#plugin as ::core::default::Default>::default())
    };
    let (state, mutable) = match (about.state, fresh.is_empty()) {
        (true, true) => (quote!(state), quote!()),
        (true, false) => (quote!(state), quote!(mut)),
        (false, true) => (quote!(_), quote!()),
        (false, false) => (quote!(_), quote!(mut)),
    };
    Ok(quote! {
        async fn create(#state: ::core::option::Option<::std::vec::Vec<u8>>) -> ::iglu_sdk::Result<Self> {
            #[allow(unused_mut, reason = "the hook may take `&self`")]
            let #mutable plugin: Self = #made;
            #fresh
            ::core::result::Result::Ok(plugin)
        }
    })
}

fn stop(about: &About, life: &Life) -> Result<TokenStream> {
    let hook = match &life.stop {
        None => quote!(),
        Some(stop) => {
            let name: &Ident = &stop.sig.ident;
            let reason = if stop.sig.inputs.len() > 1 { quote!(reason) } else { quote!() };
            let call = match receiver(stop)? {
                Receiver::Shared => quote!(plugin.read().await.#name(#reason)),
                Receiver::Exclusive => quote!(plugin.write().await.#name(#reason)),
                Receiver::None => {
                    return Err(Error::new_spanned(&stop.sig, "`#[stop]` takes `&self` or `&mut self`"));
                }
            };
            let stopped = awaited(stop, call);
            quote!(private::report_stop(private::IntoStarted::into_started(#stopped));)
        }
    };
    let state = if about.state {
        quote!(private::to_state(&*plugin.read().await))
    } else {
        quote!(::core::option::Option::None)
    };
    Ok(quote! {
        #[allow(unused_variables, reason = "not every plugin has a hook")]
        async fn stop(
            plugin: &private::RwLock<Self>,
            reason: &str,
        ) -> ::core::option::Option<::std::vec::Vec<u8>> {
            #hook
            #state
        }
    })
}

/// Hooks may be async or not; one without a return type answers `()`.
fn awaited(method: &ImplItemFn, call: TokenStream) -> TokenStream {
    let call = if method.sig.asyncness.is_some() { quote!(#call.await) } else { call };
    match &method.sig.output {
        ReturnType::Default => quote!({
            #call;
            ::core::result::Result::<(), ::iglu_sdk::Error>::Ok(())
        }),
        ReturnType::Type(..) => call,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the block is told, with this in the attribute's parentheses.
    fn told(arguments: &str, methods: &str) -> String {
        let block = syn::parse_str(&format!("impl Mistaken {{ {methods} }}")).unwrap();
        match expand(arguments.parse().unwrap(), block) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (arguments, methods, reason) in [
            ("", r#"#[command("hi", aliases = ["hello"])] async fn hi(&self) {}"#, ""),
            ("", r#"#[command("hi")] fn hi(&self) {}"#, "write `async fn hi(..)`"),
            ("", r#"#[command("hi")] async fn hi(self) {}"#, "takes `&self` or `&mut self`"),
            ("", r#"#[command] async fn hi(&self) {}"#, "one name is wanted"),
            ("", r#"#[command("say hi", "hello")] async fn hi(&self) {}"#, "one name is wanted"),
            ("", r#"#[command("/hi")] async fn hi(&self) {}"#, "write \"hi\""),
            ("", r#"#[command("a  b")] async fn hi(&self) {}"#, "one word without its prefix"),
            ("", r#"#[command("hi", alias = ["x"])] async fn hi(&self) {}"#, "unknown key `alias`"),
            ("", r#"#[command("hi", who = "admin")] async fn hi(&self) {}"#, "\"group-admin\""),
            ("", r#"#[command("hi", cooldown = "5s")] async fn hi(&self) {}"#, "whole number of seconds"),
            ("", r#"#[command("hi", cooldown = -5)] async fn hi(&self) {}"#, "whole number of seconds"),
            ("", r#"#[command("hi", rate = 3)] async fn hi(&self) {}"#, "count = 3, seconds = 60"),
            (
                "",
                r#"#[command("hi")] async fn a(&self) {} #[command("ho", aliases = ["HI"])] async fn b(&self) {}"#,
                "there is a command `HI` already",
            ),
            (
                "",
                r#"#[command("a", chats = "group")] async fn a(&self) {} #[command("a", chats = "private")] async fn b(&self) {}"#,
                "",
            ),
            ("", r#"#[cron("0 25 * * *")] async fn hi(&self) {}"#, "the hour is 0 to 23, not 25"),
            ("", r#"#[cron("0 8 * * *", mised = "once")] async fn hi(&self) {}"#, "unknown key `mised`"),
            (
                "",
                r#"#[cron("0 8 * * *")] async fn hi(&self, word: String) {}"#,
                "take the event by reference",
            ),
            ("", "#[on] async fn hi(&self) {}", "name a kind of event"),
            ("", "#[keyword()] async fn hi(&self) {}", "at least one word"),
            ("", "#[start] async fn a(&mut self) {} #[start] async fn b(&mut self) {}", "one already"),
            ("id = \"My Plugin\"", "", "lower-case letters"),
            ("name", "", "`name` needs a value"),
            ("permision(send = \"x\")", "", "unknown key `permision`"),
            ("permissions(sends = \"x\")", "", "unknown key `sends`"),
            ("permissions(send)", "", "needs a value"),
        ] {
            let told = told(arguments, methods);
            assert_eq!(told.is_empty(), reason.is_empty(), "{arguments} {methods}: {told}");
            assert!(told.contains(reason), "{arguments} {methods}: {told}");
        }
    }
}
