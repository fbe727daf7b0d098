//! Which certificates are trusted: those that this system trusts. `SSL_CERT_FILE` goes before.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;

/// Where systems keep the certificates of authorities.
const AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The authorities that this system trusts. Reads files.
pub fn authorities() -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let own = std::env::var("SSL_CERT_FILE").ok();
    let files = own.iter().map(String::as_str).chain(AUTHORITIES);
    if let Some(file) = files.into_iter().find(|file| std::path::Path::new(file).exists()) {
        let certificates = CertificateDer::pem_file_iter(file)
            .map_err(|error| io::Error::other(format!("{file}: {error}")))?;
        // Some stores hold certificates that no longer parse; the others serve.
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    }
    Ok(roots)
}

/// What a client of TLS needs that trusts these.
pub fn client(roots: RootCertStore) -> io::Result<Arc<ClientConfig>> {
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(tls))
}
