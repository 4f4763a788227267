//! How all requests of a load ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{End, Outcome};

/// Most outcomes that a failing test shows.
const SHOWN: usize = 5;

/// The outcomes of a load, by number.
#[derive(Clone, Debug)]
pub struct Report {
    /// One per request that was sent.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    pub(super) fn new(mut outcomes: Vec<Outcome>) -> Self {
        outcomes.sort_by_key(|outcome| outcome.number);
        Self { outcomes }
    }

    /// Requests that were answered wholly.
    pub fn whole(&self) -> usize {
        self.count(|outcome| outcome.end == End::Whole)
    }

    /// Requests of which this is true.
    pub fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|outcome| is(outcome)).count()
    }

    /// How many ended in which way, such as `refused 503 upstream_unavailable`.
    pub fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for outcome in &self.outcomes {
            let begun = if outcome.content.is_some() { "begun, " } else { "" };
            let way = match &outcome.end {
                End::Whole => "whole".to_owned(),
                End::Refused(status, code) => format!("refused {status} {code}"),
                End::Told(code) => format!("{begun}told {code}"),
                End::Cut(_) => format!("{begun}cut"),
                End::NoAnswer(_) => "no answer".to_owned(),
            };
            *tally.entry(way).or_default() += 1;
        }
        tally
    }

    /// All model names that answers carried.
    pub fn models(&self) -> BTreeSet<String> {
        self.outcomes.iter().flat_map(|outcome| outcome.models.clone()).collect()
    }

    /// The time to the end that this share of the requests (of 100) did not exceed.
    pub fn latency(&self, percent: usize) -> Duration {
        let mut sorted: Vec<_> = self.outcomes.iter().map(|outcome| outcome.total).collect();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or_default()
    }

    /// Fails the test unless every request was answered wholly, and with its own answer.
    pub fn assert_all_whole(&self) {
        self.refuse("not answered wholly", |outcome| outcome.end != End::Whole);
        self.assert_unmixed();
    }

    /// Fails the test if a request failed whose answer had not begun, or if one that had begun ended
    /// without being told so.
    pub fn assert_unbegun_ones_are_answered(&self) {
        self.refuse("failed before any content", Outcome::failed_unbegun);
        self.refuse("cut without a word", |outcome| matches!(outcome.end, End::Cut(_)));
        self.assert_unmixed();
    }

    /// Fails the test if an answer carried the mark of another request.
    pub fn assert_unmixed(&self) {
        self.refuse("mixed up with others", |outcome| !outcome.foreign.is_empty());
    }

    fn refuse(&self, what: &str, is: impl Fn(&Outcome) -> bool) {
        assert!(!self.outcomes.is_empty(), "the load sent nothing");
        let bad: Vec<_> = self.outcomes.iter().filter(|outcome| is(outcome)).collect();
        let shown = &bad[..bad.len().min(SHOWN)];
        assert!(
            bad.is_empty(),
            "{} of {} requests {what}: {:?}\n{shown:#?}",
            bad.len(),
            self.outcomes.len(),
            self.tally()
        );
    }
}
