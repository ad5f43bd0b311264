//! TLS towards a sink: whom to trust, and who we are; read again when told so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// The settings `output_tls_*`: PEM files.
#[derive(Clone, Debug, Default)]
pub struct OutputTls {
    /// Certificates of those who may have signed the peer's; none: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Our own certificate and what stands between it and its root, for peers that ask for one.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

impl OutputTls {
    /// Whether anything was set.
    pub fn is_set(&self) -> bool {
        self.ca.is_some() || self.certificate.is_some() || self.key.is_some()
    }

    /// Reads the files. The peer's certificate is always checked: against the roots, and for the name in the address.
    pub fn client(&self) -> Result<Arc<ClientConfig>, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|e| e.to_string())?.with_root_certificates(self.roots()?);
        let config = match (&self.certificate, &self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|e| format!("{} has no private key in PEM: {e}", key.display()))?;
                let config = builder.with_client_auth_cert(chain, key);
                config.map_err(|e| format!("{} does not go with its key: {e}", certificate.display()))?
            }
            _ => return Err("output_tls_cert and output_tls_key go together; give both or neither".to_owned()),
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.ca else {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            return match added {
                0 => Err("the system has no trusted certificates; name some with --output-tls-ca".to_owned()),
                _ => Ok(roots),
            };
        };
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(roots)
    }
}

/// An output's TLS. A connection that is there keeps what it began with.
#[derive(Debug)]
pub struct PeerTls {
    files: OutputTls,
    config: RwLock<Arc<ClientConfig>>,
}

impl PeerTls {
    /// Reads the files.
    pub fn load(files: OutputTls) -> Result<PeerTls, String> {
        let config = RwLock::new(files.client()?);
        Ok(PeerTls { files, config })
    }

    /// Reads the files again, for connections to come; on an error the old ones stay.
    pub fn reload(&self) -> Result<(), String> {
        let fresh = self.files.client()?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// For one connection.
    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("{} has no certificate in PEM", path.display())),
        Err(e) => Err(format!("cannot read certificates from {}: {e}", path.display())),
    }
}
