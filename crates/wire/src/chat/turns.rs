//! A conversation, turn by turn: where it can be shortened without breaking it.
//!
//! A turn begins with what a user says and goes on to the next time a user speaks: with the model's
//! words and thoughts, its calls and their outputs. (Every call has its output before a user speaks
//! again, as [`check_pairing`](super::check_pairing) makes sure.) Several messages of users in a row
//! are one turn's beginning. What stands before the first is a turn, too.

use std::ops::Range;

use transom_core::item::{Item, Role};

/// What was left out of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Whole turns, the oldest ones.
    pub turns: usize,
    /// The items in them.
    pub items: usize,
}

/// The turns of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Where each of them begins, and at last where the newest one ends.
    bounds: Vec<usize>,
}

impl Turns {
    /// Finds the turns of `items`.
    pub fn of(items: &[Item]) -> Self {
        // What leads the conversation belongs to no turn: it always stays.
        let leading = items.iter().take_while(|item| is_application(item)).count();
        let mut bounds = vec![leading];
        let mut spoke = None;
        for (at, item) in items.iter().enumerate().skip(leading) {
            if is_application(item) {
                continue;
            }
            let speaks = is_user(item);
            if speaks && spoke == Some(false) {
                bounds.push(at);
            }
            spoke = Some(speaks);
        }
        bounds.push(items.len());
        Self { bounds }
    }

    /// How many can be left out: all but the newest.
    pub fn droppable(&self) -> usize {
        self.bounds.len() - 2
    }

    /// The items of one turn, from the oldest on.
    pub fn items(&self, turn: usize) -> Range<usize> {
        self.bounds[turn]..self.bounds[turn + 1]
    }

    /// `items` without the oldest `turns`. What the application says in them stays, since it may hold
    /// for all that follows.
    pub fn without(&self, items: &[Item], turns: usize) -> (Vec<Item>, Dropped) {
        let dropped = self.bounds[0]..self.bounds[turns.min(self.droppable())];
        let kept = |(at, item): &(usize, &Item)| !dropped.contains(at) || is_application(item);
        let kept: Vec<Item> =
            items.iter().enumerate().filter(kept).map(|(_, item)| item.clone()).collect();
        let dropped =
            Dropped { turns: turns.min(self.droppable()), items: items.len() - kept.len() };
        (kept, dropped)
    }
}

fn is_user(item: &Item) -> bool {
    matches!(item, Item::Message(said) if said.role == Role::User)
}

fn is_application(item: &Item) -> bool {
    matches!(item, Item::Message(said) if matches!(said.role, Role::System | Role::Developer))
}

#[cfg(test)]
mod tests;
