//! The life of a request.
//!
//! [`Gateway::serve`] names every stage in order. A stage is a method with a typed result, so none
//! can run before the one it depends on.

use std::sync::Arc;

use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::id::ResponseId;
use transom_core::port::upstream::Route;
use transom_core::secret::Secret;
use transom_wire::responses::request::{CreateResponse, Delivery, Ground};

use crate::background::{Birth, Order};
use crate::call::{Call, Hints, Reply};
use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::session::Session;
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
        let received = body.clone();
        match live.screen(call.endpoint, &call.transport, body)? {
            // Same protocol on both sides: the bytes go through, and usage is watched.
            Screened::Bytes(passage) => {
                let model = resolve(&live, &passage.head.model, passage.route)?; // name -> model
                let asker = Asker { caller: &caller, hints: &call.hints, seed: self.seed };
                let job = live.plan_passage(&asker, &passage, model);
                // A deployment is chosen and called, another one if it fails; then the answer.
                self.pass(&live, passage, job, ticket).await
            }
            // Responses: typed, with history before and a stored turn after.
            Screened::Response(request) => {
                let ground = request.ground;
                let who = (&call.hints, call.transport.session());
                let prepared = self.prepare(&live, caller, who, *request, self.birth()).await?;
                match ground {
                    // Model call with failover, events, commit, terminal event.
                    Ground::Foreground => self.run(&live, prepared, ticket).await,
                    // The same on its own, with its events in the store.
                    Ground::Background => {
                        let order = Order::of(&received, &call.hints)?;
                        self.run_in_background(&live, prepared, order).await
                    }
                }
            }
        }
    }

    /// The stages of a typed request before its model is called. A response that is run again comes
    /// through here too.
    pub(crate) async fn prepare(
        &self,
        live: &Snapshot,
        caller: Principal,
        (hints, session): (&Hints, Option<&Arc<Session>>),
        request: CreateResponse,
        birth: Birth,
    ) -> Result<Prepared, Failure> {
        let model = resolve(live, &request.model, Route::ChatCompletions)?; // name -> model
        let (delivery, work, ground) = (request.delivery, request.work, request.ground);
        let mut stopwatch = Stopwatch::start();
        let joined = self.rehydrate(live, &caller, session, request, birth).await?; // earlier turns -> Generation
        stopwatch.rehydrated();
        let asker = Asker { caller: &caller, hints, seed: self.seed };
        // What runs in the background is written down as it comes, whoever reads it how.
        let planned = match ground {
            Ground::Foreground => delivery,
            Ground::Background => Delivery::Stream,
        };
        let job = live.plan_turn(&asker, &joined, planned, model);
        let Joined { turn, held, .. } = joined;
        let session = session.cloned();
        Ok(Prepared { caller, turn, held, job, delivery, work, session, stopwatch })
    }

    /// A new response.
    fn birth(&self) -> Birth {
        Birth { id: ResponseId::fresh(self.ids.as_ref()), created_at: self.clock.now() }
    }

    /// Who asks. Handlers that read stored data call it too: there is no other way to a
    /// [`Principal`].
    pub fn authenticate(&self, credentials: Option<&Secret>) -> Result<Principal, Failure> {
        authenticate::check(&self.live.snapshot().settings.access, credentials)
    }
}
