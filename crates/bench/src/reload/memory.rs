//! Thousands of changes, one after the other: what each leaves behind adds up.

use anyhow::Context as _;

use super::Changing;
use crate::fleet::Mocks;
use crate::options::Options;
use crate::process;
use crate::report::{Row, Table};
use crate::stats::{self, Figures, Measure};
use crate::suite::REST;

/// When memory is looked at, in percent of all changes. The first comes late enough that pools,
/// caches and threads have their size.
const LOOKS: [(usize, Measure); 5] = [
    (5, Measure::ResidentAt5),
    (25, Measure::ResidentAt25),
    (50, Measure::ResidentAt50),
    (75, Measure::ResidentAt75),
    (100, Measure::ResidentAt100),
];

/// Resident memory and open files over [`Options::reloads`] changes.
pub(crate) async fn memory(options: &Options, mocks: Mocks) -> anyhow::Result<Table> {
    let Changing { target, mut operator } = Changing::start(options, mocks).await?;
    let pid = target.pid().context("a started program")?;
    tokio::time::sleep(REST).await;
    let mut figures: Figures = vec![(Measure::FilesAtStart, process::open_files(pid)?)];
    let before = operator.revision().await?;
    let (mut times, mut points) = (Vec::new(), Vec::new());
    for (percent, measure) in LOOKS {
        while times.len() < options.reloads * percent / 100 {
            times.push(operator.change().await?);
        }
        let resident = process::memory(pid)?.resident;
        figures.push((measure, resident));
        points.push((times.len(), resident));
    }
    let revisions = operator.revision().await? - before;
    figures.extend(stats::changes(&times, revisions));
    figures.extend(stats::growth(&points));
    // What was replaced last may still be ending.
    tokio::time::sleep(REST).await;
    figures.push((Measure::FilesAtEnd, process::open_files(pid)?));
    Ok(Table { workload: "reload-memory", rows: vec![Row::new("transom", &[figures])] })
}
