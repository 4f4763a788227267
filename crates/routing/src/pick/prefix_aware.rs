//! The one that probably has the beginning of the prompt in its cache.
//!
//! `tree` remembers which beginnings went where. It is a guess about what the servers hold: they do
//! not say, and they drop what was not used for long, as the tree does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use transom_core::model::DeploymentId;

use super::pool::Pool;
use super::{Ask, Candidate, Pick};

mod tree;

use tree::{Owner, Tree};

/// A deployment is overloaded when its pressure is above the least one's by so many requests …
const MARGIN_REQUESTS: f64 = 8.0;

/// … and by this factor. The first keeps an idle fleet from giving up caches over nothing, the second
/// a busy one.
const MARGIN_FACTOR: f64 = 1.5;

/// The deployment with the longest known beginning of the prompt, the least loaded of them where
/// several have it; the least loaded of all where none has, or where that one is overloaded.
#[derive(Default)]
pub(super) struct PrefixAware {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    tree: Tree,
    /// The deployments that were ever sent something. As many as the model has, since those that
    /// are gone are taken out with every change.
    deployments: Vec<(Owner, DeploymentId)>,
    /// Room for the owners of one choice, kept so that no choice allocates.
    owners: Vec<(Owner, usize)>,
}

impl Pick for PrefixAware {
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize {
        let pool = Pool::of(among);
        let least = pool.least_loaded(ask.random);
        // Hashed before the lock is taken: it is the larger part of the work.
        let blocks = ask.prompt.blocks();
        if blocks.is_empty() {
            return least;
        }
        let Some(holder) = self.lock().holder(&pool, blocks) else { return least };
        let lowest = pool.pressure(&among[least]);
        let limit = (lowest + MARGIN_REQUESTS).max(lowest * MARGIN_FACTOR);
        if pool.pressure(&among[holder]) > limit { least } else { holder }
    }

    fn sent(&self, to: &DeploymentId, ask: &Ask<'_>) {
        let blocks = ask.prompt.blocks();
        if blocks.is_empty() {
            return;
        }
        let owner = Owner::of(to);
        let mut known = self.lock();
        if known.deployments.iter().all(|(one, _)| *one != owner) {
            known.deployments.push((owner, to.clone()));
        }
        known.tree.insert(blocks, owner);
    }

    fn retain(&self, is_there: &dyn Fn(&DeploymentId) -> bool) {
        let mut known = self.lock();
        let Known { tree, deployments, .. } = &mut *known;
        deployments.retain(|(owner, id)| {
            let stays = is_there(id);
            if !stays {
                tree.forget(*owner);
            }
            stays
        });
    }
}

impl PrefixAware {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // What a panic left behind is still a guess about caches.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The least loaded of the candidates with the longest known beginning.
    fn holder(&mut self, pool: &Pool<'_>, blocks: &[u64]) -> Option<usize> {
        let Self { tree, owners, .. } = self;
        owners.clear();
        owners.extend(pool.iter().map(|(index, candidate)| (Owner::of_key(candidate.key), index)));
        // A hash stands for all before it, so the deepest one that is known is the longest match.
        blocks.iter().rev().find_map(|block| {
            let holders = tree.holders(*block)?;
            let theirs = owners.iter().filter(|(owner, _)| holders.contains(owner));
            let pressures =
                theirs.map(|(_, index)| (*index, pool.pressure(pool.candidate(*index))));
            let least = pressures.min_by(|(_, left), (_, right)| left.total_cmp(right));
            least.map(|(index, _)| index)
        })
    }
}

#[cfg(test)]
mod tests;
