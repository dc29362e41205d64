//! A plugin's own settings against the schema of its manifest.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::nearest;
use super::source::list;

/// How deep defaults are filled in, so that a schema that refers to itself comes to an end.
const DEPTH: usize = 16;

/// The settings of plugin `plugin` as it will see them: `given` with the `default`s of `schema` filled in, at the top
/// and in nested objects, and checked. Without a schema they are taken as they are.
///
/// A key that the schema does not know is an error where the schema lists `properties` and says nothing about others.
///
/// # Errors
///
/// One text for each thing that is wrong, beginning with `[plugin.<id>.config]` and the key. Values are not shown:
/// they may be secrets.
pub fn plugin_config(plugin: &str, schema: Option<&Value>, given: &Value) -> Result<Value, Vec<String>> {
    let Some(schema) = schema else { return Ok(given.clone()) };
    let place = |path: &str| {
        let key = path.trim_start_matches('/').replace('/', ".");
        let space = if key.is_empty() { "" } else { " " };
        format!("[plugin.{plugin}.config]{space}{key}")
    };
    let mut value = given.clone();
    fill(schema, schema, &mut value, 0);

    let mut wrong = Vec::new();
    let mut told = HashSet::new();
    unknown_keys(schema, schema, &value, "", &mut |path, known, key| {
        told.insert(path.to_owned());
        let hint = nearest(key, known.keys().map(String::as_str)).map_or_else(
            || format!("known here are {}", list(known.keys().map(String::as_str))),
            |near| format!("did you mean `{near}`?"),
        );
        wrong.push(format!("{}: unknown key; {hint}", place(&format!("{path}/{key}"))));
    });
    let validator = jsonschema::validator_for(schema)
        .map_err(|e| vec![format!("the plugin's config schema is broken: {e}")])?;
    for error in validator.iter_errors(&value) {
        let is_unknown_key = matches!(
            error.kind(),
            jsonschema::error::ValidationErrorKind::AdditionalProperties { .. }
                | jsonschema::error::ValidationErrorKind::UnevaluatedProperties { .. }
        );
        if is_unknown_key && told.contains(error.instance_path().as_str()) {
            continue;
        }
        let cause = match error.kind() {
            jsonschema::error::ValidationErrorKind::Required { property } => {
                format!(
                    "{} is missing",
                    property.as_str().map_or_else(|| property.to_string(), |p| format!("`{p}`"))
                )
            }
            _ => error.masked().to_string(),
        };
        wrong.push(format!("{}: {cause}", place(error.instance_path().as_str())));
    }
    if wrong.is_empty() { Ok(value) } else { Err(wrong) }
}

/// Fills what is missing in `value`.
fn fill(root: &Value, schema: &Value, value: &mut Value, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for schema in parts(root, schema, depth) {
        let (Some(properties), Some(object)) = (properties(schema), value.as_object_mut()) else { continue };
        for (name, property) in properties {
            if let Some(present) = object.get_mut(name) {
                fill(root, property, present, depth + 1);
            } else if let Some(value) = default(root, property, depth + 1) {
                object.insert(name.clone(), value);
            }
        }
    }
}

/// The value of a property that is not given: its own default, or an object made of its properties' defaults if those
/// are enough to make one.
fn default(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    let parts = parts(root, schema, depth);
    if let Some(own) = parts.iter().find_map(|part| part.get("default")) {
        let mut own = own.clone();
        fill(root, schema, &mut own, depth);
        return Some(own);
    }
    let mut made = Value::Object(Map::new());
    fill(root, schema, &mut made, depth);
    let required = parts.iter().filter_map(|part| part.get("required")?.as_array()).flatten();
    let complete = required.filter_map(Value::as_str).all(|name| made.get(name).is_some());
    let empty = made.as_object().is_none_or(Map::is_empty);
    (complete && !empty).then_some(made)
}

/// A schema, and those that it takes in by `$ref` and `allOf`.
fn parts<'a>(root: &'a Value, schema: &'a Value, depth: usize) -> Vec<&'a Value> {
    let mut parts = vec![schema];
    if depth > DEPTH {
        return parts;
    }
    let referred =
        schema.get("$ref").and_then(Value::as_str).and_then(|to| root.pointer(to.strip_prefix('#')?));
    let combined = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    for part in referred.into_iter().chain(combined) {
        parts.extend(self::parts(root, part, depth + 1));
    }
    parts
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

type Report<'r> = dyn FnMut(&str, &Map<String, Value>, &str) + 'r;

fn unknown_keys(root: &Value, schema: &Value, value: &Value, path: &str, report: &mut Report<'_>) {
    const SAY_MORE: [&str; 8] = [
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
        "propertyNames",
        "anyOf",
        "oneOf",
        "allOf",
        "if",
    ];
    let parts = parts(root, schema, 0);
    let Some(object) = value.as_object() else { return };
    let mut listing = parts.iter().filter_map(|part| properties(part));
    let (Some(known), None) = (listing.next(), listing.next()) else { return };
    // `"additionalProperties": false` says in so many words what is meant here anyway.
    let says_more =
        |part: &&Value| SAY_MORE.iter().any(|word| part.get(word).is_some_and(|value| value != false));
    let closed = !parts.iter().any(says_more);
    for (key, value) in object {
        match known.get(key) {
            Some(property) => unknown_keys(root, property, value, &format!("{path}/{key}"), report),
            None if closed => report(path, known, key),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_filled_in_at_every_depth() {
        let schema = json!({
            "type": "object",
            "properties": {
                "greeting": {"type": "string", "default": "hi"},
                "times": {"type": "integer"},
                "look": {"$ref": "#/$defs/Look"},
                "mail": {"type": "object", "required": ["to"], "properties": {
                    "to": {"type": "string"}, "port": {"type": "integer", "default": 25}}},
            },
            "$defs": {"Look": {"type": "object", "properties": {"colour": {"default": "red"}, "size": {}}}}
        });
        for (given, expected) in [
            (json!({}), json!({"greeting": "hi", "look": {"colour": "red"}})),
            (json!({"greeting": "yo"}), json!({"greeting": "yo", "look": {"colour": "red"}})),
            (json!({"look": {"size": 1}}), json!({"look": {"size": 1, "colour": "red"}, "greeting": "hi"})),
            (
                json!({"mail": {"to": "a"}}),
                json!({"mail": {"to": "a", "port": 25}, "greeting": "hi", "look": {"colour": "red"}}),
            ),
        ] {
            assert_eq!(plugin_config("echo", Some(&schema), &given), Ok(expected), "{given}");
        }
        assert_eq!(plugin_config("echo", None, &json!({"any": 1})), Ok(json!({"any": 1})));
    }

    #[test]
    fn errors_name_the_key_and_hide_the_value() {
        let schema = json!({
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "key": {"type": "string", "minLength": 40}, "deep": {
                "type": "object", "additionalProperties": false, "properties": {"colour": {"type": "string"}}}}
        });
        let given = json!({"key": "hunter2", "ctiy": "x", "deep": {"colour": 5, "color": "red"}});
        let wrong = plugin_config("w", Some(&schema), &given).unwrap_err().join("\n");
        for expected in [
            "[plugin.w.config] ctiy: unknown key; did you mean `city`?",
            "[plugin.w.config]: `city` is missing",
            "[plugin.w.config] key: ",
            "[plugin.w.config] deep.colour: ",
            "[plugin.w.config] deep.color: unknown key; did you mean `colour`?",
        ] {
            assert!(wrong.contains(expected), "{expected} not in\n{wrong}");
        }
        assert_eq!(wrong.matches("color").count(), 1, "told once: {wrong}");
        assert!(!wrong.contains("hunter2"), "{wrong}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object",
            "properties": {"a": {"$ref": "#/$defs/A"}, "n": {"default": 1}}}}});
        let filled = plugin_config("echo", Some(&schema), &json!({})).unwrap();
        assert_eq!(filled["n"], json!(1));
    }
}
