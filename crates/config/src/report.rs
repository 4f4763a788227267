//! The findings of `transom check`, for people and for machines.

use serde::Serialize;

use crate::{Notice, Problem, Treatment};

/// Every finding about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What stops the program.
    pub problems: Vec<Problem>,
    /// What becomes of the keys of files in other dialects.
    pub findings: Vec<crate::Finding>,
    /// What else there is to know.
    pub notices: Vec<Notice>,
}

/// How `transom check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// Lines for people.
    Text,
    /// One JSON object: `{"ok": bool, "findings": [{severity, where, message, hint}]}`, and what
    /// `--online` has seen in `servers` and `remarks`. The severity is `error`, `notice`, or what becomes of a
    /// key: `exact`, `approximated`, `no effect` or `unsupported`.
    Json,
}

/// Whether text may hold terminal colours. The caller knows where it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// ANSI sequences.
    On,
    /// Plain text.
    Off,
}

/// What asking the servers has brought.
#[derive(Debug, Clone, Copy)]
pub struct Online<'a, T> {
    /// Whether all of it is as it should be.
    pub well: bool,
    /// What was seen of each server.
    pub servers: &'a [T],
    /// What is wrong beside them.
    pub remarks: &'a [String],
}

#[derive(Serialize)]
struct Printed<'a, T> {
    ok: bool,
    findings: Vec<Finding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<&'a [T]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remarks: Option<&'a [String]>,
}

#[derive(Serialize)]
struct Finding<'a> {
    severity: &'static str,
    #[serde(rename = "where")]
    place: String,
    message: &'a str,
    hint: Option<&'a str>,
}

impl Report {
    /// 2 when something must be corrected, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.problems.is_empty() { 0 } else { 2 }
    }

    /// One paragraph for each finding and a closing line.
    pub fn text(&self, colour: Colour) -> String {
        let mut lines = Vec::new();
        // What is the same as ever comes last: it hides what is not.
        let mut findings = self.findings();
        findings.sort_by_key(|finding| finding.severity == Treatment::Exact.word());
        for finding in findings {
            let paint = match finding.severity {
                "error" => "31",
                "exact" => "32",
                _ => "33",
            };
            let severity = match colour {
                Colour::On => format!("\x1b[{paint}m{}\x1b[0m", finding.severity),
                Colour::Off => finding.severity.to_owned(),
            };
            lines.push(format!("{severity}: {}: {}", finding.place, finding.message));
            lines.extend(finding.hint.map(|hint| format!("  hint: {hint}")));
        }
        lines.push(match self.problems.len() {
            0 => "the configuration is good".to_owned(),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        });
        lines.push(String::new());
        lines.join("\n")
    }

    /// The same findings as JSON, one line, with what the servers answered when they were asked.
    pub fn json<T: Serialize>(
        &self,
        online: Option<Online<'_, T>>,
    ) -> Result<String, serde_json::Error> {
        let ok = self.problems.is_empty() && online.as_ref().is_none_or(|online| online.well);
        let (servers, remarks) = online.map(|online| (online.servers, online.remarks)).unzip();
        serde_json::to_string(&Printed { ok, findings: self.findings(), servers, remarks })
    }

    fn findings(&self) -> Vec<Finding<'_>> {
        let problems = self.problems.iter().map(|problem| Finding {
            severity: "error",
            place: problem.at.to_string(),
            message: &problem.message,
            hint: problem.hint.as_deref(),
        });
        let notices = self.notices.iter().map(|notice| Finding {
            severity: "notice",
            place: notice.at.to_string(),
            message: &notice.message,
            hint: None,
        });
        let treated = self.findings.iter().map(|finding| Finding {
            severity: finding.treatment.word(),
            place: finding.at.to_string(),
            message: &finding.message,
            hint: finding.hint.as_deref(),
        });
        problems.chain(treated).chain(notices).collect()
    }
}
