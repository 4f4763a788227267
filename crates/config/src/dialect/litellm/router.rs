//! `router_settings`, and what `litellm_settings` shares with it.

use crate::{
    Origin,
    dialect::litellm::{
        deployment::WAITS,
        fallbacks::{KINDS, Other},
        group::Shuffle,
        known::router::{RETRY_POLICY, ROUTER, SHARED},
        lowering::{Fields, Lowering, Strangers},
        place::Place,
        rule::{Known, Rule, idle},
    },
    draft::Sourced,
    nearest::nearest,
    value::Raw,
};

const STRATEGY: &str = "routing.strategy";
const SESSION: &str = "session";
const LEVEL: &str = "log.level";

/// LiteLLM's strategies, ours, and how they differ.
const STRATEGIES: [(&str, &str, Option<&str>); 6] = [
    ("simple-shuffle", "weighted_shuffle", None),
    ("least-busy", "least_loaded", None),
    (
        "latency-based-routing",
        "lowest_latency",
        Some("the time of recent answers decides: of streams until their first piece"),
    ),
    (
        "usage-based-routing",
        "least_loaded",
        Some("requests in flight and the queue of the server decide, not tokens of the minute"),
    ),
    (
        "usage-based-routing-v2",
        "least_loaded",
        Some("requests in flight and the queue of the server decide, not tokens of the minute"),
    ),
    (
        "cost-based-routing",
        "weighted_shuffle",
        Some("prices do not decide: give cheaper entries a lower `order`"),
    ),
];

/// What the rest of the file needs to know of the router.
#[derive(Default)]
pub(super) struct Router<'a> {
    /// Other names of models.
    pub(super) others: Vec<Other>,
    /// Lists of models that take over, with our key.
    pub(super) fallbacks: Vec<(&'static str, Place<'a>)>,
    /// Those that take over for every model.
    pub(super) default_fallbacks: Vec<Place<'a>>,
    /// Most requests at once of an entry that does not say.
    pub(super) parallel: Option<Sourced>,
    written: Vec<&'a str>,
    own_strategy: Option<&'static str>,
}

impl<'a> Router<'a> {
    /// Whether weights decide.
    pub(super) fn shuffle(&self) -> Shuffle {
        match self.own_strategy {
            None | Some("weighted_shuffle") => Shuffle::Weighted,
            Some(_) => Shuffle::Other,
        }
    }

    /// Whether `router_settings` has the key, so that it does not count in `litellm_settings`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.written.contains(&key)
    }

    /// The shared keys as `litellm_settings` reads them.
    pub(super) fn shared(&self) -> Vec<(&'static str, Rule)> {
        let shadowed = idle("router_settings says otherwise");
        let rule = |(key, rule): &(&'static str, Rule)| {
            (*key, if self.has(key) { shadowed } else { *rule })
        };
        SHARED.iter().map(rule).collect()
    }

    fn collect(&mut self, fields: &Fields<'a>) {
        for (key, path) in KINDS {
            self.fallbacks.extend(fields.get(key).map(|place| (path, place.clone())));
        }
        self.default_fallbacks.extend(fields.get("default_fallbacks").cloned());
    }
}

impl Lowering<'_> {
    /// Reads `router_settings`.
    pub(super) fn router<'p>(&mut self, place: &Place<'p>) -> Router<'p> {
        let table = joined(&[SHARED, ROUTER]);
        let fields = self.fields(place, &table, Strangers::Mistakes);
        let written = place.fields().unwrap_or_default().into_iter();
        let mut router = Router {
            written: written.filter(|(_, at)| !at.is_null()).map(|(key, _)| key).collect(),
            ..Router::default()
        };
        self.shared(&fields, &mut router);
        router.own_strategy = self.strategy(&fields);
        if let Some(aliases) = fields.get("model_group_alias") {
            router.others = self.others(aliases);
        }
        if let Some(parallel) = fields.get("default_max_parallel_requests") {
            let text = self.text(parallel);
            let sourced = |text| Sourced { raw: Raw::Scalar(text), origin: parallel.origin() };
            router.parallel = text.map(sourced);
        }
        if let Some(policy) = fields.get("retry_policy") {
            self.fields(policy, RETRY_POLICY, Strangers::Mistakes);
        }
        if let Some(timeout) = fields.get("timeout") {
            self.whole_timeout(timeout);
        }
        if let Some(off) = fields.get("disable_cooldowns") {
            match self.truth(off) {
                Some(true) => self.put("routing.breaker", "false", &off.origin()),
                Some(false) => self.exact(off.origin(), "`routing.breaker` stays as it is"),
                None => {}
            }
        }
        if let Some(level) = fields.get("debug_level")
            && let Some(text) = self.text(level)
        {
            self.put(LEVEL, text.to_ascii_lowercase(), &level.origin());
        }
        router
    }

    /// What both sections may say.
    pub(super) fn shared<'p>(&mut self, fields: &Fields<'p>, router: &mut Router<'p>) {
        router.collect(fields);
        if let Some(fails) = fields.get("allowed_fails")
            && let Some(text) = self.text(fails)
        {
            match text.trim().parse::<u32>() {
                Ok(count) => {
                    let failures = count.saturating_add(1).to_string();
                    self.put("routing.breaker_failures", failures, &fails.origin());
                    let how = "failures are counted in a row, not by the minute";
                    self.approximated(fails.origin(), how);
                }
                Err(_) => self.problem(fails.origin(), format!("`{text}` is not a whole number")),
            }
        }
        if let Some(verbose) = fields.get("set_verbose") {
            match self.truth(verbose) {
                Some(true) => self.put(LEVEL, "debug", &verbose.origin()),
                Some(false) => self.exact(verbose.origin(), "`log.level` stays as it is"),
                None => {}
            }
        }
    }

    /// A timeout of LiteLLM that holds for every entry without one.
    pub(super) fn whole_timeout(&mut self, timeout: &Place<'_>) {
        if self.copy("limits.request_timeout", timeout).is_some() {
            self.copy("limits.first_chunk_timeout", timeout);
            self.approximated(timeout.origin(), WAITS);
        }
    }

    /// The strategy, ours; sessions come before everything else.
    fn strategy(&mut self, fields: &Fields<'_>) -> Option<&'static str> {
        let affine = fields.get("optional_pre_call_checks");
        let affine = affine.and_then(|checks| self.checks(checks));
        let named = fields.get("routing_strategy");
        let named = named.and_then(|place| Some((self.text(place)?, place.origin())));
        match (affine, named) {
            (None, None) => None,
            (None, Some((name, at))) => self.named_strategy(&name, &at),
            (Some((strategy, at)), named) => {
                self.put(STRATEGY, strategy, &at);
                if let Some((_, named_at)) = named {
                    self.approximated(named_at, format!("the strategy is `{strategy}`: {at}"));
                }
                Some(strategy)
            }
        }
    }

    fn named_strategy(&mut self, name: &str, at: &Origin) -> Option<&'static str> {
        let Some((_, ours, how)) = STRATEGIES.iter().find(|(theirs, ..)| *theirs == name) else {
            let known = STRATEGIES.iter().map(|(theirs, ..)| *theirs);
            let near = nearest(name, known).unwrap_or(STRATEGIES[0].0);
            let what = format!("`{name}` is not a known strategy");
            self.unsupported(at.clone(), what, &format!("did you mean `{near}`?"));
            return None;
        };
        self.put(STRATEGY, *ours, at);
        if let Some(how) = how {
            self.approximated(at.clone(), *how);
        }
        Some(ours)
    }

    /// `optional_pre_call_checks`; the strategy that they ask for.
    fn checks(&mut self, place: &Place<'_>) -> Option<(&'static str, Origin)> {
        let mut strategy: Option<(&'static str, Origin)> = None;
        for (check, at) in self.texts(place) {
            match check.as_str() {
                "session_affinity" | "deployment_affinity" => {
                    strategy = Some((SESSION, at.clone()));
                    let how = "a conversation stays with its server: strategy `session`";
                    self.approximated(at, how);
                }
                "prompt_caching" => {
                    let prefix = ("prefix_aware", at.clone());
                    strategy = strategy.or(Some(prefix));
                    let how = "the server that has the prompt's beginning: strategy `prefix_aware`";
                    self.approximated(at, how);
                }
                "enforce_model_rate_limits" => {
                    self.put("routing.enforce_rate_limits", "true", &at);
                }
                "responses_api_deployment_check" | "encrypted_content_affinity" => {
                    self.no_effect(at, "conversations are kept here: any server can go on");
                }
                "router_budget_limiting" => {
                    self.unsupported(at, "budgets do not exist yet", "remove it");
                }
                "forward_client_headers_by_model_group" => {
                    self.unsupported(at, "client headers are not forwarded", "remove it");
                }
                _ => self.unsupported(at, format!("`{check}` is not a known check"), "remove it"),
            }
        }
        strategy
    }
}

/// A table that is put together from several.
pub(super) fn joined(tables: &[&Known]) -> Vec<(&'static str, Rule)> {
    tables.iter().flat_map(|table| table.iter().copied()).collect()
}
