//! What the holder of the handle wants from the watching task.

use std::{future::Future, time::Duration};

use tokio::sync::watch;

/// Orders only grow more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Order {
    Run,
    /// End the program, and kill it after this long.
    Stop(Duration),
    Kill,
}

/// The receiving end; a dropped handle counts as [`Order::Kill`].
pub(super) struct Orders(watch::Receiver<Order>);

impl Orders {
    pub(super) fn new(receiver: watch::Receiver<Order>) -> Self {
        Self(receiver)
    }

    /// Waits for a stop and gives the time the program has. Cancel-safe.
    pub(super) fn stop(&mut self) -> impl Future<Output = Duration> + Send {
        let order = self.0.wait_for(|order| *order != Order::Run);
        async {
            match order.await.as_deref() {
                Ok(Order::Stop(grace)) => *grace,
                _ => Duration::ZERO,
            }
        }
    }

    /// Waits until the program must end now. Cancel-safe.
    pub(super) async fn hurry(&mut self) {
        let _ = self.0.wait_for(|order| *order == Order::Kill).await;
    }
}
