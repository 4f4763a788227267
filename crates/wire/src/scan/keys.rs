//! No key twice in one object, in bounded memory and without quadratic work.

use std::borrow::Cow;
use std::collections::HashSet;

use super::string::unescape;
use super::{Error, Fault};

/// The most keys of one object.
const MAX_KEYS: usize = 4096;

/// Up to this many keys, comparing each with each is cheaper than hashing.
const FEW: usize = 16;

/// How much of a key an error shows, in characters.
const SHOWN: usize = 64;

/// The keys of the objects that are open, the innermost last.
#[derive(Default)]
pub(super) struct Keys<'a> {
    names: Vec<Cow<'a, str>>,
    /// Where the keys of each open object begin in `names`.
    starts: Vec<usize>,
    /// Sets for the open objects with more than [`FEW`] keys, with their place in `starts`.
    /// Clients choose the keys, so the hash is a keyed one.
    sets: Vec<(usize, HashSet<Cow<'a, str>>)>,
}

impl<'a> Keys<'a> {
    pub(super) fn open(&mut self) {
        self.starts.push(self.names.len());
    }

    pub(super) fn close(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.names.truncate(start);
        }
        self.sets.pop_if(|(object, _)| *object == self.starts.len());
    }

    /// Notes a key of the innermost object. Escaped and plain spellings are the same key.
    pub(super) fn add(&mut self, key: &'a str, at: usize) -> Result<(), Error> {
        let name = unescape(key);
        let object = self.starts.len().saturating_sub(1);
        let known = &self.names[self.starts.last().copied().unwrap_or_default()..];
        let fresh = if known.len() < FEW {
            !known.contains(&name)
        } else if known.len() < MAX_KEYS {
            match self.sets.last_mut() {
                Some((owner, set)) if *owner == object => set.insert(name.clone()),
                _ => {
                    let mut set: HashSet<_> = known.iter().cloned().collect();
                    let fresh = set.insert(name.clone());
                    self.sets.push((object, set));
                    fresh
                }
            }
        } else {
            return Err(Fault::ManyKeys { limit: MAX_KEYS }.at(at));
        };
        if !fresh {
            return Err(Error::DuplicateKey { at, key: name.chars().take(SHOWN).collect() });
        }
        self.names.push(name);
        Ok(())
    }
}
