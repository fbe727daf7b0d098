//! The certificate and its key: read at the start, each fault with the file's name and what to do.

use crate::config::Tls;
use rustls::{Error, ServerConfig};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such file.
    #[error("{}: there is no such file: mend the path of the {what} in [tls]", path.display())]
    Missing {
        /// What should be in it.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
    },
    /// The account of the server may not read it.
    #[error(
        "{}: the account that runs the server may not read the {what}: install a copy that its group may read \
         (docs/administrator.md, TLS and proxies)",
        path.display()
    )]
    Forbidden {
        /// What should be in it.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
    },
    /// It cannot be read otherwise.
    #[error("{}: the {what} cannot be read: {why}", path.display())]
    Unreadable {
        /// What should be in it.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What the system or the parser says.
        why: String,
    },
    /// No certificate.
    #[error(
        "{}: there is no certificate in it: `certificate` in [tls] names a PEM file with BEGIN CERTIFICATE, the whole chain",
        .0.display()
    )]
    NoCertificate(PathBuf),
    /// No key.
    #[error("{}: there is no private key in it: `key` in [tls] names a PEM file with BEGIN PRIVATE KEY", .0.display())]
    NoKey(PathBuf),
    /// A key that needs a password.
    #[error(
        "{}: the key in it is encrypted, and nobody is there to type its password: write it without one \
         (openssl pkey -in FILE -out NEW), readable by the server alone",
        .0.display()
    )]
    Encrypted(PathBuf),
    /// The key is another certificate's.
    #[error(
        "the key in {} does not belong to the first certificate in {}: the server's own certificate comes first in the chain, \
         and both files are of the same renewal",
        .key.display(), .certificate.display()
    )]
    Mismatch {
        /// Where the key is.
        key: PathBuf,
        /// Where the certificate is.
        certificate: PathBuf,
    },
    /// What is in the files is of no use.
    #[error("{} and {} cannot be used for TLS: {why}", .certificate.display(), .key.display())]
    Useless {
        /// Where the certificate is.
        certificate: PathBuf,
        /// Where the key is.
        key: PathBuf,
        /// What the library says.
        why: Error,
    },
}

/// What TLS is served with.
pub fn config(tls: &Tls) -> Result<ServerConfig, Fault> {
    let certificates = certificates(&tls.certificate)?;
    let key = key(&tls.key)?;
    let useless = |why| Fault::Useless { certificate: tls.certificate.clone(), key: tls.key.clone(), why };
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(useless)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| match error {
            Error::InconsistentKeys(_) => {
                Fault::Mismatch { key: tls.key.clone(), certificate: tls.certificate.clone() }
            }
            why => useless(why),
        })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read("certificate", path)?;
    let all = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match all {
        Ok(all) if all.is_empty() => Err(Fault::NoCertificate(path.to_owned())),
        Ok(all) => Ok(all),
        Err(_) => Err(broken("certificate", path)),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let text = read("key", path)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        // `BEGIN ENCRYPTED PRIVATE KEY`, and `Proc-Type: 4,ENCRYPTED` of before.
        Err(_) if text.windows(9).any(|word| word == b"ENCRYPTED") => Err(Fault::Encrypted(path.to_owned())),
        Err(pem::Error::NoItemsFound) => Err(Fault::NoKey(path.to_owned())),
        Err(_) => Err(broken("key", path)),
    }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Fault> {
    let at = path.to_owned();
    std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Fault::Missing { what, path: at },
        io::ErrorKind::PermissionDenied => Fault::Forbidden { what, path: at },
        _ => Fault::Unreadable { what, path: at, why: error.to_string() },
    })
}

/// What the parser says may show the line, and so a piece of a key.
fn broken(what: &'static str, path: &Path) -> Fault {
    Fault::Unreadable { what, path: path.to_owned(), why: "it is damaged; copy it anew".into() }
}
