//! The life of a request.
//!
//! [`Gateway::serve`] names every stage in order. A stage is a method with a typed result, so none
//! can run before the one it depends on.

use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::secret::Secret;

use crate::call::{Call, Reply};
use crate::gateway::Gateway;
use crate::stage::authenticate;
use crate::stage::screen::Screened;
use crate::stage::turn::Stopwatch;

impl Gateway {
    /// Serves one request: the stages in order.
    pub async fn serve(&self, call: Call) -> Result<Reply, Failure> {
        let caller = self.authenticate(call.credentials.as_ref())?; // bearer token -> Principal
        let ticket = self.admit()?; // a place in flight, given back when dropped
        let body = call.body.await?; // read only now, within the edge's limits
        match self.screen(call.endpoint, body)? {
            // Same protocol on both sides: the bytes go through, and usage is watched.
            Screened::Bytes(passage) => {
                self.resolve()?; // is the model server ready?
                self.pass(passage, ticket).await
            }
            // Responses: typed, with history before and a stored turn after.
            Screened::Response(request) => {
                self.resolve()?;
                let delivery = request.delivery;
                let mut stopwatch = Stopwatch::start();
                let turn = self.rehydrate(&caller, *request).await?; // earlier turns -> Generation
                stopwatch.rehydrated();
                // Model call, events, commit, terminal event.
                self.run(caller, turn, delivery, ticket, stopwatch).await
            }
        }
    }

    /// Who asks. Handlers that read stored data call it too: there is no other way to a
    /// [`Principal`].
    pub fn authenticate(&self, credentials: Option<&Secret>) -> Result<Principal, Failure> {
        authenticate::check(&self.settings.access, credentials)
    }
}
