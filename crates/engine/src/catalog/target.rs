//! One deployment with its server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::backend::{BackendState, ServedModel, Standing, unknown_name};
use transom_core::fleet::Routing;
use transom_core::model::{Deployment, Mode};
use transom_core::port::upstream::{Route, Upstream};
use transom_routing::pick::{Candidate, Latency, key};

use super::Length;
use super::digest::{Epoch, Moment};
use super::group::Speed;
use super::listing::{Listing, ListingCell};
use super::track::{Held, Tokenizer, Track};

/// A deployment that requests can be sent to. What a choice reads of it comes first, in one line of
/// the processor's cache.
#[repr(C, align(64))]
pub(crate) struct Target {
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) track: Arc<Track>,
    listing: ListingCell,
    terms: Terms,
    pub(crate) deployment: Deployment,
}

/// What a choice reads of a deployment's declaration.
struct Terms {
    /// Its name as a number.
    key: u64,
    weight: u32,
    /// Most requests at once.
    parallel: u32,
    /// The longest prompt and answer together, in tokens, that the operator allows.
    context: u32,
    mode: Mode,
    /// Whether it has rates.
    rated: bool,
}

impl Terms {
    fn of(deployment: &Deployment) -> Self {
        let limits = &deployment.limits;
        Self {
            key: key(&deployment.id),
            weight: deployment.weight,
            parallel: limits.parallel_requests.unwrap_or(u32::MAX),
            context: deployment.max_context_tokens.unwrap_or(u32::MAX),
            mode: deployment.mode,
            rated: limits.requests_per_minute.is_some() || limits.tokens_per_minute.is_some(),
        }
    }
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
    /// Its server lacks the route.
    NoRoute,
    /// The request cannot be said in the protocol that its server is asked in.
    Unsaid,
}

impl Target {
    /// A deployment in a new snapshot. What was learnt stays while the server and the name there
    /// stay: a deployment that moved starts without a past, and what still runs at its old place
    /// says nothing about the new one.
    pub(super) fn new(
        deployment: Deployment,
        upstream: Arc<dyn Upstream>,
        routing: &Routing,
        epoch: Epoch,
        old: Option<&Arc<Self>>,
    ) -> Self {
        let stayed = old.filter(|old| {
            Arc::ptr_eq(&old.upstream, &upstream) && old.deployment.upstream == deployment.upstream
        });
        let track = match stayed {
            Some(old) => Arc::clone(&old.track),
            None => Arc::new(Track::new(routing, epoch)),
        };
        track.configure(routing);
        let (listing, terms) = (ListingCell::default(), Terms::of(&deployment));
        Self { upstream, track, listing, terms, deployment }
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
            _ => Some(self.terms.context),
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

    /// The longest prompt and answer together, in tokens, that its server says it takes under the
    /// deployment's name; `None` where it does not say, or the name depends on the request.
    pub(super) fn length(&self) -> Option<u32> {
        self.listing(self.upstream.glance().lists).length
    }

    /// The same, or less where the operator says so.
    pub(crate) fn context(&self) -> Option<u32> {
        self.length().into_iter().chain(self.deployment.max_context_tokens).min()
    }

    /// What the list of this number says.
    #[inline]
    pub(super) fn listing(&self, lists: u32) -> Listing {
        self.listing.of(lists, || {
            let served = self.upstream.served();
            let name = self.deployment.upstream.fixed();
            let listed = served.iter().find(|served| name == Some(&served.id));
            let unserved = name.is_some() && listed.is_none() && !served.is_empty();
            Listing {
                unserved: unserved && !self.deployment.trust_name,
                length: listed.and_then(|listed| listed.max_model_len),
            }
        })
    }

    /// Whether it can be asked for `route` at all.
    pub(super) fn serves(&self, route: Route) -> bool {
        self.terms.mode.serves(route)
    }

    /// Whether it can take a request now, and if not, why. `listing` is what its server's list of
    /// models says.
    #[inline]
    pub(super) fn fit(
        &self,
        standing: Standing,
        listing: Listing,
        at: Moment,
    ) -> Result<Fit, Unfit> {
        let fit = match standing {
            Standing::Ready => Fit::Well,
            Standing::Degraded => Fit::Degraded,
            Standing::Loading => {
                self.track.gone();
                return Err(Unfit::Loading);
            }
            Standing::Misconfigured => return Err(Unfit::Misconfigured),
            standing @ (Standing::Unreachable | Standing::Draining) => {
                self.track.gone();
                return Err(Unfit::Away { state: standing.word() });
            }
        };
        self.track.there();
        if listing.unserved {
            // It may have been put right, and nothing else would find out where nobody probes.
            self.upstream.doubt_names();
            return Err(Unfit::Misconfigured);
        }
        if self.track.in_flight() >= self.terms.parallel {
            return Err(Unfit::Full);
        }
        if !self.terms.rated && self.track.is_regular(at) {
            return Ok(fit);
        }
        self.track.check(&self.deployment.limits, at).map_err(|held| match held {
            Held::Resting { until } => Unfit::Resting { until },
            Held::RateLimited { wait } => Unfit::RateLimited { wait },
        })?;
        Ok(fit)
    }

    /// As pickers see it, with so many requests in its server's own queue.
    #[inline]
    pub(super) fn candidate(&self, waiting: u32, speed: Speed, at: Moment) -> Candidate<'_> {
        Candidate {
            id: &self.deployment.id,
            key: self.terms.key,
            weight: self.terms.weight,
            in_flight: self.track.in_flight(),
            waiting,
            latency: Latency::from(match speed {
                Speed::FirstToken => self.track.first_token(at),
                Speed::WholeAnswer => self.track.whole_answer(at),
            }),
            used_share: if self.terms.rated {
                self.track.used_share(&self.deployment.limits, at)
            } else {
                0.0
            },
        }
    }
}
