//! What a user writes.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{Shape, clock::rfc3339, ids};

/// A message as a user makes it up, for C2C chats and groups.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    content: String,
    attachments: Vec<Value>,
    message_type: u64,
    quoted: Option<Value>,
    fields: Map<String, Value>,
}

impl Draft {
    /// Text.
    pub fn text(text: &str) -> Self {
        Self { content: text.to_owned(), ..Self::default() }
    }

    /// A face: type 1 with its id, or type 4 of the market without one.
    pub fn face(mut self, kind: u64, id: &str, text: &str) -> Self {
        let ext = STANDARD.encode(json!({"text": text}).to_string());
        self.content.push_str(&format!("<faceType={kind},faceId=\"{id}\",ext=\"{ext}\">"));
        self
    }

    /// A picture.
    pub fn image(self, url: &str) -> Self {
        self.attachment(json!({"url": url, "filename": "B43A0CF83A2D80BBEFBB9C566FEE436F.jpg", "width": 520,
            "height": 524, "size": 53851, "content_type": "image/jpeg", "content": ""}))
    }

    /// A voice message with its recognised text, which may be empty.
    pub fn voice(self, url: &str, recognised: &str) -> Self {
        let mut voice = json!({"url": url, "filename": "6A3051F3A1B2C3D4.amr", "size": 20480,
            "content_type": "voice", "voice_wav_url": format!("{url}.wav"), "content": ""});
        if !recognised.is_empty() {
            voice["asr_refer_text"] = recognised.into();
        }
        self.attachment(voice)
    }

    /// A video.
    pub fn video(self, url: &str) -> Self {
        self.attachment(json!({"url": url, "filename": "e8996238c43fed13f729cc50fa63247e.mp4",
            "size": 1_445_391, "content_type": "video/mp4", "content": ""}))
    }

    /// A file.
    pub fn file(self, url: &str, name: &str, size: u64) -> Self {
        self.attachment(json!({"url": url, "filename": name, "size": size, "content_type": "file",
            "content": ""}))
    }

    /// Any attachment.
    pub fn attachment(mut self, attachment: Value) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Quotes a message by its index.
    pub fn quote(mut self, index: &str, content: &str) -> Self {
        self.quoted = Some(json!({"msg_idx": index, "message_type": 103, "content": content}));
        self.message_type = 103;
        self
    }

    /// A card: nothing but the type in 2025, with what it shows in 2026.
    pub fn card(mut self, ark_type: &str, title: &str) -> Self {
        let fields = json!({"title": title, "nickname": title});
        let ark = json!({"prompt": title, "ark_type": ark_type, "ark_name": "", "fields": fields});
        self.message_type = 3;
        self.field("ark_data", ark)
    }

    /// Any other field of `d`, such as `mentions`.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// `d` without author and place.
    pub(super) fn body(&self, shape: Shape, now: u64) -> Value {
        let mut d = json!({"id": ids::message(), "content": self.content, "timestamp": rfc3339(now)});
        if !self.attachments.is_empty() {
            d["attachments"] = json!(self.attachments);
        }
        if shape == Shape::Early2025 {
            d["message_scene"] = json!({"source": "default", "callback_data": ""});
        } else {
            let mut ext = vec![format!("msg_idx={}", ids::reference())];
            if let Some(quoted) = &self.quoted {
                ext.insert(0, format!("ref_msg_idx={}", quoted["msg_idx"].as_str().unwrap_or_default()));
                d["msg_elements"] = json!([quoted]);
            }
            if shape == Shape::Y2026 {
                ext.push(format!("auth_token={}", ids::hex(34)));
            }
            d["message_scene"] = json!({"source": "default", "ext": ext});
            d["message_type"] = self.message_type.into();
        }
        for (name, value) in &self.fields {
            if shape == Shape::Y2026 || name != "ark_data" {
                d[name] = value.clone();
            }
        }
        d
    }
}

impl From<&str> for Draft {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}
