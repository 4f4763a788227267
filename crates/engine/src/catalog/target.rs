//! One deployment with its server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::backend::{BackendState, ServedModel, unknown_name};
use transom_core::fleet::Routing;
use transom_core::model::Deployment;
use transom_core::port::upstream::Upstream;
use transom_routing::pick::Candidate;

use super::Length;
use super::track::{Held, Tokenizer, Track};

/// A deployment that requests can be sent to.
pub(crate) struct Target {
    pub(crate) deployment: Deployment,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) track: Arc<Track>,
}

/// How well a target can take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As well as any.
    Well,
    /// Something is wrong with it: others are better.
    Degraded,
}

/// Why a target cannot take a request now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Its server is loading: it is worth waiting.
    Loading,
    /// It has as many requests as it may have: it is worth waiting.
    Full,
    /// It failed of late and rests.
    Resting { until: Instant },
    /// It has had what it may have this minute.
    RateLimited { wait: Duration },
    /// Its server is gone, or taken out.
    Away { state: &'static str },
    /// Its configuration is wrong.
    Misconfigured,
}

impl Target {
    /// A deployment in a new snapshot. What was learnt stays while the server and the name there
    /// stay: a deployment that moved starts without a past, and what still runs at its old place
    /// says nothing about the new one.
    pub(super) fn new(
        deployment: Deployment,
        upstream: Arc<dyn Upstream>,
        routing: &Routing,
        old: Option<&Arc<Self>>,
    ) -> Self {
        let stayed = old.filter(|old| {
            Arc::ptr_eq(&old.upstream, &upstream) && old.deployment.upstream == deployment.upstream
        });
        let track = match stayed {
            Some(old) => Arc::clone(&old.track),
            None => Arc::new(Track::new(routing)),
        };
        track.configure(routing);
        Self { deployment, upstream, track }
    }

    /// How its server and its name stand.
    pub(crate) fn state(&self) -> BackendState {
        match self.upstream.state() {
            state if !state.takes_requests() => state,
            state => match self.unserved_name() {
                Some((name, served)) => {
                    BackendState::Misconfigured { reason: Arc::from(unknown_name(name, &served)) }
                }
                None => state,
            },
        }
    }

    /// The longest prompt and answer together, in tokens, that it takes for a request that asks for
    /// `asked`, of which the model's pattern left `matched` open: what its server says, or less
    /// where the operator says so.
    pub(crate) fn max_model_len(&self, asked: &Arc<str>, matched: &str) -> Option<u32> {
        let name = self.deployment.upstream.resolve(asked, matched);
        let served = self.upstream.served();
        let said = served.iter().find(|served| served.id == name);
        let said = said.and_then(|served| served.max_model_len);
        said.into_iter().chain(self.deployment.max_context_tokens).min()
    }

    /// Its limit, when so many tokens are over it. What its server says of itself counts only where
    /// they were counted: not every server refuses what it need not fulfil, such as a long answer.
    pub(super) fn too_short(&self, length: Length) -> Option<u32> {
        let limit = match (length, self.deployment.upstream.fixed()) {
            (Length::Counted(_), Some(name)) => self.max_model_len(name, ""),
            _ => self.deployment.max_context_tokens,
        };
        limit.filter(|limit| length.tokens() > *limit)
    }

    /// How its server counts tokens, as far as it is known.
    pub(crate) fn tokenizer(&self, now: Instant) -> Tokenizer {
        self.track.with(|learnt| learnt.tokenizer.still(now))
    }

    /// Remembers how its server counts tokens.
    pub(crate) fn has_tokenizer(&self, tokenizer: Tokenizer) {
        self.track.with(|learnt| learnt.tokenizer = tokenizer);
    }

    /// The name that its server lacks, and the list of those it has: it lists models, and this is
    /// not one.
    pub(crate) fn unserved_name(&self) -> Option<(&Arc<str>, Arc<[ServedModel]>)> {
        let name = self.deployment.upstream.fixed().filter(|_| !self.deployment.trust_name)?;
        let served = self.upstream.served();
        let known = served.is_empty() || served.iter().any(|served| served.id == *name);
        (!known).then_some((name, served))
    }

    /// Whether it can take a request now, and if not, why.
    pub(crate) fn fit(&self, now: Instant) -> Result<Fit, Unfit> {
        let fit = match self.upstream.state() {
            BackendState::Ready => Fit::Well,
            BackendState::Degraded { .. } => Fit::Degraded,
            BackendState::Loading { .. } => {
                self.track.gone();
                return Err(Unfit::Loading);
            }
            BackendState::Misconfigured { .. } => return Err(Unfit::Misconfigured),
            state @ (BackendState::Unreachable { .. } | BackendState::Draining { .. }) => {
                self.track.gone();
                return Err(Unfit::Away { state: state.word() });
            }
        };
        self.track.there();
        if self.unserved_name().is_some() {
            return Err(Unfit::Misconfigured);
        }
        let limits = &self.deployment.limits;
        if limits.parallel_requests.is_some_and(|limit| self.track.in_flight() >= limit) {
            return Err(Unfit::Full);
        }
        self.track.with(|learnt| learnt.check(limits, now)).map_err(|held| match held {
            Held::Resting { until } => Unfit::Resting { until },
            Held::RateLimited { wait } => Unfit::RateLimited { wait },
        })?;
        Ok(fit)
    }

    /// As pickers see it.
    pub(crate) fn candidate(&self, now: Instant) -> Candidate<'_> {
        let (first_token, used_share) = self.track.with(|learnt| {
            (learnt.first_token.value(now), learnt.used_share(&self.deployment.limits, now))
        });
        Candidate {
            id: &self.deployment.id,
            weight: self.deployment.weight,
            in_flight: self.track.in_flight(),
            load: self.upstream.load(),
            first_token,
            used_share,
        }
    }
}
