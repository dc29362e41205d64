//! What a plugin asks for, checked before anything goes out.

use hyper::body::Bytes;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url};
use url::Host;

use super::address::is_public;
use super::given::shown;
use super::transport::{Reply, Web};
use crate::clock::Clock;
use crate::model::Error;

/// More redirects are not followed; browsers follow twenty.
const REDIRECTS: usize = 10;
/// Characters of a file's name.
const LONGEST_NAME: usize = 100;
const LONGEST_URL: usize = 8 << 10;
const MOST_HEADERS: usize = 64;
/// Bytes of all headers; many servers take half of it.
const LONGEST_HEADERS: usize = 16 << 10;

/// Headers that belong to the connection or say what the host knows better.
const REFUSED: [&str; 11] = [
    "host",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-connection",
    "proxy-authorization",
];

/// A request that may go out, if its origin is allowed.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Outgoing {
    /// Reads what a plugin wrote.
    pub(crate) fn read<'a>(
        method: &str,
        url: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        body: Vec<u8>,
    ) -> Result<Self, Error> {
        Ok(Self {
            method: read_method(method)?,
            url: read_url(url)?,
            headers: read_headers(headers)?,
            body: body.into(),
        })
    }

    /// Scheme, host and port in their one spelling.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The address without what may be secret in it.
    pub(crate) fn shown(&self) -> &str {
        shown(self.url.as_str())
    }

    /// The last part of the path, as the name of what it leads to.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.url.path_segments()?.next_back().filter(|name| !name.is_empty())
    }

    /// Whether the host is written as an address that is not one of the internet. What a name leads to is seen when it
    /// is looked up, except for the one that is this machine everywhere.
    pub(crate) fn is_inside(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(v4)) => !is_public(v4.into()),
            Some(Host::Ipv6(v6)) => !is_public(v6.into()),
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name == "localhost" || name.ends_with(".localhost")
            }
            None => true,
        }
    }

    /// Sends it, and follows redirects that stay inside its origin. Any other redirect is the answer.
    pub(crate) async fn send(mut self, web: &Web, clock: &Clock) -> Result<Reply, Error> {
        for _ in 0..REDIRECTS {
            let reply = web.send(&self, clock).await?;
            match self.redirected(reply.status, &reply.headers) {
                Some(next) => self = next,
                None => return Ok(reply),
            }
        }
        web.send(&self, clock).await
    }

    fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let keeps = match status.as_u16() {
            301 | 302 => self.method != Method::POST,
            303 => matches!(self.method, Method::GET | Method::HEAD),
            307 | 308 => true,
            _ => return None,
        };
        let place = headers.get(LOCATION)?.to_str().ok()?;
        let url = read_url(self.url.join(place).ok()?.as_str()).ok()?;
        if url.origin() != self.url.origin() {
            return None;
        }
        let mut next = Self { url, ..self.clone() };
        if !keeps {
            (next.method, next.body) = (Method::GET, Bytes::new());
            let about_body: Vec<HeaderName> =
                next.headers.keys().filter(|name| name.as_str().starts_with("content-")).cloned().collect();
            for name in about_body {
                next.headers.remove(name);
            }
        }
        Some(next)
    }
}

fn read_method(text: &str) -> Result<Method, Error> {
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes())
        .map_err(|_| Error::Invalid(format!("{text:?} is no method; write \"GET\", \"POST\"...")))?;
    if matches!(method, Method::CONNECT | Method::TRACE) {
        return Err(Error::Invalid(format!("{method} is for proxies; use another method")));
    }
    Ok(method)
}

fn read_url(text: &str) -> Result<Url, Error> {
    let invalid =
        |reason: &str| Error::Invalid(format!("the address {:?} {reason}", shown(without_user(text))));
    if text.len() > LONGEST_URL {
        return Err(invalid(&format!("is longer than {LONGEST_URL} bytes; put more into the body")));
    }
    let mut url = Url::parse(text).map_err(|reason| {
        invalid(&format!("cannot be read: {reason}; write it as https://host[:port]/path?query"))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("is none of http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("has a user or a password in it; send them in the header \"authorization\""));
    }
    if url.port() == Some(0) {
        return Err(invalid("has the port 0, where nobody listens"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// What stands before an `@` may be a password.
fn without_user(text: &str) -> &str {
    let host = text.split(['?', '#']).next().unwrap_or_default();
    host.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

fn read_headers<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<HeaderMap, Error> {
    let mut read = HeaderMap::new();
    let mut bytes = 0;
    for (name, value) in headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            Error::Invalid(format!("{name:?} is no name of a header: letters, digits and \"-\""))
        })?;
        if REFUSED.contains(&key.as_str()) {
            return Err(Error::Invalid(format!("the header {name:?} is the host's own; leave it out")));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            Error::Invalid(format!(
                "the header {name:?} has a line break or a control character in its value"
            ))
        })?;
        bytes += name.len() + value.len();
        if read.len() == MOST_HEADERS || bytes > LONGEST_HEADERS {
            return Err(Error::Invalid(format!(
                "there are more than {MOST_HEADERS} headers, or more than {LONGEST_HEADERS} bytes of them"
            )));
        }
        read.append(key, value);
    }
    Ok(read)
}

/// The media type without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = text.split(';').next()?.trim().to_ascii_lowercase();
    kind.contains('/').then_some(kind)
}

/// The name of a file that came: by `content-disposition`, else by where it came from. Nothing in it leads elsewhere.
pub(crate) fn file_name(headers: &HeaderMap, from: Option<&str>) -> String {
    let told = headers.get(CONTENT_DISPOSITION).and_then(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let parts = || text.split(';').filter_map(|part| part.trim().split_once('='));
        let find = |key: &str| {
            parts()
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(key))
                .map(|(_, value)| value.trim().to_owned())
        };
        let encoded = find("filename*").and_then(|value| Some(unescaped(value.splitn(3, '\'').nth(2)?)));
        encoded.or_else(|| find("filename").map(|value| value.trim_matches('"').to_owned()))
    });
    let name = told.unwrap_or_else(|| unescaped(from.unwrap_or_default()));
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    let plain = plain.trim().trim_start_matches('.');
    if plain.is_empty() { "file".to_owned() } else { plain.to_owned() }
}

fn unescaped(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, url: &str, headers: &[(&str, &str)]) -> Result<Outgoing, Error> {
        Outgoing::read(method, url, headers.iter().copied(), b"body".to_vec())
    }

    #[test]
    fn an_origin_has_one_spelling() {
        for (url, origin) in [
            ("https://API.Example.com", "https://api.example.com"),
            ("https://api.example.com:443/a?b#c", "https://api.example.com"),
            ("http://api.example.com:8080/", "http://api.example.com:8080"),
            ("https://bücher.example/", "https://xn--bcher-kva.example"),
            ("http://0x7f.1:3000/", "http://127.0.0.1:3000"),
            ("http://[0:0::1]/", "http://[::1]"),
            ("http://good.example\\@evil.example/", "http://good.example"),
        ] {
            assert_eq!(read("get", url, &[]).unwrap().origin(), origin, "{url}");
        }
    }

    #[test]
    fn what_cannot_go_out_is_refused_with_its_reason() {
        for (method, url, headers, hint) in [
            ("GE T", "http://a.example", &[][..], "is no method"),
            ("", "http://a.example", &[], "is no method"),
            ("CONNECT", "http://a.example", &[], "for proxies"),
            ("GET", "a.example/x", &[], "cannot be read"),
            ("GET", "", &[], "cannot be read"),
            ("GET", "ftp://a.example/", &[], "none of http"),
            ("GET", "file:///etc/passwd", &[], "none of http"),
            ("GET", "http://user@a.example/", &[], "authorization"),
            ("GET", "http://a.example:0/", &[], "port 0"),
            ("GET", "http://a.example:99999/", &[], "cannot be read"),
            ("GET", "http://a.example/", &[("Host", "b.example")], "the host's own"),
            ("GET", "http://a.example/", &[("Transfer-Encoding", "chunked")], "the host's own"),
            ("GET", "http://a.example/", &[("content-length", "1")], "the host's own"),
            ("GET", "http://a.example/", &[("a b", "c")], "no name of a header"),
            ("GET", "http://a.example/", &[("a", "b\r\nc: d")], "line break"),
        ] {
            let Err(Error::Invalid(text)) = read(method, url, headers) else {
                panic!("{method} {url} {headers:?}")
            };
            assert!(text.contains(hint), "{method} {url}: {text}");
        }
        let secret = read("GET", "http://user:secret@a.example:x/", &[]).unwrap_err();
        assert!(!format!("{secret:?}").contains("secret"), "{secret:?}");
        let many = vec![("x-a", "1"); MOST_HEADERS];
        assert_eq!(read("GET", "http://a.example", &many).unwrap().headers.len(), MOST_HEADERS);
        assert!(read("GET", "http://a.example", &[&many[..], &many[..1]].concat()).is_err());
        assert!(read("GET", "http://a.example", &[("x-a", &"v".repeat(LONGEST_HEADERS))]).is_err());
        assert!(read("GET", &format!("http://a.example/{}", "p".repeat(LONGEST_URL)), &[]).is_err());
    }

    #[test]
    fn a_file_is_named_by_its_giver_and_its_name_leads_nowhere() {
        for (disposition, from, name) in [
            (None, Some("cat.png"), "cat.png"),
            (None, Some("%E7%8C%AB.png"), "猫.png"),
            (None, Some("a+b=c&d"), "a+b=c&d"),
            (None, None, "file"),
            (Some("attachment"), Some("x"), "x"),
            (Some("attachment; filename=\"a b.zip\""), Some("x"), "a b.zip"),
            (Some("attachment; filename=old; filename*=UTF-8''%E7%8C%AB.zip"), Some("x"), "猫.zip"),
            (Some("attachment; filename=\"../../etc/passwd\""), None, "passwd"),
            (Some("attachment; filename*=UTF-8''..%2F..%5C.ssh"), None, "ssh"),
            (Some("attachment; filename=\"\""), None, "file"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(disposition) = disposition {
                headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
            }
            assert_eq!(file_name(&headers, from), name, "{disposition:?} {from:?}");
        }
    }

    #[test]
    fn redirects_stay_in_the_origin_and_keep_what_they_should() {
        let first = |method: &str| {
            read(method, "https://a.example/x/y", &[("content-type", "text/plain"), ("authorization", "me")])
                .unwrap()
        };
        for (method, status, to, expected) in [
            ("GET", 302, "/z", Some(("GET", "https://a.example/z", true))),
            ("GET", 301, "z?q=1#part", Some(("GET", "https://a.example/x/z?q=1", true))),
            ("POST", 301, "/z", Some(("GET", "https://a.example/z", false))),
            ("POST", 302, "/z", Some(("GET", "https://a.example/z", false))),
            ("POST", 303, "/z", Some(("GET", "https://a.example/z", false))),
            ("PUT", 303, "/z", Some(("GET", "https://a.example/z", false))),
            ("PUT", 302, "/z", Some(("PUT", "https://a.example/z", true))),
            ("HEAD", 303, "/z", Some(("HEAD", "https://a.example/z", true))),
            ("POST", 307, "https://A.example:443/z", Some(("POST", "https://a.example/z", true))),
            ("DELETE", 308, "/z", Some(("DELETE", "https://a.example/z", true))),
            ("GET", 302, "http://a.example/z", None),
            ("GET", 302, "https://a.example:8443/z", None),
            ("GET", 302, "//b.example/z", None),
            ("GET", 302, "https://me@a.example/z", None),
            ("GET", 302, "file:///etc/passwd", None),
            ("GET", 304, "/z", None),
            ("GET", 200, "/z", None),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))]);
            let next = first(method).redirected(StatusCode::from_u16(status).unwrap(), &headers);
            let next = next.map(|next| {
                assert!(next.headers.contains_key("authorization"));
                assert_eq!(next.headers.contains_key("content-type"), !next.body.is_empty());
                (next.method.to_string(), next.url.to_string(), !next.body.is_empty())
            });
            let expected = expected.map(|(method, url, body)| (method.to_owned(), url.to_owned(), body));
            assert_eq!(next, expected, "{method} {status} {to}");
        }
    }
}
