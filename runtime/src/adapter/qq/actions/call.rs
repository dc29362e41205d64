//! The platform's own requests, made by hand. Those that send messages share the numbers of all the others.

use reqwest::Method;
use serde_json::{Map, Value};

use super::super::account::{Account, Pace};
use super::super::api::{Body, Repeat, Request};
use super::super::outbox::Sent;
use super::super::place::{Place, Scene};
use super::super::{Anchor, AnchorKind};
use crate::adapter::now;
use crate::model::{ChannelChat, Chat, DirectChat, Error};
use crate::web::escaped;

/// Carries out "METHOD /path" with `params` as query (GET) or body.
pub(in super::super) async fn run(account: &Account, action: &str, params: Value) -> Result<Value, Error> {
    let (method, path) = read(action)?;
    let Value::Object(params) = params else {
        return Err(Error::Invalid(format!("the parameters of {action} must be a JSON object")));
    };
    let message = Place::read(path).filter(|(_, what)| method == Method::POST && *what == "messages");
    if let Some((place, _)) = message {
        return send(account, &place, path, params).await;
    }
    if let Some(id) = path.strip_prefix("/interactions/").filter(|_| method == Method::PUT) {
        account.interactions.note(id);
    }
    let (path, body) = if method == Method::GET {
        (with_query(path, &params), None)
    } else {
        let wanted = !params.is_empty() || method != Method::DELETE;
        (path.to_owned(), wanted.then_some(Value::Object(params)))
    };
    let repeat =
        if method == Method::POST || method == Method::PATCH { Repeat::Never } else { Repeat::Idempotent };
    let timings = &account.settings.timings;
    let patience = if path.ends_with("/files") { timings.upload } else { timings.answer };
    account.pace(Pace::Send).await;
    let body = body.as_ref().map_or(Body::None, Body::Json);
    let reply = account.api.call(Request { method, path: &path, body, repeat, patience }).await?;
    Ok(reply.body)
}

/// A message made by hand: in its chat's order, and with a number that no other one has.
async fn send(
    account: &Account,
    place: &Place,
    path: &str,
    mut fields: Map<String, Value>,
) -> Result<Value, Error> {
    let chat = chat(place);
    let _turn = account.lanes.turn(&super::super::place::lane(&chat)).await;
    let named = |key: &str| fields.get(key).and_then(Value::as_str).filter(|id| !id.is_empty());
    let anchor = named("msg_id").map(|id| (AnchorKind::Message, id));
    let anchor = anchor.or_else(|| named("event_id").map(|id| (AnchorKind::Event, id))).map(|(kind, id)| {
        let received = now() as u64;
        Anchor { kind, id: id.to_owned(), received, redelivered: false }
    });
    let mut repeat = Repeat::Never;
    if let Some(anchor) = anchor.filter(|_| place.scene.is_newer()) {
        let given =
            fields.get("msg_seq").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        if given.is_none() {
            fields.insert("msg_seq".to_owned(), account.books.number(place, &anchor, now()).into());
        }
        account.books.note(place, &anchor, given, now());
        repeat = Repeat::Same;
    }
    account.pace(if place.scene == Scene::Channel { Pace::Channel(&place.id) } else { Pace::Send }).await;
    let reply = account.post(path, &Value::Object(fields), repeat).await?;
    if let Sent { id: Some(id), index, .. } = Sent::read(&reply) {
        account.memory.note_sent(&id, index.as_deref(), &chat, "");
    }
    Ok(reply.body)
}

/// The chat of a place, as far as a path tells.
fn chat(place: &Place) -> Chat {
    let id = place.id.clone();
    match place.scene {
        Scene::Private => Chat::Private(id),
        Scene::Group => Chat::Group(id),
        Scene::Channel => Chat::Channel(ChannelChat { guild: String::new(), channel: id }),
        Scene::Direct => Chat::Direct(DirectChat { guild: Some(id), user: String::new(), source: None }),
    }
}

fn read(action: &str) -> Result<(Method, &str), Error> {
    let wrong = |reason: &str| {
        Err(Error::Invalid(format!(
            "{action:?} is no request: {reason}; write method and path, like \"GET /users/@me\""
        )))
    };
    let Some((method, path)) = action.trim().split_once(' ') else { return wrong("it has no path") };
    let method = match method.to_ascii_uppercase().as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => return wrong("the method is none of GET, POST, PUT, PATCH, DELETE"),
    };
    let path = path.trim();
    if !path.starts_with('/') || path.starts_with("//") {
        return wrong("the path does not begin with one slash");
    }
    if path.contains(['#', '\\']) || path.chars().any(|letter| letter.is_whitespace() || letter.is_control())
    {
        return wrong("the path has characters that must be escaped");
    }
    let dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split(['/', '?']).any(dots) {
        return wrong("the path leads upwards");
    }
    Ok((method, path))
}

fn with_query(path: &str, params: &Map<String, Value>) -> String {
    let mut path = path.to_owned();
    for (name, value) in params {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        path.push(if path.contains('?') { '&' } else { '?' });
        path += &format!("{}={}", escaped(name), escaped(&value));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_action_is_a_method_and_a_path() {
        assert_eq!(read("GET /users/@me"), Ok((Method::GET, "/users/@me")));
        assert_eq!(read("delete /v2/x/ROBOT1.0_a!"), Ok((Method::DELETE, "/v2/x/ROBOT1.0_a!")));
        for bad in [
            "",
            "GET",
            "/users/@me",
            "FETCH /x",
            "GET users",
            "GET //evil.example/x",
            "GET https://evil.example/",
            "GET /a/../b",
            "GET /a/%2E%2e/b",
            "GET /a b",
            "GET /a\r\nX: y",
            "GET /a#b",
        ] {
            assert!(matches!(read(bad), Err(Error::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn what_is_read_is_asked_for_in_the_query() {
        let params = json!({"limit": 20, "cursor": "a b&c", "deep": {"x": 1}});
        let Value::Object(params) = params else { panic!() };
        let query = with_query("/x", &params);
        assert!(query.starts_with("/x?") && query.contains("limit=20"), "{query}");
        assert!(query.contains("cursor=a%20b%26c") && query.contains("deep=%7B%22x%22%3A1%7D"), "{query}");
        assert_eq!(with_query("/x?y=1", &params).matches('?').count(), 1);
    }
}
