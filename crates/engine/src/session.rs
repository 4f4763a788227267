//! What one connection remembers of its turns, beside the store.
//!
//! On a WebSocket a turn can be continued although its client did not want it stored. Such a turn
//! lives here, in memory, and goes with its connection.
//!
//! What the store can give back is not kept twice, so that a response that is deleted there is gone
//! here too. Only a stored turn that continues a remembered one is kept in both places: its history
//! is not whole in the store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::store::{History, TurnStatus};

/// How much one connection remembers. The oldest turns are forgotten first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most turns.
    pub turns: usize,
    /// Most bytes of their items and tools.
    pub bytes: usize,
}

/// The turns of one connection.
pub struct Session {
    limits: Limits,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    by_id: HashMap<ResponseId, Turn>,
    /// Oldest first.
    order: VecDeque<ResponseId>,
    bytes: usize,
}

/// A turn that can be continued.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// The response it continues.
    pub(crate) parent: Option<ResponseId>,
    /// How it ended.
    pub(crate) status: TurnStatus,
    /// What its request brought and what the model answered.
    pub(crate) items: Vec<Json>,
    /// The tools in force.
    pub(crate) tools: Json,
    /// The tool choice in force.
    pub(crate) tool_choice: Json,
}

/// A conversation as far as it is remembered.
pub(crate) struct Recalled {
    /// The remembered turns.
    pub(crate) history: History,
    /// How many there are.
    pub(crate) turns: u32,
    /// The turn that came before them, which is not remembered.
    pub(crate) before: Option<ResponseId>,
}

impl Session {
    /// A connection that has had no turn.
    pub fn new(limits: Limits) -> Self {
        Self { limits, turns: Mutex::default() }
    }

    /// Whether a turn is remembered.
    pub(crate) fn has(&self, id: &ResponseId) -> bool {
        self.lock().by_id.contains_key(id)
    }

    /// Remembers a turn, and forgets old ones where there is no room.
    pub(crate) fn keep(&self, id: ResponseId, turn: Turn) {
        let mut turns = self.lock();
        turns.bytes += turn.bytes();
        turns.order.push_back(id.clone());
        turns.by_id.insert(id, turn);
        while turns.bytes > self.limits.bytes || turns.order.len() > self.limits.turns {
            turns.forget_oldest();
        }
    }

    /// The conversation up to a turn, as far back as it is remembered; `None` when the turn is not.
    pub(crate) fn recall(&self, id: &ResponseId) -> Option<Recalled> {
        let turns = self.lock();
        let (mut root, newest) = turns.by_id.get_key_value(id)?;
        let mut chain = vec![newest];
        let mut before = newest.parent.as_ref();
        // A parent is older than its child, so this ends.
        while let Some((parent, turn)) = before.and_then(|id| turns.by_id.get_key_value(id)) {
            chain.push(turn);
            (root, before) = (parent, turn.parent.as_ref());
        }
        let history = History {
            root: root.clone(),
            status: newest.status,
            items: chain.iter().rev().flat_map(|turn| turn.items.iter().cloned()).collect(),
            tools: Some(newest.tools.clone()),
            tool_choice: Some(newest.tool_choice.clone()),
        };
        let turns = u32::try_from(chain.len()).unwrap_or(u32::MAX);
        Some(Recalled { history, turns, before: before.cloned() })
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        if let Some(turn) = self.by_id.remove(&oldest) {
            self.bytes -= turn.bytes();
        }
    }
}

impl Turn {
    fn bytes(&self) -> usize {
        let items: usize = self.items.iter().map(|item| item.get().len()).sum();
        items + self.tools.get().len() + self.tool_choice.get().len()
    }
}

impl Recalled {
    /// The whole conversation: the stored turns, then the remembered ones.
    pub(crate) fn behind(self, stored: History) -> History {
        let mut items = stored.items;
        items.extend(self.history.items);
        History { root: stored.root, items, ..self.history }
    }
}

#[cfg(test)]
mod tests;
