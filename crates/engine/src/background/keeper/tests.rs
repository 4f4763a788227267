use std::collections::HashSet;

use tokio::time::Instant;
use transom_core::clock::Timestamp;
use transom_core::port::store::StoreError;

use super::Keeper;
use crate::background::LEASE;
use crate::fakes::{World, deployment, model};

fn keeper() -> Keeper {
    let world = World::with([model("m", [deployment("server")])]).start();
    let seen = world.gateway.clock.now();
    Keeper { gateway: world.gateway, alone: HashSet::new(), seen, trusted_from: Instant::now() }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_others_get_the_time_to_renew_their_leases() {
    let mut keeper = keeper();
    assert!(keeper.trust(Ok(())));
    assert_eq!(keeper.trusted_from, Instant::now());
    assert!(!keeper.trust(Err(StoreError::Unavailable("locked".into()))));
    assert!(keeper.trust(Ok(())));
    assert_eq!(keeper.trusted_from, Instant::now() + LEASE, "not with the first that works");
}

#[tokio::test(start_paused = true)]
async fn after_a_long_sleep_they_get_it_too() {
    let mut keeper = keeper();
    keeper.look_at_the_clock();
    assert_eq!(keeper.trusted_from, Instant::now());
    keeper.seen = Timestamp::from_millis(0);
    keeper.look_at_the_clock();
    assert_eq!(keeper.trusted_from, Instant::now() + LEASE);
}
