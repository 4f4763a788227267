//! Which beginnings of prompts went where: a radix tree without its branches.
//!
//! A block's hash covers all blocks before it, so it names a whole path from the root, and the tree
//! needs no links: to find the longest known beginning is to look its hashes up. What is left is a
//! table of nodes by hash, built as a processor's cache is: a hash belongs to one set of a few
//! places, and when its set is full the place that was used longest ago gives way. Its size is fixed,
//! nothing is ever swept, and every step takes the same short time.
//!
//! A block that gives way early leaves a gap in its path, which does not matter: deeper blocks are
//! found all the same. Servers drop the end of a prompt before its beginning, so whoever has the
//! deeper block has the gap.

use std::cmp::Reverse;

use transom_core::model::DeploymentId;

use crate::pick::key;

/// Most nodes, each a block at one deployment: 64 MB of prompts, some 16 million tokens, in 4 MB of
/// memory for each model.
const MAX_NODES: usize = 1 << 18;

/// Sets; a power of two.
const SETS: usize = MAX_NODES / PLACES;

/// Places of a set.
const PLACES: usize = 8;

/// Most deployments that one block is remembered for. A system prompt that all of them hold would
/// otherwise push out whatever else belongs to its sets.
const MAX_HOLDERS: usize = 4;

/// A deployment, as nodes name it: a hash of its id, never 0. Two ids of a model with the same hash
/// (one in billions) would share their caches in our eyes, no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner(u32);

impl Owner {
    /// The deployment `id`.
    pub(super) fn of(id: &DeploymentId) -> Self {
        Self::of_key(key(id))
    }

    /// The deployment of which this is the key.
    pub(super) fn of_key(key: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "half of the bits are enough")]
        let half = key as u32;
        Self(half.max(1))
    }
}

/// Some nodes whose hashes end alike. A block that nobody has is found out from the hashes alone,
/// which fill one line of the processor's cache.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set {
    /// The hash of each node's block and all before it; 0 for an empty place.
    blocks: [u64; PLACES],
    owners: [Owner; PLACES],
    /// When each was last sent, by [`Tree::now`].
    used: [u32; PLACES],
}

/// Nodes by hash, at most [`MAX_NODES`].
#[derive(Default)]
pub(super) struct Tree {
    /// Empty until something is sent, then all sets at once.
    sets: Vec<Set>,
    /// Counts what was sent; it may go round.
    now: u32,
}

impl Tree {
    /// Who holds a block, `None` if nobody does; the places left over have the default.
    pub(super) fn holders(&self, block: u64) -> Option<[Owner; MAX_HOLDERS]> {
        let set = self.sets.get(place(block)).filter(|set| set.blocks.contains(&block))?;
        let mut holders = [Owner::default(); MAX_HOLDERS];
        let nodes = set.blocks.iter().zip(set.owners).filter(|(one, _)| **one == block);
        for (holder, (_, owner)) in holders.iter_mut().zip(nodes) {
            *holder = owner;
        }
        Some(holders)
    }

    /// Remembers that a prompt of these blocks went to `owner`.
    pub(super) fn insert(&mut self, blocks: &[u64], owner: Owner) {
        if self.sets.is_empty() {
            self.sets = vec![Set::default(); SETS];
        }
        self.now = self.now.wrapping_add(1);
        for block in blocks {
            if let Some(set) = self.sets.get_mut(place(*block)) {
                set.insert(*block, owner, self.now);
            }
        }
    }

    /// Forgets whatever `owner` holds.
    pub(super) fn forget(&mut self, owner: Owner) {
        for set in &mut self.sets {
            let nodes = set.blocks.iter_mut().zip(set.owners);
            for (block, _) in nodes.filter(|(_, one)| *one == owner) {
                *block = 0;
            }
        }
    }
}

impl Set {
    /// Puts a node in: where it is already, else in place of the oldest of its block when that has
    /// enough holders, else in an empty place or that of the oldest.
    fn insert(&mut self, block: u64, owner: Owner, now: u32) {
        let same = self.blocks.iter().filter(|one| **one == block).count();
        let there = (0..PLACES).find(|at| self.blocks[*at] == block && self.owners[*at] == owner);
        let age = |at: &usize| {
            if self.blocks[*at] == 0 { u32::MAX } else { now.wrapping_sub(self.used[*at]) }
        };
        let may_go = |at: &usize| same < MAX_HOLDERS || self.blocks[*at] == block;
        let oldest = || (0..PLACES).filter(may_go).min_by_key(|at| Reverse(age(at)));
        let Some(at) = there.or_else(oldest) else { return };
        (self.blocks[at], self.owners[at], self.used[at]) = (block, owner, now);
    }
}

/// The set that a block belongs to.
fn place(block: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "only the lowest bits are used")]
    let low = block as usize;
    low % SETS
}

#[cfg(test)]
mod tests;
