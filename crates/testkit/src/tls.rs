//! TLS in front of a plain server: certificates good and bad, handshakes that stall.
//!
//! # Layout
//!
//! - this file: [`TlsFront`], which ends TLS and passes the bytes on.
//! - [`Authority`]: who signs, and the PEM files that a configuration names.
//! - `accept`: the connections.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::FakeBackend;
use crate::door::{self, Handle, Position};
use crate::watched::Watched;

mod accept;
mod authority;

pub use authority::{Authority, Pair};

use accept::{Counts, Shared};

/// What the front shows of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// A certificate of the authority for 127.0.0.1 and `localhost`.
    #[default]
    Valid,
    /// One whose time is over.
    Expired,
    /// One whose time is still to come.
    NotYetValid,
    /// One for another name.
    WrongName,
    /// One that signed itself.
    SelfSigned,
    /// One of an authority nobody has heard of.
    Stranger,
}

/// Which certificate the front asks of its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// None.
    #[default]
    None,
    /// One of the authority; see [`Authority::client`].
    Required,
}

/// What the front does with a caller's greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Greeting {
    /// It answers.
    #[default]
    Answer,
    /// It is silent for ever.
    Stall,
    /// It refuses the version, as a server that knows only TLS 1.1 does.
    OldVersion,
}

/// A port that speaks TLS and passes the bytes on to a plain one.
#[derive(Debug)]
pub struct TlsFront {
    shared: Arc<Shared>,
    authority: Authority,
    client_auth: ClientAuth,
    address: SocketAddr,
    door: Handle,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl TlsFront {
    /// A front of this backend, which then accepts the front's address as its host.
    pub async fn of(backend: &FakeBackend, authority: &Authority, identity: Identity) -> Self {
        let front = Self::start(backend.address(), authority, identity, ClientAuth::None).await;
        backend.expect_host(front.address.to_string());
        front
    }

    /// As [`TlsFront::of`], for callers with a certificate only.
    pub async fn with_client_auth(backend: &FakeBackend, authority: &Authority) -> Self {
        let (address, auth) = (backend.address(), ClientAuth::Required);
        let front = Self::start(address, authority, Identity::Valid, auth).await;
        backend.expect_host(front.address.to_string());
        front
    }

    /// A front of any plain server.
    #[expect(clippy::unused_async, reason = "a runtime is needed, which an async call makes plain")]
    pub async fn start(
        target: SocketAddr,
        authority: &Authority,
        identity: Identity,
        client_auth: ClientAuth,
    ) -> Self {
        let (door, inner) = door::install(Position::Open).expect("a free loopback port");
        let address = inner.address();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(Shared {
            target,
            config: Watched::new(config(authority, identity, client_auth)),
            greeting: Watched::default(),
            counts: Watched::default(),
        });
        let accepting = accept::accept(Arc::clone(&shared), inner, tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        let authority = authority.clone();
        Self { shared, authority, client_auth, address, door, stop, tasks }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Shows this certificate to callers from now on.
    pub fn present(&self, identity: Identity) {
        let fresh = config(&self.authority, identity, self.client_auth);
        self.shared.config.update(|config| *config = fresh);
    }

    /// Treats callers like this from now on.
    pub fn greet(&self, greeting: Greeting) {
        self.shared.greeting.update(|now| *now = greeting);
    }

    /// Refuses new connections; the running ones go on.
    pub async fn refuse(&self) {
        self.door.put(Position::Shut).await;
    }

    /// Accepts connections again.
    pub async fn listen(&self) {
        self.door.put(Position::Open).await;
    }

    /// Handshakes that were completed so far.
    pub fn handshakes(&self) -> usize {
        self.shared.counts.read(|counts| counts.completed)
    }

    /// Connections accepted so far.
    pub fn accepted_connections(&self) -> usize {
        self.shared.counts.read(|counts| counts.accepted)
    }

    /// The reason of the next handshake that failed, such as an alert of the caller.
    pub async fn next_failure(&self) -> String {
        let next = |counts: &mut Counts| counts.failures.pop_front();
        self.shared.counts.wait_for("a handshake to fail", next).await
    }

    /// Waits until no connection is open.
    pub async fn await_no_connections(&self) {
        let none = |counts: &mut Counts| (counts.open == 0).then_some(());
        self.shared.counts.wait_for("the TLS connections to end", none).await;
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

fn config(authority: &Authority, identity: Identity, auth: ClientAuth) -> Arc<ServerConfig> {
    Arc::new(authority.server_config(identity, auth))
}
