//! What a connection to NapCat shows and what it trusts: the token, the certificates.

use rustls::ClientConfig;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::Settings;
use crate::web;

/// The value of the `Authorization` header.
pub(super) fn bearer(settings: &Settings) -> Result<Option<HeaderValue>, String> {
    let Some(token) = settings.token.as_deref().filter(|token| !token.is_empty()) else { return Ok(None) };
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| "the token has characters that no HTTP header can carry; choose another".to_owned())?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Trusts the certificates of `ca`, or the public authorities if there is none.
pub(super) fn tls(settings: &Settings) -> Result<ClientConfig, String> {
    web::tls_trusting(settings.ca.as_deref())
}

/// The address without what may be secret in it.
pub(super) fn address(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}
