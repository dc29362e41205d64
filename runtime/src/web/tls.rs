//! What TLS connections are made with.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that browsers trust.
pub(crate) fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// What every TLS connection of ours is made with.
pub(crate) fn tls(roots: RootCertStore) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|reason| format!("TLS: {reason}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// What a connection is made with that trusts the certificates of the PEM file `ca`, or the public authorities.
pub(crate) fn tls_trusting(ca: Option<&Path>) -> Result<ClientConfig, String> {
    tls(match ca {
        Some(path) => read_roots(path)?,
        None => public_roots(),
    })
}

fn read_roots(path: &Path) -> Result<RootCertStore, String> {
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
