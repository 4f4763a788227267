//! The life of a request.
//!
//! [`Gateway::serve`] names every stage in order. A stage is a method with a typed result, so none
//! can run before the one it depends on.

use std::sync::Arc;

use bytes::Bytes;
use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::id::ResponseId;
use transom_core::port::upstream::Route;
use transom_core::secret::Secret;
use transom_wire::responses::request::{CreateResponse, Delivery, Ground, Work};

use crate::background::{Birth, Order};
use crate::call::{Call, Endpoint, Hints, Reply, Transport};
use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::session::Session;
use crate::stage::admit::Ticket;
use crate::stage::authenticate;
use crate::stage::once::{First, Promise};
use crate::stage::plan::Asker;
use crate::stage::rehydrate::Joined;
use crate::stage::resolve::resolve;
use crate::stage::screen::Screened;
use crate::stage::turn::{Prepared, Stopwatch};

/// A typed request whose history is there.
pub(crate) struct Ready {
    pub(crate) model: Arc<str>,
    pub(crate) joined: Joined,
    delivery: Delivery,
    work: Work,
    ground: Ground,
    stopwatch: Stopwatch,
}

/// What is left of a call whose caller is known and whose body is read.
struct Asked {
    endpoint: Endpoint,
    transport: Transport,
    hints: Hints,
}

impl Gateway {
    /// Serves one request with the configuration in effect now.
    pub async fn serve(self: &Arc<Self>, call: Call) -> Result<Reply, Failure> {
        self.serve_in(self.live.snapshot(), call).await
    }

    /// Serves one request: the stages in order. `live` is one consistent view for all of it, the one
    /// that its record names.
    pub async fn serve_in(
        self: &Arc<Self>,
        live: Arc<Snapshot>,
        call: Call,
    ) -> Result<Reply, Failure> {
        let caller = authenticate::check(&live.settings.access, call.credentials.as_ref())?; // bearer token -> Principal
        let ticket = self.admit(&live)?; // a place in flight, given back when dropped
        let body = call.body.await?; // read only now, within the edge's limits
        // An `Idempotency-Key` that has been there: the same answer, or none yet.
        let mut promise = match self.once(&caller, call.endpoint.path(), call.once, &body).await? {
            First::Again(reply) => return Ok(reply),
            First::Anew(promise) => promise,
        };
        let asked = Asked { endpoint: call.endpoint, transport: call.transport, hints: call.hints };
        let answered = self.answer(&live, caller, asked, (body, ticket), &mut promise).await;
        self.settle_once(promise, answered).await // kept for those who ask again
    }

    /// The stages of a request that has not been answered before. A turn takes the promise along, to
    /// keep it whatever becomes of the client.
    async fn answer(
        self: &Arc<Self>,
        live: &Arc<Snapshot>,
        caller: Principal,
        call: Asked,
        (body, ticket): (Bytes, Ticket),
        promise: &mut Option<Promise>,
    ) -> Result<Reply, Failure> {
        let received = body.clone();
        match live.screen(call.endpoint, &call.transport, body)? {
            // Same protocol on both sides: the bytes go through, and usage is watched.
            Screened::Bytes(passage) => {
                let model = resolve(live, &passage.head.model, passage.route)?; // name -> model
                let asker = Asker { caller: &caller, hints: &call.hints, seed: self.seed };
                let job = live.plan_passage(&asker, &passage, model);
                // A deployment is chosen and called, another one if it fails; then the answer.
                self.pass(live, passage, job, ticket).await
            }
            // Responses: typed, with history before and a stored turn after.
            Screened::Response(request) => {
                let kind = (request.work, request.ground);
                let session = call.transport.session();
                let ready = self.ready(live, &caller, session, *request, self.birth()).await?;
                match kind {
                    // The conversation is summed up, and nothing is stored.
                    (Work::Compact, _) => {
                        let asker = Asker { caller: &caller, hints: &call.hints, seed: self.seed };
                        self.compact(live, &asker, ready.joined, ready.model, ticket).await
                    }
                    // Model call with failover, events, commit, terminal event.
                    (_, Ground::Foreground) => {
                        let mut prepared =
                            self.prepare(live, caller, (&call.hints, session), ready);
                        prepared.promise = promise.take();
                        self.run(live, prepared, ticket).await
                    }
                    // The same on its own, with its events in the store.
                    (_, Ground::Background) => {
                        let order = Order::of(&received, &call.hints)?;
                        let mut prepared =
                            self.prepare(live, caller, (&call.hints, session), ready);
                        prepared.promise = promise.take();
                        self.run_in_background(live, prepared, order, ticket).await
                    }
                }
            }
            // The same prompt, of which only the tokens are told.
            Screened::Count(request) => {
                let model = resolve(live, &request.model, Route::ChatCompletions)?;
                let delivery = request.delivery;
                // Without taking a conversation.
                let joined = self.read_along(live, &caller, *request, self.birth()).await?;
                let asker = Asker { caller: &caller, hints: &call.hints, seed: self.seed };
                let plan = live.plan_turn(&asker, &joined, delivery, model);
                self.tell_tokens(joined, &plan, ticket).await
            }
        }
    }

    /// The stages of a typed request before it is planned. A response that is run again comes through
    /// here too.
    pub(crate) async fn ready(
        &self,
        live: &Snapshot,
        caller: &Principal,
        session: Option<&Arc<Session>>,
        request: CreateResponse,
        birth: Birth,
    ) -> Result<Ready, Failure> {
        let model = resolve(live, &request.model, Route::ChatCompletions)?; // name -> model
        let (delivery, work, ground) = (request.delivery, request.work, request.ground);
        let mut stopwatch = Stopwatch::start();
        let joined = self.rehydrate(live, caller, session, request, birth).await?; // earlier turns -> Generation
        stopwatch.rehydrated();
        Ok(Ready { model, joined, delivery, work, ground, stopwatch })
    }

    /// Plans a turn.
    pub(crate) fn prepare(
        &self,
        live: &Snapshot,
        caller: Principal,
        (hints, session): (&Hints, Option<&Arc<Session>>),
        ready: Ready,
    ) -> Prepared {
        let Ready { model, joined, delivery, work, ground, stopwatch } = ready;
        let asker = Asker { caller: &caller, hints, seed: self.seed };
        // What runs in the background is written down as it comes, whoever reads it how.
        let planned = match ground {
            Ground::Foreground => delivery,
            Ground::Background => Delivery::Stream,
        };
        let plan = live.plan_turn(&asker, &joined, planned, model);
        let job = plan.job(&joined.turn.generation);
        let Joined { turn, held, .. } = joined;
        let session = session.cloned();
        Prepared {
            caller,
            turn,
            held,
            plan,
            job,
            delivery,
            work,
            session,
            promise: None,
            stopwatch,
        }
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
