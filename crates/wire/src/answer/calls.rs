//! Which fragment belongs to which tool call.

use std::collections::HashSet;

use transom_core::id::IdSource;
use transom_core::upstream_error::UpstreamError;

use super::{MAX_TOOL_CALLS, protocol};

/// The calls of one answer so far.
///
/// Their `index` is the authority: some servers repeat the name in every fragment, or give every
/// fragment a new id. Calls come one after another; a fragment for an earlier one cannot be taken
/// back into a stream that has already ended that item.
#[derive(Default)]
pub(super) struct Calls {
    indexes: Vec<u32>,
    ids: HashSet<String>,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To the call that began last.
    Current,
    /// It begins a call.
    Next,
}

impl Calls {
    pub(super) fn know(&mut self, ids: impl IntoIterator<Item = String>) {
        self.ids.extend(ids);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }

    /// The place of a fragment with this index.
    pub(super) fn place(&mut self, index: u32) -> Result<Place, UpstreamError> {
        if self.indexes.last() == Some(&index) {
            return Ok(Place::Current);
        }
        if self.indexes.contains(&index) {
            return Err(protocol("a fragment of a tool call that has ended"));
        }
        if self.indexes.len() == MAX_TOOL_CALLS {
            return Err(protocol("the answer has too many tool calls"));
        }
        self.indexes.push(index);
        Ok(Place::Next)
    }

    /// The server's id of a new call, or a fresh one when it gave none or one it gave before.
    pub(super) fn id(&mut self, given: &str, ids: &dyn IdSource) -> String {
        if given.is_empty() || self.ids.contains(given) {
            return format!("call_{:032x}", ids.random());
        }
        self.ids.insert(given.to_owned());
        given.to_owned()
    }
}
