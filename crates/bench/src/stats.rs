//! From samples to figures.

use serde::Serialize;

use crate::load::{Sample, Slice};

/// The middle of several runs, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        Some(Self { median: *values.get(values.len() / 2)?, min, max })
    }
}

/// What is measured. Times are in microseconds, but for CPU and the start: milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    StartListening,
    StartReady,
    IdleMegabytes,
    RequestsPerSecond,
    CpuPerThousand,
    CpuTimesNginx,
    P50,
    P99,
    AddedP50,
    AddedP99,
    FirstP50,
    FirstP99,
    AddedFirstP50,
    AddedFirstP99,
    WayInP50,
    WayInP99,
    TailP50,
    CommitMean,
    PeakMegabytes,
}

impl Measure {
    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::StartListening => "listening ms",
            Self::StartReady => "ready ms",
            Self::IdleMegabytes => "idle MB",
            Self::RequestsPerSecond => "req/s",
            Self::CpuPerThousand => "CPU ms/1k",
            Self::CpuTimesNginx => "CPU x nginx",
            Self::P50 => "p50 us",
            Self::P99 => "p99 us",
            Self::AddedP50 => "added p50 us",
            Self::AddedP99 => "added p99 us",
            Self::FirstP50 => "first p50 us",
            Self::FirstP99 => "first p99 us",
            Self::AddedFirstP50 => "added first p50",
            Self::AddedFirstP99 => "added first p99",
            Self::WayInP50 => "in-out p50 us",
            Self::WayInP99 => "in-out p99 us",
            Self::TailP50 => "end p50 us",
            Self::CommitMean => "commit mean us",
            Self::PeakMegabytes => "peak MB",
        }
    }
}

/// The figures of one slice.
pub(crate) type Figures = Vec<(Measure, f64)>;

/// What every slice tells.
pub(crate) fn common(slice: &Slice) -> Figures {
    let mut figures = vec![
        (Measure::RequestsPerSecond, count(slice) / slice.elapsed.as_secs_f64()),
        (Measure::P50, percentile(slice, 50, |sample| sample.whole)),
        (Measure::P99, percentile(slice, 99, |sample| sample.whole)),
    ];
    if let Some(cpu) = slice.cpu {
        figures.push((Measure::CpuPerThousand, cpu.as_secs_f64() * 1e6 / count(slice)));
    }
    figures
}

/// What a stream with a pace tells.
pub(crate) fn first_token(slice: &Slice) -> Figures {
    vec![
        (Measure::FirstP50, percentile(slice, 50, |sample| sample.first)),
        (Measure::FirstP99, percentile(slice, 99, |sample| sample.first)),
    ]
}

/// What a turn of the Responses API tells.
pub(crate) fn turn(slice: &Slice) -> Figures {
    vec![
        (Measure::WayInP50, percentile(slice, 50, |sample| sample.way_in)),
        (Measure::WayInP99, percentile(slice, 99, |sample| sample.way_in)),
        (Measure::TailP50, percentile(slice, 50, |sample| sample.tail)),
    ]
}

/// What `figures` have more than those of the mock alone.
pub(crate) fn added(figures: &Figures, direct: &Figures) -> Figures {
    let pairs = [
        (Measure::P50, Measure::AddedP50),
        (Measure::P99, Measure::AddedP99),
        (Measure::FirstP50, Measure::AddedFirstP50),
        (Measure::FirstP99, Measure::AddedFirstP99),
    ];
    let difference = |(from, to)| Some((to, find(figures, from)? - find(direct, from)?));
    pairs.into_iter().filter_map(difference).collect()
}

/// A figure by its measure.
pub(crate) fn find(figures: &Figures, measure: Measure) -> Option<f64> {
    figures.iter().find(|(found, _)| *found == measure).map(|(_, value)| *value)
}

#[expect(clippy::cast_precision_loss, reason = "a slice has far less than 2^52 samples")]
fn count(slice: &Slice) -> f64 {
    slice.samples.len() as f64
}

#[expect(clippy::cast_precision_loss, reason = "a time of less than 52 days")]
fn percentile(slice: &Slice, percent: usize, of: impl Fn(&Sample) -> u64) -> f64 {
    let mut values: Vec<u64> = slice.samples.iter().map(of).collect();
    values.sort_unstable();
    let rank = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(rank).map_or(f64::NAN, |nanoseconds| *nanoseconds as f64 / 1000.0)
}
