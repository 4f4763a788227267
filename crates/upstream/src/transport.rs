//! The connections to one server, shared by the configurations that follow each other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use transom_core::backend::BackendTls;

use crate::base::Base;
use crate::connector::{Connector, Tls};
use crate::counted::{Answered, died_idle};
use crate::dns::{LastGood, Resolve};
use crate::tls::{Material, TlsError};
use crate::trouble::Trouble;

/// Idle connections are dropped before the server drops them (uvicorn's default is 5 s), so that a
/// request rarely meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one server.
const POOL_SIZE: usize = 1024;

/// Bytes read ahead for one answer: what a client that reads slowly costs.
const BUFFER: usize = 32 * 1024;

/// A pool of connections, and what they were opened with. It knows no key: the key is a header.
pub(crate) struct Transport {
    opened_with: OpenedWith,
    client: Client<Connector, Full<Bytes>>,
    /// Opens a connection for each request.
    fresh: Client<Connector, Full<Bytes>>,
    names: LastGood,
}

#[derive(PartialEq)]
struct OpenedWith {
    authority: String,
    connect_timeout: Duration,
    tls: Option<Material>,
}

impl OpenedWith {
    fn read(base: &Base, tls: &BackendTls, connect_timeout: Duration) -> Result<Self, TlsError> {
        let authority = base.authority().to_owned();
        let tls = base.is_https().then(|| Material::read(tls)).transpose()?;
        Ok(Self { authority, connect_timeout, tls })
    }
}

/// A request that can be made twice. Its headers are all there are: nothing of a client's.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Transport {
    /// The connections of `carry` when they would be opened the same way now, else new ones.
    pub(crate) fn open(
        base: &Base,
        tls: &BackendTls,
        connect_timeout: Duration,
        resolver: &Arc<dyn Resolve>,
        carry: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, TlsError> {
        let opened_with = OpenedWith::read(base, tls, connect_timeout)?;
        if let Some(same) = carry.filter(|old| old.opened_with == opened_with) {
            return Ok(Arc::clone(same));
        }
        let tls = match &opened_with.tls {
            None => None,
            Some(material) => Some(Tls::new(material.config(base.authority())?, base.host())?),
        };
        // Half of the time for the name leaves half for the addresses of the last time.
        let names = LastGood::new(Arc::clone(resolver), connect_timeout / 2);
        let connector = Connector::new(connect_timeout, names.clone(), tls);
        let client = |idle| {
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(POOL_IDLE)
                .pool_timer(TokioTimer::new())
                .pool_max_idle_per_host(idle)
                .http1_max_buf_size(BUFFER)
                .build(connector.clone())
        };
        Ok(Arc::new(Self { client: client(POOL_SIZE), fresh: client(0), opened_with, names }))
    }

    /// Whether connections would be opened the same way now.
    pub(crate) fn is_opened_with(&self, base: &Base, tls: &BackendTls, limit: Duration) -> bool {
        OpenedWith::read(base, tls, limit).is_ok_and(|now| now == self.opened_with)
    }

    /// The server's addresses.
    pub(crate) fn names(&self) -> &LastGood {
        &self.names
    }

    /// Sends a request, and sends it once more when the connection turns out to have been closed
    /// while it was idle: on a new one, since others of the pool may have been closed with it.
    /// Whatever the status is, it is the answer: redirects are not followed.
    pub(crate) async fn exchange(&self, call: &Call) -> Result<Response<Answered>, Trouble> {
        let mut first = call.request();
        let connection = capture_connection(&mut first);
        let answer = match self.client.request(first).await {
            Err(error) if !error.is_connect() && died_idle(&connection) => {
                tracing::debug!(%error, "an idle connection was closed: trying another");
                match self.fresh.request(call.request()).await {
                    // The server died just now, perhaps of this very request: that says more than
                    // that nobody is there any more.
                    Err(gone) if gone.is_connect() => Err(error),
                    other => other,
                }
            }
            other => other,
        };
        Ok(Answered::count(answer.map_err(|error| Trouble::of(&error))?))
    }
}
