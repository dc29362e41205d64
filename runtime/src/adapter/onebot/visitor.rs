//! Who knocks at the door: what a visitor says it is, and whether it knows the token.

use std::fmt;

use hyper::header::{AUTHORIZATION, CONNECTION, HeaderMap, UPGRADE};
use hyper::{Request, StatusCode};
use ring::hmac;
use subtle::ConstantTimeEq as _;

use super::Visit;
use super::session::Seat;

/// Why a visitor is sent away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody waits there for that.
    NoTable(Visit, String),
    /// It has the token, but another account is expected.
    Stranger(String),
    /// It shows no token.
    NoToken,
    WrongToken,
    WrongSignature,
    /// Another role than `Universal`.
    Role(String),
    BadId,
    NoKey,
    Slow,
    Body(String),
    /// What was posted is no event.
    Frame(String),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoTable(..) => StatusCode::NOT_FOUND,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Stranger(_) | Self::WrongToken | Self::WrongSignature => StatusCode::FORBIDDEN,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Body(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Role(_) | Self::BadId | Self::NoKey | Self::Frame(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTable(Visit::Socket, path) => write!(
                f,
                "no bot waits for a WebSocket at {path:?}; a [[bot]] table with `listen = \"ws://...\"` would"
            ),
            Self::NoTable(Visit::Posts, path) => {
                write!(f, "no bot waits for posts at {path:?}; a [[bot]] table with `listen = \"http://...\"` would")
            }
            Self::Stranger(id) => write!(f, "the account {id} is not the one that is expected (`account`)"),
            Self::NoToken => {
                f.write_str("it shows no token; write the bot's `token` into NapCat's network settings too")
            }
            Self::WrongToken => {
                f.write_str("its token is wrong; it must be the bot's `token`, in NapCat's network settings too")
            }
            Self::WrongSignature => f.write_str(
                "its signature (X-Signature) is wrong; the bot's `token` must stand in NapCat's network settings too",
            ),
            Self::Role(role) => write!(f, "its role is {role:?}; only one connection for all, \"Universal\", is known"),
            Self::BadId => f.write_str("its X-Self-ID is no account"),
            Self::NoKey => f.write_str("it asks for a WebSocket and sends no Sec-WebSocket-Key"),
            Self::Slow => f.write_str("it sends too slowly"),
            Self::Body(reason) => write!(f, "its body cannot be read: {reason}"),
            Self::Frame(reason) => write!(f, "what it posts is skipped: {reason}"),
        }
    }
}

/// Whether the request is a WebSocket's.
pub(super) fn wants_socket(headers: &HeaderMap) -> bool {
    let has = |name, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    has(CONNECTION, "upgrade") && has(UPGRADE, "websocket")
}

/// The account that it says it is.
pub(super) fn account(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("x-self-id") else { return Ok(None) };
    let id = value.to_str().map_err(|_| Refusal::BadId)?.trim();
    let fits = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) && id != "0";
    if fits { Ok(Some(id.to_owned())) } else { Err(Refusal::BadId) }
}

pub(super) fn check_role(headers: &HeaderMap) -> Result<(), Refusal> {
    let role = headers.get("x-client-role").and_then(|role| role.to_str().ok()).unwrap_or("Universal");
    if role.eq_ignore_ascii_case("universal") { Ok(()) } else { Err(Refusal::Role(role.to_owned())) }
}

/// The token that it shows, in the header or, as old clients do, in the address.
pub(super) fn token<B>(request: &Request<B>) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let header = header.map(|value| {
        let value = value.trim();
        let scheme = value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case("bearer"));
        scheme.map_or(value, |_| value[6..].trim())
    });
    if let Some(token) = header.filter(|token| !token.is_empty()) {
        return Some(token.to_owned());
    }
    let query = request.uri().query()?;
    let (_, token) = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "access_token")?;
    Some(token.into_owned()).filter(|token| !token.is_empty())
}

/// Whether the token is the table's; compared without telling by the time how much of it is right.
pub(super) fn knows(seat: &Seat, token: Option<&str>) -> Result<(), Refusal> {
    let Some(wanted) = seat.settings.token.as_deref() else { return Ok(()) };
    let token = token.ok_or(Refusal::NoToken)?;
    if bool::from(wanted.as_bytes().ct_eq(token.as_bytes())) { Ok(()) } else { Err(Refusal::WrongToken) }
}

/// What can be said before the body is read.
pub(super) fn might_sign(seat: &Seat, headers: &HeaderMap) -> Result<(), Refusal> {
    let is_signed = headers.contains_key("x-signature");
    if seat.settings.token.is_none() || is_signed { Ok(()) } else { Err(Refusal::NoToken) }
}

/// Whether the body was signed with the table's token.
pub(super) fn signs(seat: &Seat, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let Some(token) = seat.settings.token.as_deref() else { return Ok(()) };
    let signature = headers.get("x-signature").ok_or(Refusal::NoToken)?;
    let signature = signature.to_str().ok().and_then(|text| unhex(text.trim().strip_prefix("sha1=")?));
    let signature = signature.ok_or(Refusal::WrongSignature)?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    hmac::verify(&key, body, &signature).map_err(|_| Refusal::WrongSignature)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
