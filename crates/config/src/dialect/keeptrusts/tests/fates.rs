//! What is said of each key.

use super::*;
use crate::Finding;

#[test]
fn every_key_is_said_to_be_exact_approximated_without_effect_or_unsupported() {
    let lowered = lower(EVERY_KEY);
    assert_eq!(lowered.problems(), Vec::<String>::new());
    let row = |found: &Finding| format!("{}: {}", found.at, found.treatment.word());
    let table = lowered.found.findings.iter().map(row);
    let table: Vec<_> = table.map(|row| row.replace("policy-config.yaml:", "")).collect();
    assert_eq!(table.join("\n"), include_str!("every_key.txt").trim_end());
    let said = format!("{:?}", lowered.found);
    assert!(!said.contains("sk-never-shown"), "a key is never repeated");
}

#[test]
fn retries_and_the_breaker_are_set_from_fallback_and_circuit_breaker() {
    const PATHS: [&str; 8] = [
        "routing.retries",
        "routing.retries_rate_limit",
        "routing.retries_server",
        "routing.retries_timeout",
        "routing.retries_connection",
        "routing.breaker",
        "routing.breaker_failures",
        "routing.breaker_cooldown",
    ];
    let set = |below: &str| {
        let lowered = targets(&["id: a, provider: vllm:chat:m"], below);
        assert_eq!(lowered.problems(), Vec::<String>::new());
        let set = PATHS.iter().filter_map(|path| {
            Some(format!("{}={}", path.strip_prefix("routing.").unwrap(), lowered.setting(path)?))
        });
        set.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(set(""), "");
    assert_eq!(set("  fallback: {max_fallback_attempts: 3}"), "retries=3");
    assert_eq!(set("  fallback: {enabled: false, max_retries: 3}"), "retries=0");
    assert_eq!(
        set("  fallback: {triggers: [rate_limit, timeout], max_retries: 1}"),
        "retries=1 retries_server=0 retries_connection=0"
    );
    assert_eq!(
        set("  fallback: {retry_on: [5xx]}"),
        "retries_rate_limit=0 retries_timeout=0",
        "a connection that breaks is an error of the server"
    );
    assert_eq!(set("provider_fallback: {triggers: [429, 503]}"), "retries_timeout=0");
    assert_eq!(
        set("circuit_breaker: {enabled: true, failure_threshold: 3, cooldown_seconds: 30}"),
        "breaker=true breaker_failures=3 breaker_cooldown=30"
    );
}

#[test]
fn unknown_keys_come_with_the_nearest_known_one() {
    let lowered = targets(
        &["id: a, provider: vllm:chat:m, timeout_second: 5, colour: red"],
        "  tragets: []\n  fallback: {max_retry: 1}\n",
    );
    assert_eq!(
        lowered.findings(),
        [
            "3 providers.targets[0].timeout_second: unsupported: is not a known key of this file \
             (did you mean `timeout_seconds`?)",
            "3 providers.targets[0].colour: unsupported: is not a known key of this file (known \
             here are id, provider, model, base_url, secret_key_ref, timeout_seconds, \
             stream_timeout_seconds, max_context_tokens, format, description, weight, \
             health_probe, allow_insecure_tls, data_policy, zdr, data_collection, \
             escalation_routing, api_key_header, api_key_prefix, provider_type, circuit_breaker, \
             api_key)",
            "4 providers.tragets: unsupported: is not a known key of this file (did you mean \
             `targets`?)",
            "5 providers.fallback.max_retry: unsupported: is not a known key of this file (did \
             you mean `max_retries`?)",
        ]
    );
}
