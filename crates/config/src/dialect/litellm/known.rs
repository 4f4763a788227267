//! Every key that LiteLLM documents, section by section, and what becomes of it here.
//!
//! The names are those of LiteLLM's reference of all settings and of its proxy's model format.

pub(super) mod general;
pub(super) mod library;
pub(super) mod model;
pub(super) mod params;
pub(super) mod root;
pub(super) mod router;

use crate::dialect::litellm::rule::{Lack, lack};

pub(super) const ACCOUNTS: Lack = lack(
    "keys besides the master key, users and teams do not exist yet",
    "until they do, run a gateway with a master key of its own for each team",
);
pub(super) const ALERTS: Lack = lack(
    "alerts do not exist yet",
    "let Prometheus alert on the metrics: docs/reference/metrics.md",
);
pub(super) const BUDGETS: Lack = lack(
    "budgets do not exist yet",
    "limit entries with rpm and tpm, and add enforce_model_rate_limits",
);
pub(super) const CACHE: Lack = lack(
    "a cache of answers does not exist yet",
    "let vLLM cache prompts, and choose by them with `strategy: prefix_aware`",
);
pub(super) const CALLBACKS: Lack = lack(
    "calls to outside loggers do not exist yet",
    "collect the log as JSON (json_logs) and the metrics page",
);
pub(super) const SPEND: Lack =
    lack("no record of spending exists yet", "add up `usage` of the answers, or the token metrics");
pub(super) const SIGN_IN: Lack = lack(
    "signing in other than with the master key does not exist yet",
    "put a proxy that signs users in before the gateway",
);
pub(super) const GUARDRAILS: Lack =
    lack("guardrails do not exist yet", "check what is said before the gateway or behind it");
pub(super) const PROMPTS: Lack =
    lack("stored prompts do not exist yet", "send the prompt with each request");
pub(super) const VECTORS: Lack =
    lack("vector stores do not exist yet", "search at the client, and send what was found");
pub(super) const SEARCH: Lack = lack("web search does not exist yet", "search at the client");
pub(super) const MCP: Lack = lack("MCP servers are not called yet", "call them at the client");
pub(super) const TAGS: Lack =
    lack("tags do not steer the choice", "give each group of entries a model_name of its own");
pub(super) const TOKEN_PRICES: Lack =
    lack("only prices per token are kept", "convert it into input_cost_per_token and the like");
pub(super) const CLIENT_HEADERS: Lack = lack(
    "client headers are not forwarded",
    "let a proxy before the model server add what it has to read",
);
pub(super) const MODEL_ROUTERS: Lack =
    lack("models are not chosen by what a request says", "name the model in each request");
pub(super) const CLIENT_SERVERS: Lack =
    lack("clients cannot choose the server or its key", "add an entry for each server and key");
pub(super) const FIELDS: Lack = lack(
    "fields of requests are neither removed nor rewritten",
    "change them at the client; vLLM ignores fields that it does not know",
);
pub(super) const ONLY_ROUTES: Lack = lack(
    "only the routes of the API are served",
    "let a proxy before the gateway send other paths elsewhere",
);
pub(super) const MOCKS: Lack =
    lack("there are no mock answers", "point an entry at a server that gives them");
