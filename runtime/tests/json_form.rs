//! The documented JSON form, on types of the shapes that the two generators emit.

use iglu_contract_derive::ContractJson;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json, to_value};

mod base64_json {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod rt {
    pub(crate) use std::vec::Vec;
}

#[derive(Clone, ContractJson, Debug, PartialEq)]
pub struct Media {
    pub source: Source,
    pub mime_type: Option<rt::Vec<String>>,
    pub r#type: ::core::option::Option<f64>,
    pub raw: rt::Vec<u8>,
}

#[derive(Clone, ContractJson, Debug, PartialEq)]
pub enum Source {
    Url(String),
    Bytes(rt::Vec<u8>),
    PlatformFile(Box<Media>),
    Shake,
}

#[repr(u8)]
#[derive(Clone, ContractJson, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    Unknown,
    GroupOwner,
}

#[derive(Clone, ContractJson, Debug, PartialEq)]
pub enum Error {
    Denied(String),
    RateLimited(f64),
    Gone,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Error {}

#[track_caller]
fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, written: Value) {
    assert_eq!(to_value(value).expect("a contract type has a JSON form"), written);
    assert_eq!(&from_value::<T>(written).expect("what was written reads back"), value);
}

#[test]
fn variants_are_tagged_and_enums_are_strings() {
    same(&Source::Url("https://x".into()), json!({"type": "url", "data": "https://x"}));
    same(&Source::Bytes(vec![0, 255, 7]), json!({"type": "bytes", "data": "AP8H"}));
    same(&Source::Shake, json!({"type": "shake"}));
    same(&Role::GroupOwner, json!("group-owner"));
    same(&Error::RateLimited(1.5), json!({"type": "rate-limited", "data": 1.5}));
    same(&Error::Gone, json!({"type": "gone"}));
}

#[test]
fn records_leave_out_what_is_none_and_accept_its_absence() {
    let mut media = Media { source: Source::Shake, mime_type: None, r#type: None, raw: vec![] };
    same(&media, json!({"source": {"type": "shake"}, "raw": ""}));
    media.mime_type = Some(vec!["image/png".into()]);
    media.r#type = Some(2.0);
    same(
        &Source::PlatformFile(Box::new(media)),
        json!({"type": "platform-file", "data":
            {"source": {"type": "shake"}, "mime_type": ["image/png"], "type": 2.0, "raw": ""}}),
    );
}

#[test]
fn unknown_keys_are_ignored_and_unknown_cases_refused() {
    let media = json!({"source": {"data": "u", "type": "url"}, "raw": "", "newer": 1, "mime_type": null});
    assert_eq!(from_value::<Media>(media).unwrap().source, Source::Url("u".into()));
    assert!(from_value::<Source>(json!({"type": "hologram"})).is_err());
    assert!(from_value::<Source>(json!({"type": "bytes", "data": "%"})).is_err());
    assert!(from_value::<Role>(json!("emperor")).is_err());
    assert!(from_value::<Media>(json!({"raw": ""})).is_err());
}
