//! The HTTP client: every event is posted at once, and the answer may hold a quick operation.

use std::{io, sync::Arc};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode, Uri,
    body::Bytes,
    header::{CONTENT_TYPE, HOST, LOCATION},
};
use hyper_util::rt::TokioIo;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{Napcat, Post, Transport, link::Outgoing, lock, shared::Shared};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// POSTs so far; see [`Napcat::posts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostCounts {
    /// Begun.
    pub begun: u64,
    /// Answered with a 2xx status.
    pub taken: u64,
    /// Ended in any other way. NapCat does not try again.
    pub failed: u64,
    /// The status of the last answer; 0 when the last one failed without any.
    pub status: u16,
}

impl Napcat {
    /// POSTs so far.
    pub fn posts(&self) -> PostCounts {
        *self.shared().post_counts.borrow()
    }

    /// Whether events are posted anywhere.
    pub fn posts_anywhere(&self) -> bool {
        !lock(&self.shared().posts).is_empty()
    }

    /// Waits until POSTs are as the function wants them; `what` is for the failure report.
    pub async fn wait_posts(&self, what: &str, ready: impl FnMut(&PostCounts) -> bool) -> PostCounts {
        let mut counts = self.shared().post_counts.subscribe();
        let wait = async { counts.wait_for(ready).await.map(|counts| *counts).unwrap_or_default() };
        self.within(what, wait).await
    }
}

/// Fails for an address that cannot be posted to.
pub(super) fn check(url: &str) -> io::Result<()> {
    let uri = url.parse::<Uri>().ok().filter(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
    let error = || io::Error::new(io::ErrorKind::InvalidInput, format!("{url} is not an http:// address"));
    uri.map(drop).ok_or_else(error)
}

/// Begins to post an event everywhere; the number of POSTs.
pub(super) fn all(shared: &Arc<Shared>, event: &str) -> usize {
    let posts = lock(&shared.posts).clone();
    for post in &posts {
        shared.post_counts.send_modify(|counts| counts.begun += 1);
        shared.spawn(one(shared.clone(), post.clone(), event.to_owned()));
    }
    posts.len()
}

async fn one(shared: Arc<Shared>, post: Arc<Post>, event: String) {
    let answer = exchange(&shared, &post, &event).await;
    let status = answer.as_ref().map_or(0, |(status, _)| status.as_u16());
    let taken = (200..300).contains(&status);
    if let Some((_, body)) = answer.filter(|_| taken) {
        operate(&shared, &event, &body);
    }
    shared.post_counts.send_modify(|counts| {
        counts.status = status;
        *(if taken { &mut counts.taken } else { &mut counts.failed }) += 1;
    });
}

/// Sends the event and reads the answer, after redirects.
async fn exchange(shared: &Shared, post: &Post, event: &str) -> Option<(StatusCode, Bytes)> {
    let mut uri: Uri = post.url.parse().ok()?;
    for _ in 0..=REDIRECTS {
        let response = send(shared, post, &uri, event).await?;
        let status = response.status();
        match response.headers().get(LOCATION).filter(|_| status.is_redirection()) {
            Some(location) => uri = redirected(&uri, location.to_str().ok()?)?,
            None => return Some((status, response.into_body().collect().await.ok()?.to_bytes())),
        }
    }
    None
}

fn redirected(from: &Uri, location: &str) -> Option<Uri> {
    let whole = match location.strip_prefix('/') {
        Some(_) => format!("http://{}{location}", from.authority()?),
        None => location.to_owned(),
    };
    whole.parse().ok()
}

async fn send(
    shared: &Shared,
    post: &Post,
    uri: &Uri,
    event: &str,
) -> Option<hyper::Response<hyper::body::Incoming>> {
    let tcp = TcpStream::connect((uri.host()?.trim_matches(['[', ']']), uri.port_u16().unwrap_or(80)))
        .await
        .ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await.ok()?;
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(HOST, uri.authority()?.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header("X-Self-ID", shared.options.self_id.to_string());
    let token = post.token.as_deref().unwrap_or(&shared.options.token);
    if !token.is_empty() {
        request = request.header("X-Signature", signature(token, event.as_bytes()));
    }
    sender.send_request(request.body(Full::new(Bytes::from(event.to_owned()))).ok()?).await.ok()
}

/// `sha1=` and the HMAC-SHA1 of a body in hexadecimal digits, with the token as key.
pub(super) fn signature(token: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let tag = hmac::sign(&key, body);
    tag.as_ref().iter().fold("sha1=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Runs the quick operation of an answer, if it holds one.
fn operate(shared: &Arc<Shared>, event: &str, body: &Bytes) {
    let (Ok(context), Ok(operation)) =
        (serde_json::from_str::<Value>(event), serde_json::from_slice::<Value>(body))
    else {
        return;
    };
    if operation.as_object().is_none_or(serde_json::Map::is_empty) {
        return;
    }
    let params = json!({"context": context, "operation": operation});
    let raw = String::from_utf8_lossy(body).into_owned();
    let (outgoing, _) = Outgoing::pair();
    let request = (".handle_quick_operation", &params, &Value::Null);
    shared.receive_request((0, Transport::Post), raw, request, &outgoing);
}

#[cfg(test)]
mod tests {
    #[test]
    fn signatures_agree_with_the_published_vectors() {
        let key = "Jefe";
        let expected = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
        assert_eq!(super::signature(key, b"what do ya want for nothing?"), expected);
    }
}
