//! Merged messages that have to be made: nodes, and nodes in nodes.

use serde_json::{Map, Value, json};

use super::Upload;
use super::segment::{self, Piece, Scope};
use crate::model::{Error, Forward, ForwardCover, ForwardNode, Segment};

/// QQ shows merged messages three deep.
const DEPTH: usize = 3;

/// The `node` segments of a merged message that is the `depth`th from outside, and what their media need.
pub(super) fn nodes(forward: &Forward, depth: usize) -> Result<(Vec<Value>, Upload), Error> {
    if depth > DEPTH {
        return Err(Error::Unsupported(format!(
            "QQ nests merged messages at most {DEPTH} deep; take the innermost ones out"
        )));
    }
    if forward.nodes.is_empty() {
        return Err(Error::Invalid("the forward has neither an id nor nodes; add a node".to_owned()));
    }
    let mut upload = Upload::default();
    let nodes = forward.nodes.iter().map(|one| node(one, depth, &mut upload)).collect::<Result<_, _>>()?;
    Ok((nodes, upload))
}

/// The texts of the outer card, in NapCat's words.
pub(super) fn cover(cover: &ForwardCover, params: &mut Map<String, Value>) {
    let texts = [("source", &cover.title), ("summary", &cover.summary), ("prompt", &cover.prompt)];
    for (key, text) in texts {
        if let Some(text) = text {
            params.insert(key.to_owned(), text.as_str().into());
        }
    }
    if !cover.preview.is_empty() {
        let lines = cover.preview.iter().map(|line| json!({"text": line})).collect();
        params.insert("news".to_owned(), Value::Array(lines));
    }
}

fn node(node: &ForwardNode, depth: usize, upload: &mut Upload) -> Result<Value, Error> {
    if let Some(message) = node.message.as_deref().filter(|message| !message.is_empty()) {
        return Ok(json!({"type": "node", "data": {"id": message}}));
    }
    let content: Vec<Segment> = serde_json::from_str(&node.content).map_err(|reason| {
        Error::Invalid(format!("a node's content is not the JSON form of segments: {reason}"))
    })?;
    let mut data = Map::new();
    if !node.sender.is_empty() {
        data.insert("user_id".to_owned(), node.sender.as_str().into());
    }
    data.insert("nickname".to_owned(), node.nickname.as_str().into());
    if let Some(time) = node.time {
        data.insert("time".to_owned(), (time as i64).into());
    }
    let mut inside = Vec::new();
    let mut merged = None;
    for piece in &content {
        match segment::encode(piece, Scope { private: false, depth }, upload)? {
            Piece::Nothing => {}
            Piece::Mixes(segment) | Piece::Alone(segment) => inside.push(segment),
            Piece::Merged(forward) if merged.is_none() => merged = Some(forward),
            Piece::Merged(_) => return Err(mixed()),
        }
    }
    if let Some(forward) = merged {
        if !inside.is_empty() {
            return Err(mixed());
        }
        let (nested, more) = nodes(forward, depth + 1)?;
        upload.add(more);
        inside = nested;
        if let Some(texts) = &forward.cover {
            cover(texts, &mut data);
        }
    }
    if inside.is_empty() {
        return Err(Error::Invalid("a node of the forward is empty; add content or leave it out".to_owned()));
    }
    data.insert("content".to_owned(), Value::Array(inside));
    Ok(json!({"type": "node", "data": data}))
}

fn mixed() -> Error {
    Error::Invalid(
        "a node holds a forward beside other segments; give the forward a node of its own".to_owned(),
    )
}
