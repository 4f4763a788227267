//! `litellm_params.model`: a provider and the model's name there.

/// What `provider/name` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Provider {
    /// A server that speaks OpenAI's API.
    Compatible,
    /// vLLM, which does so too.
    HostedVllm,
    /// Nothing was said, so it is taken for one.
    Unsaid,
    /// vLLM inside of LiteLLM's own process.
    Embedded,
    /// A server that is asked for plain completions only.
    Completions,
    /// Another one.
    Other(String),
}

/// LiteLLM's names of servers that speak OpenAI's API at `api_base`.
const COMPATIBLE: [&str; 6] =
    ["openai", "custom_openai", "openai_like", "litellm_proxy", "lm_studio", "llamafile"];

/// Takes the provider off the name; `custom` is `custom_llm_provider`, which decides alone.
pub(super) fn split<'m>(model: &'m str, custom: Option<&str>) -> (Provider, &'m str) {
    let (prefix, rest) = match model.split_once('/') {
        Some((prefix, rest)) => (Some(prefix), rest),
        None => (None, model),
    };
    match (custom, prefix) {
        (Some(custom), Some(prefix)) if custom == prefix => (named(custom), rest),
        (Some(custom), _) => (named(custom), model),
        (None, Some(prefix)) => (named(prefix), rest),
        (None, None) => (Provider::Unsaid, model),
    }
}

fn named(provider: &str) -> Provider {
    match provider {
        "hosted_vllm" => Provider::HostedVllm,
        "vllm" => Provider::Embedded,
        "text-completion-openai" => Provider::Completions,
        known if COMPATIBLE.contains(&known) => Provider::Compatible,
        other => Provider::Other(other.to_owned()),
    }
}
