use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// The answer, when it came, and the notices given until then.
async fn wait<F: Future<Output = ProbeResult>>(
    probe: impl FnMut() -> F,
) -> (Found, Duration, Vec<Duration>) {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&notices);
    let notice = Box::new(move |since| heard.lock().unwrap().push(since));
    let mut readiness = Readiness { probe, timeout: 5 * SECOND, notice_every: 2 * SECOND, notice };
    let began = Instant::now();
    let found = readiness.wait().await;
    let notices = notices.lock().unwrap().clone();
    (found, began.elapsed(), notices)
}

#[tokio::test(start_paused = true)]
async fn a_program_is_asked_four_times_a_second_and_the_operator_kept_informed() {
    let mut probes = 0;
    let found = wait(|| {
        probes += 1;
        ready(if probes > 10 { ProbeResult::Ready } else { ProbeResult::NotYet })
    });
    assert_eq!(found.await, (Found::Ready, 10 * PROBE_PAUSE, vec![2 * SECOND]));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_wait_at_once() {
    let found = wait(|| ready(ProbeResult::Refused("set the key".into()))).await;
    assert_eq!(found, (Found::Refused("set the key".into()), Duration::ZERO, vec![]));
}

#[tokio::test(start_paused = true)]
async fn probes_without_an_answer_do_not_stretch_the_timeout() {
    let found = wait(pending).await;
    assert_eq!(found, (Found::TimedOut, 5 * SECOND, vec![2 * SECOND, 4 * SECOND]));
}
