//! The TLS configuration: ring, Mozilla's roots, and those of the system.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, Result};

/// For https: Mozilla's roots, so that a machine without any works, and the system's, so that a company's
/// own do.
pub(super) fn with_roots() -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let system = rustls_native_certs::load_native_certs();
    let (added, refused) = roots.add_parsable_certificates(system.certs);
    tracing::debug!(added, refused, errors = system.errors.len(), "read the system's certificates");
    config(roots)
}

/// For a plain connection to this machine, which never needs it: reqwest wants a configuration all the same,
/// and would look for a provider of the process if it got none.
pub(super) fn without_roots() -> Result<ClientConfig> {
    config(RootCertStore::empty())
}

fn config(roots: RootCertStore) -> Result<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Build(format!("TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
