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
