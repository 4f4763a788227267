//! What is to be done when no target can take a request.

use std::time::{Duration, Instant};

use super::Flight;
use super::target::Unfit;

/// What became of choosing.
pub(crate) enum Choice {
    /// A place has been taken.
    Taken(Flight),
    /// It is worth waiting: for a place, for a model that loads, or for the end of a rest.
    Wait(Wait),
    /// No target will be there soon.
    Nobody(Nobody),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// When it is time to look again, if nothing happens before.
    pub(crate) until: Option<Instant>,
}

/// Why nobody can take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// Every target has failed it.
    AllTried,
    /// The prompt is longer than any target takes.
    TooLong { limit: u32 },
    /// The targets that could have had their share of this minute.
    RateLimited { wait: Duration },
    /// The targets that could rest after failures.
    Resting { wait: Duration },
    /// Their servers are gone; the state of one of them.
    Away { state: &'static str },
    /// Their configuration is wrong.
    Misconfigured,
    /// Their servers lack the route.
    NoRoute,
    /// The request cannot be said in the protocol that they are asked in.
    Unsaid,
}

/// What was seen of targets that cannot take a request.
#[derive(Default)]
pub(super) struct Survey {
    tried: bool,
    hope: Option<Hope>,
    longest: Option<u32>,
    resting: Option<Instant>,
    limited: Option<Duration>,
    away: Option<&'static str>,
    misconfigured: bool,
    unable: Option<Unable>,
}

/// Why a server cannot be asked for this, what the client can do something about last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unable {
    NoRoute,
    Unsaid,
}

/// What makes waiting worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hope {
    /// A server loads.
    Ready,
    /// A request ends.
    Place,
}

impl Survey {
    pub(super) fn note(&mut self, unfit: Unfit) {
        match unfit {
            Unfit::Full => self.full(),
            Unfit::Loading => self.hope = self.hope.max(Some(Hope::Ready)),
            Unfit::Resting { until } => {
                self.resting = Some(self.resting.map_or(until, |known| known.min(until)));
            }
            Unfit::RateLimited { wait } => {
                self.limited = Some(self.limited.map_or(wait, |known| known.min(wait)));
            }
            Unfit::Away { state } => self.away = Some(state),
            Unfit::Misconfigured => self.misconfigured = true,
            Unfit::NoRoute => self.unable = self.unable.max(Some(Unable::NoRoute)),
            Unfit::Unsaid => self.unable = self.unable.max(Some(Unable::Unsaid)),
        }
    }

    /// There is a target that will have a place.
    pub(super) fn full(&mut self) {
        self.hope = Some(Hope::Place);
    }

    /// Whether there is a target that will have a place.
    pub(super) fn is_full(&self) -> bool {
        self.hope == Some(Hope::Place)
    }

    /// A target has failed the request.
    pub(super) fn tried(&mut self) {
        self.tried = true;
    }

    /// The request needs more tokens than this.
    pub(super) fn too_long(&mut self, limit: u32) {
        self.longest = self.longest.max(Some(limit));
    }

    /// What follows. A target that is the only one (`alone`) is waited for while it rests; with
    /// others there it is left alone.
    pub(super) fn verdict(&self, alone: bool, now: Instant) -> Choice {
        if self.hope.is_some() || (alone && self.resting.is_some()) {
            let limited = self.limited.map(|wait| now + wait);
            return Choice::Wait(Wait { until: self.resting.into_iter().chain(limited).min() });
        }
        Choice::Nobody(match (self.limited, self.resting, self.away, self.longest) {
            (Some(wait), ..) => Nobody::RateLimited { wait },
            (_, Some(until), ..) => Nobody::Resting { wait: until.saturating_duration_since(now) },
            _ if self.tried => Nobody::AllTried,
            (.., Some(state), _) => Nobody::Away { state },
            _ if self.misconfigured => Nobody::Misconfigured,
            (.., Some(limit)) => Nobody::TooLong { limit },
            _ if self.unable == Some(Unable::Unsaid) => Nobody::Unsaid,
            _ if self.unable == Some(Unable::NoRoute) => Nobody::NoRoute,
            _ => Nobody::AllTried,
        })
    }
}
