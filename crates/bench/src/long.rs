//! What a turn costs with the length of what it continues. It has to send all of that to the model
//! server, so its time may grow with the bytes that it sends, and not faster.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context as _;
use serde::Deserialize;

use crate::chain::{self, Commits};
use crate::client::Connection;
use crate::load::{Faults, Slice, sample};
use crate::options::Options;
use crate::report::{Row, Table};
use crate::slot::Slot;
use crate::stats::{self, Figures, Measure};
use crate::target::{Front, Target};
use crate::workload::{
    Delivery, bare_request, conversation_turn_request, items_request, turn_request,
};

/// Conversations.
const CONVERSATIONS: [(usize, &str); 4] =
    [(50, "50 items"), (100, "100 items"), (200, "200 items"), (500, "500 items")];

/// Chains of turns, each of which has two items.
const CHAINS: [(usize, &str); 4] =
    [(25, "25 turns"), (50, "50 turns"), (100, "100 turns"), (250, "250 turns")];

/// Items that one request may bring.
const TOGETHER: usize = 20;

/// What is continued, again and again.
struct Past {
    row: &'static str,
    request: Vec<u8>,
    /// The items of a conversation, to which each turn adds two.
    items: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Named>,
}

/// Turns on conversations with more and more items.
pub(crate) async fn conversation(options: &Options, mock: SocketAddr) -> anyhow::Result<Table> {
    let (target, _) = Target::transom(options, &Front::Upstream(mock))?;
    let mut connection = Connection::open(target.address).await?;
    let mut pasts = Vec::new();
    for (items, row) in CONVERSATIONS {
        let id = plant(&mut connection, items).await?;
        let request = conversation_turn_request(&id);
        pasts.push(Past { row, request, items: Some(format!("/v1/conversations/{id}/items")) });
    }
    measure(options, &target, "conversation-500", &pasts).await
}

/// Turns that continue longer and longer chains.
pub(crate) async fn chain(options: &Options, mock: SocketAddr) -> anyhow::Result<Table> {
    let (target, _) = Target::transom(options, &Front::Upstream(mock))?;
    let [.., (longest, _)] = CHAINS;
    let turns = chain::plant(target.address, longest).await?;
    let mut pasts = Vec::new();
    for (depth, row) in CHAINS {
        let last = turns.get(depth - 1).context("a chain as long as the longest")?;
        let request = turn_request(Some(last), Delivery::Whole);
        pasts.push(Past { row, request, items: None });
    }
    measure(options, &target, "chain-250", &pasts).await
}

/// Makes a conversation with so many items; its id.
async fn plant(connection: &mut Connection, items: usize) -> anyhow::Result<String> {
    connection.exchange(&items_request("/v1/conversations", items.min(TOGETHER))).await?;
    let id = serde_json::from_slice::<Named>(connection.body())?.id;
    let path = format!("/v1/conversations/{id}/items");
    for made in (TOGETHER..items).step_by(TOGETHER) {
        connection.exchange(&items_request(&path, (items - made).min(TOGETHER))).await?;
    }
    Ok(id)
}

/// In each run, all lengths follow each other.
async fn measure(
    options: &Options,
    target: &Target,
    workload: &'static str,
    pasts: &[Past],
) -> anyhow::Result<Table> {
    let mut connection = Connection::open(target.address).await?;
    let mut runs: Vec<Vec<Figures>> = pasts.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.runs {
        let mut points = Vec::new();
        for (past, all) in pasts.iter().zip(&mut runs) {
            let commits = Commits::read(target.address).await?;
            let mut figures = stats::turn(&turns(options, &mut connection, past).await?);
            let way_in = stats::find(&figures, Measure::WayInP50).context("a way in")?;
            let sent = f64::from(u32::try_from(Slot::of(0).bytes())?) / 1000.0;
            points.push((sent, way_in));
            figures.push((Measure::SentKilobytes, sent));
            figures.push((Measure::PerKilobyte, way_in / sent));
            if points.len() == pasts.len() {
                figures.extend(stats::forecast(&points).context("lengths that differ")?);
            }
            let mean = Commits::read(target.address).await?.mean_since(commits);
            figures.push((Measure::CommitMean, mean));
            all.push(figures);
        }
    }
    let rows = pasts.iter().zip(&runs).map(|(past, runs)| Row::new(past.row, runs));
    Ok(Table { workload, rows: rows.collect() })
}

/// Turns for a slice, each on the same past.
async fn turns(
    options: &Options,
    connection: &mut Connection,
    past: &Past,
) -> anyhow::Result<Slice> {
    let (begun, mut samples) = (Instant::now(), Vec::new());
    while begun.elapsed() < options.slice {
        let times = connection.exchange(&past.request).await?;
        samples.push(sample(times, Slot::of(0), 0));
        if let Some(items) = &past.items {
            forget(connection, items).await?;
        }
    }
    Ok(Slice { samples, elapsed: begun.elapsed(), cpu: None, faults: Faults::default() })
}

/// Takes away what the last turn has added to a conversation.
async fn forget(connection: &mut Connection, items: &str) -> anyhow::Result<()> {
    connection.exchange(&bare_request("GET", &format!("{items}?order=desc&limit=2"))).await?;
    for item in serde_json::from_slice::<Page>(connection.body())?.data {
        connection.exchange(&bare_request("DELETE", &format!("{items}/{}", item.id))).await?;
    }
    Ok(())
}
