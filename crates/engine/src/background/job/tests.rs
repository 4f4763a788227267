use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;
use transom_core::failure::Failure;
use transom_core::id::ResponseId;
use transom_core::port::jobs::Holder;
use transom_core::upstream_error::{Report, UpstreamError};

use super::Job;
use crate::background::Here;

/// A job that waits for ten more minutes.
fn job() -> Job {
    let id = ResponseId::parse("resp_1").unwrap();
    Job {
        holder: Holder(Arc::from("me")),
        kept: Duration::from_mins(10),
        deadline: Instant::now() + Duration::from_mins(10),
        _entered: Here::default().enter(&id, 1).unwrap(),
    }
}

fn status(code: StatusCode, retry_after: Option<u64>) -> Failure {
    let retry_after = retry_after.map(Duration::from_secs);
    let report = Report::default();
    Failure::Upstream(UpstreamError::Status { status: code, report, retry_after })
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_what_passes_and_for_nothing_else() {
    let seconds = |failure: &Failure| job().pause(failure).map(|pause| pause.as_secs());
    let busy = Duration::from_millis(10);
    let cases = [
        (Failure::NotReady { state: "loading", retry_after: Duration::from_secs(7) }, Some(7)),
        (Failure::QueueTimeout { retry_after: busy }, Some(1)),
        (status(StatusCode::SERVICE_UNAVAILABLE, Some(3)), Some(3)),
        (status(StatusCode::TOO_MANY_REQUESTS, Some(3600)), Some(30)),
        (UpstreamError::Truncated { detail: "cut".to_owned() }.into(), Some(30)),
        (status(StatusCode::BAD_REQUEST, None), None),
        (status(StatusCode::NOT_FOUND, None), None),
        (Failure::Poisoned, None),
        (Failure::ShuttingDown, None),
        (Failure::Cancelled, None),
    ];
    for (failure, expected) in cases {
        assert_eq!(seconds(&failure), expected, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_beyond_its_time() {
    let job = job();
    tokio::time::advance(Duration::from_secs(9 * 60 + 45)).await;
    let failure = |seconds| Failure::NotReady {
        state: "unreachable",
        retry_after: Duration::from_secs(seconds),
    };
    assert_eq!(job.pause(&failure(10)), Some(Duration::from_secs(10)));
    assert_eq!(job.pause(&failure(20)), None);
}
