//! A schema that is followed only so far. A plugin wrote it: it may refer to itself, or be made so that each of its steps
//! leads to many more, and whoever went all of those ways would never come back.

use std::cell::Cell;

use jsonschema::{PatternOptions, Validator};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// How deep a schema is followed into itself.
pub(in crate::config) const DEPTH: usize = 16;
/// How deep a schema may be written and still be checked against.
const DEEPEST: usize = 64;
/// Steps from one part of a schema to another, for one configuration.
const STEPS: usize = 1_000_000;
/// Bytes of a default that cost as much as a step.
const STEP_BYTES: usize = 16;
/// Patterns in one schema.
const PATTERNS: usize = 256;
/// The compiled size of one.
const PATTERN_SIZE: usize = 256 << 10;

/// What is told of a schema that does not come to an end.
pub(super) const ENDLESS: &str = "the plugin's config schema leads from part to part without an end";

/// A schema, and how many steps may still be gone in it.
pub(in crate::config) struct Followed<'s> {
    root: &'s Value,
    left: Cell<usize>,
}

impl<'s> Followed<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        Self { root, left: Cell::new(STEPS) }
    }

    /// Whether too many steps were wanted, so that what was found is not all.
    pub(super) fn is_over(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether so many steps may be gone.
    fn spend(&self, steps: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(steps));
        !self.is_over()
    }

    /// A schema, and those that it takes in by `$ref` and `allOf`, or by an `anyOf` whose only other branch is null. When
    /// no steps are left, nothing.
    pub(in crate::config) fn parts(&self, schema: &'s Value, depth: usize) -> Vec<&'s Value> {
        let mut parts = Vec::new();
        self.take_in(schema, depth, &mut parts);
        if self.is_over() { Vec::new() } else { parts }
    }

    fn take_in(&self, schema: &'s Value, depth: usize, parts: &mut Vec<&'s Value>) {
        if !self.spend(1) {
            return;
        }
        parts.push(schema);
        if depth > DEPTH {
            return;
        }
        let referred = schema.get("$ref").and_then(|to| self.target(to));
        let combined = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for part in referred.into_iter().chain(combined).chain(unless_null(schema)) {
            self.take_in(part, depth + 1, parts);
        }
    }

    /// What a reference inside the schema leads to. It is a part of an address, so names in Chinese come in per cent.
    fn target(&self, reference: &Value) -> Option<&'s Value> {
        let pointer = percent_decode_str(reference.as_str()?.strip_prefix('#')?).decode_utf8().ok()?;
        self.root.pointer(&pointer)
    }

    /// A copy of a default, if it is not too large.
    pub(super) fn copy(&self, default: &Value) -> Option<Value> {
        self.spend(weight(default)).then(|| default.clone())
    }

    /// Goes all the ways that a validator goes, which knows no such limit.
    ///
    /// # Errors
    ///
    /// When they are too many, or the schema says something by which its ways cannot be foreseen.
    pub(super) fn is_finite(&self, value: &Value) -> Result<(), String> {
        self.go(self.root, value, 0)
    }

    fn go(&self, schema: &'s Value, value: &Value, depth: usize) -> Result<(), String> {
        let Some(keywords) = schema.as_object() else { return Ok(()) };
        if depth > DEEPEST || !self.spend(1) {
            return Err(ENDLESS.to_owned());
        }
        // To know what is left over, the others are asked once more.
        let asks_twice =
            ["unevaluatedProperties", "unevaluatedItems"].iter().any(|key| keywords.contains_key(*key));
        for _ in 0..=usize::from(asks_twice) {
            for (keyword, below) in keywords {
                match keyword.as_str() {
                    // They would change what the references lead to.
                    "$id" | "id" if std::ptr::eq(schema, self.root) => {}
                    "$id" | "id" | "$dynamicRef" | "$recursiveRef" => {
                        return Err(format!(
                            "the plugin's config schema may not use `{keyword}` in its parts"
                        ));
                    }
                    _ => self.go_by(keyword, below, value, depth + 1)?,
                }
            }
        }
        Ok(())
    }

    fn go_by(&self, keyword: &str, below: &'s Value, value: &Value, depth: usize) -> Result<(), String> {
        let items = || value.as_array().into_iter().flatten();
        let members = || value.as_object().into_iter().flatten();
        let schemas = || below.as_object().into_iter().flat_map(|object| object.values());
        match keyword {
            "$ref" => {
                let target = self.target(below).ok_or_else(|| {
                    format!("the plugin's config schema refers to {below}; it may refer to its own parts, as \"#/$defs/x\"")
                })?;
                self.go(target, value, depth)
            }
            "allOf" | "anyOf" | "oneOf" => {
                below.as_array().into_iter().flatten().try_for_each(|schema| self.go(schema, value, depth))
            }
            "not" | "if" | "then" | "else" => self.go(below, value, depth),
            "dependentSchemas" | "dependencies" => {
                schemas().try_for_each(|schema| self.go(schema, value, depth))
            }
            "properties" => members()
                .filter_map(|(name, value)| Some((below.get(name)?, value)))
                .try_for_each(|(schema, value)| self.go(schema, value, depth)),
            "patternProperties" => schemas()
                .try_for_each(|schema| members().try_for_each(|(_, value)| self.go(schema, value, depth))),
            "additionalProperties" | "unevaluatedProperties" => {
                members().try_for_each(|(_, value)| self.go(below, value, depth))
            }
            "propertyNames" => {
                members().try_for_each(|(name, _)| self.go(below, &Value::from(name.as_str()), depth))
            }
            "prefixItems" | "items" if below.is_array() => {
                let schemas = below.as_array().into_iter().flatten();
                schemas.zip(items()).try_for_each(|(schema, item)| self.go(schema, item, depth))
            }
            "items" | "additionalItems" | "unevaluatedItems" | "contains" => {
                items().try_for_each(|item| self.go(below, item, depth))
            }
            _ => Ok(()),
        }
    }
}

/// How many steps a value is worth.
fn weight(value: &Value) -> usize {
    let text = |text: &str| 1 + text.len() / STEP_BYTES;
    match value {
        Value::Object(object) => {
            1 + object.iter().map(|(key, value)| text(key) + weight(value)).sum::<usize>()
        }
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::String(string) => text(string),
        _ => 1,
    }
}

/// What an optional value is when it is there.
pub(super) fn unless_null(schema: &Value) -> Option<&Value> {
    let branches = schema.get("anyOf")?.as_array()?;
    let mut others = branches.iter().filter(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    others.next().filter(|_| others.next().is_none())
}

/// What checks values. Its patterns are of the `regex` crate, which takes no longer for a hostile one.
///
/// # Errors
///
/// When it is no JSON Schema, or its patterns are too large or too many.
pub(crate) fn validator(schema: &Value) -> Result<Validator, String> {
    let patterns = patterns(schema);
    if patterns > PATTERNS {
        return Err(format!("it has {patterns} patterns; {PATTERNS} are allowed"));
    }
    let engine = PatternOptions::regex().size_limit(PATTERN_SIZE).dfa_size_limit(2 * PATTERN_SIZE);
    jsonschema::options().with_pattern_options(engine).build(schema).map_err(|e| e.to_string())
}

fn patterns(schema: &Value) -> usize {
    match schema {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| {
                let own = match (key.as_str(), value) {
                    ("pattern", Value::String(_)) => 1,
                    ("patternProperties", Value::Object(patterns)) => patterns.len(),
                    _ => 0,
                };
                own + patterns(value)
            })
            .sum(),
        Value::Array(items) => items.iter().map(patterns).sum(),
        _ => 0,
    }
}
