//! The keys at the top of the file.

use crate::dialect::litellm::{
    known::{CALLBACKS, MCP, PROMPTS, SEARCH, VECTORS},
    rule::{Known, Rule, instead, missing},
};

pub(in crate::dialect::litellm) const ROOT: &Known = &[
    ("model_list", Rule::Read),
    ("router_settings", Rule::Read),
    ("litellm_settings", Rule::Read),
    ("general_settings", Rule::Read),
    ("environment_variables", Rule::Read),
    ("credential_list", Rule::Read),
    ("include", Rule::Read),
    ("guardrails", Rule::Read),
    ("policies", Rule::Read),
    ("policy_attachments", Rule::Read),
    ("callback_settings", missing(CALLBACKS)),
    ("mcp_servers", missing(MCP)),
    ("mcp_tools", missing(MCP)),
    ("vector_store_registry", missing(VECTORS)),
    ("search_tools", missing(SEARCH)),
    ("prompts", missing(PROMPTS)),
    (
        "assistant_settings",
        instead(
            "the assistants API does not exist here",
            "use /v1/responses and /v1/conversations",
        ),
    ),
    ("files_settings", instead("the files API does not exist yet", "send files within requests")),
    (
        "finetune_settings",
        instead("the fine-tuning API does not exist here", "train beside the gateway"),
    ),
    (
        "batch_settings",
        instead(
            "the batches API does not exist yet",
            "send the requests one by one, with low priority",
        ),
    ),
    ("agent_list", instead("agents do not exist here", "run them at the client")),
    ("agents", instead("agents do not exist here", "run them at the client")),
    (
        "worker_registry",
        instead("each gateway runs by itself", "share one file and one database among them"),
    ),
];
