//! The holder's side of a supervised program.

use std::time::Duration;

use tokio::sync::watch;

use super::orders::Order;
use crate::state::{Outcome, State};

/// A supervised program. Dropping it kills the program and all its descendants at once.
#[derive(Debug)]
pub struct Supervised {
    orders: watch::Sender<Order>,
    states: watch::Receiver<State>,
}

impl Supervised {
    pub(super) fn new(orders: watch::Sender<Order>, states: watch::Receiver<State>) -> Self {
        Self { orders, states }
    }

    /// The state now, and every change of it. The last one is [`State::Stopped`].
    pub fn states(&self) -> watch::Receiver<State> {
        self.states.clone()
    }

    /// Asks the program to end with `SIGTERM`; what is left after `grace` is killed.
    ///
    /// Returns at once; [`outcome`](Self::outcome) tells when it is done. A second call changes
    /// nothing.
    pub fn stop(&self, grace: Duration) {
        self.order(Order::Stop(grace));
    }

    /// Kills the program and all its descendants, also during the grace of a stop.
    pub fn kill(&self) {
        self.order(Order::Kill);
    }

    /// Waits until supervision has ended, by itself or on request. Cancel-safe.
    pub async fn outcome(&self) -> Outcome {
        let mut states = self.states.clone();
        match states.wait_for(|state| matches!(state, State::Stopped(_))).await.as_deref() {
            Ok(State::Stopped(outcome)) => outcome.clone(),
            // The runtime shut the task down.
            _ => Outcome::Stopped(None),
        }
    }

    fn order(&self, order: Order) {
        self.orders.send_if_modified(|now| {
            let sharper = match (*now, order) {
                (Order::Run, _) | (Order::Stop(_), Order::Kill) => true,
                (Order::Stop(_) | Order::Kill, _) => false,
            };
            if sharper {
                *now = order;
            }
            sharper
        });
    }
}
