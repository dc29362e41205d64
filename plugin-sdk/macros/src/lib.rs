//! The attribute macros of `iglu-sdk`; its documentation explains them. They write the manifest, the dispatch from a
//! handler's name to its method, and the reading of typed arguments, and nothing that an author could not write.

mod attributes;
mod choice;
mod config;
mod cron;
mod extra;
mod handler;
mod parameters;
mod plugin;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemImpl, parse_macro_input};

/// Makes a plugin of an `impl` block: its annotated methods become handlers.
///
/// Everything is optional: what is left out comes from `Cargo.toml`.
///
/// | key | |
/// | --- | --- |
/// | `id = "echo"` | names the plugin on its host; default: the package's name |
/// | `name = "Echo"` | for people; default: the id |
/// | `description = ".."`, `version = ".."`, `homepage = ".."` | default: the package's |
/// | `permissions(send = "why", "call:set_group_*" = "why")` | what the plugin asks for, each with its reason |
/// | `config = Settings` | a type that derives `Config`, or (feature `schemars`) `JsonSchema` and `Deserialize` |
/// | `state` | the struct is handed to the next version on a reload; it must be `Serialize` and `Deserialize` |
#[proc_macro_attribute]
pub fn plugin(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(item) = syn::parse::<ItemImpl>(item.clone()) else {
        let text = "`#[plugin]` belongs on an `impl` block, whose methods are the handlers: `#[plugin] impl Hello { .. }`";
        let error = syn::Error::new(proc_macro2::Span::call_site(), text).into_compile_error();
        // What is written there stays, so that nothing else seems to be missing.
        return TokenStream::from_iter([TokenStream::from(error), item]);
    };
    plugin::expand(arguments.into(), item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Gives a struct (or an enum of plain names) a JSON Schema for the owner's `iglu.toml`, and reads it with its defaults.
///
/// On a field: doc comments become its description; `#[config(default = expr)]` makes it optional;
/// `#[config(secret)]` keeps it out of logs and errors, and lets the owner name a file that holds it.
/// Field types: `bool`, numbers, `String`, `Option`, `Vec`, `BTreeMap<String, _>` and other `Config` types.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    config::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum of plain names an argument of commands: one of a few words, the names in lower case with dashes.
///
/// On a name: `#[choice("南")]` is the word in its place.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    choice::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

macro_rules! handler_attributes {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(_: TokenStream, _: TokenStream) -> TokenStream {
            let text = concat!("`#[", stringify!($name), "]` belongs on a method of an `impl` block under `#[plugin]`");
            syn::Error::new(proc_macro2::Span::call_site(), text).into_compile_error().into()
        }
    )*};
}

handler_attributes! {
    /// `#[command("echo", aliases = ["say"])]`: runs on `/echo ..`; `#[command("note add")]` on `/note add ..`. The method's
    /// doc comment is the help, its owned parameters are declared to the host, which parses them and answers wrong use:
    ///
    /// | parameter | what users write |
    /// | --- | --- |
    /// | `n: u8`, `x: f64` | a number that the type can hold |
    /// | `word: String`, or any `FromStr` type | a word, or several in quotation marks |
    /// | `text: Rest` | all that is left; the last parameter |
    /// | `time: Duration` | `90s`, `10m`, `1h30m`, `2天` |
    /// | `user: Mention`, `picture: Image` | a mention or a number; an image in the message or the quoted one |
    /// | `way: Way`, which derives `Choice` | one of its words |
    /// | `Option<_>`, `Vec<_>` | it may be left out; all words that are left |
    /// | `#[option(short = "t", default = 1)] times: u32` | `--times 3`, `--times=3`, `-t 3`, or nothing |
    /// | `#[option] loud: bool` | `--loud`, or nothing |
    ///
    /// `#[option(..)]` and `#[argument(..)]` take `name = ".."`, `default = ..` (as users would write it), `min` and `max` of
    /// numbers, and `help = ".."`; a doc comment on the parameter is its help too. `usage = ".."` in `#[command]` replaces the
    /// usage line that the host makes.
    ///
    /// Every trigger also takes: `who = "everyone" | "group-admin" | "group-owner" | "superuser"`,
    /// `chats = "any" | "private" | "group"`, `to_me`, `priority = 10` (higher runs earlier), `block`,
    /// `cooldown = 5` (seconds) or `cooldown(seconds = 5, per = "user" | "chat" | "plugin")`, and
    /// `rate(count = 3, seconds = 60, per = "user" | "chat" | "plugin")`: at most so many runs in any such time. A command
    /// that comes too early does not run; iglu answers once when it may be tried again. The owner may set other rates.
    command
    /// `#[keyword("早安", "good morning")]`: runs on a message that contains one of the words.
    keyword
    /// `#[regex(r"(?<a>\d+)\+(?<b>\d+)")]`: runs on a message that matches. Parameters are groups, by name or else by place.
    regex
    /// `#[on(MemberJoined)]`: runs on events of these kinds (the names of `iglu_sdk::event::kind`).
    on
    /// `#[cron("0 8 * * *", zone = "Asia/Shanghai")]`: runs at these times (minute, hour, day of month, month, day of week).
    /// Without a zone it is the owner's. `missed = "once"` makes up for runs that fell due while the host was down, by one
    /// that tells how many (`event.missed`); they are skipped otherwise.
    cron
    /// Runs when an instance begins, before its first event. Without `self` it makes the plugin.
    start
    /// Runs when the instance ends; a `&str` parameter is the reason.
    stop
}
