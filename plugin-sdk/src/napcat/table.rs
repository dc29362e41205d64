//! The macros that the tables of actions, options and answers are written in.

/// One function for each action, and the family's `ACTIONS`.
///
/// `name = "action"(argument = "key": kind, ..; Options) -> Answer, with "key" = value, by stream;` where everything but
/// the name and the answer may be missing. Kinds are the methods of `Params`.
macro_rules! actions {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $(= $action:literal)? (
            $($argument:ident $(= $key:literal)? : $kind:ident),* $(; $options:ident)?
        ) -> $answer:ty $(, with $fixed:literal = $value:expr)? $(, by $how:ident)?;
    )*) => {
        pub(super) const ACTIONS: &[&str] = &[$(name!($name $($action)?)),*];

        $(
            $(#[doc = $doc])+
            #[doc = ""]
            #[doc = concat!(
                "Action `", name!($name $($action)?), "`, permission `call:", name!($name $($action)?), "`."
            )]
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use iglu_sdk::prelude::*;"]
            #[doc = "# async fn example(event: &MessageEvent) -> Result {"]
            #[doc = concat!(
                "napcat::", stringify!($name), "(&event.bot" $(, ", ", sample!($kind $argument))*
                $(, ", napcat::", stringify!($options), "::default()")?, ").await?;"
            )]
            #[doc = "# Ok(()) }"]
            // The example's host answers all of them alike, which not every answer's type takes.
            #[doc = "# iglu_sdk::testing::example(async |event| Ok(drop(example(&event).await)))"]
            #[doc = concat!(
                "# .did(\"", called!($($how)?), "\", &json!({\"action\": \"", name!($name $($action)?), "\"}));"
            )]
            #[doc = "```"]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "As [`bots::call`](crate::bots::call)."]
            #[allow(unused_mut, reason = "some actions have no parameters")]
            pub async fn $name(
                bot: impl AsRef<str>,
                $($argument: argument!($kind),)*
                $(options: $options,)?
            ) -> Result<$answer, $crate::HostError> {
                let mut params = $crate::napcat::params::Params::default();
                $(params.$kind(name!($argument $($key)?), $argument);)*
                $(params.flag($fixed, $value);)?
                $($options::put(options, &mut params);)?
                ask!($($how)? bot.as_ref(), name!($name $($action)?), params)
            }
        )*
    };
}

/// A name as it stands on the wire.
macro_rules! name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $wire:literal) => {
        $wire
    };
}

macro_rules! ask {
    (stream $bot:expr, $action:expr, $params:expr) => {
        $crate::napcat::streams::Download::open($bot, $action, $params).await
    };
    ($bot:expr, $action:expr, $params:expr) => {
        $crate::napcat::answer::read($action, $crate::napcat::params::call($bot, $action, $params).await?)
    };
}

/// The function of the host that asks.
macro_rules! called {
    (stream) => {
        "bots.call_stream"
    };
    () => {
        "bots.call"
    };
}

/// An argument as it may stand in an example.
macro_rules! sample {
    (id group_id) => {
        "\"20001\""
    };
    (id user_id) => {
        "&event.sender"
    };
    (id message_id) => {
        "&event.body().id"
    };
    (id $name:ident) => {
        concat!("\"", stringify!($name), "-1\"")
    };
    (text $name:ident) => {
        "\"some text\""
    };
    (flag $name:ident) => {
        "true"
    };
    (texts $name:ident) => {
        "[\"one\", \"two\"]"
    };
    (message $name:ident) => {
        "\"hello\""
    };
    (nodes $name:ident) => {
        "[iglu_sdk::types::ForwardNode::new(\"10001\", \"Ann\", \"hello\")]"
    };
    (chat $name:ident) => {
        "&event.chat"
    };
    (file $name:ident) => {
        "\"picture.png\""
    };
    (json $name:ident) => {
        "&json!({})"
    };
    (source $name:ident) => {
        "iglu_sdk::types::MediaSource::Url(\"https://example.com/picture.png\".to_owned())"
    };
    (download $name:ident) => {
        sample!(source $name)
    };
    // Numbers of every kind.
    ($kind:ident $name:ident) => {
        "1"
    };
}

/// The type of an argument of each kind.
macro_rules! argument {
    (id) => { impl AsRef<str> };
    (text) => { impl AsRef<str> };
    (flag) => { bool };
    (count) => { u32 };
    (int) => { i64 };
    (number) => { impl std::fmt::Display };
    (texts) => { impl IntoIterator<Item = impl AsRef<str>> };
    (message) => { impl Into<$crate::Message> };
    (nodes) => { impl IntoIterator<Item = $crate::types::ForwardNode> };
    (chat) => { &$crate::types::Chat };
    (source) => { impl Into<$crate::types::MediaSource> };
    (download) => { impl Into<$crate::types::MediaSource> };
    (file) => { impl Into<$crate::napcat::FileRef> };
    (json) => { &serde_json::Value };
}

/// The type of an optional parameter of each kind.
macro_rules! optional {
    (id) => { String };
    (text) => { String };
    (flag) => { bool };
    (count) => { u32 };
    (int) => { i64 };
    (number) => { i64 };
    (texts) => { Vec<String> };
    (news) => { Vec<String> };
    (source) => { $crate::types::MediaSource };
}

/// Structs of optional parameters: `Name { field = "key": kind, .. }`.
macro_rules! options {
    ($(
        $(#[$meta:meta])+
        $name:ident { $($(#[$doc:meta])* $field:ident $(= $key:literal)? : $kind:ident),+ $(,)? }
    )*) => {$(
        $(#[$meta])+
        #[derive(Clone, Debug, Default, PartialEq)]
        #[allow(missing_docs, reason = "NapCat's own names; what they do not say is documented")]
        pub struct $name { $($(#[$doc])* pub $field: Option<optional!($kind)>,)+ }

        impl $name {
            pub(in crate::napcat) fn put(self, params: &mut $crate::napcat::params::Params) {
                $(if let Some(value) = self.$field {
                    params.$kind(name!($field $($key)?), value);
                })+
            }
        }
    )*};
}

/// Structs of answers: `Name { field ["key" or "other key"]: Type, .. }`.
macro_rules! answers {
    ($(
        $(#[$meta:meta])+
        $name:ident { $($(#[$doc:meta])* $field:ident $([$key:literal $(or $other:literal)*])? : $ty:ty,)+ }
    )*) => {$(
        $(#[$meta])+
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        #[allow(missing_docs, reason = "NapCat's own names; what they do not say is documented")]
        #[non_exhaustive]
        pub struct $name { $($(#[$doc])* $(#[serde(rename = $key)])? pub $field: $ty,)+ }

        impl $crate::napcat::answer::Answer for $name {
            const NULLABLE: bool = false;

            fn read(value: serde_json::Value) -> Result<Self, String> {
                let mut fields = $crate::napcat::answer::Fields::of(value)?;
                let answer =
                    Self { $($field: fields.take(&[name!($field $($key)?) $($(, $other)*)?]),)+ };
                fields.finish(answer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                <Self as $crate::napcat::answer::Answer>::read(value).map_err(serde::de::Error::custom)
            }
        }
    )*};
}
