//! One class of priority: a line for each owner, and the owners in a ring.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far a class has come, to compare it with the others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// Grows with each turn, by less the more weight the class has.
    pub(super) pass: u64,
    /// How many wait.
    pub(super) length: usize,
}

/// The lines of one class. Owners without anything waiting are not in it.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) standing: Standing,
    lines: HashMap<u64, Line>,
    /// Owners by the number of their turn: who was served goes to the end.
    turns: BTreeMap<u64, u64>,
    next_turn: u64,
}

#[derive(Debug, Default)]
struct Line {
    turn: u64,
    /// Places grow with time.
    places: BTreeSet<u64>,
}

impl Class {
    /// Adds a place to the line of `owner`; answers with the line's length.
    pub(super) fn push(&mut self, owner: u64, place: u64) -> usize {
        self.standing.length += 1;
        let line = self.lines.entry(owner).or_insert_with(|| {
            let turn = self.next_turn;
            self.next_turn += 1;
            self.turns.insert(turn, owner);
            Line { turn, places: BTreeSet::new() }
        });
        line.places.insert(place);
        line.places.len()
    }

    /// Takes out the first place of the owner whose turn it is; answers with that owner, the place
    /// and how many places are left in the line.
    pub(super) fn take_turn(&mut self) -> Option<(u64, u64, usize)> {
        let (_, owner) = self.turns.pop_first()?;
        let line = self.lines.get_mut(&owner)?;
        let place = line.places.pop_first()?;
        self.standing.length -= 1;
        let left = line.places.len();
        if left == 0 {
            self.lines.remove(&owner);
        } else {
            line.turn = self.next_turn;
            self.turns.insert(self.next_turn, owner);
            self.next_turn += 1;
        }
        Some((owner, place, left))
    }

    /// Takes out a place; answers with how many are left in the line.
    pub(super) fn remove(&mut self, owner: u64, place: u64) -> usize {
        let Some(line) = self.lines.get_mut(&owner) else { return 0 };
        if line.places.remove(&place) {
            self.standing.length -= 1;
        }
        let (left, turn) = (line.places.len(), line.turn);
        if left == 0 {
            self.lines.remove(&owner);
            self.turns.remove(&turn);
        }
        left
    }

    /// How many `owner` has waiting.
    pub(super) fn line(&self, owner: u64) -> usize {
        self.lines.get(&owner).map_or(0, |line| line.places.len())
    }

    /// The last place in the line of `owner`.
    pub(super) fn youngest(&self, owner: u64) -> Option<u64> {
        self.lines.get(&owner)?.places.last().copied()
    }

    /// How many of this class have their turn before `place` of `owner`.
    pub(super) fn ahead(&self, owner: u64, place: u64) -> usize {
        let Some(own) = self.lines.get(&owner) else { return 0 };
        let rounds = own.places.range(..place).count();
        let others = self.lines.values().filter(|line| line.turn != own.turn);
        let before = others.map(|line| {
            let turns = rounds + usize::from(line.turn < own.turn);
            line.places.len().min(turns)
        });
        rounds + before.sum::<usize>()
    }
}
