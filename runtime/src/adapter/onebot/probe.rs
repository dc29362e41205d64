//! What the benchmark measures of frames, by the same code that reads and writes them on a link.

use serde::Serialize;
use serde_json::Value;

use super::decode::{self, Context, Decoded};
use super::encode;
use super::memory::Memory;
use super::wire::{self, Frame};
use crate::model::{Bot, Chat, Error, Segment};

/// An account that is on no link.
#[derive(Debug)]
pub struct Codec {
    bot: Bot,
    memory: Memory,
}

#[derive(Serialize)]
struct Request<'a> {
    action: &'a str,
    params: &'a Value,
    echo: &'a str,
}

impl Codec {
    /// Reads as the account `id`.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let bot = Bot {
            id: id.to_owned(),
            platform: "onebot".to_owned(),
            nickname: "bot".to_owned(),
            online: true,
        };
        Self { bot, memory: Memory::default() }
    }

    /// Reads a frame's bytes, all the way to the events for plugins or to the `data` of an answer. What it was, in a
    /// number that depends on all of that.
    ///
    /// # Errors
    ///
    /// When it is no frame.
    pub fn decode(&mut self, frame: &[u8]) -> Result<usize, String> {
        let text = std::str::from_utf8(frame).map_err(|reason| reason.to_string())?;
        let read = wire::frame(text, |frame| match frame {
            Frame::Event(node) => {
                let mut context = Context { bot: &self.bot, memory: &mut self.memory };
                match decode::event(&node, text, &mut context) {
                    Decoded::Events(events) => Ok(events.iter().map(|event| event.original.len()).sum()),
                    Decoded::Connected => Ok(1),
                    Decoded::Heartbeat { interval, .. } => {
                        Ok(interval.map_or(2, |time| time.as_secs() as usize))
                    }
                }
            }
            Frame::Response(response) => {
                wire::document(&response.outcome.data, |data| usize::from(data.is_null()) + 1)
            }
        });
        read.and_then(|read| read).map_err(|bad| bad.to_string())
    }

    /// The frames that send `content` to `chat`.
    ///
    /// # Errors
    ///
    /// When NapCat cannot send it.
    pub fn encode(&self, chat: &Chat, content: &[Segment]) -> Result<Vec<String>, Error> {
        let sends = encode::sends(chat, content, None)?;
        let frames = sends.iter().map(|send| {
            let request = Request { action: send.action, params: &send.params, echo: "5f3a21-1" };
            serde_json::to_string(&request).map_err(|reason| Error::Other(reason.to_string()))
        });
        frames.collect()
    }
}
