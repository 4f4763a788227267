use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;
use transom_core::failure::Failure;
use transom_core::id::ResponseId;
use transom_core::port::jobs::Holder;
use transom_core::upstream_error::{Report, UpstreamError};

use super::{Asked, Job, Pause};
use crate::background::Here;

/// A job that waits for ten more minutes.
fn job() -> Job {
    let id = ResponseId::parse("resp_1").unwrap();
    Job {
        holder: Holder(Arc::from("me")),
        kept: Duration::from_mins(10),
        deadline: Instant::now() + Duration::from_mins(10),
        asked: Asked::default(),
        entered: Here::default().enter(&id, 1).unwrap(),
    }
}

fn status(code: StatusCode, retry_after: Option<u64>) -> Failure {
    let retry_after = retry_after.map(Duration::from_secs);
    let report = Report::default();
    Failure::Upstream(UpstreamError::Status { status: code, report, retry_after })
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_what_passes_and_for_nothing_else() {
    let seconds = |failure: &Failure| job().pause(failure, 0).map(|pause| pause.length.as_secs());
    let busy = Duration::from_millis(10);
    let cases = [
        (Failure::NotReady { state: "loading", retry_after: Duration::from_secs(7) }, Some(7)),
        (Failure::QueueTimeout { retry_after: busy }, Some(1)),
        (status(StatusCode::SERVICE_UNAVAILABLE, Some(3)), Some(3)),
        (status(StatusCode::TOO_MANY_REQUESTS, Some(3600)), Some(30)),
        (UpstreamError::Truncated { detail: "cut".to_owned() }.into(), Some(1)),
        (status(StatusCode::INTERNAL_SERVER_ERROR, None), Some(1)),
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
    let mut job = job();
    tokio::time::advance(Duration::from_secs(9 * 60 + 45)).await;
    let failure = |seconds| Failure::NotReady {
        state: "unreachable",
        retry_after: Duration::from_secs(seconds),
    };
    let pause = Pause { length: Duration::from_secs(10), first: true };
    assert_eq!(job.pause(&failure(10), 0), Some(pause));
    assert_eq!(job.pause(&failure(20), 0), None);
}

#[tokio::test(start_paused = true)]
async fn it_asks_less_and_less_often_and_not_with_all_the_others() {
    let mut job = job();
    let busy = status(StatusCode::SERVICE_UNAVAILABLE, Some(0));
    let pauses = (0..8).filter_map(|_| job.pause(&busy, 0));
    let pauses: Vec<_> = pauses.map(|pause| (pause.length.as_secs(), pause.first)).collect();
    let later = [2, 4, 8, 16, 30, 30, 30].map(|seconds| (seconds, false));
    assert_eq!(pauses, [&[(1, true)], &later[..]].concat());
    let most = job.pause(&busy, 100).unwrap();
    assert_eq!(most.length, Duration::from_millis(37_500));
}

#[tokio::test(start_paused = true)]
async fn what_is_likely_to_be_its_own_doing_is_tried_three_times() {
    let mut job = job();
    let broken = status(StatusCode::INTERNAL_SERVER_ERROR, None);
    let busy = status(StatusCode::SERVICE_UNAVAILABLE, None);
    let goes_on = [&broken, &busy, &broken, &busy, &broken].map(|it| job.pause(it, 0).is_some());
    assert_eq!(goes_on, [true, true, true, true, false]);
}
