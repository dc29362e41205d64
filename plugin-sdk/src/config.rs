//! What the owner sets for a plugin in `iglu.toml`, as a type.
//!
//! Derive [`Config`], or, with the feature `schemars`, serde's `Deserialize` and `schemars::JsonSchema`, which know every
//! attribute of both and cost the plugin's file some 60 KB. A change of `iglu.toml` starts the plugin again with the new
//! values; with `#[plugin(state)]` it keeps its state.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{Deserialize, de::DeserializeOwned};
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
///     /// Never shown; `key_file` in iglu.toml may name a file that holds it.
///     #[config(secret)]
///     key: Option<String>,
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
/// # assert_eq!(schema["properties"]["key"]["writeOnly"], true);
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
        load()
    }
}

/// What the owner set, as any type that can be read: for types that do not derive [`Config`].
///
/// ```
/// use iglu_sdk::{config, prelude::*, schemars::{self, JsonSchema}, serde::Deserialize};
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(crate = "iglu_sdk::serde")]
/// #[schemars(crate = "iglu_sdk::schemars")]
/// struct Settings {
///     /// Whose weather is told.
///     #[schemars(length(min = 1))]
///     city: String,
///     /// The key of the weather service.
///     #[schemars(extend("writeOnly" = true))]
///     key: Option<String>,
/// }
///
/// #[derive(Default)]
/// struct Weather;
///
/// #[plugin(id = "weather", config = Settings)]
/// impl Weather {
///     #[command("city")]
///     async fn city(&self) -> Result<String> {
///         Ok(config::load::<Settings>()?.city)
///     }
/// }
/// # let mut bot = iglu_sdk::testing::Harness::<Weather>::with_config(json!({"city": "上海"}));
/// # assert_eq!(bot.say("/city"), ["上海"]);
/// # assert_eq!(bot.manifest()["config"]["properties"]["city"]["minLength"], 1);
/// ```
///
/// # Errors
/// [`HostError::Invalid`] when it does not fit the type.
pub fn load<T: DeserializeOwned>() -> Result<T, HostError> {
    serde_json::from_str(&host::config::get())
        .map_err(|error| HostError::Invalid(format!("the config does not fit its type: {error}")))
}

/// A text that is never shown: not by `Debug`, and not by the host, in no log line and no error. In `iglu.toml` the owner
/// may also name a file that holds it, `key_file = "key.txt"` for a field `key`.
///
/// ```
/// use iglu_sdk::{config::Secret, prelude::*};
///
/// #[derive(Config, Debug)]
/// struct Settings {
///     /// The key of the weather service.
///     key: Secret,
/// }
/// # assert_eq!(Settings::schema()["properties"]["key"]["writeOnly"], true);
/// # let settings: Settings = iglu_sdk::serde_json::from_value(json!({"key": "hunter2"})).unwrap();
/// assert_eq!(format!("{settings:?}"), "Settings { key: *** }");
/// assert_eq!(settings.key.reveal(), "hunter2");
/// ```
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::config::Secret;
    /// assert_eq!(Secret::from("hunter2").reveal(), "hunter2");
    /// ```
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Config for Secret {
    fn schema() -> Value {
        json!({"type": "string", "writeOnly": true})
    }

    fn to_value(&self) -> Value {
        Value::from(self.reveal())
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "writeOnly": true})
    }
}

/// Finds the schema of a type, by whichever of the two derives it has.
#[derive(Debug)]
pub struct SchemaOf<T>(PhantomData<T>);

impl<T> SchemaOf<T> {
    /// To be asked.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for the macro only")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// By [`Config`].
pub trait ByConfig {
    /// As it stands in the manifest.
    fn schema_text(&self) -> String;
}

impl<T: Config> ByConfig for SchemaOf<T> {
    fn schema_text(&self) -> String {
        T::schema().to_string()
    }
}

/// By schemars. For a reference, so that it comes second where both fit.
pub trait BySchemars {
    /// As it stands in the manifest.
    fn schema_text(&self) -> String;
}

#[cfg(feature = "schemars")]
impl<T: schemars::JsonSchema> BySchemars for &SchemaOf<T> {
    fn schema_text(&self) -> String {
        let schema =
            schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        schema.as_value().to_string()
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
    pub fn property<T: Config>(&mut self, key: &str, doc: &str, default: Option<Value>, secret: bool) {
        let mut schema = described(T::schema(), doc);
        if secret {
            schema["writeOnly"] = true.into();
        }
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
