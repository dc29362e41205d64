//! The certificate of the webhook, read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// The files are looked at this often at most.
const LOOK: Duration = Duration::from_secs(1);

/// The certificates, the server's own first, and its key: PEM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::adapter::qq) struct Files {
    pub(in crate::adapter::qq) certificate: PathBuf,
    pub(in crate::adapter::qq) key: PathBuf,
}

/// Takes in TLS connections with what the files hold.
///
/// # Errors
///
/// When they hold no certificate with its key now. Later, the last good ones stay.
pub(super) fn acceptor(files: Files) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let current = Current { key: Arc::new(read(&files)?), changed: files.changed(), looked: Instant::now() };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|reason| format!("TLS: {reason}"))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Renewed { files, current: Mutex::new(current) }));
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[derive(Debug)]
struct Renewed {
    files: Files,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    changed: [Option<SystemTime>; 2],
    looked: Instant,
}

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= LOOK {
            current.looked = Instant::now();
            let changed = self.files.changed();
            if changed != current.changed {
                match read(&self.files) {
                    Ok(key) => {
                        (current.key, current.changed) = (Arc::new(key), changed);
                        tracing::info!("the new certificate {} is in use", self.files.certificate.display());
                    }
                    // The two files are not written at once: it is tried again with the next visitor.
                    Err(reason) => tracing::warn!("{reason}; the certificate before stays in use"),
                }
            }
        }
        Some(current.key.clone())
    }
}

impl Files {
    fn changed(&self) -> [Option<SystemTime>; 2] {
        let changed = |path: &Path| std::fs::metadata(path).and_then(|about| about.modified()).ok();
        [changed(&self.certificate), changed(&self.key)]
    }
}

fn read(files: &Files) -> Result<CertifiedKey, String> {
    let Files { certificate, key } = files;
    let wrong =
        |path: &Path, reason: String| format!("the PEM file {} cannot be used: {reason}", path.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|reason| wrong(certificate, reason.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "there is no certificate in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|reason| wrong(key, reason.to_string()))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, private, &provider)
        .map_err(|reason| wrong(key, format!("{reason}; it must be the key of {}", certificate.display())))
}
