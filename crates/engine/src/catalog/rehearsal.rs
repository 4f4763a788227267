//! Choosing as requests do, without sending them: what a choice costs can be measured.

use std::time::Instant;

use transom_core::port::upstream::Route;
use transom_routing::pick::Ask;

use super::{Catalog, Choice, Length, Speed, Wanted};

impl Catalog {
    /// Takes a place at the best deployment of `model`, as a streamed chat does, and gives it back:
    /// all that a request pays for being placed. Whether there was one.
    pub fn rehearse(&self, model: &str, ask: Ask<'_>, now: Instant) -> bool {
        let Some(found) = self.find(model) else { return false };
        let (route, speed) = (Route::ChatCompletions, Speed::FirstToken);
        let wanted =
            Wanted { route, native: None, ask, speed, length: Length::Guessed(1000), tried: &[] };
        matches!(found.group.choose(&wanted, now), Choice::Taken(_))
    }
}
