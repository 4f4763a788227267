//! Plain connections over TLS and back, with certificates made for one test.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::task::TaskTracker;

/// An authority of our own and a certificate for 127.0.0.1, as PEM files.
pub(crate) struct Certificates {
    _folder: TempDir,
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let key = || KeyPair::generate().expect("a key pair");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
        let (own, server) = (key(), CertificateParams::new(vec!["127.0.0.1".to_owned()]));
        let server = server.and_then(|params| params.signed_by(&own, &authority));
        let folder = TempDir::new().expect("a temporary folder");
        let write = |name: &str, pem: String| {
            let path = folder.path().join(name);
            fs::write(&path, pem).expect("writing a PEM file");
            path
        };
        Self {
            authority: write("authority.pem", authority.pem()),
            certificate: write("certificate.pem", server.expect("a certificate").pem()),
            key: write("key.pem", own.serialize_pem()),
            _folder: folder,
        }
    }

    /// A plain port whose connections are carried over TLS to `target`.
    pub(crate) async fn encrypting(&self, target: SocketAddr) -> SocketAddr {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(&self.authority).expect("the authority");
        roots.add(authority).expect("an authority that can be trusted");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::from(target.ip());
        carry(move |plain| {
            let (connector, name) = (connector.clone(), name.clone());
            async move {
                let Ok(target) = TcpStream::connect(target).await else { return };
                let Ok(encrypted) = connector.connect(name, target).await else { return };
                join(plain, encrypted).await;
            }
        })
        .await
    }

    /// A TLS port in front of the plain `target`.
    pub(crate) async fn decrypting(&self, target: SocketAddr) -> SocketAddr {
        let certificate = CertificateDer::from_pem_file(&self.certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(&self.key).expect("its key");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate and its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        carry(move |encrypted| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(plain) = acceptor.accept(encrypted).await else { return };
                let Ok(target) = TcpStream::connect(target).await else { return };
                join(plain, target).await;
            }
        })
        .await
    }
}

/// Accepts on a free port until the test's runtime ends.
async fn carry<F>(each: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let tasks = TaskTracker::new();
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            connections.spawn(each(socket));
        }
    });
    address
}

/// Either side's end is the other's, which is all there is to know.
async fn join(
    mut a: impl AsyncRead + AsyncWrite + Unpin,
    mut b: impl AsyncRead + AsyncWrite + Unpin,
) {
    let _ended = copy_bidirectional(&mut a, &mut b).await;
}
