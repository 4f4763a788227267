//! Names of servers.
//!
//! A name is looked up anew for every new connection, so that a server that moves is found. When
//! looking up fails, the addresses of the last time are used: a name server that is down for a
//! minute takes no model server with it.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tower_service::Service;

use crate::trouble::Trouble;

/// Lookups of one name that run at once: a name server that does not answer holds one thread, not
/// one for each request.
const LOOKUPS: usize = 1;

/// Most addresses of one name that are kept.
const ADDRESSES: usize = 32;

/// Finds the addresses of a name.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of `host`. May block; it is called on a thread of its own.
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver, with `/etc/hosts` and all it is configured with.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Resolve for System {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// A resolver for one server that remembers the last addresses.
#[derive(Clone)]
pub(crate) struct LastGood {
    shared: Arc<Shared>,
}

struct Shared {
    resolver: Arc<dyn Resolve>,
    limit: Duration,
    lookups: Arc<Semaphore>,
    known: Mutex<Vec<IpAddr>>,
    /// Whether the last lookup failed, so that an outage is logged once.
    failing: AtomicBool,
}

impl LastGood {
    /// Asks `resolver`, each time for at most `limit`.
    pub(crate) fn new(resolver: Arc<dyn Resolve>, limit: Duration) -> Self {
        let shared = Shared {
            resolver,
            limit,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            known: Mutex::default(),
            failing: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The addresses of `host` as of now, or else as of the last time.
    pub(crate) async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, Trouble> {
        let shared = &self.shared;
        let error = match shared.fresh(host).await {
            Ok(addresses) => {
                shared.failing.store(false, Ordering::Relaxed);
                return Ok(addresses);
            }
            Err(error) => error,
        };
        let known = shared.known();
        if known.is_empty() {
            return Err(Trouble::Dns { host: host.to_owned(), detail: error.to_string() });
        }
        if !shared.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(host, %error, "a name cannot be resolved: its last addresses are used");
        }
        Ok(known)
    }
}

impl Shared {
    fn known(&self) -> Vec<IpAddr> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, addresses: &[IpAddr]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
        known.extend_from_slice(addresses);
    }

    async fn fresh(self: &Arc<Self>, host: &str) -> io::Result<Vec<IpAddr>> {
        let lookups = Arc::clone(&self.lookups);
        let permit = if self.known().is_empty() {
            // There is nothing to fall back on: the lookup that runs is worth waiting for.
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the name server is silent");
            timeout(self.limit, lookups.acquire_owned()).await.map_err(late)?.ok()
        } else {
            lookups.try_acquire_owned().ok()
        };
        let Some(permit) = permit else {
            return Ok(self.known());
        };
        let (shared, host) = (Arc::clone(self), host.to_owned());
        let looking = spawn_blocking(move || {
            // Held until the system has answered, even when nobody waits any more.
            let _permit = permit;
            let mut addresses = shared.resolver.resolve(&host)?;
            if addresses.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
            }
            addresses.truncate(ADDRESSES);
            shared.remember(&addresses);
            Ok(addresses)
        });
        match timeout(self.limit, looking).await {
            Ok(Ok(looked_up)) => looked_up,
            Ok(Err(lost)) => Err(io::Error::other(lost)),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the name server is silent")),
        }
    }
}

impl Service<Name> for LastGood {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Trouble>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let addresses = this.lookup(name.as_str()).await?;
            let at_any_port = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(at_any_port.collect::<Vec<_>>().into_iter())
        })
    }
}

#[cfg(test)]
mod tests;
