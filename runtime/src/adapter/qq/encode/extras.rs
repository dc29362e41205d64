//! Segments that are the platform's own JSON: buttons, templates, embeds, markdown.

use serde_json::{Map, Value, json};

use super::{invalid, unsupported};
use crate::adapter::qq::Rules;
use crate::adapter::qq::place::Scene;
use crate::model::{Error, Markdown};

/// Rows of a keyboard, and buttons of a row.
const BUTTONS: usize = 5;

/// The `markdown` of a request.
pub(super) fn markdown(scene: Scene, markdown: &Markdown, rules: &Rules) -> Result<Value, Error> {
    if !rules.markdown {
        let remedy =
            "its permission is switched off for this bot (`markdown` in its [[bot]] table); send text";
        return unsupported(scene, "markdown", remedy);
    }
    let content = markdown.content.as_deref().filter(|content| !content.is_empty());
    match (&markdown.template, content) {
        (Some(template), None) => object("markdown's template", template).map(Value::Object),
        (None, Some(content)) => Ok(json!({"content": content})),
        (Some(_), Some(_)) => invalid("a markdown has content and a template; give one of them"),
        (None, None) => invalid("a markdown is empty; give its content or a template"),
    }
}

/// The `keyboard` of a request.
pub(super) fn keyboard(text: &str) -> Result<Value, Error> {
    let keyboard = object("keyboard", text)?;
    if keyboard.get("id").is_some_and(|id| !id.is_null()) {
        return Ok(Value::Object(keyboard));
    }
    let Some(rows) = keyboard.get("content").and_then(|content| content.get("rows")?.as_array()) else {
        return invalid("a keyboard has neither `id` nor `content.rows`; give one of them");
    };
    if rows.is_empty() || rows.len() > BUTTONS {
        return invalid(&format!("a keyboard has {} rows; it takes 1 to {BUTTONS}", rows.len()));
    }
    for (number, row) in rows.iter().enumerate() {
        let buttons = row.get("buttons").and_then(Value::as_array).map_or(0, Vec::len);
        if buttons == 0 || buttons > BUTTONS {
            let row = number + 1;
            return invalid(&format!(
                "row {row} of a keyboard has {buttons} buttons; it takes 1 to {BUTTONS}"
            ));
        }
    }
    Ok(Value::Object(keyboard))
}

/// The `ark` of a request.
pub(super) fn ark(scene: Scene, text: &str, rules: &Rules) -> Result<Value, Error> {
    if !rules.ark {
        let remedy = "its permission is switched off for this bot (`ark` in its [[bot]] table); send text";
        return unsupported(scene, "ark", remedy);
    }
    let ark = object("ark", text)?;
    if ark.contains_key("template_id") {
        return Ok(Value::Object(ark));
    }
    if ark.contains_key("ark_type") {
        return unsupported(scene, "a received card", "send its address and title as text, or a template");
    }
    invalid("an ark has no `template_id`; give the template and its `kv`")
}

/// The `embed` of a request.
pub(super) fn embed(scene: Scene, text: &str) -> Result<Value, Error> {
    if scene.is_newer() {
        return unsupported(scene, "embed", "it is closed there; send markdown, or text");
    }
    object("embed", text).map(Value::Object)
}

fn object(what: &str, text: &str) -> Result<Map<String, Value>, Error> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => invalid(&format!("the {what} is JSON, but no object; give the platform's own JSON of it")),
        Err(reason) => {
            invalid(&format!("the {what} is no JSON ({reason}); give the platform's own JSON of it"))
        }
    }
}
