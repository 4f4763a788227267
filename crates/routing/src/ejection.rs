//! Outlier ejection over the deployments of one model: one that fails much more often than the
//! others is left out for a while, also when successes between its failures keep its breaker closed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use transom_core::model::DeploymentId;

mod outcomes;

use outcomes::Outcomes;

/// The results that count are this old at most.
pub const WINDOW: Duration = Duration::from_secs(30);
/// Nothing is concluded from fewer results within [`WINDOW`].
pub const FEWEST_RESULTS: u32 = 10;
/// How long the first ejection lasts; each further one lasts twice as long as the one before.
pub const FIRST_EJECTION: Duration = Duration::from_secs(5);
/// Ejections grow up to this.
pub const LONGEST_EJECTION: Duration = Duration::from_mins(2);
/// After this much time without an ejection the next one is short again.
pub const FORGIVEN: Duration = Duration::from_mins(5);
/// Another deployment is better when its share of failures is at most this part of the outlier's.
const BETTER: f64 = 0.5;

/// When deployments are ejected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// A share of failures above this makes an outlier; with 1 there is none.
    pub ratio: f64,
    /// At most this share of the deployments is out at once, and never all of them.
    pub floor: f64,
}

/// The results of the deployments of one model, and those that are out.
#[derive(Clone, Debug)]
pub struct Ejection {
    settings: Settings,
    members: HashMap<DeploymentId, Member>,
    /// When the last of those that are out comes back, so that asking is cheap when none is.
    last_return: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
struct Member {
    outcomes: Outcomes,
    ejected: Option<Ejected>,
}

#[derive(Clone, Copy, Debug)]
struct Ejected {
    until: Instant,
    length: Duration,
}

impl Member {
    fn is_out(&self, now: Instant) -> bool {
        self.ejected.is_some_and(|ejected| now < ejected.until)
    }

    /// Leaves it out from `now`, and starts its results anew: when it is back, it is judged by what
    /// it does then.
    fn eject(&mut self, now: Instant) -> Instant {
        let length = match self.ejected {
            Some(before) if now < before.until + FORGIVEN => {
                before.length.saturating_mul(2).min(LONGEST_EJECTION)
            }
            _ => FIRST_EJECTION,
        };
        let until = now + length;
        self.ejected = Some(Ejected { until, length });
        self.outcomes = Outcomes::default();
        until
    }
}

impl Ejection {
    /// Nothing is known yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, members: HashMap::new(), last_return: None }
    }

    /// Changes the settings; they hold from the next result on.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Takes in a result of the deployment `id`, one of `members`, and ejects it when it has become
    /// an outlier. It has not as long as no other does better: when all fail alike, leaving some
    /// out would only load the rest.
    pub fn record(&mut self, id: &DeploymentId, ok: bool, members: usize, now: Instant) {
        if self.last_return.is_some_and(|last| now < last) {
            self.keep_floor(members, |ejected| now < ejected.until);
        }
        if !self.members.contains_key(id) {
            self.members.insert(id.clone(), Member::default());
        }
        let Some(member) = self.members.get_mut(id).filter(|member| !member.is_out(now)) else {
            return;
        };
        member.outcomes.add(ok, now);
        if ok || !self.is_outlier(id, members, now) {
            return;
        }
        let out = self.members.values().filter(|member| member.is_out(now)).count();
        if self.may_be_out(out + 1, members)
            && let Some(member) = self.members.get_mut(id)
        {
            let until = member.eject(now);
            self.last_return = self.last_return.max(Some(until));
        }
    }

    /// Whether any is left out at `now`, at most: it may be one that is gone.
    pub fn is_anybody_out(&self, now: Instant) -> bool {
        self.last_return.is_some_and(|last| now < last)
    }

    /// Whether `id` is left out at `now`.
    pub fn is_ejected(&self, id: &DeploymentId, now: Instant) -> bool {
        self.is_anybody_out(now) && self.members.get(id).is_some_and(|member| member.is_out(now))
    }

    /// Forgets the deployments that are gone. Of those that are out some come back when there would
    /// be too many of them among the rest.
    pub fn retain(&mut self, is_there: &dyn Fn(&DeploymentId) -> bool) {
        self.members.retain(|id, _| is_there(id));
        self.keep_floor(self.members.len(), |_| true);
    }

    fn is_outlier(&self, id: &DeploymentId, members: usize, now: Instant) -> bool {
        let Some(outcomes) = self.members.get(id).map(|member| member.outcomes.count(now)) else {
            return false;
        };
        let share = outcomes.share();
        if outcomes.total() < FEWEST_RESULTS || share <= self.settings.ratio {
            return false;
        }
        let better = |member: &Member| {
            !member.is_out(now) && member.outcomes.count(now).share() <= share * BETTER
        };
        // One that was never used is taken for a good one.
        self.members.len() < members
            || self.members.iter().any(|(other, member)| other != id && better(member))
    }

    /// Whether `out` of `members` may be out at once.
    fn may_be_out(&self, out: usize, members: usize) -> bool {
        const ROUNDING: f64 = 1e-9;
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        out < members && number(out) <= number(members) * self.settings.floor + ROUNDING
    }

    /// Lets those come back that have been out longest when too many are, which happens when there
    /// are fewer members than before.
    fn keep_floor(&mut self, members: usize, is_out: impl Fn(&Ejected) -> bool) {
        let out = |member: &Member| member.ejected.filter(&is_out).map(|ejected| ejected.until);
        let mut count = self.members.values().filter_map(out).count();
        while count > 0 && !self.may_be_out(count, members) {
            let first = self.members.values_mut().filter_map(|member| {
                let until = out(member)?;
                Some((until, member))
            });
            if let Some((_, member)) = first.min_by_key(|(until, _)| *until) {
                member.ejected = None;
            }
            count -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
