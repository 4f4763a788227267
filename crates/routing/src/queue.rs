//! Who is next: a bounded queue that is fair between owners and between classes of priority.
//!
//! Owners of one class take turns, one request each, however many each has waiting. The classes
//! share the turns by their weights, so that the lowest never starves. A full queue can make room
//! for an owner with few requests at the cost of the one with most, so that a flood crowds out
//! itself.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Instant;

mod class;

use class::{Class, Standing};

/// A class of priority. While all classes have requests waiting, of twelve turns the first has
/// eight, the second three and the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Before the others, mostly.
    High,
    /// What nobody said anything about.
    #[default]
    Normal,
    /// After the others, mostly.
    Low,
}

impl Priority {
    /// Every class, the first one first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The reverse of [`Priority::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Its share of the turns, relative to the others.
    pub const fn weight(self) -> u64 {
        match self {
            Self::High => 8,
            Self::Normal => 3,
            Self::Low => 1,
        }
    }

    /// How far one turn moves the class on, in proportion to the inverse of its weight.
    const fn stride(self) -> u64 {
        const COMMON_MULTIPLE: u64 = 24;
        COMMON_MULTIPLE / self.weight()
    }
}

/// A place in the queue, to find the item again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    place: u64,
    owner: u64,
    priority: Priority,
    deadline: Instant,
}

/// There is no room; [`Queue::make_room`] may make some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl std::error::Error for Full {}

/// Items that wait. Pushing and popping drop those past their deadline, unless
/// [`Queue::expire`] took them out before: whoever waits has a timer of its own.
///
/// Pushing, popping and removing take time in proportion to the logarithm of its length.
#[derive(Debug)]
pub struct Queue<T> {
    capacity: usize,
    next_place: u64,
    waiting: HashMap<u64, (Ticket, T)>,
    /// One for each priority, in their order.
    classes: [Class; 3],
    /// Where the class that was last served stood before it was.
    level: u64,
    deadlines: BTreeSet<(Instant, u64)>,
    /// The lines by their length, to find the longest.
    lengths: BTreeSet<(usize, Priority, u64)>,
}

impl<T> Queue<T> {
    /// An empty one for at most `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            next_place: 0,
            waiting: HashMap::new(),
            classes: Default::default(),
            level: 0,
            deadlines: BTreeSet::new(),
            lengths: BTreeSet::new(),
        }
    }

    /// Changes how many may wait. Those beyond stay until their turn.
    pub fn configure(&mut self, capacity: usize) {
        self.capacity = capacity;
    }

    /// How many wait, with those past their deadline that nobody came across yet.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Puts an item at the end of its owner's line, until `deadline` at the latest.
    pub fn push(
        &mut self,
        owner: u64,
        priority: Priority,
        deadline: Instant,
        item: T,
        now: Instant,
    ) -> Result<Ticket, Full> {
        drop(self.expire(now));
        if self.len() >= self.capacity {
            return Err(Full);
        }
        let ticket = Ticket { place: self.next_place, owner, priority, deadline };
        self.next_place += 1;
        self.keep(ticket, item);
        let class = &mut self.classes[priority as usize];
        if class.standing.length == 0 {
            // It saves up no turns while it is empty.
            class.standing.pass = class.standing.pass.max(self.level + priority.stride());
        }
        let length = class.push(owner, ticket.place);
        self.resize(priority, owner, length - 1, length);
        Ok(ticket)
    }

    /// Takes out the youngest item of the longest line, of the lowest priority among equals, for
    /// one more of `owner`: it is refused in its place. `None` when no line is longer than that of
    /// `owner` would be then.
    pub fn make_room(&mut self, owner: u64, priority: Priority) -> Option<T> {
        let (length, class, crowd) = *self.lengths.last()?;
        let line = self.classes[priority as usize].line(owner) + 1;
        let youngest = self.classes[class as usize].youngest(crowd).filter(|_| line < length)?;
        self.leave(youngest)
    }

    /// Takes out the item whose turn it is. Those past their deadline are dropped on the way.
    pub fn pop(&mut self, now: Instant) -> Option<T> {
        drop(self.expire(now));
        let priority = next_class(&self.standings())?;
        let class = &mut self.classes[priority as usize];
        self.level = class.standing.pass;
        class.standing.pass += priority.stride();
        let (owner, place, length) = class.take_turn()?;
        self.resize(priority, owner, length + 1, length);
        self.give(place).map(|(_, item)| item)
    }

    /// Takes out an item whose owner has gone; `None` when it is not there any more.
    pub fn remove(&mut self, ticket: Ticket) -> Option<T> {
        self.leave(ticket.place)
    }

    /// Takes out all that are past their deadline.
    pub fn expire(&mut self, now: Instant) -> Vec<T> {
        let mut expired = Vec::new();
        while let Some((deadline, place)) = self.deadlines.first().copied()
            && deadline <= now
        {
            expired.extend(self.leave(place));
        }
        expired
    }

    /// How many are before it as things stand; later ones of other owners may still overtake it.
    /// `None` when it is not there any more. Takes time in proportion to the answer and to the
    /// number of owners: it is for reports.
    pub fn position(&self, ticket: Ticket) -> Option<usize> {
        self.waiting.get(&ticket.place)?;
        let mut ahead = self.classes[ticket.priority as usize].ahead(ticket.owner, ticket.place);
        let mut standings = self.standings();
        let mut position = 0;
        while let Some(priority) = next_class(&standings) {
            if priority == ticket.priority {
                if ahead == 0 {
                    break;
                }
                ahead -= 1;
            }
            let standing = &mut standings[priority as usize];
            standing.pass += priority.stride();
            standing.length -= 1;
            position += 1;
        }
        Some(position)
    }

    fn standings(&self) -> [Standing; 3] {
        self.classes.each_ref().map(|class| class.standing)
    }

    fn keep(&mut self, ticket: Ticket, item: T) {
        self.deadlines.insert((ticket.deadline, ticket.place));
        self.waiting.insert(ticket.place, (ticket, item));
    }

    /// Takes out an item that has left its line.
    fn give(&mut self, place: u64) -> Option<(Ticket, T)> {
        let (ticket, item) = self.waiting.remove(&place)?;
        self.deadlines.remove(&(ticket.deadline, place));
        Some((ticket, item))
    }

    /// Takes out an item wherever it stands.
    fn leave(&mut self, place: u64) -> Option<T> {
        let (ticket, item) = self.give(place)?;
        let Ticket { owner, priority, .. } = ticket;
        let length = self.classes[priority as usize].remove(owner, place);
        self.resize(priority, owner, length + 1, length);
        Some(item)
    }

    fn resize(&mut self, priority: Priority, owner: u64, before: usize, after: usize) {
        self.lengths.remove(&(before, priority, owner));
        if after > 0 {
            self.lengths.insert((after, priority, owner));
        }
    }
}

/// The class that has come least far, in relation to its weight, of those with anything waiting.
fn next_class(standings: &[Standing; 3]) -> Option<Priority> {
    let waiting = Priority::ALL.into_iter().filter(|class| standings[*class as usize].length > 0);
    waiting.min_by_key(|class| standings[*class as usize].pass)
}

#[cfg(test)]
mod tests;
