//! The keys at the top of the file.

use crate::dialect::litellm::{
    known::CALLBACKS,
    rule::{Known, Rule, missing},
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
    ("mcp_servers", missing("MCP servers are not called yet")),
    ("mcp_tools", missing("MCP servers are not called yet")),
    ("vector_store_registry", missing("vector stores do not exist yet")),
    ("search_tools", missing("web search does not exist yet")),
    ("prompts", missing("stored prompts do not exist yet")),
    ("assistant_settings", missing("the assistants API does not exist here")),
    ("files_settings", missing("the files API does not exist yet")),
    ("finetune_settings", missing("the fine-tuning API does not exist here")),
    ("batch_settings", missing("the batches API does not exist yet")),
    ("agent_list", missing("agents do not exist here")),
    ("agents", missing("agents do not exist here")),
    ("worker_registry", missing("each gateway runs by itself")),
];
