//! A plugin's own settings against the schema of its manifest.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::nearest;
use super::secrets::{is_secret, read_files, texts};
use super::source::list;

/// How deep defaults are filled in, so that a schema that refers to itself comes to an end.
pub(super) const DEPTH: usize = 16;

/// A plugin's settings, checked.
#[derive(Clone, PartialEq)]
pub struct PluginSettings {
    /// As the plugin will see them.
    pub value: Value,
    /// What must never be shown: the values of properties that the schema marks `"writeOnly": true`.
    pub secrets: Vec<String>,
}

/// Shorter texts are in every line.
const SHORTEST_SECRET: usize = 4;

impl std::fmt::Debug for PluginSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginSettings").finish_non_exhaustive()
    }
}

impl PluginSettings {
    fn new(value: Value, schema: &Value) -> Self {
        let mut secrets = Vec::new();
        walk(schema, schema, &value, 0, &mut |schema, value| {
            if is_secret(schema) {
                texts(value, &mut secrets);
            }
        });
        secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
        // Of two that begin alike the longer one must be found first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { value, secrets }
    }
}

/// The settings of plugin `plugin` as it will see them: `given` with the `default`s of `schema` filled in, at the top
/// and in what lies below, and checked. Without a schema they are taken as they are. A secret `x` may be given as
/// `x_file`, the name of a file beginning in `folder` that holds it.
///
/// A key that the schema does not know is an error where the schema lists `properties` and says nothing about others.
///
/// # Errors
///
/// One text for each thing that is wrong, beginning with `[plugin.<id>.config]` and the key. Values are not shown:
/// they may be secrets.
pub fn plugin_config(
    plugin: &str,
    schema: Option<&Value>,
    given: &Value,
    folder: &Path,
) -> Result<PluginSettings, Vec<String>> {
    let Some(schema) = schema else {
        return Ok(PluginSettings { value: given.clone(), secrets: Vec::new() });
    };
    let place = |path: &str| {
        let key = path.trim_start_matches('/').replace('/', ".");
        let space = if key.is_empty() { "" } else { " " };
        format!("[plugin.{plugin}.config]{space}{key}")
    };
    let mut value = given.clone();
    let mut wrong = Vec::new();
    read_files(schema, schema, &mut value, "", folder, 0, &mut |path, cause| {
        wrong.push(format!("{}: {cause}", place(path)));
    });
    if !wrong.is_empty() {
        return Err(wrong);
    }
    fill(schema, schema, &mut value, 0);

    let mut told = HashSet::new();
    unknown_keys(schema, schema, &value, "", 0, &mut |path, known, key| {
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
            jsonschema::error::ValidationErrorKind::Enum { options } => match options.as_array() {
                Some(options) => format!("must be one of {}", words(options)),
                None => error.masked().to_string(),
            },
            _ => error.masked().to_string(),
        };
        wrong.push(format!("{}: {cause}", place(error.instance_path().as_str())));
    }
    if wrong.is_empty() { Ok(PluginSettings::new(value, schema)) } else { Err(wrong) }
}

fn words(options: &[Value]) -> String {
    options.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ")
}

/// Visits a value and everything below it that the schema describes.
fn walk(root: &Value, schema: &Value, value: &Value, depth: usize, visit: &mut dyn FnMut(&Value, &Value)) {
    if depth > DEPTH {
        return;
    }
    for part in parts(root, schema, depth) {
        visit(part, value);
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    if let Some(below) = below(part, key) {
                        walk(root, below, value, depth + 1, visit);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = part.get("items") {
                    items.iter().for_each(|item| walk(root, schema, item, depth + 1, visit));
                }
            }
            _ => {}
        }
    }
}

/// What a schema says of the values of one key.
fn below<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    properties(schema).and_then(|known| known.get(key)).or_else(|| schema.get("additionalProperties"))
}

/// Fills what is missing in `value`.
fn fill(root: &Value, schema: &Value, value: &mut Value, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for schema in parts(root, schema, depth) {
        if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array_mut()) {
            items.iter_mut().for_each(|item| fill(root, schema, item, depth + 1));
        }
        let Some(object) = value.as_object_mut() else { continue };
        if let Some(schema) = schema.get("additionalProperties") {
            let known = properties(schema);
            let free =
                object.iter_mut().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
            free.for_each(|(_, value)| fill(root, schema, value, depth + 1));
        }
        for (name, property) in properties(schema).into_iter().flatten() {
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
    if parts.iter().any(|part| unless_null(part).is_some()) {
        return None;
    }
    let mut made = Value::Object(Map::new());
    fill(root, schema, &mut made, depth);
    let required = parts.iter().filter_map(|part| part.get("required")?.as_array()).flatten();
    let complete = required.filter_map(Value::as_str).all(|name| made.get(name).is_some());
    let empty = made.as_object().is_none_or(Map::is_empty);
    (complete && !empty).then_some(made)
}

/// A schema, and those that it takes in by `$ref` and `allOf`, or by an `anyOf` whose only other branch is null.
pub(super) fn parts<'a>(root: &'a Value, schema: &'a Value, depth: usize) -> Vec<&'a Value> {
    let mut parts = vec![schema];
    if depth > DEPTH {
        return parts;
    }
    let referred =
        schema.get("$ref").and_then(Value::as_str).and_then(|to| root.pointer(to.strip_prefix('#')?));
    let combined = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    for part in referred.into_iter().chain(combined).chain(unless_null(schema)) {
        parts.extend(self::parts(root, part, depth + 1));
    }
    parts
}

/// What an optional value is when it is there.
fn unless_null(schema: &Value) -> Option<&Value> {
    let branches = schema.get("anyOf")?.as_array()?;
    let mut others = branches.iter().filter(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    others.next().filter(|_| others.next().is_none())
}

pub(super) fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

type Report<'r> = dyn FnMut(&str, &Map<String, Value>, &str) + 'r;

fn unknown_keys(
    root: &Value,
    schema: &Value,
    value: &Value,
    path: &str,
    depth: usize,
    report: &mut Report<'_>,
) {
    if depth > DEPTH {
        return;
    }
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
    if let Value::Array(items) = value {
        for schema in parts.iter().filter_map(|part| part.get("items")) {
            for (index, item) in items.iter().enumerate() {
                unknown_keys(root, schema, item, &format!("{path}/{index}"), depth + 1, report);
            }
        }
    }
    let Some(object) = value.as_object() else { return };
    for schema in parts.iter().filter(|part| properties(part).is_none()) {
        for (key, value) in object {
            if let Some(schema) = schema.get("additionalProperties") {
                unknown_keys(root, schema, value, &format!("{path}/{key}"), depth + 1, report);
            }
        }
    }
    let mut listing = parts.iter().filter_map(|part| properties(part));
    let (Some(known), None) = (listing.next(), listing.next()) else { return };
    // `"additionalProperties": false` says in so many words what is meant here anyway.
    let says_more = |part: &&Value| {
        let says = |word: &&str| part.get(*word).is_some_and(|value| value != false);
        unless_null(part).is_none() && SAY_MORE.iter().any(says)
    };
    let closed = !parts.iter().any(says_more);
    for (key, value) in object {
        match known.get(key) {
            Some(property) => {
                unknown_keys(root, property, value, &format!("{path}/{key}"), depth + 1, report);
            }
            None if closed => report(path, known, key),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::secrets::{hide, shown};
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
            assert_eq!(settings(&schema, &given).unwrap().value, expected, "{given}");
        }
        let free = plugin_config("echo", None, &json!({"any": 1}), Path::new("")).unwrap();
        assert_eq!(free.value, json!({"any": 1}));
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
        let wrong = plugin_config("w", Some(&schema), &given, Path::new("")).unwrap_err().join("\n");
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
        let filled = settings(&schema, &json!({})).unwrap().value;
        assert_eq!(filled["n"], json!(1));
    }

    #[test]
    fn lists_and_maps_are_looked_into() {
        let schema = json!({"type": "object", "properties": {
            "feeds": {"type": "array", "items": {"$ref": "#/$defs/Feed"}},
            "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Feed"}},
            "one": {"anyOf": [{"$ref": "#/$defs/Feed"}, {"type": "null"}]}},
            "$defs": {"Feed": {"type": "object", "required": ["url"], "properties": {
                "url": {"type": "string"}, "every": {"type": "integer", "default": 5},
                "mode": {"enum": ["loud", "quiet"], "default": "loud"}}}}});
        let feed = json!({"url": "u", "every": 5, "mode": "loud"});
        assert_eq!(settings(&optional(), &json!({})).unwrap().value, json!({}), "nobody asked for it");
        let given = json!({"feeds": [{"url": "u"}], "by_name": {"a": {"url": "u"}}, "one": {"url": "u"}});
        let expected = json!({"feeds": [feed], "by_name": {"a": feed}, "one": feed});
        assert_eq!(settings(&schema, &given).unwrap().value, expected);
        for (given, wrong) in [
            (
                json!({"feeds": [{"url": "u"}, {"ulr": "u"}]}),
                "[plugin.p.config] feeds.1.ulr: unknown key; known here are `url`",
            ),
            (json!({"feeds": [{"url": "u"}, {}]}), "[plugin.p.config] feeds.1: `url` is missing"),
            (json!({"by_name": {"x": {"url": 1}}}), "[plugin.p.config] by_name.x.url: "),
            (
                json!({"by_name": {"x": {"url": "", "evry": 1}}}),
                "by_name.x.evry: unknown key; did you mean `every`?",
            ),
            (json!({"one": {"url": "u", "mode": "lod"}}), "[plugin.p.config] one"),
            (json!({"one": {"url": "u", "evry": 1}}), "one.evry: unknown key; did you mean `every`?"),
            (
                json!({"feeds": [{"url": "u", "mode": "lod"}]}),
                "feeds.0.mode: must be one of `\"loud\"`, `\"quiet\"`",
            ),
            (json!({"feeds": 3}), "[plugin.p.config] feeds: "),
        ] {
            let found = settings(&schema, &given).unwrap_err().join("\n");
            assert!(found.contains(wrong), "{given}: {found}");
        }
    }

    #[test]
    fn secrets_are_known_hidden_and_read_from_files() {
        let schema = json!({"type": "object", "properties": {
            "token": {"type": "string", "writeOnly": true, "minLength": 8, "default": "default-token"},
            "deep": {"type": "object", "properties": {"keys": {"type": "array", "writeOnly": true, "items": {}}}},
            "name": {"type": "string"}}});
        let found = settings(&schema, &json!({"deep": {"keys": ["k-1234", 77_001]}, "name": "n"})).unwrap();
        assert_eq!(found.secrets, ["default-token", "k-1234", "77001"]);
        assert_eq!(hide("default-token, k-1234: n", &found.secrets), "***, ***: n");
        assert!(!format!("{found:?}").contains("k-1234"));
        assert!(!shown(&schema).to_string().contains("default-token"));

        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t"), "from the file\n").unwrap();
        std::fs::write(folder.path().join("short"), "hunter2").unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let read = |given: Value| plugin_config("p", Some(&schema), &given, folder.path());
        let found = read(json!({"token_file": "t"})).unwrap();
        assert_eq!(
            (found.value["token"].as_str(), found.value.get("token_file")),
            (Some("from the file"), None)
        );
        assert_eq!(found.secrets, ["from the file"]);
        for (given, wrong) in [
            (json!({"token_file": "none"}), "[plugin.p.config] token_file: cannot read "),
            (json!({"token_file": "empty"}), "is empty"),
            (json!({"token_file": 7}), "must be the name of a file"),
            (json!({"token_file": "t", "token": "also this"}), "token_file: `token` is given too"),
            (json!({"token_file": "short"}), "[plugin.p.config] token: "),
            (json!({"name_file": "t"}), "name_file: unknown key; did you mean `name`?"),
        ] {
            let found = read(given.clone()).unwrap_err().join("\n");
            assert!(found.contains(wrong) && !found.contains("hunter2"), "{given}: {found}");
        }
    }

    fn optional() -> Value {
        json!({"type": "object", "properties": {"look": {"anyOf": [{"$ref": "#/$defs/Look"}, {"type": "null"}]}},
            "$defs": {"Look": {"type": "object", "properties": {"colour": {"default": "red"}}}}})
    }

    fn settings(schema: &Value, given: &Value) -> Result<PluginSettings, Vec<String>> {
        plugin_config("p", Some(schema), given, Path::new(""))
    }
}
