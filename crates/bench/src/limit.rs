//! What was promised, and whether it holds.

use serde::Serialize;

use crate::stats::Measure;

/// A promise about the median of a measure.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) workload: &'static str,
    pub(crate) measure: Measure,
    pub(crate) at_most: f64,
}

const fn limit(workload: &'static str, measure: Measure, at_most: f64) -> Limit {
    Limit { workload, measure, at_most }
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
    limit("reload-memory", Measure::KibibytesPerThousand, 100.0),
];
