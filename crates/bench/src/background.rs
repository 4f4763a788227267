//! Responses in the background: nobody waits for them, and everybody may read them again.
//!
//! # Layout
//!
//! - this file: beginning one, and what has become of it.
//! - `resume`: reading the events of a long one again. `open`: many at once.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Deserialize;

use crate::client::{Connection, Times};
use crate::mock::Plan;
use crate::workload::{background_request, bare_request};

mod open;
mod resume;

pub(crate) use open::open;
pub(crate) use resume::resume;

/// The pause between two looks at what has not ended.
const LOOK: Duration = Duration::from_millis(50);

/// How much longer than the mock needs all that is begun may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The part of a response that matters here.
#[derive(Deserialize)]
struct Response {
    id: String,
    status: String,
}

/// Has a response begun; its id, and how long its acceptance took.
async fn begin(connection: &mut Connection, plan: Plan) -> anyhow::Result<(String, Times)> {
    let times = connection.exchange(&background_request(plan)).await?;
    let Response { id, status } = serde_json::from_slice(connection.body())?;
    ensure!(status == "queued", "a response is accepted as {status}");
    Ok((id, times))
}

/// Whether a response has completed; it may not end in any other way. The connection has its text
/// afterwards.
async fn has_completed(connection: &mut Connection, id: &str) -> anyhow::Result<bool> {
    connection.exchange(&bare_request("GET", &format!("/v1/responses/{id}"))).await?;
    match serde_json::from_slice::<Response>(connection.body())?.status.as_str() {
        "completed" => Ok(true),
        "queued" | "in_progress" => Ok(false),
        status => anyhow::bail!("response {id} has ended as {status}"),
    }
}

/// Waits until a response has completed.
async fn completion(
    connection: &mut Connection,
    id: &str,
    mock_needs: Duration,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !has_completed(connection, id).await? {
        ensure!(begun.elapsed() < mock_needs + PATIENCE, "response {id} does not end");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
