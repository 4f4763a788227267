//! TCP and TLS to a model server, each within its limit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tower_service::Service;

use crate::counted::Counted;
use crate::dns::LastGood;
use crate::tls::TlsError;
use crate::trouble::{TlsTrouble, Trouble};

/// The longest TLS handshake.
pub(crate) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

type Stream = TokioIo<Counted<Either<TcpStream, TlsStream<TcpStream>>>>;

/// Opens connections to one server, with `TCP_NODELAY`: a token is smaller than a segment, and
/// waiting for more would cost 40 ms each. Proxy variables of the environment are not read.
#[derive(Clone)]
pub(crate) struct Connector {
    tcp: HttpConnector<LastGood>,
    tls: Option<Tls>,
    limit: Duration,
}

/// TLS with one server.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// TLS with the server `host`.
    pub(crate) fn new(config: ClientConfig, host: &str) -> Result<Self, TlsError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| TlsError::Name { host: host.to_owned() })?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    async fn shake_hands(self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Trouble> {
        let shaking = self.connector.connect(self.name, tcp);
        match timeout(HANDSHAKE_LIMIT, shaking).await {
            Ok(Ok(encrypted)) => Ok(encrypted),
            Ok(Err(error)) => Err(Trouble::of_tls(&error)),
            Err(_) => Err(Trouble::Tls(TlsTrouble::Timeout(HANDSHAKE_LIMIT))),
        }
    }
}

impl Connector {
    /// A connector that finds the address and opens TCP within `limit`; without `tls` it speaks
    /// plain HTTP, with it never.
    pub(crate) fn new(limit: Duration, names: LastGood, tls: Option<Tls>) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(names);
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        // Shared out among the addresses, so that a dead one leaves time for the next.
        tcp.set_connect_timeout(Some(limit));
        Self { tcp, tls, limit }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Trouble>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        let limit = self.limit;
        self.tcp.poll_ready(cx).map_err(|error| Trouble::of_tcp(&error, limit))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (limit, tls) = (self.limit, self.tls.clone());
        let connecting = self.tcp.call(uri);
        Box::pin(async move {
            let tcp = timeout(limit, connecting)
                .await
                .map_err(|_| Trouble::ConnectTimeout(limit))?
                .map_err(|error| Trouble::of_tcp(&error, limit))?
                .into_inner();
            let stream = match tls {
                None => Either::Left(tcp),
                Some(tls) => Either::Right(tls.shake_hands(tcp).await?),
            };
            Ok(TokioIo::new(Counted::new(stream)))
        })
    }
}
