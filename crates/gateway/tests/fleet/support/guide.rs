//! The deployment of guide 004: its file word for word, but for the addresses of its two servers.

use transom_testkit::gateway::Builder;
use transom_testkit::{Client, FakeBackend, TestGateway};

use super::{gateway, keyed};

const FILE: &str = include_str!("../../../../config/src/dialect/litellm/tests/guide-004.yaml");

/// The guide's `.env`.
pub(crate) const DOTENV: &str = "\
# .env  (never commit this)
LITELLM_MASTER_KEY=sk-gateway-CHANGE-ME
BACKEND_01_KEY=sk-backend01-CHANGE-ME       # == vLLM --api-key on llm-backend-01
BACKEND_02_KEY=sk-backend02-CHANGE-ME       # == vLLM --api-key on llm-backend-02
";

pub(crate) const MASTER: &str = "sk-gateway-CHANGE-ME";
pub(crate) const KEYS: [&str; 2] = ["sk-backend01-CHANGE-ME", "sk-backend02-CHANGE-ME"];

/// What the two servers call their models.
pub(crate) const SERVED: [&str; 2] = ["gpt-oss-120b", "qwen3-coder-30b"];

/// The guide's file with the servers at these URLs.
pub(crate) fn file(general: &str, coder: &str) -> String {
    let file = FILE.replace("http://llm-backend-01:8000", general);
    file.replace("http://llm-backend-02:8000", coder)
}

/// The two model servers of the guide, which demand their keys.
pub(crate) struct Servers {
    /// Behind `default`.
    pub(crate) general: FakeBackend,
    /// Behind `coder`.
    pub(crate) coder: FakeBackend,
}

impl Servers {
    pub(crate) async fn start() -> Self {
        let server =
            |at: usize| FakeBackend::builder().models([SERVED[at]]).expect_key(KEYS[at]).start();
        Self { general: server(0).await, coder: server(1).await }
    }

    /// The guide's file for them.
    pub(crate) fn file(&self) -> String {
        file(&self.general.url(), &self.coder.url())
    }

    /// A gateway on a free port with the guide's two files.
    pub(crate) fn gateway(&self) -> Builder {
        gateway().config("config.yaml", self.file()).dotenv(DOTENV)
    }
}

/// A client with the guide's master key.
pub(crate) fn client(gateway: &TestGateway) -> Client {
    keyed(gateway.client(), MASTER)
}
