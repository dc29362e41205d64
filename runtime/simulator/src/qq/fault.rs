//! Answers that a test asks for in place of the platform's own, and requests that are kept waiting.

use std::sync::Arc;

use tokio::sync::watch;

use super::error::Reply;

/// What becomes of a request; see [`Platform::fault`](super::Platform::fault).
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing is done, and this is answered.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Headers; `content-type` is `application/json` unless it is here.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Nothing is done, and the connection is closed without an answer.
    DropBefore,
    /// The request takes effect, and the connection is closed without an answer.
    DropAfter,
}

impl Fault {
    /// An answer with a status and a JSON body.
    pub fn answer(status: u16, body: impl Into<String>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    /// An error in the platform's own shape.
    pub fn error(status: u16, code: u64, message: &str) -> Self {
        let body = serde_json::json!({"message": message, "code": code, "err_code": code});
        Self::answer(status, body.to_string())
    }

    /// 429, with `Retry-After` in seconds if there is to be one.
    pub fn too_many(retry_after: Option<u64>) -> Self {
        let headers = retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
        Self::Answer { status: 429, headers: headers.into_iter().collect(), body: String::new() }
    }

    /// The HTML page of the front proxy.
    pub fn html(status: u16, title: &str) -> Self {
        let Reply { status, headers, body } = Reply::html(status, title);
        Self::Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

struct Rule {
    method: String,
    pattern: String,
    left: usize,
    fault: Fault,
}

/// Requests that are kept waiting, until they are released or this is dropped.
pub struct Held {
    state: Arc<HoldState>,
}

impl Held {
    /// Lets the requests go on; later ones are no longer kept.
    pub fn release(self) {}

    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.state.count.subscribe()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.state.released.send_replace(true);
    }
}

pub(super) struct HoldState {
    method: String,
    pattern: String,
    after: bool,
    released: watch::Sender<bool>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    holds: Vec<Arc<HoldState>>,
}

impl Faults {
    pub(super) fn add(&mut self, method: &str, pattern: &str, times: usize, fault: Fault) {
        let (method, pattern) = (method.to_owned(), pattern.to_owned());
        self.rules.push(Rule { method, pattern, left: times, fault });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(super) fn left(&self) -> usize {
        self.rules.iter().map(|rule| rule.left).sum()
    }

    pub(super) fn hold(&mut self, method: &str, pattern: &str, after: bool) -> Held {
        let (method, pattern) = (method.to_owned(), pattern.to_owned());
        let (released, count) = (watch::Sender::new(false), watch::Sender::new(0));
        let state = Arc::new(HoldState { method, pattern, after, released, count });
        self.holds.push(state.clone());
        Held { state }
    }

    /// Takes the first fault for a request.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let applies = |rule: &Rule| matches(&rule.method, &rule.pattern, method, path);
        let index = self.rules.iter().position(applies)?;
        self.rules[index].left -= 1;
        let fault = self.rules[index].fault.clone();
        if self.rules[index].left == 0 {
            self.rules.remove(index);
        }
        Some(fault)
    }

    pub(super) fn held(&mut self, method: &str, path: &str, after: bool) -> Option<Arc<HoldState>> {
        self.holds.retain(|hold| !*hold.released.borrow());
        let applies = |hold: &&Arc<HoldState>| {
            hold.after == after && matches(&hold.method, &hold.pattern, method, path)
        };
        self.holds.iter().find(applies).cloned()
    }
}

impl HoldState {
    pub(super) async fn wait(&self) {
        let mut released = self.released.subscribe();
        self.count.send_modify(|count| *count += 1);
        drop(released.wait_for(|released| *released).await);
    }
}

/// Whether a request is meant: `*` is any method, any one part of a path, and at a pattern's end all that follows.
pub(super) fn matches(wanted: &str, pattern: &str, method: &str, path: &str) -> bool {
    let mut parts = path.split('?').next().unwrap_or_default().split('/');
    let mut patterns = pattern.split('/').peekable();
    if wanted != "*" && wanted != method {
        return false;
    }
    while let Some(pattern) = patterns.next() {
        match (pattern, parts.next()) {
            ("*", Some(_)) if patterns.peek().is_none() => return true,
            ("*", Some(_)) => {}
            (exact, Some(part)) if exact == part => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_meet_paths() {
        for (pattern, path, met) in [
            ("/v2/users/*/messages", "/v2/users/A/messages", true),
            ("/v2/users/*/messages", "/v2/users/A/messages?x=1", true),
            ("/v2/users/*/messages", "/v2/users/A/files", false),
            ("/v2/users/*/messages", "/v2/users/A/messages/B", false),
            ("/v2/*", "/v2/users/A/messages", true),
            ("/gateway", "/gateway/bot", false),
        ] {
            assert_eq!(matches("*", pattern, "GET", path), met, "{pattern} {path}");
        }
        assert!(!matches("POST", "/v2/*", "GET", "/v2/x"));
    }
}
