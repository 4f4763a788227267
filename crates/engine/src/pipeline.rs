//! The life of a request.
//!
//! [`Gateway::serve`] names every stage in order. A stage is a method with a typed result, so none
//! can run before the one it depends on.

use std::sync::Arc;

use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::port::upstream::Route;
use transom_core::secret::Secret;

use crate::call::{Call, Reply};
use crate::gateway::Gateway;
use crate::stage::authenticate;
use crate::stage::plan::Asker;
use crate::stage::rehydrate::Joined;
use crate::stage::resolve::resolve;
use crate::stage::screen::Screened;
use crate::stage::turn::{Prepared, Stopwatch};

impl Gateway {
    /// Serves one request: the stages in order.
    pub async fn serve(self: &Arc<Self>, call: Call) -> Result<Reply, Failure> {
        let live = self.live.snapshot(); // one consistent view for the whole request
        let caller = authenticate::check(&live.settings.access, call.credentials.as_ref())?; // bearer token -> Principal
        let ticket = self.admit(&live)?; // a place in flight, given back when dropped
        let body = call.body.await?; // read only now, within the edge's limits
        let asker = Asker { caller: &caller, hints: &call.hints, seed: self.seed };
        match live.screen(call.endpoint, &call.transport, body)? {
            // Same protocol on both sides: the bytes go through, and usage is watched.
            Screened::Bytes(passage) => {
                let model = resolve(&live, &passage.head.model, passage.route)?; // name -> model
                let job = live.plan_passage(&asker, &passage, model);
                // A deployment is chosen and called, another one if it fails; then the answer.
                self.pass(&live, passage, job, ticket).await
            }
            // Responses: typed, with history before and a stored turn after.
            Screened::Response(request) => {
                let model = resolve(&live, &request.model, Route::ChatCompletions)?;
                let (delivery, work) = (request.delivery, request.work);
                let session = call.transport.session();
                let mut stopwatch = Stopwatch::start();
                let joined = self.rehydrate(&live, &caller, session, *request).await?; // earlier turns -> Generation
                stopwatch.rehydrated();
                let plan = live.plan_turn(&asker, &joined, delivery, model);
                let job = plan.job(&joined.turn.generation);
                let Joined { turn, held, .. } = joined;
                let session = session.cloned();
                let prepared =
                    Prepared { caller, turn, held, plan, job, delivery, work, session, stopwatch };
                // Model call with failover, events, commit, terminal event.
                self.run(&live, prepared, ticket).await
            }
            // The same prompt, of which only the tokens are told.
            Screened::Count(request) => {
                let model = resolve(&live, &request.model, Route::ChatCompletions)?;
                let delivery = request.delivery;
                let joined = self.read_along(&live, &caller, *request).await?; // without taking a conversation
                let plan = live.plan_turn(&asker, &joined, delivery, model);
                self.tell_tokens(joined, &plan, ticket).await
            }
        }
    }

    /// Who asks. Handlers that read stored data call it too: there is no other way to a
    /// [`Principal`].
    pub fn authenticate(&self, credentials: Option<&Secret>) -> Result<Principal, Failure> {
        authenticate::check(&self.live.snapshot().settings.access, credentials)
    }
}
