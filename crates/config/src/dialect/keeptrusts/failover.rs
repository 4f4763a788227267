//! What happens when a target fails: retries, what triggers them, and the breaker.

use super::reader::{
    Fate, Field, Mapping, Reader, Setting, approximated, exact, no_effect, unsupported,
};
use crate::{Draft, Treatment, value::unknown_word};

const FALLBACK: &[(&str, Fate)] = &[
    ("enabled", Fate::Read),
    ("strategy", Fate::Read),
    ("triggers", Fate::Read),
    ("retry_on", Fate::Read),
    ("max_fallback_attempts", approximated("is `routing.retries`: tries beyond the first")),
    ("max_retries", Fate::Read),
    ("content_policy", Fate::Read),
    ("context_window", Fate::Read),
    ("latency_window", no_effect("older answers count less and less, without a window")),
    ("max_latency_ms", unsupported("a slow target is left by its timeouts alone")),
    ("provider", unsupported("write a second target with the same provider string")),
    ("model", unsupported("write a second target with the same provider string")),
];

const BREAKER: &[(&str, Fate)] = &[
    ("enabled", exact("is `routing.breaker`")),
    ("failure_threshold", exact("is `routing.breaker_failures`")),
    ("cooldown_seconds", approximated(COOLDOWN)),
    ("recovery_timeout", approximated(COOLDOWN)),
    ("half_open_max_requests", no_effect(HALF_OPEN)),
    ("half_open_requests", no_effect(HALF_OPEN)),
    ("success_threshold", no_effect(HALF_OPEN)),
];
const COOLDOWN: &str = "is `routing.breaker_cooldown`, which doubles when the target fails again";
const HALF_OPEN: &str = "one request at a time tries a target that was out";

/// Native names of what the keys above are.
const BREAKER_PATHS: [(&str, &str); 4] = [
    ("enabled", "routing.breaker"),
    ("failure_threshold", "routing.breaker_failures"),
    ("cooldown_seconds", "routing.breaker_cooldown"),
    ("recovery_timeout", "routing.breaker_cooldown"),
];

/// Classes of failure that triggers speak of; those that no trigger names are not retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    RateLimit,
    Server,
    Timeout,
    Connection,
}

impl Class {
    const ALL: [(Self, &'static str); 4] = [
        (Self::RateLimit, "routing.retries_rate_limit"),
        (Self::Server, "routing.retries_server"),
        (Self::Timeout, "routing.retries_timeout"),
        (Self::Connection, "routing.retries_connection"),
    ];
}

/// A connection that is refused or breaks counts as an error of the server, which has no word of
/// its own for it.
const SERVER: &[Class] = &[Class::Server, Class::Connection];
const TRIGGERS: [(&str, &[Class], Treatment); 15] = [
    ("rate_limit", &[Class::RateLimit], Treatment::Exact),
    ("rate_limit_exceeded", &[Class::RateLimit], Treatment::Exact),
    ("429", &[Class::RateLimit], Treatment::Exact),
    ("server_error", SERVER, Treatment::Exact),
    ("5xx", SERVER, Treatment::Exact),
    ("service_unavailable", SERVER, Treatment::Approximated),
    ("500", SERVER, Treatment::Approximated),
    ("502", SERVER, Treatment::Approximated),
    ("503", SERVER, Treatment::Approximated),
    ("timeout", &[Class::Timeout], Treatment::Exact),
    ("408", &[Class::Timeout], Treatment::Approximated),
    ("504", &[Class::Timeout], Treatment::Approximated),
    ("connection_error", &[Class::Connection], Treatment::Exact),
    ("connection", &[Class::Connection], Treatment::Exact),
    ("network_error", &[Class::Connection], Treatment::Exact),
];

/// Reads `providers.fallback`, `provider_fallback` and `circuit_breaker` in either place.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    root: &Mapping<'a>,
    providers: Option<&Mapping<'a>>,
    draft: &mut Draft,
) {
    let inner = providers.and_then(|providers| reader.section(providers, "fallback"));
    let outer = reader.section(root, "provider_fallback");
    for section in inner.iter().chain(&outer) {
        reader.survey(section, FALLBACK);
        fallback(reader, section, draft);
    }
    if let Some(strategy) = outer.as_ref().and_then(|outer| outer.get("strategy")) {
        let message = "is not read here: write it under `provider_routing`";
        reader.say(&strategy, Treatment::Unsupported, message);
    }
    let inner = providers.and_then(|providers| reader.section(providers, "circuit_breaker"));
    let outer = reader.section(root, "circuit_breaker");
    for section in inner.iter().chain(&outer) {
        reader.survey(section, BREAKER);
        for (key, path) in BREAKER_PATHS {
            if let Some(setting) = reader.setting(section, key, path) {
                setting.put(draft);
            }
        }
    }
}

fn fallback<'a>(reader: &mut Reader<'a>, section: &Mapping<'a>, draft: &mut Draft) {
    let enabled = section.get("enabled");
    if let Some(field) = enabled
        && reader.value::<bool>(&field) == Some(false)
    {
        reader.say(&field, Treatment::Exact, "is `routing.retries: 0`");
        Setting::new("routing.retries", "0", reader.place(&field)).put(draft);
    }
    let attempts = reader.setting(section, "max_fallback_attempts", "routing.retries");
    let retries = reader.setting(section, "max_retries", "routing.retries");
    if let Some(field) = section.get("max_retries") {
        match attempts {
            Some(_) => reader.say(&field, Treatment::NoEffect, "`max_fallback_attempts` decides"),
            None => reader.say(&field, Treatment::Exact, "is `routing.retries`"),
        }
    }
    if let Some(setting) = attempts.or(retries) {
        setting.put(draft);
    }
    for (key, usual) in [("content_policy", "stop"), ("context_window", "abort")] {
        let Some(field) = section.get(key) else { continue };
        if reader.value::<String>(&field).is_some_and(|word| word == usual) {
            reader.say(&field, Treatment::Exact, "is what happens: no other model takes over");
        } else {
            let message = format!("no other model takes over here, as with `{usual}`");
            let hint = "write a `fallback_group` in `model_groups`";
            reader.advise(&field, Treatment::Unsupported, message, hint);
        }
    }
    triggers(reader, section, draft);
}

/// What no trigger names is not retried; without any triggers everything is.
fn triggers<'a>(reader: &mut Reader<'a>, section: &Mapping<'a>, draft: &mut Draft) {
    let lists = ["triggers", "retry_on"].map(|key| section.get(key));
    let mut named = Vec::new();
    for item in lists.iter().flatten().flat_map(|list| reader.items(list)).collect::<Vec<_>>() {
        named.extend_from_slice(trigger(reader, &item));
    }
    let Some(written) = lists.into_iter().flatten().next() else { return };
    for (class, path) in Class::ALL {
        if !named.contains(&class) {
            Setting::new(path, "0", reader.place(&written)).put(draft);
        }
    }
}

fn trigger<'a>(reader: &mut Reader<'a>, item: &Field<'a>) -> &'static [Class] {
    let Some(text) = reader.value::<String>(item) else { return &[] };
    let Some((_, classes, treatment)) = TRIGGERS.iter().find(|(word, ..)| *word == text) else {
        reader.no_such_word(item, unknown_word(&text, &TRIGGERS.map(|(word, ..)| word)));
        return &[];
    };
    let message = match treatment {
        Treatment::Exact => "such failures are tried elsewhere",
        _ => "every failure of its class is tried elsewhere",
    };
    reader.say(item, *treatment, message);
    classes
}
