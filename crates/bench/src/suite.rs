//! The paired runs: slices of the mock alone, of nginx and of Transom take turns, so that what the
//! machine does beside them meets all of them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use memchr::memmem;

use crate::chain::{self, Commits};
use crate::client::Connection;
use crate::fleet::{self, ALIAS, Mocks};
use crate::load::{Slice, slice};
use crate::mock::MODEL;
use crate::options::Options;
use crate::report::{Report, Row, Table};
use crate::stats::{self, Figures, Measure};
use crate::target::{Front, Started, Target};
use crate::workload::{self, Kind, Naming, Workload};
use crate::{background, long, process, progress, reload};

/// How long a fresh program rests before its memory is looked at.
pub(crate) const REST: Duration = Duration::from_secs(1);

/// Measures all that is wanted.
pub(crate) async fn run(options: &Options, mocks: Mocks) -> anyhow::Result<Report> {
    let before = process::load_average();
    let (mut tables, mut faults) = (Vec::new(), Vec::new());
    let [mock, _] = mocks;
    if options.wants("start") {
        progress("start");
        tables.push(starts(options, mock).await?);
    }
    for workload in workload::ALL.iter().filter(|workload| options.wants(workload.name)) {
        progress(workload.name);
        let measured = measure(options, mock, workload).await;
        tables.push(measured.with_context(|| format!("workload {}", workload.name))?);
    }
    for name in ["background-resume", "background-open", "conversation-500", "chain-250"] {
        if options.wants(name) {
            progress(name);
            tables.push(aside(options, mock, name).await.context(name)?);
        }
    }
    if options.wants("reload-swap") {
        progress("reload-swap");
        let (table, failed) = reload::swap(options, mocks).await.context("reload-swap")?;
        tables.push(table);
        faults.extend(failed.told().map(|told| format!("reload-swap: {told}")));
    }
    if options.wants("reload-memory") {
        progress("reload-memory");
        tables.push(reload::memory(options, mocks).await.context("reload-memory")?);
    }
    let load_average = [before, process::load_average()];
    Ok(Report { runs: options.runs, load_average, tables, faults })
}

/// A workload that is not made of slices against other targets.
async fn aside(options: &Options, mock: SocketAddr, name: &str) -> anyhow::Result<Table> {
    match name {
        "background-resume" => background::resume(options, mock).await,
        "background-open" => background::open(options, mock).await,
        "conversation-500" => long::conversation(options, mock).await,
        _ => long::chain(options, mock).await,
    }
}

async fn starts(options: &Options, mock: SocketAddr) -> anyhow::Result<Table> {
    let mut runs = Vec::new();
    for _ in 0..options.runs {
        let (transom, started) = Target::transom(options, &Front::Upstream(mock))?;
        tokio::time::sleep(REST).await;
        let pid = transom.pid().context("a process")?;
        runs.push(vec![
            (Measure::StartListening, started.listening),
            (Measure::StartReady, started.ready),
            (Measure::IdleMegabytes, process::memory(pid)?.resident),
        ]);
    }
    Ok(Table { workload: "start", rows: vec![Row::new("transom", &runs)] })
}

async fn measure(
    options: &Options,
    mock: SocketAddr,
    workload: &Workload,
) -> anyhow::Result<Table> {
    // A fresh program for each workload: none inherits the memory of the one before.
    let (transom, _) = start(options, mock, workload).await?;
    let (targets, previous) = match workload.kind {
        Kind::Responses { depth, .. } => {
            let mut turns = chain::plant(transom.address, depth).await?;
            (vec![transom], turns.pop())
        }
        Kind::Chat { .. } => {
            let nginx = Target::nginx(options, mock).await?;
            let targets = [Some(Target::mock(mock)), nginx, Some(transom)];
            (targets.into_iter().flatten().collect(), None)
        }
    };
    let load = workload.load(options.slice, previous.as_deref());
    let mut runs: Vec<Vec<Figures>> = targets.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.runs {
        let mut pair: Vec<(&str, Figures)> = Vec::new();
        for (target, all) in targets.iter().zip(&mut runs) {
            if let Some(pid) = target.pid() {
                process::reset_peak(pid);
            }
            let commits = Stored::before(target, workload).await?;
            let slice = slice(&load, target).await.with_context(|| target.name.to_owned())?;
            let mut figures = figures(workload, &slice);
            figures.extend(commits.after(target).await?);
            figures.extend(compared(&figures, &pair));
            if let Some(pid) = target.pid() {
                figures.push((Measure::PeakMegabytes, process::memory(pid)?.peak));
            }
            pair.push((target.name, figures.clone()));
            all.push(figures);
        }
    }
    let rows = targets.iter().zip(&runs).map(|(target, runs)| Row::new(target.name, runs));
    Ok(Table { workload: workload.name, rows: rows.collect() })
}

/// The gateway that a workload needs.
async fn start(
    options: &Options,
    mock: SocketAddr,
    workload: &Workload,
) -> anyhow::Result<(Target, Started)> {
    match workload.naming {
        Naming::Own => Target::transom(options, &Front::Upstream(mock)),
        Naming::Alias => {
            let (transom, started) = Target::transom(options, &Front::File(&fleet::aliased(mock)))?;
            check_alias(&transom, workload).await?;
            Ok((transom, started))
        }
    }
}

/// What is measured is only worth something when the name is in fact put back.
async fn check_alias(target: &Target, workload: &Workload) -> anyhow::Result<()> {
    let mut connection = Connection::open(target.address).await?;
    connection.exchange(&workload.request(0, None)).await?;
    let count = |name: &str| {
        let field = format!(r#""model":"{name}""#);
        memmem::find_iter(connection.body(), field.as_bytes()).count()
    };
    ensure!(count(ALIAS) > 0, "the answer does not name the alias");
    ensure!(count(MODEL) == 0, "the answer names the mock's model");
    Ok(())
}

fn figures(workload: &Workload, slice: &Slice) -> Figures {
    let mut figures = stats::common(slice);
    match workload.kind {
        Kind::Chat { pace, .. } if pace > 0 => figures.extend(stats::first_token(slice)),
        Kind::Chat { .. } => {}
        Kind::Responses { .. } => figures.extend(stats::turn(slice)),
    }
    figures
}

/// What a target's figures are beside those that went before it in the same run.
fn compared(figures: &Figures, pair: &[(&str, Figures)]) -> Figures {
    let of = |name| pair.iter().find(|(found, _)| *found == name).map(|(_, figures)| figures);
    let mut compared = of("direct").map(|direct| stats::added(figures, direct)).unwrap_or_default();
    let cpu = |figures| stats::find(figures, Measure::CpuPerThousand);
    if let Some((own, nginx)) = cpu(figures).zip(of("nginx").and_then(cpu)) {
        compared.push((Measure::CpuTimesNginx, own / nginx));
    }
    compared
}

/// Commits before a slice, where there are any.
struct Stored(Option<Commits>);

impl Stored {
    async fn before(target: &Target, workload: &Workload) -> anyhow::Result<Self> {
        match workload.kind {
            Kind::Responses { .. } => Ok(Self(Some(Commits::read(target.address).await?))),
            Kind::Chat { .. } => Ok(Self(None)),
        }
    }

    async fn after(self, target: &Target) -> anyhow::Result<Option<(Measure, f64)>> {
        let Some(before) = self.0 else { return Ok(None) };
        let after = Commits::read(target.address).await?;
        Ok(Some((Measure::CommitMean, after.mean_since(before))))
    }
}
