//! A vLLM of our own.

use std::io;
use std::sync::Arc;

use tokio_util::task::TaskTracker;
use transom_config::{Child, Restart as Wanted, Supervision};
use transom_process::{
    Backoff, ChildSpec, ProbeResult, Readiness, Restart, State, Supervised, Supervisor,
};
use transom_upstream::backend::Backend;
use transom_upstream::health::{Child as ChildState, Override};
use transom_upstream::probe::{self, Seen};

use crate::{output, source};

/// The name before each line of its output.
const NAME: &str = "vllm";

/// Variables that the child has no business with.
const HIDDEN: &[&str] = &["VR_API_KEY", "VR_OPENAI_API_KEY", "VR_DB_PATH"];

/// Starts vLLM; its state becomes the backend's.
pub(crate) fn start(
    child: &Child,
    supervision: Supervision,
    backend: &Arc<Backend>,
    tracker: &TaskTracker,
) -> io::Result<Supervised> {
    let mut spec = ChildSpec::new(NAME, &child.vllm_bin);
    spec.arguments = ["serve".into(), child.model.clone().into()]
        .into_iter()
        .chain(child.arguments.as_slice().iter().map(Into::into))
        .collect();
    spec.hidden_environment = HIDDEN.iter().map(Into::into).collect();
    let asked = Arc::clone(backend);
    let supervisor = Supervisor {
        spec,
        restart: match supervision.restart {
            Wanted::Never => Restart::Never,
            Wanted::OnFailure => Restart::OnFailure(Backoff::default()),
        },
        readiness: Readiness {
            probe: move || {
                let backend = Arc::clone(&asked);
                async move {
                    match probe::ask(&backend).await {
                        Seen::Ready => ProbeResult::Ready,
                        Seen::Refused(status) => ProbeResult::Refused(probe::advice(status)),
                        Seen::NotYet(_) => ProbeResult::NotYet,
                    }
                }
            },
            timeout: supervision.startup_timeout.get(),
            notice_every: supervision.ready_interval.get(),
            notice: Box::new(|waited| {
                tracing::info!(seconds = waited.as_secs(), "still waiting for vLLM");
            }),
        },
        jitter: Box::new(source::jitter),
    };
    // Its lines have a thread and a bounded queue of their own, which may wait for their reader.
    let supervised = supervisor.start(output::line, tracker)?;
    tracker.spawn(follow(supervised.states(), Arc::clone(backend)));
    Ok(supervised)
}

/// Tells the backend what the supervisor knows: a child that is starting again is loading, however
/// reachable it was a moment ago.
async fn follow(mut states: tokio::sync::watch::Receiver<State>, backend: Arc<Backend>) {
    loop {
        let child = match &*states.borrow_and_update() {
            State::Ready { .. } => ChildState::Up,
            State::Starting { attempt, .. } => ChildState::Starting {
                reason: format!("vLLM is starting (attempt {attempt})").into(),
            },
            State::BackingOff { delay, last_failure, .. } => {
                let seconds = delay.as_secs_f64();
                tracing::warn!(failure = %last_failure, "vLLM will be restarted in {seconds:.1} s");
                let reason = format!("vLLM is restarted in {seconds:.1} s: {last_failure}");
                ChildState::Starting { reason: reason.into() }
            }
            State::Stopped(_) => {
                // Nobody waits for a server that does not come back.
                let reason = "vLLM has ended".into();
                return backend.set_override(Override::Unhealthy { reason, until: None });
            }
        };
        backend.set_child(child);
        if states.changed().await.is_err() {
            return;
        }
    }
}
