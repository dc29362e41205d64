//! Events and segments: every message that is no command is answered with what it is made of.

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Default)]
struct Inspect;

#[plugin(name = "Inspect")]
impl Inspect {
    /// One segment per line, in the contract's JSON form.
    #[on(Message)]
    async fn segments(&self, event: &MessageEvent) -> Result<Option<String>> {
        if event.text.starts_with(['/', '／']) {
            return Ok(None);
        }
        let lines = event
            .content
            .iter()
            .map(iglu_sdk::serde_json::to_string)
            .collect::<Result<Vec<_>, _>>()
            .context("a segment has no JSON form")?;
        Ok(Some(format!("[{}]", lines.join(",\n"))))
    }
}

#[cfg(test)]
mod tests {
    use iglu_sdk::{
        prelude::*,
        testing::{Harness, message},
        types::Segment,
    };

    use super::Inspect;

    #[test]
    fn the_answer_reads_back_as_the_segments_that_were_sent() {
        let sent = Message::new().at("10001").text(" look\n").image("https://example.com/a.png").face(178);
        let mut bot = Harness::<Inspect>::new();
        let replies = bot.say(message(sent.clone()).in_group("20001"));
        let [Segment::Text(text)] = &*replies[0] else { panic!("one text segment is wanted: {replies:?}") };
        assert_eq!(Message::from_json(text).unwrap(), sent);
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn empty_messages_are_answered_and_commands_are_not() {
        let mut bot = Harness::<Inspect>::new();
        assert_eq!(bot.say(message(Message::new())), ["[]"]);
        let delivery = bot.deliver("/echo hi");
        assert_eq!(delivery.replies, Vec::<Message>::new());
        assert_eq!(delivery.outcomes, [("segments", Ok(Outcome::Passed))]);
    }
}
