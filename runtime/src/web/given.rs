//! Bytes from an address that a platform gave.
//!
//! Whoever gives the address may not be trusted: a platform's client may have been taken over, and would then let the
//! host reach what it cannot. So only http and https are followed, redirects never lead to other machines of the
//! owner's network, addresses that name no machine of it (link-local with the clouds' secrets, multicast) never
//! work, and bytes and time are bounded.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url, header};

use super::address::{Forbidden, Reach, may_reach};
use super::tls::{public_roots, tls};
use crate::model::{Error, PlatformError};

const REDIRECTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(10);
/// Without any byte.
const SILENCE: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(120);

/// The body of a GET, if it has at most `limit` bytes.
pub(crate) async fn fetch(url: &str, limit: usize, reach: Reach) -> Result<Vec<u8>, Error> {
    match tokio::time::timeout(WHOLE, follow(url, limit, reach)).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Timeout(format!("{} gave not all bytes within {WHOLE:?}", shown(url)))),
    }
}

/// The error of what has more bytes than may be taken.
pub(crate) fn too_large(limit: usize) -> Error {
    Error::Exhausted(format!(
        "the file has more than {limit} bytes; ask for more, or have the owner raise `file` or `call_bytes` in iglu.toml"
    ))
}

/// Text as a part of an address.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

async fn follow(url: &str, limit: usize, mut reach: Reach) -> Result<Vec<u8>, Error> {
    let mut url: Url =
        url.parse().map_err(|reason| Error::Invalid(format!("{:?} is no address: {reason}", shown(url))))?;
    for _ in 0..=REDIRECTS {
        check(&url, reach)?;
        let response = client(reach)?.get(url.clone()).send().await.map_err(|error| failed(&url, &error))?;
        if !response.status().is_redirection() {
            return body(response, &url, limit).await;
        }
        let next = response.headers().get(header::LOCATION).and_then(|to| url.join(to.to_str().ok()?).ok());
        let next = next.ok_or_else(|| refused(&url, response.status(), "a redirect to nowhere"))?;
        if (next.host_str(), next.port_or_known_default()) != (url.host_str(), url.port_or_known_default()) {
            reach = Reach::Outside;
        }
        url = next;
    }
    Err(Error::NotFound(format!("{} is redirected more than {REDIRECTS} times", shown(url.as_str()))))
}

async fn body(mut response: Response, url: &Url, limit: usize) -> Result<Vec<u8>, Error> {
    let status = response.status();
    let large = |length: u64| length > limit as u64;
    if status.is_success() && response.content_length().is_some_and(large) {
        return Err(too_large(limit));
    }
    let limit = if status.is_success() { limit } else { 1 << 10 };
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(url, &error))? {
        if bytes.len() + chunk.len() > limit {
            if status.is_success() {
                return Err(too_large(limit));
            }
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    if status.is_success() { Ok(bytes) } else { Err(refused(url, status, &String::from_utf8_lossy(&bytes))) }
}

/// QQ's servers answer 400 for an address that is too old.
fn refused(url: &Url, status: StatusCode, text: &str) -> Error {
    let message = format!("{} answers {status}: {}", shown(url.as_str()), text.trim());
    match status.as_u16() {
        400 | 401 | 403 | 404 | 410 => Error::NotFound(message),
        code => Error::Platform(PlatformError { code: i32::from(code), message, trace: None }),
    }
}

fn failed(url: &Url, error: &reqwest::Error) -> Error {
    let mut cause: &dyn StdError = error;
    loop {
        if cause.is::<Forbidden>() {
            return forbidden(url);
        }
        match cause.source() {
            Some(deeper) => cause = deeper,
            None => break,
        }
    }
    let place = shown(url.as_str());
    if error.is_timeout() {
        return Error::Timeout(format!("{place} does not answer in time ({cause})"));
    }
    Error::Disconnected(format!("the bytes at {place} cannot be fetched: {cause}"))
}

fn forbidden(url: &Url) -> Error {
    Error::Denied(format!(
        "{} is an address inside of the owner's network that nobody may be sent to",
        shown(url.as_str())
    ))
}

/// An address without what may be secret in it.
pub(super) fn shown(url: &str) -> &str {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let end = bare.char_indices().nth(200).map_or(bare.len(), |(at, _)| at);
    &bare[..end]
}

fn check(url: &Url, reach: Reach) -> Result<(), Error> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Invalid(format!(
            "media are fetched over http and https only, not from {}",
            shown(url.as_str())
        )));
    }
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    match literal {
        Some(address) if !may_reach(address, reach) => Err(forbidden(url)),
        _ => Ok(()),
    }
}

/// Names may stand for any address, so they are looked at where they are looked up.
struct Guard(Reach);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|found| may_reach(found.ip(), reach)).collect();
            if allowed.is_empty() {
                return Err(Forbidden { made_up: false }.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

fn client(reach: Reach) -> Result<&'static Client, Error> {
    static CLIENTS: [OnceLock<Result<Client, String>>; 2] = [OnceLock::new(), OnceLock::new()];
    let built = CLIENTS[usize::from(reach == Reach::Inside)].get_or_init(|| build(reach));
    built.as_ref().map_err(|reason| Error::Other(format!("the host cannot speak HTTP: {reason}")))
}

fn build(reach: Reach) -> Result<Client, String> {
    let tls = tls(public_roots())?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(Guard(reach)))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        // A pooled connection would belong to whichever runtime made it.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("iglu/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|reason| reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// Answers each connection in turn with these bytes.
    async fn serve(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}/a?secret=1")
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn to(place: &str) -> String {
        format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n")
    }

    #[tokio::test]
    async fn bytes_come_up_to_the_limit() {
        let url = serve(vec![ok("hello"), ok("hello")]).await;
        assert_eq!(fetch(&url, 5, Reach::Inside).await, Ok(b"hello".to_vec()));
        assert!(matches!(fetch(&url, 4, Reach::Inside).await, Err(Error::Exhausted(_))));
        let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(100));
        let url = serve(vec![endless]).await;
        assert!(
            matches!(fetch(&url, 99, Reach::Inside).await, Err(Error::Exhausted(_))),
            "without a length too"
        );
    }

    #[tokio::test]
    async fn redirects_stay_on_the_machine_or_lead_outside() {
        let url = serve(vec![to("/b"), ok("moved")]).await;
        assert_eq!(fetch(&url, 10, Reach::Inside).await, Ok(b"moved".to_vec()));
        let (inner, url) = (serve(vec![ok("secret")]).await, String::new());
        let url = url + &serve(vec![to(&inner)]).await;
        assert!(
            matches!(fetch(&url, 10, Reach::Inside).await, Err(Error::Denied(_))),
            "another port of this machine"
        );
        for place in [
            "http://169.254.169.254/latest",
            "http://192.168.0.1/",
            "http://localhost:1/",
            "file:///etc/passwd",
        ] {
            let url = serve(vec![to(place)]).await;
            let answer = fetch(&url, 10, Reach::Inside).await;
            assert!(matches!(answer, Err(Error::Denied(_) | Error::Invalid(_))), "{place}: {answer:?}");
        }
        let url = serve(vec![to("/again"); 20]).await;
        assert!(matches!(fetch(&url, 10, Reach::Inside).await, Err(Error::NotFound(_))));
    }

    #[tokio::test]
    async fn failures_are_told_without_secrets() {
        let gone = "HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\n\r\nexpired".to_owned();
        let url =
            serve(vec![gone, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_owned(), "half".to_owned()])
                .await;
        let Err(Error::NotFound(text)) = fetch(&url, 10, Reach::Inside).await else { panic!() };
        assert!(text.contains("expired") && !text.contains("secret"), "{text}");
        assert!(matches!(
            fetch(&url, 10, Reach::Inside).await,
            Err(Error::Platform(PlatformError { code: 500, .. }))
        ));
        assert!(matches!(fetch(&url, 10, Reach::Inside).await, Err(Error::Disconnected(_))));
        assert!(matches!(fetch("ftp://example.com/", 10, Reach::Inside).await, Err(Error::Invalid(_))));
        let url = serve(Vec::new()).await;
        assert!(matches!(fetch(&url, 10, Reach::Outside).await, Err(Error::Denied(_))));
        assert!(matches!(fetch("nonsense", 10, Reach::Inside).await, Err(Error::Invalid(_))));
    }

    #[test]
    fn text_becomes_a_part_of_an_address() {
        assert_eq!(escaped("报告 1.txt"), "%E6%8A%A5%E5%91%8A%201.txt");
    }
}
