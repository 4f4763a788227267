//! Places at which a scripted answer waits for the test.

use std::sync::Arc;

use crate::watched::Watched;

/// A named gate: answers wait at it until the test lets them through.
///
/// Clones are the same gate. [`Gate::open`] lets everyone through from then on; [`Gate::let_one_pass`]
/// hands out one passage at a time, which makes a stream advance event by event.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Named>);

#[derive(Debug)]
struct Named {
    name: String,
    state: Watched<State>,
}

#[derive(Debug, Default)]
struct State {
    open: bool,
    passages: usize,
    arrivals: usize,
}

impl Gate {
    /// A closed gate; the name appears in the failure of a wait that never ended.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Arc::new(Named { name: name.into(), state: Watched::default() }))
    }

    /// Lets all through, now and later.
    pub fn open(&self) {
        self.0.state.update(|state| state.open = true);
    }

    /// Lets exactly one more arrival through.
    pub fn let_one_pass(&self) {
        self.0.state.update(|state| state.passages += 1);
    }

    /// Waits until something stands at the gate, or has gone through, `count` times in all.
    pub async fn arrived(&self, count: usize) {
        let what = format!("arrival {count} at the gate `{}`", self.0.name);
        self.0.state.wait_for(&what, |state| (state.arrivals >= count).then_some(())).await;
    }

    /// Stands at the gate until it may pass.
    pub(crate) async fn pass(&self) {
        self.0.state.update(|state| state.arrivals += 1);
        self.0
            .state
            .wait_forever(|state| {
                if state.open {
                    return Some(());
                }
                state.passages = state.passages.checked_sub(1)?;
                Some(())
            })
            .await;
    }
}
