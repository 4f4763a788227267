//! Certificates, towards model servers.
//!
//! TLS 1.2 and 1.3, with the system's authorities or a private one, and a certificate of the
//! gateway's own where the server asks for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use transom_core::backend::BackendTls;
use transom_core::secret::Secret;

mod insecure;

/// Files that TLS cannot be set up with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not PEM, or lacks what it is for.
    #[error("{} holds no usable {what}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// A certificate is not valid, or does not belong to its key.
    #[error("the certificate of {} cannot be used: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The host of the URL is not a name that a certificate can be for.
    #[error("{host:?} is not a name that a certificate can be for")]
    Name {
        /// The host.
        host: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}

/// What TLS is set up with. Files are compared by content: a certificate that was replaced under
/// its old name is another one.
#[derive(PartialEq)]
pub(crate) struct Material {
    authority: Option<Pem>,
    client: Option<(Pem, Pem)>,
    trust: Trust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Verified,
    Anyone,
}

struct Pem {
    path: PathBuf,
    text: Secret,
}

impl PartialEq for Pem {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.text.expose() == other.text.expose()
    }
}

impl Pem {
    fn read(path: &Path) -> Result<Self, TlsError> {
        let read = |source| TlsError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(read)?;
        Ok(Self { path: path.to_owned(), text: Secret::new(text) })
    }

    fn bytes(&self) -> &[u8] {
        self.text.expose().as_bytes()
    }

    fn wrong(&self, what: &'static str, source: pem::Error) -> TlsError {
        TlsError::Pem { path: self.path.clone(), what, source }
    }

    fn unusable(&self, source: rustls::Error) -> TlsError {
        TlsError::Unusable { path: self.path.clone(), source }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let wrong = |source| self.wrong("certificate", source);
        let all: Vec<_> = CertificateDer::pem_slice_iter(self.bytes())
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        if all.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(all) }
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let wrong = |source| self.wrong("private key", source);
        PrivateKeyDer::from_pem_slice(self.bytes()).map_err(wrong)
    }
}

impl Material {
    /// Reads the files.
    pub(crate) fn read(tls: &BackendTls) -> Result<Self, TlsError> {
        let client = tls
            .client
            .as_ref()
            .map(|identity| Ok((Pem::read(&identity.certificate)?, Pem::read(&identity.key)?)));
        Ok(Self {
            authority: tls.ca.as_deref().map(Pem::read).transpose()?,
            client: client.transpose()?,
            trust: if tls.insecure { Trust::Anyone } else { Trust::Verified },
        })
    }

    /// Sets TLS up for `host`, which only the log needs.
    pub(crate) fn config(&self, host: &str) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let trusting = match self.trust {
            Trust::Verified => builder.with_root_certificates(self.roots()?),
            Trust::Anyone => {
                warn_of_no_verification(host);
                let anyone = insecure::Anyone::new(CryptoProvider::clone(&provider));
                builder.dangerous().with_custom_certificate_verifier(Arc::new(anyone))
            }
        };
        let Some((certificate, key)) = &self.client else {
            return Ok(trusting.with_no_client_auth());
        };
        trusting
            .with_client_auth_cert(certificate.certificates()?, key.key()?)
            .map_err(|source| certificate.unusable(source))
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        let Some(authority) = &self.authority else {
            return Ok(system_roots().clone());
        };
        let mut roots = RootCertStore::empty();
        for certificate in authority.certificates()? {
            roots.add(certificate).map_err(|source| authority.unusable(source))?;
        }
        Ok(roots)
    }
}

fn warn_of_no_verification(host: &str) {
    tracing::warn!(
        host,
        "the certificate of this model server is NOT verified (insecure TLS is configured): \
         whoever can stand between the gateway and it reads every prompt and its key"
    );
}

/// The system's authorities, read once: hundreds of files that change with the system's packages.
fn system_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        // A certificate of the system that cannot be read is not one we need.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    })
}
