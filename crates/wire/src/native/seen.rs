//! The items of a stream, as its server names them.

use transom_core::transcript::MAX_ITEMS;
use transom_core::upstream_error::UpstreamError;

use super::event::At;
use crate::answer::protocol;

/// The items that have been announced, in order.
#[derive(Debug, Default)]
pub(super) struct Items {
    seen: Vec<Seen>,
    calls: u32,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Seen {
    id: String,
    index: Option<u32>,
    /// Its place among the calls, if it is one.
    pub(super) call: Option<u32>,
    /// Whether any text, thoughts or arguments of it have come.
    pub(super) spoken: bool,
    /// Whether a refusal has.
    pub(super) refused: bool,
}

impl Items {
    /// An item that is no call begins.
    pub(super) fn prose(&mut self, at: &At<'_>) -> Result<(), UpstreamError> {
        self.push(at, None)
    }

    /// A call begins; its place among the calls.
    pub(super) fn call(&mut self, at: &At<'_>) -> Result<u32, UpstreamError> {
        let place = self.calls;
        self.push(at, Some(place))?;
        self.calls += 1;
        Ok(place)
    }

    fn push(&mut self, at: &At<'_>, call: Option<u32>) -> Result<(), UpstreamError> {
        if self.seen.len() >= MAX_ITEMS {
            return Err(protocol("the answer has too many items"));
        }
        let id = at.id.clone().into_owned();
        self.seen.push(Seen { id, index: at.index, call, spoken: false, refused: false });
        Ok(())
    }

    /// The item that an event is about: where the event does not say, the last one.
    pub(super) fn at(&mut self, at: &At<'_>) -> Option<&mut Seen> {
        self.find(at, |_| true)
    }

    /// The call that an event is about.
    pub(super) fn call_at(&mut self, at: &At<'_>) -> Option<&mut Seen> {
        self.find(at, |seen| seen.call.is_some())
    }

    /// Whether this is the call that began last.
    pub(super) fn is_last_call(&self, place: u32) -> bool {
        place + 1 == self.calls
    }

    fn find(&mut self, at: &At<'_>, fits: impl Fn(&Seen) -> bool) -> Option<&mut Seen> {
        let unsaid = at.index.is_none() && at.id.is_empty();
        self.seen.iter_mut().rev().filter(|seen| fits(seen)).find(|seen| {
            let by_index = seen.index.is_some() && seen.index == at.index;
            unsaid || by_index || (!seen.id.is_empty() && seen.id == *at.id)
        })
    }
}
