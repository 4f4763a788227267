//! How a fake backend is set up.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::condition::{MetricsPage, Phase};
use super::serve::{self, Shared};
use super::served::{ModelRule, Models, ServedModel};
use super::settings::{Settings, Strictness, SystemRule};
use super::tokenizer::Tokenizer;
use super::{FakeBackend, Verdict};
use crate::answer::Script;
use crate::door::{self, Position};

/// The set-up of a [`FakeBackend`].
#[derive(Debug)]
pub struct Builder {
    settings: Settings,
    position: Position,
    port: u16,
}

impl Default for Builder {
    fn default() -> Self {
        Self { settings: Settings::default(), position: Position::Open, port: 0 }
    }
}

impl Builder {
    /// Serves these models (names, or names with their `max_model_len`) instead of `tiny`; others are
    /// 404 as with vLLM.
    #[must_use]
    pub fn models(mut self, models: impl IntoIterator<Item = impl Into<ServedModel>>) -> Self {
        self.settings.models = Models::new(models);
        self
    }

    /// Answers for every model name; the list shows those given so far.
    #[must_use]
    pub fn any_model(mut self) -> Self {
        self.settings.models.rule = ModelRule::Any;
        self
    }

    /// Puts this name into every answer, whatever name was asked for.
    #[must_use]
    pub fn reports_model(mut self, name: &str) -> Self {
        self.settings.reported = Some(name.to_owned());
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

    /// Starts in this phase; see [`FakeBackend::enter`].
    #[must_use]
    pub fn phase(mut self, phase: Phase) -> Self {
        self.settings.phase = phase;
        self
    }

    /// Counts tokens like this, and refuses prompts that are longer than the model's context.
    #[must_use]
    pub fn tokenizer(mut self, tokenizer: Tokenizer) -> Self {
        self.settings.tokenizer = tokenizer;
        self
    }

    /// Has no `/metrics` page.
    #[must_use]
    pub fn without_metrics(mut self) -> Self {
        self.settings.metrics = MetricsPage::Absent;
        self
    }

    /// Has no such route; see [`FakeBackend::without_route`].
    #[must_use]
    pub fn without_route(mut self, path: &str) -> Self {
        self.settings.absent.insert(path.to_owned());
        self
    }

    /// Uses this port instead of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The answer to requests for which none is queued.
    #[must_use]
    pub fn default_answer(mut self, script: impl Into<Script>) -> Self {
        self.settings.default = Some(script.into());
        self
    }

    /// Starts it on a free port of the loopback address, or on the one given.
    #[expect(clippy::unused_async, reason = "a runtime is needed, which an async call makes plain")]
    pub async fn start(mut self) -> FakeBackend {
        let (handle, door) = door::install_at(self.port, self.position).expect("a loopback port");
        let address = door.address();
        self.settings.hosts.push(address.to_string());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(Shared::new(self.settings, handle, stop.clone(), tasks.clone()));
        let accepting = serve::accept(Arc::clone(&shared), door);
        tasks.spawn(stop.run_until_cancelled_owned(accepting));
        FakeBackend { shared, address, verdict: Verdict::Open }
    }
}
