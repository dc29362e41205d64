//! What a connection to NapCat shows and what it trusts: the token, the certificates.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
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
    web::tls(match &settings.ca {
        Some(path) => read(path)?,
        None => web::public_roots(),
    })
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let shown = path.display();
    let unreadable = |reason: rustls::pki_types::pem::Error| {
        format!("the certificates in `{shown}` cannot be read: {reason}; `ca` must name a PEM file")
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        roots
            .add(certificate.map_err(unreadable)?)
            .map_err(|reason| format!("a certificate in `{shown}`: {reason}"))?;
    }
    if roots.is_empty() {
        return Err(format!(
            "there is no certificate in `{shown}`; `ca` must name a PEM file with at least one"
        ));
    }
    Ok(roots)
}

/// The address without what may be secret in it.
pub(super) fn address(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}
