//! Changes under load: no request may notice one.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::{MissedTickBehavior, interval};

use super::{Changing, Operator};
use crate::fleet::{self, LASTING, Mocks};
use crate::load::{Ask, Faults, Load, OnFault, Slice, slice};
use crate::mock::Plan;
use crate::options::Options;
use crate::report::{Row, Table};
use crate::stats::{self, Figures, Measure};
use crate::workload::{Delivery, chat_request};

/// Connections, half of them for streams.
const CONNECTIONS: usize = 64;

/// Bytes of a prompt.
const PROMPT: usize = 1000;

/// Tokens of a stream.
const TOKENS: usize = 64;

/// Milliseconds between two tokens: a stream outlives several changes.
const PACE: u64 = 5;

/// The time between two changes.
const PERIOD: Duration = Duration::from_millis(100);

/// Slices without changes and slices with changes take turns. The faults are those of all slices.
pub(crate) async fn swap(options: &Options, mocks: Mocks) -> anyhow::Result<(Table, Faults)> {
    let Changing { target, mut operator } = Changing::start(options, mocks).await?;
    let load = load(options.slice);
    let (mut steady, mut swapping) = (Vec::new(), Vec::new());
    let mut faults = Faults::default();
    for _ in 0..options.runs {
        let slice_alone = slice(&load, &target).await?;
        steady.push(figures(&slice_alone));
        let before = operator.revision().await?;
        let (slice, changes) = tokio::join!(slice(&load, &target), change(&mut operator, &load));
        let (slice, changes) = (slice?, changes?);
        let revisions = operator.revision().await? - before;
        let asked_for = changes.len();
        ensure!(
            revisions >= u64::try_from(asked_for)?,
            "{asked_for} configurations were taken over, but {revisions} were in effect"
        );
        let mut figures = figures(&slice);
        figures.extend(stats::changes(&changes, revisions));
        swapping.push(figures);
        faults.extend(slice_alone.faults);
        faults.extend(slice.faults);
    }
    let rows = vec![Row::new("steady", &steady), Row::new("swapping", &swapping)];
    Ok((Table { workload: "reload-swap", rows }, faults))
}

/// Every other connection asks for streams; all lasting models are asked for.
fn load(duration: Duration) -> Load {
    let ask = |slot: usize| {
        let (tokens, delivery) =
            if slot.is_multiple_of(2) { (0, Delivery::Whole) } else { (TOKENS, Delivery::Stream) };
        let plan = Plan { slot, tokens, pace: PACE };
        let model = fleet::model(slot % LASTING);
        Ask { request: chat_request(&model, plan, PROMPT, delivery).into(), tokens }
    };
    Load {
        asks: (0..CONNECTIONS).map(ask).collect(),
        duration,
        stagger: Duration::from_millis(PACE),
        on_fault: OnFault::Count,
    }
}

/// Changes the file for as long as the load lasts; how long each took.
async fn change(operator: &mut Operator, load: &Load) -> anyhow::Result<Vec<Duration>> {
    let count = load.duration.as_millis() / PERIOD.as_millis();
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    for _ in 0..count {
        ticks.tick().await;
        times.push(operator.change().await?);
    }
    Ok(times)
}

fn figures(slice: &Slice) -> Figures {
    let mut figures = stats::mixed(slice);
    figures.push((Measure::Faults, slice.faults.count_as_figure()));
    figures
}
