//! Frames of the gateway and deliveries of the webhook: one envelope.

use crate::adapter::node::Node;

/// `{"op", "id", "s", "t", "d"}`, all of them optional. `d` is whatever it is.
#[derive(Debug)]
pub(super) struct Envelope<'a>(Node<'a>);

impl<'a> Envelope<'a> {
    /// Reads one.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(node @ Node::Object(_)) => Ok(Self(node)),
            Ok(_) => Err("it is JSON, but no object".to_owned()),
            Err(reason) => Err(format!("it cannot be read as JSON: {reason}")),
        }
    }

    /// The opcode.
    pub(super) fn op(&self) -> Option<i64> {
        self.0.at("op").number().map(|op| op as i64)
    }

    /// The outer id: the key that tells repetitions, and the `event_id` of answers.
    pub(super) fn id(&self) -> Option<&str> {
        self.0.at("id").as_str().filter(|id| !id.is_empty())
    }

    /// The number in the gateway's session.
    pub(super) fn sequence(&self) -> Option<i64> {
        self.0.at("s").number().map(|number| number as i64)
    }

    /// The kind of event.
    pub(super) fn kind(&self) -> &str {
        self.0.at("t").as_str().unwrap_or_default()
    }

    /// The event itself.
    pub(super) fn data(&self) -> &Node<'a> {
        self.0.at("d")
    }
}
