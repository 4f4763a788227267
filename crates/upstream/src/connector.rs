//! TCP and TLS to a model server.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::counted::Counted;

/// TLS may take this much longer than the TCP connection alone.
const TLS_ALLOWANCE: Duration = Duration::from_secs(3);

type Stream = Counted<MaybeHttpsStream<TokioIo<TcpStream>>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections within a limit, with `TCP_NODELAY`: a token is smaller than a segment, and
/// waiting for more would cost 40 ms each.
#[derive(Clone)]
pub struct Connector {
    inner: HttpsConnector<HttpConnector>,
    limit: Duration,
}

/// A connection that took too long.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {0:?}")]
pub struct ConnectTimeout(pub Duration);

/// A private certificate authority that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The file cannot be read, or is not PEM.
    #[error("cannot read certificates from {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// A certificate is not valid.
    #[error("{path} holds a certificate that is not valid: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}

impl Connector {
    /// A connector that trusts the system's authorities, and those in `ca` if given. `limit` is for
    /// the TCP connection. Proxy variables of the environment are not read.
    pub fn new(limit: Duration, ca: Option<&Path>) -> Result<Self, CaError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(limit));
        let inner = HttpsConnector::from((tcp, tls(ca)?));
        Ok(Self { inner, limit })
    }
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig, CaError> {
    let mut roots = RootCertStore::empty();
    // A certificate of the system that cannot be read is not one we need.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca {
        for certificate in read_certificates(path)? {
            roots
                .add(certificate)
                .map_err(|source| CaError::Certificate { path: path.to_owned(), source })?;
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(CaError::Setup)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CaError> {
    let read = |source| CaError::Read { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(read)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(read)?;
    if certificates.is_empty() {
        return Err(read(rustls_pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = self.limit + TLS_ALLOWANCE;
        let connecting = self.inner.call(uri);
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => Ok(Counted::new(connected?)),
                Err(_) => Err(ConnectTimeout(limit).into()),
            }
        })
    }
}
