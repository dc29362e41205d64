//! What the owner sets for a plugin in `iglu.toml`, as a type.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{HostError, Result, host};

/// A type that the owner can set; derive it. The doc comments become the descriptions that the owner reads.
///
/// ```
/// use iglu_sdk::prelude::*;
///
/// #[derive(Config)]
/// struct Settings {
///     /// What new members read; `{user}` becomes a mention.
///     #[config(default = "welcome, {user}")]
///     text: String,
///     /// Groups where the plugin is silent.
///     #[config(default = Vec::new())]
///     quiet: Vec<String>,
///     /// At most so many a minute.
///     limit: Option<u32>,
/// }
///
/// #[derive(Default)]
/// struct Greeter;
///
/// #[plugin(id = "greeter", config = Settings)]
/// impl Greeter {
///     #[on(MemberJoined)]
///     async fn greet(&self) -> Result<Option<String>> {
///         let settings = Settings::load()?;
///         Ok((settings.limit != Some(0)).then_some(settings.text))
///     }
/// }
/// # let schema = Settings::schema();
/// # assert_eq!(schema["properties"]["text"]["default"], "welcome, {user}");
/// # assert_eq!(schema["properties"]["limit"]["type"], "integer");
/// # assert_eq!(schema["required"], json!(null));
/// # assert_eq!(iglu_sdk::serde_json::from_str::<Settings>("{}").unwrap().text, "welcome, {user}");
/// ```
pub trait Config: DeserializeOwned {
    /// A field of this type may be left out.
    #[doc(hidden)]
    const OPTIONAL: bool = false;

    /// The JSON Schema for it.
    fn schema() -> Value;

    /// Its JSON, as it stands in the schema as a default.
    fn to_value(&self) -> Value;

    /// What the owner set, defaults filled in. It is the same for an instance's whole life.
    ///
    /// # Errors
    /// [`HostError::Invalid`] when it does not fit the type, although it fits the schema.
    fn load() -> Result<Self, HostError> {
        serde_json::from_str(&host::config::get())
            .map_err(|error| HostError::Invalid(format!("the config does not fit its type: {error}")))
    }
}

/// Puts a schema together.
#[derive(Debug)]
pub struct Schema {
    doc: &'static str,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Schema {
    /// An object.
    #[must_use]
    pub fn object(doc: &'static str) -> Self {
        Self { doc, properties: Map::new(), required: Vec::new() }
    }

    /// One of some words.
    #[must_use]
    pub fn choice(doc: &str, words: &[&str]) -> Value {
        described(json!({"type": "string", "enum": words}), doc)
    }

    /// A key of the object.
    pub fn property<T: Config>(&mut self, key: &str, doc: &str, default: Option<Value>) {
        let mut schema = described(T::schema(), doc);
        match (default, &mut schema) {
            (Some(default), Value::Object(schema)) => {
                schema.insert("default".to_owned(), default);
            }
            _ if T::OPTIONAL => {}
            _ => self.required.push(key.into()),
        }
        self.properties.insert(key.to_owned(), schema);
    }

    /// The schema.
    #[must_use]
    pub fn finish(self) -> Value {
        let mut schema =
            json!({"type": "object", "properties": self.properties, "additionalProperties": false});
        if !self.required.is_empty() {
            schema["required"] = self.required.into();
        }
        described(schema, self.doc)
    }
}

fn described(mut schema: Value, doc: &str) -> Value {
    if !doc.is_empty() {
        schema["description"] = doc.into();
    }
    schema
}

macro_rules! scalars {
    ($($ty:ty: $schema:tt;)*) => {$(
        impl Config for $ty {
            fn schema() -> Value {
                json!($schema)
            }

            fn to_value(&self) -> Value {
                json!(self)
            }
        }
    )*};
}

scalars! {
    bool: {"type": "boolean"};
    String: {"type": "string"};
    u8: {"type": "integer", "minimum": 0, "maximum": 255};
    u16: {"type": "integer", "minimum": 0, "maximum": 65535};
    u32: {"type": "integer", "minimum": 0, "maximum": 4294967295u32};
    u64: {"type": "integer", "minimum": 0};
    usize: {"type": "integer", "minimum": 0};
    i32: {"type": "integer", "minimum": (i32::MIN), "maximum": (i32::MAX)};
    i64: {"type": "integer"};
    f32: {"type": "number"};
    f64: {"type": "number"};
}

impl<T: Config> Config for Option<T> {
    const OPTIONAL: bool = true;

    fn schema() -> Value {
        T::schema()
    }

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

impl<T: Config> Config for Vec<T> {
    fn schema() -> Value {
        json!({"type": "array", "items": T::schema()})
    }

    fn to_value(&self) -> Value {
        self.iter().map(T::to_value).collect()
    }
}

impl<T: Config> Config for BTreeMap<String, T> {
    fn schema() -> Value {
        json!({"type": "object", "additionalProperties": T::schema()})
    }

    fn to_value(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.clone(), value.to_value())).collect())
    }
}
