//! The result, for people and for machines.

use std::fmt;

use serde::Serialize;

use crate::limit::{self, Limit};
use crate::stats::{Figures, Measure, Spread};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Paired runs.
    pub(crate) runs: usize,
    /// The machine's load average before and after.
    pub(crate) load_average: [String; 2],
    pub(crate) tables: Vec<Table>,
    /// What must not have happened, each with its workload. A run with any of them has failed.
    pub(crate) faults: Vec<String>,
}

/// A workload's rows.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) workload: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// A target's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) target: &'static str,
    pub(crate) figures: Vec<Figure>,
}

/// A measure over all runs.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) measure: Measure,
    #[serde(flatten)]
    pub(crate) spread: Spread,
}

impl Row {
    /// The row of a target from the figures of its runs.
    pub(crate) fn new(target: &'static str, runs: &[Figures]) -> Self {
        let mut measures: Vec<_> = runs.iter().flatten().map(|(measure, _)| *measure).collect();
        measures.sort_unstable();
        measures.dedup();
        let figure = |measure| {
            let of_it = runs.iter().flatten().filter(|(found, _)| *found == measure);
            let spread = Spread::of(of_it.map(|(_, value)| *value).collect())?;
            Some(Figure { measure, spread })
        };
        Self { target, figures: measures.into_iter().filter_map(figure).collect() }
    }

    fn spread(&self, measure: Measure) -> Option<Spread> {
        let found = self.figures.iter().find(|figure| figure.measure == measure);
        found.map(|figure| figure.spread)
    }
}

impl Table {
    fn measures(&self) -> Vec<Measure> {
        let figures = self.rows.iter().flat_map(|row| &row.figures);
        let mut measures: Vec<_> = figures.map(|figure| figure.measure).collect();
        measures.sort_unstable();
        measures.dedup();
        measures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = &self.load_average;
        writeln!(
            out,
            "Medians of {} paired runs (least..most). Load average {before} to {after}.",
            self.runs
        )?;
        self.tables.iter().try_for_each(|table| write!(out, "\n{table}"))?;
        writeln!(out, "\nTargets")?;
        limit::ALL.iter().try_for_each(|limit| self.verdict(limit, out))?;
        self.faults.iter().try_for_each(|fault| writeln!(out, "  FAILED  {fault}"))
    }
}

impl Report {
    fn verdict(&self, limit: &Limit, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.tables.iter().find(|table| table.workload == limit.workload);
        let row = table.and_then(|table| table.rows.iter().find(|row| row.target == limit.row));
        let spread = row.and_then(|row| row.spread(limit.measure));
        let Some(spread) = spread else { return Ok(()) };
        let word = if spread.median <= limit.at_most { "met" } else { "MISSED" };
        let (title, found) = (limit.measure.title(), shown(spread));
        let most = number(limit.at_most);
        let place = match limit.row {
            "transom" => limit.workload.to_owned(),
            row => format!("{} {row}", limit.workload),
        };
        writeln!(out, "  {word:<7} {place:<30} {title:<16} {found}, at most {most}")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<20}", self.workload)?;
        self.rows.iter().try_for_each(|row| write!(out, "{:<28}", row.target))?;
        writeln!(out)?;
        for measure in self.measures() {
            let cell = |row: &Row| row.spread(measure).map(shown).unwrap_or_default();
            write!(out, "  {:<18}", measure.title())?;
            self.rows.iter().try_for_each(|row| write!(out, "{:<28}", cell(row)))?;
            writeln!(out)?;
        }
        Ok(())
    }
}

fn shown(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    format!("{} ({}..{})", number(median), number(min), number(max))
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
