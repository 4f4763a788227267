//! How a fake backend is set up.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::serve::{self, Shared};
use super::settings::{Models, Settings, Strictness, SystemRule};
use super::{FakeBackend, Verdict};
use crate::answer::Script;
use crate::door::{self, Position};

/// The set-up of a [`FakeBackend`].
#[derive(Debug)]
pub struct Builder {
    settings: Settings,
    position: Position,
}

impl Default for Builder {
    fn default() -> Self {
        Self { settings: Settings::default(), position: Position::Open }
    }
}

impl Builder {
    /// Serves these models instead of `tiny`; others are 404 as with vLLM.
    #[must_use]
    pub fn models<'a>(mut self, models: impl IntoIterator<Item = &'a str>) -> Self {
        self.settings.models = Models::Served(models.into_iter().map(str::to_owned).collect());
        self
    }

    /// Answers for every model name; the list shows those given so far.
    #[must_use]
    pub fn any_model(mut self) -> Self {
        self.settings.models = Models::Any(self.settings.models.listed().to_vec());
        self
    }

    /// Collects violations without failing the test and answers such requests as scripted.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.settings.strictness = Strictness::Lenient;
        self
    }

    /// Accepts system messages in any number and place.
    #[must_use]
    pub fn system_anywhere(mut self) -> Self {
        self.settings.system = SystemRule::Anywhere;
        self
    }

    /// Accepts this top-level field although vLLM does not know it.
    #[must_use]
    pub fn allow_field(mut self, field: &str) -> Self {
        self.settings.allowed_fields.insert(field.to_owned());
        self
    }

    /// Demands `authorization: Bearer KEY` on `/v1` paths, and answers 401 without it.
    #[must_use]
    pub fn expect_key(mut self, key: &str) -> Self {
        self.settings.key = Some(key.to_owned());
        self
    }

    /// Refuses connections until [`FakeBackend::listen`], as vLLM does while a model loads.
    #[must_use]
    pub fn loading(mut self) -> Self {
        self.position = Position::Shut;
        self
    }

    /// The answer to requests for which none is queued.
    #[must_use]
    pub fn default_answer(mut self, script: impl Into<Script>) -> Self {
        self.settings.default = Some(script.into());
        self
    }

    /// Starts it on a free port.
    #[expect(clippy::unused_async, reason = "a runtime is needed, which an async call makes plain")]
    pub async fn start(mut self) -> FakeBackend {
        let (handle, door) = door::install(self.position).expect("a free loopback port");
        let address = door.address();
        self.settings.hosts.push(address.to_string());
        let shared = Arc::new(Shared::new(self.settings));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accepting = serve::accept(Arc::clone(&shared), door, tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        FakeBackend { shared, address, door: handle, stop, tasks, verdict: Verdict::Open }
    }
}
