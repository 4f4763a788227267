//! An entry of `model_list`, its `model_info`, and the entries of `credential_list`.

use crate::dialect::litellm::{
    known::{ACCOUNTS, MODEL_ROUTERS, TAGS, TOKEN_PRICES},
    rule::{Known, Rule, idle, instead, missing},
};

const PROBE: &str = "servers are asked for their list of models; nothing is generated";
const STAMP: &str = "LiteLLM keeps it for itself";

pub(in crate::dialect::litellm) const ENTRY: &Known = &[
    ("model_name", Rule::Read),
    ("litellm_params", Rule::Read),
    ("model_info", Rule::Read),
    ("rpm", Rule::Read),
    ("tpm", Rule::Read),
];

pub(in crate::dialect::litellm) const INFO: &Known = &[
    ("id", Rule::Same("models[].deployments[].id")),
    ("mode", Rule::Read),
    ("input_cost_per_token", Rule::Read),
    ("output_cost_per_token", Rule::Read),
    ("rpm", Rule::Read),
    ("tpm", Rule::Read),
    ("blocked", Rule::Read),
    ("disable_background_health_check", Rule::Read),
    (
        "max_input_tokens",
        Rule::Near(
            "models[].deployments[].max_context_tokens",
            "bounds the prompt and the answer together, with or without enable_pre_call_checks",
        ),
    ),
    ("description", Rule::Same("models[].deployments[].description")),
    ("max_tokens", idle("the server knows how long its answers may be")),
    ("max_output_tokens", idle("the server knows how long its answers may be")),
    ("base_model", idle("there is no list of prices to look it up in")),
    ("health_check_model", idle(PROBE)),
    ("health_check_timeout", idle(PROBE)),
    ("health_check_max_tokens", idle(PROBE)),
    ("health_check_voice", idle(PROBE)),
    ("health_check_reasoning_effort", idle(PROBE)),
    ("tier", idle("prices are those written here")),
    ("db_model", idle(STAMP)),
    ("created_at", idle(STAMP)),
    ("created_by", idle(STAMP)),
    ("updated_at", idle(STAMP)),
    ("updated_by", idle(STAMP)),
    ("access_groups", missing(ACCOUNTS)),
    ("access_windows", missing(ACCOUNTS)),
    ("team_id", missing(ACCOUNTS)),
    ("team_public_model_name", missing(ACCOUNTS)),
    ("member_auto_router", missing(ACCOUNTS)),
    ("allow_fail_open", missing(TAGS)),
    ("enable_tag_filtering", missing(TAGS)),
    ("internal_router_model", missing(MODEL_ROUTERS)),
    ("discoverable", instead("cannot be said here", "use `hidden` of a model in transom.yaml")),
    ("ptu_*", missing(TOKEN_PRICES)),
    ("*_per_hour", missing(TOKEN_PRICES)),
    ("input_cost_per_*", missing(TOKEN_PRICES)),
    ("output_cost_per_*", missing(TOKEN_PRICES)),
    ("cache_read_*", missing(TOKEN_PRICES)),
    ("cache_creation_*", missing(TOKEN_PRICES)),
    ("supports_*", idle("the server knows what its model can do")),
];

pub(in crate::dialect::litellm) const CREDENTIAL: &Known = &[
    ("credential_name", Rule::Read),
    ("credential_values", Rule::Read),
    ("credential_info", idle("it is a note")),
];

pub(in crate::dialect::litellm) const CREDENTIAL_VALUES: &Known = &[
    ("api_base", Rule::Read),
    ("api_key", Rule::Read),
    ("api_version", idle("only Azure looks at it")),
    ("organization", idle("vLLM does not look at it")),
];
