//! What was promised, and whether it holds.

use serde::Serialize;

use crate::stats::Measure;

/// A promise about the median of a measure.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) workload: &'static str,
    pub(crate) row: &'static str,
    pub(crate) measure: Measure,
    pub(crate) at_most: f64,
}

const fn limit(workload: &'static str, measure: Measure, at_most: f64) -> Limit {
    of_row(workload, "transom", measure, at_most)
}

const fn of_row(
    workload: &'static str,
    row: &'static str,
    measure: Measure,
    at_most: f64,
) -> Limit {
    Limit { workload, row, measure, at_most }
}

/// All promises.
pub(crate) const ALL: &[Limit] = &[
    limit("start", Measure::StartReady, 150.0),
    limit("start", Measure::IdleMegabytes, 20.0),
    limit("chat-1", Measure::CpuTimesNginx, 2.5),
    limit("chat-64", Measure::CpuTimesNginx, 2.5),
    limit("paced-256", Measure::AddedFirstP99, 300.0),
    limit("alias-64", Measure::CpuTimesNginx, 2.5),
    limit("responses-whole-1", Measure::WayInP50, 600.0),
    limit("responses-whole-10", Measure::WayInP50, 700.0),
    limit("responses-whole-50", Measure::WayInP50, 1500.0),
    limit("responses-stream-1", Measure::WayInP50, 600.0),
    limit("responses-stream-10", Measure::WayInP50, 700.0),
    limit("responses-stream-50", Measure::WayInP50, 1500.0),
    of_row("background-resume", "all events", Measure::FirstP50, 10_000.0),
    of_row("background-resume", "all events", Measure::P50, 100_000.0),
    of_row("background-resume", "second half", Measure::FirstP50, 10_000.0),
    of_row("background-resume", "second half", Measure::P50, 100_000.0),
    limit("background-open", Measure::AcceptP99, 100_000.0),
    limit("background-open", Measure::IdleCpu, 20.0),
    limit("background-open", Measure::KibibytesPerJob, 64.0),
    of_row("background-open", "chat beside", Measure::AddedP50, 100.0),
    of_row("conversation-500", "500 items", Measure::WayInP50, 10_000.0),
    of_row("conversation-500", "500 items", Measure::TimesForecast, 1.25),
    of_row("chain-250", "250 turns", Measure::WayInP50, 10_000.0),
    of_row("chain-250", "250 turns", Measure::TimesForecast, 1.25),
    limit("reload-memory", Measure::KibibytesPerThousand, 100.0),
];
