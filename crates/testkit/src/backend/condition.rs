//! How a fake backend is: loading, ready or broken, and what its metrics page says.

use std::fmt::Write as _;

use crate::answer::{Answer, body_of, errors, json};

use super::Request;

/// Where a backend stands between its start and its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It listens and answers everything with 503, as llama.cpp and proxies do while a model loads.
    Loading,
    /// It works.
    #[default]
    Ready,
    /// The engine behind the server died: `/health` is 503 and every request to a model 500, while
    /// `/v1/models` still answers, as with vLLM.
    EngineDead,
}

impl Phase {
    /// What the phase answers in the place of the usual.
    pub(super) fn answer(self, request: &Request) -> Option<Answer> {
        let health = request.path() == "/health";
        match self {
            Self::Ready => None,
            Self::Loading => Some(errors::loading()),
            Self::EngineDead if health => Some(Answer::empty(503)),
            Self::EngineDead => request.is_inference().then(errors::internal),
        }
    }
}

/// What vLLM's `/metrics` tells about the queue of its engine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineLoad {
    /// Requests in the batch that is being computed.
    pub running: u32,
    /// Requests that wait for a place in it.
    pub waiting: u32,
    /// The share of the KV cache in use, from 0 to 1.
    pub kv_cache_usage: f64,
}

/// What `GET /metrics` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum MetricsPage {
    /// The requests that are being answered at that moment.
    #[default]
    Live,
    /// These figures.
    Fixed(EngineLoad),
    /// 404: there is no such page.
    Absent,
}

impl MetricsPage {
    pub(super) fn answer(self, model: &str, answering: usize) -> Answer {
        let running = u32::try_from(answering).unwrap_or(u32::MAX);
        let load = match self {
            Self::Absent => return errors::no_route(),
            Self::Fixed(load) => load,
            Self::Live => EngineLoad { running, ..EngineLoad::default() },
        };
        body_of(200, "text/plain; version=1.0.0; charset=utf-8", page(model, load))
    }
}

/// The families that tell of the queue, in vLLM's order and with its labels, between others.
fn page(model: &str, load: EngineLoad) -> String {
    let EngineLoad { running, waiting, kv_cache_usage } = load;
    let mut page = "# HELP process_open_fds Number of open file descriptors.\n\
                    # TYPE process_open_fds gauge\nprocess_open_fds 34.0\n"
        .to_owned();
    let by_reason = [("capacity", f64::from(waiting)), ("deferred", 0.0)];
    let by_reason = by_reason.map(|(reason, n)| (format!(",reason=\"{reason}\""), n));
    let single = |value: f64| vec![(String::new(), value)];
    let families = [
        ("num_requests_running", single(running.into())),
        ("num_requests_waiting", single(waiting.into())),
        ("num_requests_waiting_by_reason", by_reason.to_vec()),
        ("kv_cache_usage_perc", single(kv_cache_usage)),
    ];
    for (name, samples) in families {
        let about = format!("# HELP vllm:{name} A fake.\n# TYPE vllm:{name} gauge\n");
        page.push_str(&about);
        for (labels, value) in samples {
            let labels = format!("engine=\"0\",model_name=\"{model}\"{labels}");
            writeln!(page, "vllm:{name}{{{labels}}} {value:?}").expect("writing to a string");
        }
    }
    page
}

/// `{"version":…}` as vLLM tells it.
pub(super) fn version() -> Answer {
    json(200, r#"{"version":"0.32.0"}"#)
}
