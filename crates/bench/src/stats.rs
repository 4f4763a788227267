//! From samples to figures.

use std::time::Duration;

use serde::Serialize;

use crate::client::Times;
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
    Jobs,
    Completed,
    AcceptP50,
    AcceptP99,
    IdleCpu,
    KibibytesPerJob,
    Events,
    EventsPerSecond,
    Requests,
    Faults,
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
    SentKilobytes,
    PerKilobyte,
    PerFurtherKilobyte,
    TimesForecast,
    TailP50,
    CommitMean,
    PeakMegabytes,
    Revisions,
    ReloadP50,
    ReloadMost,
    ResidentAt5,
    ResidentAt25,
    ResidentAt50,
    ResidentAt75,
    ResidentAt100,
    KibibytesPerThousand,
    FilesAtStart,
    FilesAtEnd,
}

impl Measure {
    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::StartListening => "listening ms",
            Self::StartReady => "ready ms",
            Self::IdleMegabytes => "idle MB",
            Self::Jobs => "open jobs",
            Self::Completed => "completed",
            Self::AcceptP50 => "accept p50 us",
            Self::AcceptP99 => "accept p99 us",
            Self::IdleCpu => "idle CPU ms/s",
            Self::KibibytesPerJob => "RSS KiB/job",
            Self::Events => "events",
            Self::EventsPerSecond => "events/s",
            Self::Requests => "requests",
            Self::Faults => "errors",
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
            Self::SentKilobytes => "sent KB",
            Self::PerKilobyte => "in-out us/KB",
            Self::PerFurtherKilobyte => "us/further KB",
            Self::TimesForecast => "x forecast",
            Self::TailP50 => "end p50 us",
            Self::CommitMean => "commit mean us",
            Self::PeakMegabytes => "peak MB",
            Self::Revisions => "revisions",
            Self::ReloadP50 => "reload p50 us",
            Self::ReloadMost => "reload most us",
            Self::ResidentAt5 => "RSS MB at 5 %",
            Self::ResidentAt25 => "RSS MB at 25 %",
            Self::ResidentAt50 => "RSS MB at 50 %",
            Self::ResidentAt75 => "RSS MB at 75 %",
            Self::ResidentAt100 => "RSS MB at 100 %",
            Self::KibibytesPerThousand => "RSS KiB/1k",
            Self::FilesAtStart => "files at start",
            Self::FilesAtEnd => "files at end",
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

/// What a slice with whole answers and streams tells: the percentiles are those of whole answers.
pub(crate) fn mixed(slice: &Slice) -> Figures {
    let whole = |sample: &&Sample| sample.tokens == 0;
    let ends: Vec<u64> = slice.samples.iter().filter(whole).map(|sample| sample.whole).collect();
    let streams = slice.samples.iter().filter(|sample| !whole(sample));
    let firsts: Vec<u64> = streams.map(|sample| sample.first).collect();
    vec![
        (Measure::Requests, count(slice)),
        (Measure::RequestsPerSecond, count(slice) / slice.elapsed.as_secs_f64()),
        (Measure::P50, ranked(ends.clone(), 50)),
        (Measure::P99, ranked(ends, 99)),
        (Measure::FirstP50, ranked(firsts.clone(), 50)),
        (Measure::FirstP99, ranked(firsts, 99)),
    ]
}

/// What changes of the configuration tell: how long each took, and how many took effect.
#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 changes")]
pub(crate) fn changes(times: &[Duration], revisions: u64) -> Figures {
    let nanoseconds = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let times: Vec<u64> = times.iter().map(nanoseconds).collect();
    vec![
        (Measure::Revisions, revisions as f64),
        (Measure::ReloadP50, ranked(times.clone(), 50)),
        (Measure::ReloadMost, ranked(times, 100)),
    ]
}

/// What reading the events of a response again tells: `first` is the time to the first token.
#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 events")]
pub(crate) fn replays(times: &[Times], events: usize) -> Figures {
    let whole: Vec<u64> = times.iter().map(|times| times.end - times.sent).collect();
    let first: Vec<u64> = times.iter().map(|times| times.first - times.sent).collect();
    let median = ranked(whole.clone(), 50);
    vec![
        (Measure::Events, events as f64),
        (Measure::EventsPerSecond, events as f64 * 1e6 / median),
        (Measure::P50, median),
        (Measure::P99, ranked(whole, 99)),
        (Measure::FirstP50, ranked(first.clone(), 50)),
        (Measure::FirstP99, ranked(first, 99)),
    ]
}

/// How long it took to accept each response in the background.
pub(crate) fn accepted(times: &[Times]) -> Figures {
    let whole: Vec<u64> = times.iter().map(|times| times.end - times.sent).collect();
    vec![(Measure::AcceptP50, ranked(whole.clone(), 50)), (Measure::AcceptP99, ranked(whole, 99))]
}

/// How fast memory grows, as the line through all points of changes and megabytes that has the
/// least squares.
#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 changes")]
pub(crate) fn growth(points: &[(usize, f64)]) -> Option<(Measure, f64)> {
    let points: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x as f64, *y)).collect();
    let line = Line::through(&points)?;
    Some((Measure::KibibytesPerThousand, line.slope * 1000.0 * 1e6 / 1024.0))
}

/// How the time to reach the model server grows with the kilobytes that are sent there: what each
/// further one costs, and how much longer the last point takes than the line through those before it
/// says.
pub(crate) fn forecast(points: &[(f64, f64)]) -> Option<Figures> {
    let (last, before) = points.split_last()?;
    let (whole, shorter) = (Line::through(points)?, Line::through(before)?);
    Some(vec![
        (Measure::PerFurtherKilobyte, whole.slope),
        (Measure::TimesForecast, last.1 / shorter.at(last.0)),
    ])
}

/// A line with the least squares.
struct Line {
    slope: f64,
    middle: (f64, f64),
}

impl Line {
    /// `None`: all points lie on top of each other, or there are none.
    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        let mean = |of: fn(&(f64, f64)) -> f64| {
            points.iter().map(of).sum::<f64>() / points.len().max(1) as f64
        };
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        (spread > 0.0).then_some(Self { slope: together / spread, middle: (x, y) })
    }

    fn at(&self, x: f64) -> f64 {
        self.middle.1 + self.slope * (x - self.middle.0)
    }
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

fn percentile(slice: &Slice, percent: usize, of: impl Fn(&Sample) -> u64) -> f64 {
    ranked(slice.samples.iter().map(of).collect(), percent)
}

/// A percentile of nanoseconds, in microseconds.
#[expect(clippy::cast_precision_loss, reason = "a time of less than 52 days")]
fn ranked(mut values: Vec<u64>, percent: usize) -> f64 {
    values.sort_unstable();
    let rank = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(rank).map_or(f64::NAN, |nanoseconds| *nanoseconds as f64 / 1000.0)
}
