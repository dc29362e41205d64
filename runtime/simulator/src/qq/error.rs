//! What requests are answered with, and how they are refused.

use hyper::body::Bytes;
use serde_json::{Value, json};

/// Which of the platform's limits a request broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The message or event is too old to be answered.
    Window,
    /// It was answered as often as it may be.
    Count,
    /// `msg_seq` was used before.
    Sequence,
    /// Active messages are used up.
    Quota,
    /// Active messages are switched off.
    Stopped,
    /// Too many requests in a second.
    Rate,
    /// Too late to recall, or to acknowledge an interaction.
    Deadline,
    /// Session starts are used up or too fast.
    Sessions,
}

/// A refused request.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: u64,
    pub(super) message: String,
    pub(super) limit: Option<Limit>,
}

impl Refusal {
    pub(super) fn new(code: u64, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), limit: None }
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// 11255, the platform's answer to a wrong openid or path.
    pub(super) fn invalid() -> Self {
        Self::new(11_255, "invalid request").status(500)
    }

    pub(super) fn unauthorized(code: u64, message: &str) -> Self {
        Self::new(code, message).status(401)
    }

    /// The error body; `code` is left out where the documentation of 2026 is imitated.
    pub(super) fn body(&self, trace: &str, err_code_only: bool) -> Value {
        let (code, message) = (self.code, &self.message);
        if err_code_only {
            json!({"err_code": code, "message": message, "trace_id": trace})
        } else {
            json!({"message": message, "code": code, "err_code": code, "trace_id": trace})
        }
    }
}

/// An answer on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn json(value: &Value) -> Self {
        Self::with(200, "application/json", value.to_string())
    }

    pub(super) fn with(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub(super) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n\
             <center><h1>{status} {title}</h1></center>\r\n<hr><center>stgw</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::with(status, "text/html", page)
    }

    pub(super) fn done(no_content: bool) -> Self {
        if no_content { Self { status: 204, ..Self::default() } } else { Self::json(&json!({})) }
    }
}

pub(super) type Answered = Result<Reply, Refusal>;
