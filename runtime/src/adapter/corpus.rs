//! The recorded payloads, as the tests of the adapters read them.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(in crate::adapter) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus")
}

/// The documents of one folder of the corpus, by file name; there are more than `least`.
pub(in crate::adapter) fn payloads(name: &str, least: usize) -> Vec<(String, String)> {
    let dir = folder().join(name);
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() > least, "{} holds the corpus", dir.display());
    files
}

/// One document, by its path without the ending.
pub(in crate::adapter) fn payload(name: &str) -> String {
    let file = folder().join(format!("{name}.json"));
    std::fs::read_to_string(&file).unwrap_or_else(|reason| panic!("{}: {reason}", file.display()))
}

/// `{"$": pointer}` stands for that value of the payload.
pub(in crate::adapter) fn resolve(expected: &Value, payload: &Value) -> Value {
    match expected {
        Value::Object(fields) if fields.contains_key("$") => {
            let pointer = fields["$"].as_str().unwrap();
            payload.pointer(pointer).unwrap_or_else(|| panic!("the payload has {pointer}")).clone()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), resolve(value, payload)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| resolve(item, payload)).collect(),
        scalar => scalar.clone(),
    }
}
