//! Many responses in the background at once, whose model takes its time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use memchr::memmem;
use tokio::task::JoinSet;

use super::{LOOK, PATIENCE, begin, has_completed};
use crate::client::{Connection, Times};
use crate::load::{Ask, Load, OnFault, Slice, slice};
use crate::metrics::Page;
use crate::mock::{MODEL, Plan};
use crate::options::Options;
use crate::process;
use crate::report::{Row, Table};
use crate::slot::SLOTS;
use crate::stats::{self, Figures, Measure};
use crate::suite::REST;
use crate::target::{Front, Target};
use crate::workload::{Delivery, chat_request};

/// Connections over which the responses are asked for.
const CONNECTIONS: usize = 16;

/// Tokens of each: the first comes after two pauses, and the second after one more.
const TOKENS: usize = 2;

/// What each says in the end.
const TEXT: &[u8] = b"\" token token\"";

/// Bytes of the prompt of the chat requests beside them.
const PROMPT: usize = 1000;

/// How many there are, by the program's own account.
const GAUGE: &str = "transom_background_responses";

/// What has been accepted.
#[derive(Default)]
struct Accepted {
    ids: Vec<String>,
    times: Vec<Times>,
}

/// All are accepted, do nothing for a while, have chat requests beside them, and end.
pub(crate) async fn open(options: &Options, mock: SocketAddr) -> anyhow::Result<Table> {
    let (target, _) = Target::transom(options, &Front::Upstream(mock))?;
    let pid = target.pid().context("a started program")?;
    let alone = slice(&chat(options), &target).await?;
    tokio::time::sleep(REST).await;
    let before = process::memory(pid)?.resident;
    // Between acceptance and end are three of them: time enough for all that is done meanwhile.
    let pause = 5 * options.slice;
    let accepted = accept(&target, options.jobs, pause).await?;
    let cpu = process::cpu(pid)?;
    tokio::time::sleep(pause).await;
    let cpu = process::cpu(pid)?.saturating_sub(cpu);
    let resident = process::memory(pid)?.resident;
    let beside = slice(&chat(options), &target).await?;
    let open = Page::read(target.address).await?.value(GAUGE)?;
    let jobs = as_figure(options.jobs)?;
    ensure!((open - jobs).abs() < 0.5, "{open} of {jobs} are open: the machine is too slow");
    let completed = completed(&target, &accepted.ids, (TOKENS + 1, pause)).await?;
    let mut figures = stats::accepted(&accepted.times);
    figures.extend([
        (Measure::Jobs, open),
        (Measure::Completed, as_figure(completed)?),
        (Measure::IdleCpu, cpu.as_secs_f64() * 1000.0 / pause.as_secs_f64()),
        (Measure::KibibytesPerJob, (resident - before) * 1e6 / 1024.0 / jobs),
        (Measure::PeakMegabytes, process::memory(pid)?.peak),
    ]);
    let (alone, mut beside) = (latency(&alone), latency(&beside));
    beside.extend(stats::added(&beside, &alone));
    let rows = vec![
        Row::new("transom", &[figures]),
        Row::new("chat alone", &[alone]),
        Row::new("chat beside", &[beside]),
    ];
    Ok(Table { workload: "background-open", rows })
}

/// Has all of them begun.
async fn accept(target: &Target, jobs: usize, pause: Duration) -> anyhow::Result<Accepted> {
    let pace = u64::try_from(pause.as_millis())?.min(9999);
    let mut connections = JoinSet::new();
    for first in 0..CONNECTIONS {
        let address = target.address;
        connections.spawn(async move {
            let (mut connection, mut accepted) =
                (Connection::open(address).await?, Accepted::default());
            for index in (first..jobs).step_by(CONNECTIONS) {
                // The first slot is that of the chat requests.
                let slot = 1 + index % (SLOTS - 1);
                let plan = Plan { slot, tokens: TOKENS, pace };
                let (id, times) = begin(&mut connection, plan).await?;
                accepted.ids.push(id);
                accepted.times.push(times);
            }
            anyhow::Ok(accepted)
        });
    }
    let mut all = Accepted::default();
    while let Some(accepted) = connections.join_next().await {
        let Accepted { ids, times } = accepted??;
        all.ids.extend(ids);
        all.times.extend(times);
    }
    Ok(all)
}

/// Waits until none is open, and looks at each: it has completed, with all that the model said.
async fn completed(
    target: &Target,
    ids: &[String],
    (pauses, pause): (usize, Duration),
) -> anyhow::Result<usize> {
    let (begun, most) = (Instant::now(), pause * u32::try_from(pauses)? + PATIENCE);
    while Page::read(target.address).await?.value(GAUGE)? > 0.0 {
        ensure!(begun.elapsed() < most, "responses in the background do not end");
        tokio::time::sleep(LOOK).await;
    }
    let mut connection = Connection::open(target.address).await?;
    for id in ids {
        ensure!(has_completed(&mut connection, id).await?, "response {id} has been lost");
        let text = memmem::find(connection.body(), TEXT);
        ensure!(text.is_some(), "response {id} does not say all that the model said");
    }
    Ok(ids.len())
}

/// One connection with chat requests.
fn chat(options: &Options) -> Load {
    let plan = Plan { slot: 0, tokens: 0, pace: 0 };
    let request = chat_request(MODEL, plan, PROMPT, Delivery::Whole);
    Load {
        asks: vec![Ask { request: request.into(), tokens: 0 }],
        duration: options.slice,
        stagger: Duration::ZERO,
        on_fault: OnFault::Stop,
    }
}

fn latency(slice: &Slice) -> Figures {
    let mut figures = stats::common(slice);
    figures.retain(|(measure, _)| [Measure::P50, Measure::P99].contains(measure));
    figures
}

fn as_figure(count: usize) -> anyhow::Result<f64> {
    Ok(u32::try_from(count)?.into())
}
