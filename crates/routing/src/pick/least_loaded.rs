//! The one with the fewest requests.

use super::pool::Pool;
use super::{Ask, Candidate, Pick};

/// The deployment with the fewest requests for its weight; any of them where several have.
pub(super) struct LeastLoaded;

impl Pick for LeastLoaded {
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize {
        Pool::of(among).least_loaded(ask.random)
    }
}
