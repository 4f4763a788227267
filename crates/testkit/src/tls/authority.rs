//! An authority that lives as long as a test, and the files it hands out.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{ClientAuth, Identity};

/// The names under which a loopback server is called.
const OWN_NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// A certificate and its key as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// The key's file.
    pub key: PathBuf,
}

/// Who signs certificates; clones are the same one. Its files go with the last of them.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    folder: TempDir,
    issuer: Issuer,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authority").field(&self.0.folder.path()).finish()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new authority, known to nobody who is not given its [`Authority::file`].
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let issuer = issuer("The test's authority");
        fs::write(folder.path().join("authority.pem"), issuer.pem()).expect("writing a PEM file");
        Self(Arc::new(Inner { folder, issuer }))
    }

    /// The PEM file of its own certificate, for those who are to trust it.
    pub fn file(&self) -> PathBuf {
        self.folder().join("authority.pem")
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// A certificate for a client, as files `NAME.pem` and `NAME-key.pem`.
    pub fn client(&self, name: &str) -> Pair {
        let key = key();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.0.issuer).expect("a certificate");
        let write = |ending: &str, pem: String| {
            let path = self.folder().join(format!("{name}{ending}.pem"));
            fs::write(&path, pem).expect("writing a PEM file");
            path
        };
        Pair { certificate: write("", certificate.pem()), key: write("-key", key.serialize_pem()) }
    }

    pub(super) fn server_config(&self, identity: Identity, auth: ClientAuth) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("TLS versions");
        let config = match auth {
            ClientAuth::None => config.with_no_client_auth(),
            ClientAuth::Required => {
                let mut roots = RootCertStore::empty();
                roots.add(self.0.issuer.der().clone()).expect("an authority");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let (certificate, key) = self.server(identity);
        config.with_single_cert(vec![certificate], key).expect("a certificate and its key")
    }

    fn server(&self, identity: Identity) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let names = match identity {
            Identity::WrongName => vec!["somewhere-else.test".to_owned()],
            _ => OWN_NAMES.map(str::to_owned).to_vec(),
        };
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, "A test's server");
        match identity {
            Identity::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Identity::NotYetValid => params.not_before = date_time_ymd(4000, 1, 1),
            _ => {}
        }
        let key = key();
        let certificate = match identity {
            Identity::SelfSigned => params.self_signed(&key),
            Identity::Stranger => params.signed_by(&key, &issuer("Another authority")),
            _ => params.signed_by(&key, &self.0.issuer),
        };
        (certificate.expect("a certificate").der().clone(), key.into())
    }
}

fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, key()).expect("an authority")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key pair")
}
