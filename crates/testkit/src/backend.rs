//! A scriptable vLLM on 127.0.0.1 that validates and records every request it receives.
//!
//! # Layout
//!
//! - this file: [`FakeBackend`], what a test asks of it.
//! - [`Builder`]: how it is set up.
//! - `ledger`: what has happened so far: requests, connections, disconnects, violations.
//! - `serve`: the connections: reading requests, choosing answers.
//! - `play`: one answer on one socket, while watching for the peer to leave.
//! - [`Phase`], [`EngineLoad`]: whether it is loading or broken, and what its metrics page says.
//! - [`ServedModel`]: what `/v1/models` shows; `death`: requests that kill it.
//! - [`Tokenizer`]: how it counts tokens, and what it finds too long.
//! - `counts`: what a test can count afterwards.
//! - [`violation`]: what is wrong with a request, rule by rule.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::answer::Script;
use crate::door::Position;

mod builder;
mod condition;
mod counts;
mod death;
mod ledger;
mod play;
mod request;
mod serve;
mod served;
mod settings;
mod tokenizer;
pub mod violation;

pub use builder::Builder;
pub use condition::{EngineLoad, Phase};
pub use death::Comeback;
pub use ledger::Disconnect;
pub use request::Request;
pub(crate) use request::{INFERENCE, RESPONSES};
pub use served::ServedModel;
pub use tokenizer::Tokenizer;
pub use violation::Violation;

use condition::MetricsPage;
use death::Poison;
use serve::Shared;

/// A fake vLLM. Dropping it fails the test if a request broke a rule (see [`Builder::lenient`]).
#[derive(Debug)]
pub struct FakeBackend {
    shared: Arc<Shared>,
    address: SocketAddr,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Open,
    Given,
}

impl FakeBackend {
    /// A backend that serves the model `tiny`, validates strictly and answers a short text.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A backend to be set up first.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path and without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Accepts this `host` header too, such as that of a proxy in front of it.
    pub fn expect_host(&self, authority: impl Into<String>) {
        self.shared.settings.update(|settings| settings.hosts.push(authority.into()));
    }

    /// Answers the next inference request that has no answer yet with this, once.
    pub fn answer(&self, script: impl Into<Script>) -> &Self {
        self.shared.settings.update(|settings| settings.queue.push_back(script.into()));
        self
    }

    /// Answers every inference request with this while no queued answer is left.
    pub fn default_answer(&self, script: impl Into<Script>) -> &Self {
        self.shared.settings.update(|settings| settings.default = Some(script.into()));
        self
    }

    /// Answers a path (`/health`, `/v1/models`, …) with this, whatever it would do otherwise.
    pub fn route(&self, path: &str, script: impl Into<Script>) -> &Self {
        self.shared.settings.update(|settings| {
            settings.routes.insert(path.to_owned(), script.into());
        });
        self
    }

    /// Undoes [`FakeBackend::route`].
    pub fn reset_route(&self, path: &str) -> &Self {
        self.shared.settings.update(|settings| settings.routes.remove(path));
        self
    }

    /// Has no such route from now on (`/v1/responses`, `/openapi.json`, …).
    pub fn without_route(&self, path: &str) -> &Self {
        self.shared.settings.update(|settings| settings.absent.insert(path.to_owned()));
        self
    }

    /// Undoes [`FakeBackend::without_route`].
    pub fn with_route(&self, path: &str) -> &Self {
        self.shared.settings.update(|settings| settings.absent.remove(path));
        self
    }

    /// Enters this phase from the next request on.
    pub fn enter(&self, phase: Phase) -> &Self {
        self.shared.settings.update(|settings| settings.phase = phase);
        self
    }

    /// Shows this load on its metrics page instead of what it is really doing.
    pub fn show_load(&self, load: EngineLoad) -> &Self {
        self.shared.settings.update(|settings| settings.metrics = MetricsPage::Fixed(load));
        self
    }

    /// Serves these models from now on, and no others.
    pub fn serve(&self, models: impl IntoIterator<Item = impl Into<ServedModel>>) -> &Self {
        let listed = models.into_iter().map(Into::into).collect();
        self.shared.settings.update(|settings| settings.models.listed = listed);
        self
    }

    /// Demands this key from now on instead of the ones before; see [`Builder::expect_key`].
    pub fn change_key(&self, key: &str) -> &Self {
        self.shared.settings.update(|settings| {
            settings.key = Some(key.to_owned());
            settings.other_keys.clear();
        });
        self
    }

    /// Accepts this key beside the ones before, as a vLLM with several `--api-key` does.
    pub fn accept_key(&self, key: &str) -> &Self {
        self.shared.settings.update(|settings| settings.other_keys.push(key.to_owned()));
        self
    }

    /// Dies of every request to a model whose body contains this text: all connections are reset and
    /// the port is shut. [`FakeBackend::deaths`] counts.
    pub fn die_of(&self, marker: &str, comeback: Comeback) -> &Self {
        let poison = Poison { marker: marker.to_owned(), comeback };
        self.shared.settings.update(|settings| settings.poison = Some(poison));
        self
    }

    /// Scripted answers that nobody has asked for yet.
    pub fn queued(&self) -> usize {
        self.shared.settings.read(|settings| settings.queue.len())
    }

    /// Listens, after [`Builder::loading`], [`FakeBackend::refuse`] or [`FakeBackend::kill`].
    pub async fn listen(&self) {
        self.shared.door.put(Position::Open).await;
    }

    /// Refuses new connections; the existing ones live on.
    pub async fn refuse(&self) {
        self.shared.door.put(Position::Shut).await;
    }

    /// Dies as a killed process does: every connection is reset, new ones are refused.
    pub async fn kill(&self) {
        self.refuse().await;
        self.reset_connections();
    }

    /// Resets every open connection and goes on listening.
    pub fn reset_connections(&self) {
        self.shared.reset_connections();
    }

    /// All inference and other requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.ledger.read(|ledger| ledger.requests.clone())
    }

    /// Requests to this path so far.
    pub fn requests_to(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path() == path).collect()
    }

    /// The last inference request; fails when there was none.
    pub fn last_request(&self) -> Request {
        let last = self.requests().into_iter().rfind(Request::is_inference);
        last.expect("the fake backend has received an inference request")
    }

    /// The next inference request that this method has not returned yet.
    pub async fn next_request(&self) -> Request {
        let what = "a request to reach the fake backend";
        self.shared.ledger.wait_for(what, ledger::Ledger::next_request).await
    }

    /// The next time a peer left before its answer was complete.
    pub async fn await_disconnect(&self) -> Disconnect {
        let what = "a peer to leave the fake backend";
        self.shared.ledger.wait_for(what, |ledger| ledger.disconnects.pop_front()).await
    }

    /// Waits until no answer is in progress.
    pub async fn await_idle(&self) {
        let what = "the fake backend to be idle";
        self.shared.ledger.wait_for(what, |l| (l.in_flight == 0).then_some(())).await;
    }

    /// Waits until every peer has closed its connection.
    pub async fn await_no_connections(&self) {
        let what = "all connections to the fake backend to be closed";
        self.shared.ledger.wait_for(what, |l| (l.open == 0).then_some(())).await;
    }

    /// The rules that requests have broken so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.ledger.read(|ledger| ledger.violations.clone())
    }

    /// Takes the violations, for tests that provoke them on purpose.
    pub fn take_violations(&self) -> Vec<Violation> {
        self.shared.ledger.update(|ledger| std::mem::take(&mut ledger.violations))
    }

    /// Ends the backend and fails the test if a request broke a rule.
    pub fn finish(mut self) {
        self.judge();
    }

    fn judge(&mut self) {
        if self.verdict == Verdict::Given {
            return;
        }
        self.verdict = Verdict::Given;
        let violations = self.violations();
        let lenient = self.shared.settings.read(settings::Settings::lenient);
        if violations.is_empty() || lenient || std::thread::panicking() {
            return;
        }
        panic!("{}", violation::report(&violations, &self.requests()));
    }
}

impl Drop for FakeBackend {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.judge();
    }
}
