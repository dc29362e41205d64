//! The certificate of `wss://`: self-signed for `localhost` and `127.0.0.1`, valid until 2120.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

const CERTIFICATE: &[u8] = include_bytes!("../fixtures/tls/cert.pem");
const KEY: &[u8] = include_bytes!("../fixtures/tls/key.pem");

/// The certificate as a PEM file, for a client that takes extra roots by path.
pub fn certificate_path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures", "tls", "cert.pem"].iter().collect()
}

/// A client configuration that trusts the simulator's certificate and nothing else.
pub fn client_config() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("the fixture's certificate can be a root");
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring serves the default TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

pub(super) fn server_config() -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("the fixture's key is PEM");
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring serves the default TLS versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .expect("the fixture's key fits its certificate");
    Arc::new(config)
}

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE).expect("the fixture's certificate is PEM")
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
