//! Reading the events of a long response again, from its beginning and from its middle.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use memchr::memmem;

use super::{begin, completion};
use crate::client::Connection;
use crate::mock::{Plan, TOKEN_TEXT};
use crate::options::Options;
use crate::process;
use crate::report::{Row, Table};
use crate::stats::{self, Figures, Measure};
use crate::target::{Front, Target};
use crate::workload::bare_request;

/// Tokens of the response, each of which is an event.
const TOKENS: usize = 5000;

/// Milliseconds between two of them: its events lie in as many rows as those of a fast model. A quick
/// run has no time for that.
const PACE: u64 = 2;

/// The last event that the client of the middle has.
const SEEN: usize = 2500;

/// A way of reading.
struct Reading {
    row: &'static str,
    request: Vec<u8>,
    /// What has to come, each time.
    expected: Vec<u8>,
    runs: Vec<Figures>,
}

/// Readers of one response that has ended, one after the other.
pub(crate) async fn resume(options: &Options, mock: SocketAddr) -> anyhow::Result<Table> {
    let (target, _) = Target::transom(options, &Front::Upstream(mock))?;
    let pid = target.pid().context("a started program")?;
    let mut connection = Connection::open(target.address).await?;
    let pace = PACE.min(options.slice.as_secs());
    let plan = Plan { slot: 0, tokens: TOKENS, pace };
    let (id, _) = begin(&mut connection, plan).await?;
    let mock_needs = Duration::from_millis(pace) * u32::try_from(TOKENS)?;
    completion(&mut connection, &id, mock_needs).await?;
    let mut readings = readings(&mut connection, &id).await?;
    for _ in 0..options.runs {
        for reading in &mut readings {
            process::reset_peak(pid);
            let (begun, mut times) = (Instant::now(), Vec::new());
            while begun.elapsed() < options.slice {
                times.push(connection.exchange(&reading.request).await?);
                ensure!(connection.body() == reading.expected, "events differ from read to read");
            }
            let mut figures = stats::replays(&times, events(&reading.expected));
            figures.push((Measure::PeakMegabytes, process::memory(pid)?.peak));
            reading.runs.push(figures);
        }
    }
    let rows = readings.iter().map(|reading| Row::new(reading.row, &reading.runs)).collect();
    Ok(Table { workload: "background-resume", rows })
}

/// Both ways of reading; what comes is looked at once, and then only compared.
async fn readings(connection: &mut Connection, id: &str) -> anyhow::Result<[Reading; 2]> {
    let path = format!("/v1/responses/{id}?stream=true");
    let all = bare_request("GET", &path);
    let half = bare_request("GET", &format!("{path}&starting_after={SEEN}"));
    connection.exchange(&all).await?;
    let whole = connection.body().to_vec();
    let tokens = memmem::find_iter(&whole, TOKEN_TEXT).count();
    ensure!(tokens == TOKENS, "{tokens} tokens in the events of a response of {TOKENS}");
    connection.exchange(&half).await?;
    let end = connection.body().to_vec();
    ensure!(whole.ends_with(&end), "the second half of the events differs from all of them");
    let (of_all, of_end) = (events(&whole), events(&end));
    ensure!(of_end + SEEN + 1 == of_all, "{of_end} of {of_all} events follow number {SEEN}");
    Ok([
        Reading { row: "all events", request: all, expected: whole, runs: Vec::new() },
        Reading { row: "second half", request: half, expected: end, runs: Vec::new() },
    ])
}

fn events(stream: &[u8]) -> usize {
    memmem::find_iter(stream, b"\n\n").count()
}
