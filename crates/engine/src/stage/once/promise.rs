//! A key that is held by one request.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use transom_core::clock::Clock;
use transom_core::id::{ClaimId, ResponseId};
use transom_core::port::once::{Claim, Claimed, Form, Kept, MAX_KEPT_BYTES, Name, OnceStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

use super::KEPT_FOR;
use crate::held::{LEASE, RENEWAL};

/// A key that is held by one request. Dropped, it is given back in the background.
pub(crate) struct Promise {
    terms: Terms,
    tracker: TaskTracker,
    /// What the client has got of a stream.
    record: Record,
    /// Nothing has to be given back any more.
    over: bool,
    stop: CancellationToken,
    _renewing: DropGuard,
}

/// Who holds what.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) store: Arc<dyn OnceStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) scope: Scope,
    pub(super) name: Name,
    pub(super) holder: ClaimId,
}

/// A stream so far.
enum Record {
    Whole(BytesMut),
    /// It is more than is kept.
    TooLarge,
}

impl Promise {
    pub(super) fn new(terms: Terms, tracker: TaskTracker) -> Self {
        let stop = CancellationToken::new();
        Self {
            terms,
            tracker,
            record: Record::Whole(BytesMut::new()),
            over: false,
            _renewing: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Asks for the key; once it is granted, it is held for as long as this lives.
    pub(super) async fn claim(&mut self, claim: Claim) -> Result<Claimed, StoreError> {
        let terms = &self.terms;
        let claimed = terms.store.claim(&terms.scope, &terms.name, claim).await?;
        match claimed {
            Claimed::Granted => drop(self.tracker.spawn(terms.clone().renew(self.stop.clone()))),
            Claimed::Taken(_) => self.over = true,
        }
        Ok(claimed)
    }

    /// Notes a piece of a stream that the client gets.
    pub(crate) fn record(&mut self, piece: &[u8]) {
        match &mut self.record {
            Record::Whole(bytes) if bytes.len() + piece.len() <= MAX_KEPT_BYTES => {
                bytes.extend_from_slice(piece);
            }
            record => *record = Record::TooLarge,
        }
    }

    /// Keeps the stream that has been noted, to its end.
    pub(crate) async fn keep_stream(mut self, of: Option<ResponseId>) {
        let record = std::mem::replace(&mut self.record, Record::TooLarge);
        let kept = match record {
            Record::Whole(bytes) => Kept::Answer { form: Form::Events, bytes: bytes.freeze(), of },
            Record::TooLarge => Kept::TooLarge,
        };
        self.put(kept).await;
    }

    /// Keeps an answer; `of` is the stored response that it shows.
    pub(crate) async fn keep(self, form: Form, bytes: Bytes, of: Option<ResponseId>) {
        let kept = if bytes.len() > MAX_KEPT_BYTES {
            Kept::TooLarge
        } else {
            Kept::Answer { form, bytes, of }
        };
        self.put(kept).await;
    }

    /// Keeps the name of a response in the background.
    pub(crate) async fn keep_response(self, id: ResponseId, form: Form) {
        self.put(Kept::Response { id, form }).await;
    }

    /// The client has paid for the answer and gets it even where it cannot be kept: refusing it would
    /// make the client ask again, which is what the key is there to prevent.
    async fn put(mut self, kept: Kept) {
        let Terms { store, clock, scope, name, holder } = &self.terms;
        let until = clock.now().after(KEPT_FOR);
        match store.keep(scope, name, holder, kept, until).await {
            Ok(true) => self.over = true,
            Ok(false) => tracing::warn!("an answer is not kept: its idempotency key was lost"),
            Err(error) => tracing::warn!(%error, "an answer could not be kept"),
        }
    }

    /// Gives the key back. A store that fails is tried again in the background.
    pub(crate) async fn release(mut self) {
        self.over = self.terms.release().await.is_ok();
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        // Without a runtime the program is at its end, and the claim runs out by itself.
        if let (false, Ok(runtime)) = (self.over, tokio::runtime::Handle::try_current()) {
            let terms = self.terms.clone();
            let release = async move {
                if let Err(error) = terms.release().await {
                    tracing::warn!(%error, "an idempotency key stays taken for a while");
                }
            };
            self.tracker.spawn_on(release.in_current_span(), &runtime);
        }
    }
}

impl Terms {
    async fn release(&self) -> Result<(), StoreError> {
        self.store.release(&self.scope, &self.name, &self.holder).await.map(drop)
    }

    async fn renew(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(RENEWAL)).await.is_some() {
            let until = self.clock.now().after(LEASE);
            match self.store.renew(&self.scope, &self.name, &self.holder, until).await {
                Ok(true) => {}
                // Keeping the answer will say so.
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "an idempotency key could not be renewed"),
            }
        }
    }
}
