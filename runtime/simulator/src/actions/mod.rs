//! The default answers, as far as bots need them: one row of a table per action.

mod files;
mod groups;
mod messages;
mod people;
mod streams;
mod system;

use serde_json::{Value, json};

use super::{
    answer::Outcome,
    send::{SENDS, send},
    world::World,
};

/// What a request did: its outcome, and the events it gave rise to.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    /// The `message_sent` event of a send.
    pub(super) sent: Option<Value>,
    /// Notices that come after the answer.
    pub(super) notices: Vec<Value>,
}

type Handler = fn(&mut World, &Value) -> Outcome;

/// Name, parameters that must be there, handler.
type Row = (&'static str, &'static [&'static str], Handler);

const NULL: Handler = |_, _| Outcome::Data(Value::Null);
const VOID: Handler = |_, _| Outcome::Void;
const KERNEL: Handler = |_, _| Outcome::Data(json!({"result": 0, "errMsg": ""}));

const TABLES: [&[Row]; 6] =
    [messages::ACTIONS, people::ACTIONS, groups::ACTIONS, files::ACTIONS, streams::ACTIONS, system::ACTIONS];

/// The names of all actions that are answered, sends first.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SENDS.iter().copied().chain(TABLES.into_iter().flatten().map(|(name, ..)| *name))
}

/// Runs one action, or fails as NapCat does when it is unknown or lacks a parameter.
pub(super) fn run(world: &mut World, action: &str, params: &Value) -> Done {
    let name =
        ["_async", "_rate_limited"].iter().find_map(|suffix| action.strip_suffix(suffix)).unwrap_or(action);
    let row = TABLES.into_iter().flatten().find(|(known, ..)| *known == name);
    let outcome = match row {
        _ if SENDS.contains(&name) => send_as(world, name, params),
        Some((_, required, handler)) => missing(params, required).unwrap_or_else(|| handler(world, params)),
        None => {
            let action = if action.is_empty() { "undefined" } else { action };
            Outcome::Failed(1404, format!("不支持的API {action}"))
        }
    };
    Done { outcome, sent: world.sent.take(), notices: std::mem::take(&mut world.notices) }
}

/// Sends, and keeps the event of it for [`Done`].
fn send_as(world: &mut World, action: &str, params: &Value) -> Outcome {
    match send(world, action, params) {
        Some(Ok(sent)) => {
            world.sent = Some(sent.event);
            Outcome::Data(sent.answer)
        }
        Some(Err(failure)) => failure,
        None => Outcome::Nothing,
    }
}

/// The failure of a request that lacks a parameter, or has an id of the wrong type.
fn missing(params: &Value, required: &[&str]) -> Option<Outcome> {
    required.iter().find_map(|name| match &params[name] {
        Value::Null => Some(Outcome::bad_params("Schema compilation error: Expected required property")),
        value if name.ends_with("_id") && !value.is_string() && !value.is_number() => {
            // Only this one takes several.
            let several = *name == "user_id" && value.is_array();
            (!several).then(|| Outcome::bad_params("Schema compilation error: Expected string"))
        }
        _ => None,
    })
}

/// A switch, given as boolean or as text.
fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| Some(value.as_str()? == "true"))
}

/// A text or number as text.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
