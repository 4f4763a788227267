//! `router_settings`, and the policies in it.

use crate::dialect::litellm::{
    known::{ALERTS, BUDGETS, CACHE, GUARDRAILS, SEARCH, TAGS},
    rule::{Known, Rule, idle, instead, missing},
};

const REDIS: &str = "gateways share no counters: each one counts rpm and tpm for itself";
const DIVIDE: &str = "divide limits by the number of gateways";

/// The keys that `litellm_settings` may hold too.
pub(in crate::dialect::litellm) const SHARED: &Known = &[
    ("num_retries", Rule::Same("routing.retries")),
    ("fallbacks", Rule::Read),
    ("context_window_fallbacks", Rule::Read),
    ("content_policy_fallbacks", Rule::Read),
    ("default_fallbacks", Rule::Read),
    ("max_fallbacks", Rule::Same("routing.max_fallbacks")),
    ("allowed_fails", Rule::Read),
    (
        "cooldown_time",
        Rule::Near(
            "routing.breaker_cooldown",
            "is the first pause; it doubles while failures last",
        ),
    ),
    ("set_verbose", Rule::Read),
];

pub(in crate::dialect::litellm) const ROUTER: &Known = &[
    ("routing_strategy", Rule::Read),
    ("routing_strategy_args", idle("the strategies here take no arguments")),
    ("routing_groups", instead("cannot be said here", "use `strategy` of a model in transom.yaml")),
    ("model_group_alias", Rule::Read),
    ("timeout", Rule::Read),
    ("stream_timeout", Rule::Same("limits.first_chunk_timeout")),
    ("retry_after", idle("a retry goes to another deployment, or waits as the server asks")),
    ("retry_policy", Rule::Read),
    (
        "model_group_retry_policy",
        instead("retries of a model are not told apart by failure", "use retry_policy"),
    ),
    ("allowed_fails_policy", instead("failures of every kind count alike", "use allowed_fails")),
    ("disable_cooldowns", Rule::Read),
    ("enable_pre_call_checks", idle("max_input_tokens is checked always; there are no regions")),
    ("optional_pre_call_checks", Rule::Read),
    (
        "deployment_affinity_ttl_seconds",
        idle("a session keeps its server while the server is well"),
    ),
    ("model_group_affinity_config", instead("cannot be said here", "use `strategy: session`")),
    ("enable_tag_filtering", missing(TAGS)),
    ("tag_filtering_match_any", idle(TAGS.what)),
    ("tag_routing_prefix", idle(TAGS.what)),
    ("provider_budget_config", missing(BUDGETS)),
    ("ignore_invalid_deployments", idle("what cannot be served is left out and told")),
    ("redis_*", instead(REDIS, DIVIDE)),
    ("cache_responses", missing(CACHE)),
    ("cache_kwargs", idle(CACHE.what)),
    ("caching_groups", idle(CACHE.what)),
    ("client_ttl", idle("connections are kept while they are used")),
    (
        "default_priority",
        instead("priorities cannot be configured here", "send `x-transom-priority` with a request"),
    ),
    ("polling_interval", idle("waiting requests are woken, not polled")),
    ("default_max_parallel_requests", Rule::Read),
    (
        "default_litellm_params",
        instead("entries share no parameters", "write them at each entry of model_list"),
    ),
    ("max_retries", idle("retries are counted by num_retries alone")),
    ("debug_level", Rule::Read),
    ("alerting_config", missing(ALERTS)),
    (
        "assistants_config",
        instead(
            "the assistants API does not exist here",
            "use /v1/responses and /v1/conversations",
        ),
    ),
    ("router_general_settings", idle("it tunes LiteLLM's own program")),
    ("search_tools", missing(SEARCH)),
    ("guardrail_list", missing(GUARDRAILS)),
    ("weights", instead("models have no weights of their own", "use `weight` of an entry")),
];

pub(in crate::dialect::litellm) const RETRY_POLICY: &Known = &[
    ("BadRequestErrorRetries", Rule::Same("routing.retries_bad_request")),
    ("AuthenticationErrorRetries", Rule::Same("routing.retries_authentication")),
    ("TimeoutErrorRetries", Rule::Same("routing.retries_timeout")),
    ("RateLimitErrorRetries", Rule::Same("routing.retries_rate_limit")),
    ("ContentPolicyViolationErrorRetries", Rule::Same("routing.retries_content_policy")),
    ("InternalServerErrorRetries", Rule::Same("routing.retries_server")),
    (
        "ServiceUnavailableErrorRetries",
        Rule::Near("routing.retries_server", "counts for 500 and 503 alike"),
    ),
    ("NotFoundErrorRetries", Rule::Same("routing.retries_not_found")),
    ("DefaultRetries", Rule::Same("routing.retries")),
];
