//! What a message body may hold: kinds, markdown, keyboards, quotes, addresses in text.

use serde_json::Value;

use super::{Chat, error::Refusal, world::World};

type Checked = Result<(), Refusal>;

fn mismatch() -> Refusal {
    Refusal::new(22_006, "msg_type不匹配消息内容")
}

impl World {
    /// Checks the content of a message to a C2C chat or group, before anything is used up.
    pub(super) fn check_content(&self, chat: &Chat, body: &Value, now: u64) -> Checked {
        let content = body["content"].as_str().unwrap_or_default();
        let has = |key: &str| body[key].is_object();
        match body["msg_type"].as_u64().or(body["msg_type"].is_null().then_some(0)) {
            Some(0) if ["markdown", "ark", "media", "embed"].into_iter().any(has) => return Err(mismatch()),
            Some(0) if content.is_empty() => return Err(Refusal::new(50_006, "消息内容为空")),
            Some(0) => {}
            Some(2) if !has("markdown") || !content.trim().is_empty() => return Err(mismatch()),
            Some(2) => self.check_markdown(&body["markdown"])?,
            Some(3) if !body["ark"]["template_id"].is_number() => return Err(mismatch()),
            Some(3) if !self.app.ark => return Err(Refusal::new(304_004, "没有ark权限").status(403)),
            Some(3) => {}
            Some(4) => return Err(Refusal::new(11_253, "check app privilege not pass").status(403)),
            Some(6) if matches!(chat, Chat::User(_)) => check_notify(body)?,
            Some(7) if !has("media") => return Err(mismatch()),
            Some(7) => drop(self.usable_file(chat, &body["media"]["file_info"], now)?),
            _ => return Err(mismatch()),
        }
        self.check_text(content, matches!(chat, Chat::User(_) | Chat::Group(_)))?;
        if has("keyboard") {
            if body["msg_type"] != 2 {
                return Err(Refusal::new(304_040, "keyboard需要和markdown一起使用"));
            }
            check_keyboard(&body["keyboard"])?;
        }
        self.check_reference(&body["message_reference"])
    }

    fn check_markdown(&self, markdown: &Value) -> Checked {
        let template = markdown["custom_template_id"].as_str().is_some_and(|id| !id.is_empty());
        let content = markdown["content"].as_str().unwrap_or_default();
        match (template, self.app.markdown) {
            (_, false) => Err(Refusal::new(40_034_127, "没有markdown权限")),
            (true, true) => Ok(()),
            (false, true) if content.trim().is_empty() => Err(Refusal::new(40_034_008, "markdown参数为空")),
            (false, true) => Ok(()),
        }
    }

    /// Length and addresses of plain text.
    pub(super) fn check_text(&self, text: &str, open: bool) -> Checked {
        if text.chars().count() > self.options.limits.text {
            return Err(Refusal::new(40_054_007, "消息长度超限"));
        }
        match (self.app.urls || !looks_like_url(text), open) {
            (true, _) => Ok(()),
            (false, true) => Err(Refusal::new(40_054_010, "不允许发送url")),
            (false, false) => Err(Refusal::new(304_003, "url not allowed").status(403)),
        }
    }

    fn check_reference(&self, reference: &Value) -> Checked {
        let Some(index) = reference["message_id"].as_str() else { return Ok(()) };
        let lenient = reference["ignore_get_message_error"] == true;
        if lenient || self.references.contains(index) {
            return Ok(());
        }
        Err(Refusal::new(304_026, "引用的消息不存在"))
    }
}

fn check_notify(body: &Value) -> Checked {
    let notify = &body["input_notify"];
    let seconds = notify["input_second"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds));
    if notify["input_type"] == 1 && seconds {
        return Ok(());
    }
    Err(Refusal::new(50_059, "invalid input type"))
}

/// At most five rows of at most five buttons, or a template's id.
pub(super) fn check_keyboard(keyboard: &Value) -> Checked {
    if keyboard["id"].as_str().is_some_and(|id| !id.is_empty()) {
        return Ok(());
    }
    let rows = keyboard["content"]["rows"].as_array();
    let rows = rows.ok_or_else(|| Refusal::new(304_038, "keyboard不存在"))?;
    let buttons: Vec<_> = rows.iter().map(|row| row["buttons"].as_array().map_or(0, Vec::len)).collect();
    if rows.len() > 5 || buttons.iter().any(|count| *count > 5) {
        return Err(Refusal::new(40_034_029, "keyboard过大"));
    }
    let whole = |button: &Value| button["render_data"]["label"].is_string() && button["action"].is_object();
    let mut all = rows.iter().filter_map(|row| row["buttons"].as_array()).flatten();
    if buttons.contains(&0) || !all.all(whole) {
        return Err(Refusal::new(304_040, "keyboard内容错误"));
    }
    Ok(())
}

/// Letters, a dot, letters: the platform's detection is that loose.
fn looks_like_url(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let digits = |c: char| c.is_alphanumeric() && !c.is_ascii_digit();
    chars.windows(3).any(|three| three[1] == '.' && three[0].is_alphanumeric() && digits(three[2]))
        || text.contains("://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check_keyboard, looks_like_url};

    #[test]
    fn addresses_are_found_loosely() {
        let found = ["see qq.com", "main.rs", "v1.txt", "句子.没有空格", "http://x"];
        let none = ["3.14", "end. Next", "...", "", "a。b"];
        assert_eq!(found.map(looks_like_url), [true; 5]);
        assert_eq!(none.map(looks_like_url), [false; 5]);
    }

    #[test]
    fn keyboards_have_limits() {
        let button = json!({"render_data": {"label": "a"}, "action": {"type": 2}});
        let rows = |rows: usize, buttons: usize| {
            let row = json!({"buttons": vec![button.clone(); buttons]});
            json!({"content": {"rows": vec![row; rows]}})
        };
        for (keyboard, code) in [
            (rows(5, 5), None),
            (json!({"id": "101_1"}), None),
            (rows(6, 1), Some(40_034_029)),
            (rows(1, 6), Some(40_034_029)),
            (rows(1, 0), Some(304_040)),
            (json!({"content": {"rows": [{"buttons": [{"id": "1"}]}]}}), Some(304_040)),
            (json!({}), Some(304_038)),
        ] {
            assert_eq!(check_keyboard(&keyboard).err().map(|refusal| refusal.code), code, "{keyboard}");
        }
    }
}
