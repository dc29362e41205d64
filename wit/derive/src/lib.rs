//! What the contract's types have in common, for the host and for the SDK: their one JSON form, and how a guest reads
//! them from its memory.
//!
//! Both sides generate their Rust types from `wit/` and list [`ContractJson`] among the additional derives, so that
//! a segment written by a plugin reads the same in the host, in a merged message, in storage and in a test:
//!
//! | WIT | JSON |
//! | --- | --- |
//! | record | an object with `snake_case` keys; a field that is none is left out, and may be missing when read |
//! | variant | `{"type": "<kebab-case case>", "data": <payload>}`, without `data` for a case that carries nothing |
//! | enum, and a variant of which no case carries anything | the `kebab-case` name as a string |
//! | `list<u8>` | a string in standard base64 with padding |
//! | string, bool, number, list | as they are |
//!
//! Keys that a reader does not know are ignored; a case that it does not know is an error.
//!
//! A crate that uses it depends on `serde` (with `derive`) and has a module `crate::base64_json` with the two
//! functions of a serde `with` module for `Vec<u8>`. A crate that uses [`Lift`] has the trait `crate::abi::Lift`, one that
//! uses [`Weigh`] has `crate::model::Weigh`.

mod json;
mod lift;
mod weigh;

use syn::{DeriveInput, Error, parse_macro_input};

/// Implements `serde::Serialize` and `serde::Deserialize` in the contract's JSON form.
#[proc_macro_derive(ContractJson)]
pub fn contract_json(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    json::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `crate::model::Weigh`: how many bytes a value holds beside itself.
#[proc_macro_derive(Weigh)]
pub fn weigh(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    weigh::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `crate::abi::Lift`: size, alignment and reading of a record, variant or enum, as the component model's
/// canonical ABI lays it out in memory.
#[proc_macro_derive(Lift)]
pub fn lift(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    lift::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}
