//! What functions of the host answer in tests, in the contract's JSON form.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// What `"http.fetch"` answers.
///
/// ```
/// use iglu_sdk::testing::response;
/// assert_eq!(response(404, "none")["status"], 404);
/// ```
#[must_use]
pub fn response(status: u32, body: impl AsRef<[u8]>) -> Value {
    json!({"status": status, "headers": [], "body": STANDARD.encode(body)})
}

/// What `"http.download"` answers: a file of this name and size.
///
/// ```
/// use iglu_sdk::testing::download;
/// assert_eq!(download(200, "cat.png", 7)["file"]["name"], "cat.png");
/// ```
#[must_use]
pub fn download(status: u32, name: &str, size: u32) -> Value {
    let source = json!({"type": "platform-file", "data": format!("iglu-download-{name}")});
    json!({"status": status, "headers": [], "file": {"source": source, "name": name, "size": size}})
}

/// What `"files.fetch"` and `"files.download"` answer.
///
/// ```
/// use iglu_sdk::testing::bytes;
/// assert_eq!(bytes(b"hi"), "aGk=");
/// ```
#[must_use]
pub fn bytes(bytes: impl AsRef<[u8]>) -> Value {
    STANDARD.encode(bytes).into()
}
