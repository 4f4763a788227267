//! How requests are shared out, and what happens when one fails.

use std::{collections::BTreeMap, time::Duration};

use transom_core::{
    fleet::{FailureClass, Routing},
    model::Strategy,
};

use crate::{
    resolve::Resolver,
    setting::section,
    value::{Name, Ratio, Timeout, Whole},
};

section! {
    /// The settings as written.
    pub(crate) struct Settings in "routing" {
        /// How a deployment is chosen where its model does not say.
        strategy: Strategy = default Strategy::WeightedShuffle,
        /// Most tries beyond the first where the model does not say.
        retries: Whole<0, 100> = default Whole::clamped(2),
        /// Most tries beyond the first after a wrong key.
        retries_authentication: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after a request that is wrong itself.
        retries_bad_request: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after a connection that failed or broke.
        retries_connection: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after content was refused.
        retries_content_policy: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after a prompt was too long.
        retries_context_length: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after a model was not found.
        retries_not_found: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after status 429.
        retries_rate_limit: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after an error of the server.
        retries_server: Whole<0, 100> = unset "`routing.retries`",
        /// Most tries beyond the first after no answer came in time.
        retries_timeout: Whole<0, 100> = unset "`routing.retries`",
        /// Largest share of all requests that retries may be.
        retry_budget: Ratio = default Ratio::percent(20),
        /// Whether deployments that fail are taken out for a while.
        breaker: bool = default true,
        /// Failures in a row that take a deployment out.
        breaker_failures: Whole<1, 1_000_000> = default Whole::clamped(5),
        /// How long it stays out; doubled each time it fails again.
        breaker_cooldown: Timeout = default Timeout::seconds(5),
        /// Share of failures above which a deployment is taken out, if others fail much less.
        ejection_ratio: Ratio = default Ratio::percent(20),
        /// Largest share of a model's deployments that is taken out at once for that reason.
        ejection_floor: Ratio = default Ratio::percent(50),
        /// Models that take over where a model names none.
        default_fallbacks: Vec<Name> = default Vec::new(),
        /// Most models that one request tries beyond the first.
        max_fallbacks: Whole<0, 100> = default Whole::clamped(5),
        /// Most requests that wait for each model.
        queue_length: Whole<0, 1_000_000> = default Whole::clamped(1024),
        /// How long a request waits for a place or for a model that loads.
        queue_timeout: Duration = default Duration::from_secs(30),
        /// For how long after a start, a change or its last answer a server that cannot be reached
        /// is taken for one that is loading.
        startup_grace: Duration = default Duration::from_mins(10),
        /// Deaths of a server after which the request that met them is refused; 0: never.
        poison_strikes: Whole<0, 1000> = default Whole::clamped(2),
        /// Whether `rpm` and `tpm` of deployments are limits rather than hints.
        enforce_rate_limits: bool = default false,
    }
}

impl Settings {
    /// The rules, and whether rates are limits where a deployment does not say.
    pub(crate) fn resolve(resolver: &mut Resolver<'_>) -> (Routing, bool) {
        let written = Self::read(resolver);
        let routing = Routing {
            strategy: written.strategy,
            retries: written.retries.get(),
            retries_for: written.retries_for(),
            retry_budget: written.retry_budget.get(),
            breaker_failures: written.breaker_failures.get(),
            breaker_cooldown: written.breaker_cooldown.get(),
            breaker: written.breaker,
            ejection_ratio: written.ejection_ratio.get(),
            ejection_floor: written.ejection_floor.get(),
            default_fallbacks: written.default_fallbacks.iter().map(Name::shared).collect(),
            max_fallbacks: written.max_fallbacks.get(),
            queue_length: written.queue_length.get(),
            queue_timeout: written.queue_timeout,
            startup_grace: written.startup_grace,
            poison_strikes: written.poison_strikes.get(),
        };
        (routing, written.enforce_rate_limits)
    }

    fn retries_for(&self) -> BTreeMap<FailureClass, u32> {
        FailureClass::ALL
            .into_iter()
            .filter_map(|class| {
                let retries = match class {
                    FailureClass::Connection => self.retries_connection,
                    FailureClass::Timeout => self.retries_timeout,
                    FailureClass::RateLimit => self.retries_rate_limit,
                    FailureClass::Server => self.retries_server,
                    FailureClass::Authentication => self.retries_authentication,
                    FailureClass::NotFound => self.retries_not_found,
                    FailureClass::BadRequest => self.retries_bad_request,
                    FailureClass::ContextLength => self.retries_context_length,
                    FailureClass::ContentPolicy => self.retries_content_policy,
                };
                Some((class, retries?.get()))
            })
            .collect()
    }
}
