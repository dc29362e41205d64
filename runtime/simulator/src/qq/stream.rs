//! Messages that grow while they are read, in C2C chats.

use serde_json::{Value, json};

use super::{
    Chat,
    clock::rfc3339,
    error::Refusal,
    error::Reply,
    send::{Basis, text},
    sent::{Sent, Via},
    world::World,
};

/// A message in pieces.
#[derive(Clone, Debug)]
pub struct Stream {
    /// To whom.
    pub chat: Chat,
    /// What was shown so far.
    pub shown: String,
    /// Pieces so far.
    pub pieces: u64,
    /// The last piece has come.
    pub ended: bool,
    basis: Basis,
    sequence: Value,
    content_type: String,
    reference: String,
}

impl World {
    /// Takes one piece; the message once it is whole.
    pub(super) fn stream(
        &mut self,
        chat: &Chat,
        body: &Value,
        now: u64,
    ) -> Result<(Reply, Option<Sent>), Refusal> {
        self.known(chat)?;
        let malformed = |words: &str| Refusal::new(50_035, words);
        let piece = body["content_raw"].as_str().ok_or_else(|| malformed("content_raw无效"))?;
        let index = body["index"].as_u64().ok_or_else(|| malformed("index无效"))?;
        let content_type = text(body, "content_type").unwrap_or("text");
        let replace = match text(body, "input_mode") {
            None | Some("append") => false,
            Some("replace") => true,
            Some(_) => return Err(malformed("input_mode无效")),
        };
        let ends = match body["input_state"].as_u64() {
            Some(1) => false,
            Some(10) => true,
            _ => return Err(malformed("input_state无效")),
        };
        if !matches!(content_type, "text" | "markdown") {
            return Err(malformed("content_type无效"));
        }
        if content_type == "markdown" && !self.app.markdown {
            return Err(Refusal::new(40_034_127, "没有markdown权限"));
        }
        let id = match text(body, "stream_msg_id") {
            Some(id) => id.to_owned(),
            None if index == 0 => self.open(chat, body, content_type, now)?,
            None => return Err(malformed("缺少stream_msg_id")),
        };
        let stream = self.streams.get_mut(&id).filter(|stream| stream.chat == *chat);
        let stream = stream.ok_or_else(|| malformed("stream_msg_id无效"))?;
        if stream.ended {
            return Err(Refusal::new(50_045, "流式消息已结束"));
        }
        if index != stream.pieces || body["msg_seq"] != stream.sequence || content_type != stream.content_type
        {
            return Err(malformed("index、msg_seq或content_type不连续"));
        }
        if replace {
            if !piece.starts_with(&stream.shown) {
                return Err(Refusal::new(40_007, "已发送的内容前缀不能修改"));
            }
            piece.clone_into(&mut stream.shown);
        } else {
            stream.shown.push_str(piece);
        }
        (stream.pieces, stream.ended) = (stream.pieces + 1, ends);
        let answer = json!({"id": id, "timestamp": rfc3339(now), "ext_info": {"ref_idx": stream.reference},
            "remain_msg_len": self.options.limits.text.saturating_sub(stream.shown.chars().count())});
        let stream = stream.clone();
        let whole = ends.then(|| {
            let mut whole = body.clone();
            whole["content_raw"] = stream.shown.clone().into();
            let sent = Sent::new(&self.app, chat.clone(), id, whole, Via::Stream);
            sent.answering(&stream.basis).reference(stream.reference)
        });
        Ok((Reply::json(&answer), whole))
    }

    fn open(&mut self, chat: &Chat, body: &Value, content_type: &str, now: u64) -> Result<String, Refusal> {
        let basis = self.take_basis(chat, body, now, false)?;
        let (id, reference) = self.keep_own(chat, now);
        let stream = Stream {
            chat: chat.clone(),
            shown: String::new(),
            pieces: 0,
            ended: false,
            basis,
            sequence: body["msg_seq"].clone(),
            content_type: content_type.to_owned(),
            reference,
        };
        self.streams.insert(id.clone(), stream);
        Ok(id)
    }
}
