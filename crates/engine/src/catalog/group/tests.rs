use std::sync::Barrier;

use transom_core::model::{Capacity, Deployment};
use transom_routing::prompt::Prompt;

use super::*;
use crate::fakes::{World, deployment, model};

#[test]
fn who_loses_the_race_for_the_last_place_waits_for_it() {
    const RUNNERS: u32 = 4;
    let limits = Capacity { parallel_requests: Some(1), ..Capacity::default() };
    let spare = Deployment { order: 1, ..deployment("spare") };
    let world =
        World::with([model("m", [Deployment { limits, ..deployment("a") }, spare])]).start();
    let group = world.gateway.snapshot().catalog.find("m").unwrap().group;
    let prompt = Prompt::none();
    let ask = Ask { prompt: &prompt, session: None, random: 0 };
    let (route, speed) = (Route::ChatCompletions, Speed::WholeAnswer);
    let wanted = Wanted { route, native: None, ask, speed, length: Length::Guessed(0), tried: &[] };
    let start = Barrier::new(RUNNERS as usize);
    std::thread::scope(|threads| {
        for _ in 0..RUNNERS {
            threads.spawn(|| {
                start.wait();
                for _ in 0..20_000 {
                    match group.choose(&wanted, Instant::now()) {
                        Choice::Taken(flight) => assert_eq!(&*flight.target.deployment.id.0, "a"),
                        Choice::Wait(_) => {}
                        Choice::Nobody(nobody) => panic!("{nobody:?}"),
                    }
                }
            });
        }
    });
    assert!(group.targets.iter().all(|target| target.track.in_flight() == 0));
}
