//! A plugin's own settings against the schema of its manifest.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::nearest;
use super::secrets::{is_secret, read_files, texts};
use super::source::list;

mod followed;

pub(crate) use followed::validator;
pub(super) use followed::{DEPTH, Followed};
use followed::{ENDLESS, unless_null};

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
    fn new(value: Value, followed: &Followed<'_>, schema: &Value) -> Self {
        let mut secrets = Vec::new();
        walk(followed, schema, &value, 0, &mut |schema, value| {
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
    let followed = &Followed::new(schema);
    read_files(followed, schema, &mut value, "", folder, 0, &mut |path, cause| {
        wrong.push(format!("{}: {cause}", place(path)));
    });
    if !wrong.is_empty() {
        return Err(wrong);
    }
    fill(followed, schema, &mut value, 0);

    let mut told = HashSet::new();
    unknown_keys(followed, schema, &value, "", 0, &mut |path, known, key| {
        told.insert(path.to_owned());
        let hint = nearest(key, known.keys().map(String::as_str)).map_or_else(
            || format!("known here are {}", list(known.keys().map(String::as_str))),
            |near| format!("did you mean `{near}`?"),
        );
        wrong.push(format!("{}: unknown key; {hint}", place(&format!("{path}/{key}"))));
    });
    followed.is_finite(&value).map_err(|cause| vec![format!("{}: {cause}", place(""))])?;
    let validator =
        validator(schema).map_err(|cause| vec![format!("the plugin's config schema is broken: {cause}")])?;
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
    let settings = PluginSettings::new(value, followed, schema);
    if followed.is_over() {
        wrong.push(format!("{}: {ENDLESS}", place("")));
    }
    if wrong.is_empty() { Ok(settings) } else { Err(wrong) }
}

fn words(options: &[Value]) -> String {
    options.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ")
}

/// Visits a value and everything below it that the schema describes.
fn walk<'s>(
    followed: &Followed<'s>,
    schema: &'s Value,
    value: &Value,
    depth: usize,
    visit: &mut dyn FnMut(&Value, &Value),
) {
    if depth > DEPTH {
        return;
    }
    for part in followed.parts(schema, depth) {
        visit(part, value);
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    if let Some(below) = below(part, key) {
                        walk(followed, below, value, depth + 1, visit);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = part.get("items") {
                    items.iter().for_each(|item| walk(followed, schema, item, depth + 1, visit));
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
fn fill<'s>(followed: &Followed<'s>, schema: &'s Value, value: &mut Value, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for schema in followed.parts(schema, depth) {
        if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array_mut()) {
            items.iter_mut().for_each(|item| fill(followed, schema, item, depth + 1));
        }
        let Some(object) = value.as_object_mut() else { continue };
        if let Some(schema) = schema.get("additionalProperties") {
            let known = properties(schema);
            let free =
                object.iter_mut().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
            free.for_each(|(_, value)| fill(followed, schema, value, depth + 1));
        }
        for (name, property) in properties(schema).into_iter().flatten() {
            if let Some(present) = object.get_mut(name) {
                fill(followed, property, present, depth + 1);
            } else if let Some(value) = default(followed, property, depth + 1) {
                object.insert(name.clone(), value);
            }
        }
    }
}

/// The value of a property that is not given: its own default, or an object made of its properties' defaults if those
/// are enough to make one.
fn default<'s>(followed: &Followed<'s>, schema: &'s Value, depth: usize) -> Option<Value> {
    let parts = followed.parts(schema, depth);
    if let Some(own) = parts.iter().find_map(|part| part.get("default")) {
        let mut own = followed.copy(own)?;
        fill(followed, schema, &mut own, depth);
        return Some(own);
    }
    if parts.iter().any(|part| unless_null(part).is_some()) {
        return None;
    }
    let mut made = Value::Object(Map::new());
    fill(followed, schema, &mut made, depth);
    let required = parts.iter().filter_map(|part| part.get("required")?.as_array()).flatten();
    let complete = required.filter_map(Value::as_str).all(|name| made.get(name).is_some());
    let empty = made.as_object().is_none_or(Map::is_empty);
    (complete && !empty).then_some(made)
}

pub(super) fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

type Report<'r> = dyn FnMut(&str, &Map<String, Value>, &str) + 'r;

fn unknown_keys<'s>(
    followed: &Followed<'s>,
    schema: &'s Value,
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
    let parts = followed.parts(schema, 0);
    if let Value::Array(items) = value {
        for schema in parts.iter().filter_map(|part| part.get("items")) {
            for (index, item) in items.iter().enumerate() {
                unknown_keys(followed, schema, item, &format!("{path}/{index}"), depth + 1, report);
            }
        }
    }
    let Some(object) = value.as_object() else { return };
    for schema in parts.iter().filter(|part| properties(part).is_none()) {
        for (key, value) in object {
            if let Some(schema) = schema.get("additionalProperties") {
                unknown_keys(followed, schema, value, &format!("{path}/{key}"), depth + 1, report);
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
                unknown_keys(followed, property, value, &format!("{path}/{key}"), depth + 1, report);
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
        let named = json!({"type": "object", "properties": {"look": {"$ref": "#/$defs/%E5%A4%96%E8%A7%82"}},
            "$defs": {"外观": {"type": "object", "properties": {"colour": {"default": "red"}}}}});
        assert_eq!(settings(&named, &json!({})).unwrap().value, json!({"look": {"colour": "red"}}));
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

    /// Followed to its end, each of these takes for ever, or longer and more than a configuration may.
    #[test]
    fn a_schema_that_leads_to_ever_more_is_refused() {
        let many = |count: usize, part: Value| vec![part; count];
        let named = |count: usize, part: &Value| {
            Value::Object((0..count).map(|number| (format!("p{number}"), part.clone())).collect())
        };
        let root = json!({"$ref": "#"});
        // Each has two ways to the next.
        let chain: Map<String, Value> = (0..40)
            .map(|number| {
                let next = json!({"$ref": format!("#/$defs/{}", number + 1)});
                (number.to_string(), json!({"allOf": [next, next]}))
            })
            .collect();
        let nested = |word: &str| {
            let innermost = json!({"type": "object"});
            (0..28).fold(innermost, |inner, _| json!({word: [inner], "unevaluatedProperties": {}}))
        };
        let endless = [
            json!({"allOf": many(100, root.clone())}),
            json!({"$ref": "#"}),
            json!({"anyOf": [{"$ref": "#"}]}),
            json!({"not": {"not": root}}),
            json!({"type": "object", "properties": named(26, &root)}),
            json!({"$ref": "#/$defs/0", "$defs": chain}),
            json!({"oneOf": [{"$ref": "#/$defs/0"}], "$defs": chain}),
            json!({"properties": named(5000, &json!({"$ref": "#/$defs/big"})),
                "$defs": {"big": {"default": "x".repeat(100_000)}}}),
            json!({"properties": {"b": {"default": {"b": {"b": {"b": {"b": {"b": {}}}}}}, "$ref": "#/$defs/b"}},
                "$defs": {"b": {"additionalProperties": {"oneOf": many(30, json!({"$ref": "#/$defs/b"}))}}}}),
            nested("allOf"),
            nested("oneOf"),
        ];
        for (number, schema) in endless.iter().enumerate() {
            let refused = settings(schema, &json!({"a": {"a": {}}})).map(|_| number).unwrap_err().join("\n");
            assert!(refused.contains("without an end"), "{refused}");
        }
        for (schema, reason) in [
            (json!({"$ref": "#there", "$defs": {"there": {"$anchor": "there"}}}), "refers to \"#there\""),
            (json!({"$ref": "file:///etc/passwd"}), "may refer to its own parts"),
            (json!({"allOf": [{"$id": "urn:x", "$ref": "#"}]}), "may not use `$id`"),
            (json!({"$dynamicRef": "#"}), "may not use `$dynamicRef`"),
            (
                json!({"properties": {"a": {"type": "string", "pattern": "^((\\p{L}|-)+x){1,999}$"}}}),
                "is broken",
            ),
            (json!({"properties": named(257, &json!({"pattern": "x"}))}), "257 patterns; 256 are allowed"),
        ] {
            let refused = settings(&schema, &json!({})).map(|_| reason).unwrap_err().join("\n");
            assert!(refused.contains(reason), "{reason}: {refused}");
        }
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
