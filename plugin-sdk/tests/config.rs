//! `#[derive(Config)]`: the schema and the reading agree.

use std::collections::BTreeMap;

use iglu_sdk::{prelude::*, serde_json::from_value};

#[derive(Config, Debug, PartialEq)]
enum Mode {
    Quiet,
    /// Says everything.
    VeryLoud,
}

#[derive(Config, Debug, PartialEq)]
struct Limits {
    #[config(default = 3)]
    per_minute: u8,
}

/// What the owner sets.
#[derive(Config, Debug, PartialEq)]
struct Settings {
    /// A name.
    name: String,
    #[config(default = Mode::Quiet)]
    mode: Mode,
    ratio: Option<f64>,
    #[config(default = vec!["a".to_owned()])]
    words: Vec<String>,
    #[config(default = Limits { per_minute: 9 })]
    limits: Limits,
    #[config(default = BTreeMap::new())]
    r#loop: BTreeMap<String, u32>,
}

#[test]
fn the_schema_has_types_descriptions_and_defaults() {
    assert_eq!(
        Settings::schema(),
        json!({
            "type": "object",
            "description": "What the owner sets.",
            "additionalProperties": false,
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "description": "A name."},
                "mode": {"type": "string", "enum": ["quiet", "very-loud"], "description": "very-loud: Says everything.",
                    "default": "quiet"},
                "ratio": {"type": "number"},
                "words": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
                "limits": {"type": "object", "additionalProperties": false, "default": {"per_minute": 9},
                    "properties": {"per_minute": {"type": "integer", "minimum": 0, "maximum": 255, "default": 3}}},
                "loop": {"type": "object", "default": {},
                    "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 4294967295u32}},
            },
        })
    );
}

#[test]
fn what_is_missing_gets_the_schemas_defaults() {
    let read: Settings = from_value(json!({"name": "n", "limits": {}})).unwrap();
    let expected = Settings {
        name: "n".into(),
        mode: Mode::Quiet,
        ratio: None,
        words: vec!["a".into()],
        limits: Limits { per_minute: 3 },
        r#loop: BTreeMap::new(),
    };
    assert_eq!(read, expected);
    let read: Settings = from_value(json!({"name": "n", "mode": "very-loud", "loop": {"x": 1}})).unwrap();
    assert_eq!((read.mode, read.limits.per_minute, read.r#loop["x"]), (Mode::VeryLoud, 9, 1));
}

#[test]
fn what_does_not_fit_is_refused() {
    for wrong in [json!({}), json!({"name": 1}), json!({"name": "n", "mode": "shy"})] {
        assert!(from_value::<Settings>(wrong.clone()).is_err(), "{wrong}");
    }
}
