//! TLS for listeners: certificates from files, read again when told so.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, CertificateError, InvalidMessage, RootCertStore, ServerConfig};

/// The files of a listener's TLS, all PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of clients; a client must then show a certificate of one of them.
    pub client_ca: Option<PathBuf>,
}

/// TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM of its kind.
    #[error("TLS: cannot read {0}: {1}")]
    Read(PathBuf, String),
    /// There is none in the file.
    #[error("TLS: there is no certificate in {0}; it must be PEM (-----BEGIN CERTIFICATE-----)")]
    Empty(PathBuf),
    /// What the files hold does not go together.
    #[error("TLS: {0} cannot be used: {1}")]
    Use(PathBuf, String),
}

/// A listener's TLS. Connections that are there keep the certificate they began with.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Tls, TlsError> {
        let config = RwLock::new(Arc::new(config(&files)?));
        Ok(Tls { files, config })
    }

    /// Reads the files again, for connections to come; on an error the old ones stay.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(config(&self.files)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// For one handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone().into()
    }
}

fn config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let own = |e: rustls::Error| TlsError::Use(files.certificate.clone(), e.to_string());
    // 1.2 and 1.3: rustls has no older ones.
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(own)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| TlsError::Use(path.clone(), e.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| TlsError::Use(path.clone(), e.to_string()))?)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| TlsError::Read(files.key.clone(), e.to_string()))?;
    builder.with_single_cert(certificates(&files.certificate)?, key).map_err(own)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|e| TlsError::Read(path.to_owned(), e.to_string()))?;
    if found.is_empty() { Err(TlsError::Empty(path.to_owned())) } else { Ok(found) }
}

/// What went wrong with a handshake, for whoever runs the listener.
pub(super) fn explain(error: &io::Error) -> String {
    use CertificateError as Bad;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            "it sends plain text to a TLS port; turn TLS on at the sender".to_owned()
        }
        Some(rustls::Error::NoCertificatesPresented) => {
            "it shows no certificate, and tls_client_ca asks for one; give the sender a certificate and key".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature)) => {
            "its certificate is not of an authority in tls_client_ca".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. })) => {
            "its certificate has expired".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. })) => {
            "its certificate is not valid yet".to_owned()
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("it refuses our certificate or our TLS ({alert:?}); does it know the authority of tls_cert?")
        }
        Some(error) => error.to_string(),
        None if error.kind() == ErrorKind::UnexpectedEof => "it closes before the handshake is done".to_owned(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn write(folder: &Path, name: &str) -> TlsFiles {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem"), client_ca: None };
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn a_reload_takes_what_the_files_hold_now_and_keeps_the_old_if_they_are_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls::load(write(folder.path(), "one.example.com")).unwrap();
        let now = || Arc::as_ptr(&tls.config.read().unwrap());
        let first = now();
        write(folder.path(), "two.example.com");
        tls.reload().unwrap();
        let second = now();
        assert!(first != second);
        // Another key's certificate.
        let other = rcgen::generate_simple_self_signed(["three.example.com".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), other.cert.pem()).unwrap();
        assert!(matches!(tls.reload(), Err(TlsError::Use(..))));
        std::fs::write(folder.path().join("cert.pem"), "none").unwrap();
        assert!(matches!(tls.reload(), Err(TlsError::Empty(_))));
        std::fs::remove_file(folder.path().join("key.pem")).unwrap();
        assert!(tls.reload().unwrap_err().to_string().contains("key.pem"));
        assert!(now() == second);
    }
}
