//! The accept loop and the life of a connection.
//!
//! The loop is our own because the ready-made one installs no timer, which leaves hyper's limits
//! inert. HTTP/1.1 only; a client that closes its sending side has left (half-closed clients are
//! not served).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::edge::{Edge, Limits};
use crate::guarded::Guarded;
use crate::layers::mark_served;
use crate::phase::SharedPhase;

/// Connections open at the same time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16_384;

/// Pause after an accept that failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The longest TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// Bytes buffered per connection and direction.
const BUFFER: usize = 32 * 1024;

/// How many times the header fields that a request may have are parsed: what the parser refuses
/// gets an answer without a body.
const PARSED_HEADERS: usize = 2;

/// How connections are treated.
#[derive(Clone)]
pub struct Settings {
    /// Limits of the edge.
    pub edge: Arc<Edge>,
    /// HTTPS, if configured.
    pub tls: Option<TlsAcceptor>,
}

/// A place among the open connections. Requests carry it, so that one that takes its connection
/// over keeps the place.
#[derive(Clone)]
pub(crate) struct Slot(#[expect(dead_code, reason = "it is held")] Arc<OwnedSemaphorePermit>);

/// How connections end.
#[derive(Clone)]
pub struct Shutdown {
    /// Stop accepting; let each connection finish its request.
    pub soft: CancellationToken,
    /// Drop what is left.
    pub hard: CancellationToken,
    /// Every connection runs on it.
    pub tracker: TaskTracker,
}

/// Accepts until `shutdown.soft` is cancelled.
pub async fn run(listener: TcpListener, app: Router, settings: Settings, shutdown: Shutdown) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            // Whoever comes after the end is not let in.
            biased;
            () = shutdown.soft.cancelled() => return,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((socket, slot)) = accepted else { continue };
        let slot = Slot(Arc::new(slot));
        let connection = Connection { app: app.clone(), settings: settings.clone(), slot };
        let connection = connection.serve(socket, shutdown.soft.clone());
        let hard = shutdown.hard.clone();
        shutdown.tracker.spawn(async move {
            tokio::select! {
                () = connection => {}
                () = hard.cancelled() => {}
            }
        });
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, _)) => Some((socket, slot)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// What a connection serves, and how.
struct Connection {
    app: Router,
    settings: Settings,
    slot: Slot,
}

impl Connection {
    async fn serve(self, socket: TcpStream, soft: CancellationToken) {
        // A token is smaller than a segment: without this each waits 40 ms for the next.
        if socket.set_nodelay(true).is_err() {
            return;
        }
        match self.settings.tls.clone() {
            None => self.exchange(socket, soft).await,
            Some(acceptor) => {
                if let Some(stream) = shake_hands(&acceptor, socket).await {
                    self.exchange(stream, soft).await;
                }
            }
        }
    }
}

async fn shake_hands(acceptor: &TlsAcceptor, socket: TcpStream) -> Option<TlsStream<TcpStream>> {
    let why = match tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => error.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::debug!(why, "a TLS handshake failed");
    None
}

impl Connection {
    async fn exchange<S>(self, socket: S, soft: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { app, settings, slot } = self;
        let Limits { patience, header_count, .. } = settings.edge.limits();
        let phase = SharedPhase::new();
        let socket = Guarded::new(socket, phase.clone(), patience);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(slot.clone());
            let serving = phase.serve();
            let answering = app.clone().oneshot(request.map(Body::new));
            async move { Ok::<_, std::convert::Infallible>(mark_served(answering.await, serving)) }
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            // The socket has both limits and tells a pause from a slow head; hyper's own is longer than
            // they are together. Without one it does not look at a connection that has become idle, and
            // the socket's timer would never start.
            .header_read_timeout(patience.idle + patience.head)
            .half_close(false)
            .max_headers(header_count * PARSED_HEADERS)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        tokio::pin!(serving);
        let result = tokio::select! {
            result = serving.as_mut() => result,
            () = soft.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
