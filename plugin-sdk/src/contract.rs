//! The types and calls that `wit/` describes, generated. The same types serve natively, where the calls are not used.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    rust_2018_idioms,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin",
    additional_derives: [PartialEq, ::iglu_contract_derive::ContractJson, ::iglu_contract_derive::Lift],
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "::iglu_sdk::__private::contract",
});
