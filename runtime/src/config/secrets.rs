//! Settings that are never shown: their values in texts, their defaults in schemas, and files that hold them.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Map, Value};

use super::schema::{DEPTH, Followed, properties};

/// What stands where a secret stood.
const HIDDEN: &str = "***";

/// The text without these secrets.
pub(crate) fn hide<'t>(text: &'t str, secrets: &[String]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), HIDDEN).into();
        }
    }
    text
}

/// A schema as it may be shown: without the defaults of secrets.
pub(crate) fn shown(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let hide = is_secret(schema);
            let part = |(key, value): (&String, &Value)| {
                let value = match key.as_str() {
                    "default" | "examples" | "const" | "enum" if hide => Value::from(HIDDEN),
                    _ => shown(value),
                };
                (key.clone(), value)
            };
            Value::Object(object.iter().map(part).collect())
        }
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

pub(super) fn is_secret(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
}

/// Every text and number in a value.
pub(super) fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(object) => object.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Puts the content of files in place of their names, for secrets.
pub(super) fn read_files<'s>(
    followed: &Followed<'s>,
    schema: &'s Value,
    value: &mut Value,
    path: &str,
    folder: &Path,
    depth: usize,
    wrong: &mut dyn FnMut(&str, String),
) {
    if depth > DEPTH {
        return;
    }
    if let Value::Array(items) = value {
        for (index, item) in items.iter_mut().enumerate() {
            for part in followed.parts(schema, depth).into_iter().filter_map(|part| part.get("items")) {
                read_files(followed, part, item, &format!("{path}/{index}"), folder, depth + 1, wrong);
            }
        }
        return;
    }
    let Some(object) = value.as_object_mut() else { return };
    for known in followed.parts(schema, depth).into_iter().filter_map(properties) {
        for (name, property) in known {
            let other = format!("{name}_file");
            let secret = followed.parts(property, depth).into_iter().any(is_secret);
            if secret && !known.contains_key(&other) && object.contains_key(&other) {
                match from_file(object, name, &other, folder) {
                    Ok(text) => drop(object.insert(name.clone(), Value::from(text))),
                    Err(cause) => wrong(&format!("{path}/{other}"), cause),
                }
            }
            if let Some(present) = object.get_mut(name) {
                read_files(followed, property, present, &format!("{path}/{name}"), folder, depth + 1, wrong);
            }
        }
    }
}

fn from_file(
    object: &mut Map<String, Value>,
    name: &str,
    other: &str,
    folder: &Path,
) -> Result<String, String> {
    if object.contains_key(name) {
        return Err(format!("`{name}` is given too; write one of the two"));
    }
    let file = object.remove(other);
    let file = file.as_ref().and_then(Value::as_str).ok_or("must be the name of a file, as text")?;
    let file = folder.join(file);
    let text = std::fs::read_to_string(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    let text = text.trim();
    if text.is_empty() { Err(format!("{} is empty", file.display())) } else { Ok(text.to_owned()) }
}
