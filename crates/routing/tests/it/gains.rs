//! What each strategy gains over sharing requests out at random.
//!
//! The limits leave room, and most other seeds keep to them too; some draw a lighter load, which leaves
//! less of a tail to gain on.

use std::collections::HashMap;
use std::fmt::Write as _;

use transom_core::model::Strategy;

use crate::outcome::Outcome;
use crate::simulation::{Fleet, run};
use crate::workload::draw;

const SEED: u64 = 1;

/// Eight servers alike.
const EVEN: Fleet<'_> = Fleet { gateways: 1, speeds: &[1.0; 8] };

/// The same behind three gateways, none of which sees what the others send.
const SHARED: Fleet<'_> = Fleet { gateways: 3, speeds: &[1.0; 8] };

/// The first is a quarter as fast as the others.
const ONE_SLOW: Fleet<'_> =
    Fleet { gateways: 1, speeds: &[0.25, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0] };

/// What came of every strategy with the same workload.
struct Comparison(HashMap<Strategy, Outcome>);

impl Comparison {
    fn of(fleet: &Fleet<'_>) -> Self {
        let workload = draw(SEED);
        let requests: usize = workload.iter().map(|one| one.turns.len()).sum();
        let outcomes = Strategy::ALL.map(|one| (one, run(one, fleet, &workload)));
        assert!(outcomes.iter().all(|(_, outcome)| outcome.times.len() == requests));
        Self(outcomes.into())
    }

    /// A figure of a strategy as a multiple of what chance gives.
    fn times(&self, strategy: Strategy, figure: impl Fn(&Outcome) -> f64) -> f64 {
        figure(&self.0[&strategy]) / figure(&self.0[&Strategy::WeightedShuffle])
    }

    fn table(&self, title: &str) -> String {
        let mut table = format!("{title}\n{:<18}", "first token, s");
        table += "    p50     p90     p99  cached, %  to the first, %\n";
        for strategy in Strategy::ALL {
            let outcome = &self.0[&strategy];
            let [half, ninety, most] = [50, 90, 99].map(|percent| outcome.percentile(percent));
            let (cached, first) = (outcome.cached(), outcome.to_first());
            let name = strategy.word();
            writeln!(
                table,
                "{name:<18}{half:7.3} {ninety:7.3} {most:7.3} {cached:10} {first:16.1}"
            )
            .expect("text takes all");
        }
        table
    }
}

#[test]
fn in_an_even_fleet_caches_make_the_median_and_load_the_tail() {
    let even = Comparison::of(&EVEN);
    println!("{}", even.table("eight servers alike"));
    for strategy in [Strategy::PrefixAware, Strategy::Session] {
        assert!(even.times(strategy, Outcome::cached) > 1.4);
        assert!(even.times(strategy, Outcome::median) < 0.33);
        assert!(even.times(strategy, Outcome::slowest) < 0.5);
    }
    for strategy in [Strategy::LeastLoaded, Strategy::TwoChoices, Strategy::LowestLatency] {
        assert!(even.times(strategy, Outcome::slowest) < 0.75, "{}", strategy.word());
    }
}

#[test]
fn a_slow_server_is_spared_by_all_that_look() {
    let slow = Comparison::of(&ONE_SLOW);
    println!("{}", slow.table("eight servers, the first a quarter as fast"));
    let looking = [
        Strategy::LeastLoaded,
        Strategy::TwoChoices,
        Strategy::LowestLatency,
        Strategy::PrefixAware,
        Strategy::Session,
    ];
    for strategy in looking {
        assert!(slow.times(strategy, Outcome::slowest) < 0.1, "{}", strategy.word());
        assert!(slow.times(strategy, Outcome::to_first) < 0.6, "{}", strategy.word());
    }
    assert!(slow.times(Strategy::LowestLatency, Outcome::to_first) < 0.25);
    assert!(slow.times(Strategy::PrefixAware, Outcome::median) < 0.33);
}

#[test]
fn gateways_that_do_not_know_of_each_other_keep_most_of_the_gain() {
    let shared = Comparison::of(&SHARED);
    println!("{}", shared.table("eight servers alike behind three gateways"));
    for strategy in [Strategy::LeastLoaded, Strategy::TwoChoices, Strategy::LowestLatency] {
        assert!(shared.times(strategy, Outcome::slowest) < 0.75, "{}", strategy.word());
    }
    // What one gateway sent the others do not know; where a session lives they all work out alike.
    assert!(shared.times(Strategy::PrefixAware, Outcome::cached) > 1.2);
    assert!(shared.times(Strategy::PrefixAware, Outcome::median) < 0.6);
    assert!(shared.times(Strategy::Session, Outcome::cached) > 1.4);
    assert!(shared.times(Strategy::Session, Outcome::median) < 0.33);
}

#[test]
fn every_run_gives_the_same_figures() {
    let once = run(Strategy::PrefixAware, &SHARED, &draw(2));
    assert_eq!(once, run(Strategy::PrefixAware, &SHARED, &draw(2)));
}
