//! What is wrong with a request: the rules of vLLM, and those a careful gateway keeps besides.
//!
//! # Layout
//!
//! - this file: [`Violation`], and the rules of HTTP (host, credentials, hop-by-hop fields).
//! - `body`: the JSON body: known fields, value ranges, tools.
//! - `messages`: the conversation: roles, tool calls and their answers.
//! - `native`: the same of vLLM's own responses, as items.
//! - `fields`: vLLM's known top-level fields.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::Request;
use super::settings::SystemRule;
use crate::strict_json;

mod body;
mod fields;
mod messages;
mod native;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of the request; `None` where the bytes were not even a request.
    pub request: Option<usize>,
    /// What is wrong, with the path of the field where there is one.
    pub what: String,
}

impl Violation {
    pub(super) fn new(request: Option<usize>, what: impl Into<String>) -> Self {
        Self { request, what: what.into() }
    }
}

/// What this backend has been told to accept.
pub(super) struct Rules<'a> {
    pub(super) system: SystemRule,
    pub(super) allowed_fields: &'a HashSet<String>,
    pub(super) hosts: &'a [String],
    /// Whether an `authorization` header has been configured.
    pub(super) authorization: bool,
}

/// The broken rules found so far, in the order of discovery.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}

/// Fields that concern one connection only (RFC 9110, section 7.6.1), and credentials of clients.
const FORBIDDEN: [&str; 10] = [
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
    "cookie",
    "x-api-key",
    "api-key",
];

/// Most bytes of a body that a failure message shows.
const SHOWN: usize = 600;

pub(super) fn of(request: &Request, rules: &Rules<'_>) -> Vec<Violation> {
    let mut findings = Findings::default();
    headers(request, rules, &mut findings);
    if request.is_inference() {
        let content_type = request.headers.get("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        findings.check(media_type == "application/json", || {
            format!("content-type is {content_type:?}, not application/json")
        });
        match strict_json::parse(&request.body) {
            Ok(Value::Object(body)) => body::check(request.path(), &body, rules, &mut findings),
            Ok(_) => findings.add("the body is not a JSON object"),
            Err(error) => findings.add(format!("the body is not valid JSON: {error}")),
        }
    }
    findings.0.into_iter().map(|what| Violation::new(Some(request.number), what)).collect()
}

fn headers(request: &Request, rules: &Rules<'_>, findings: &mut Findings) {
    let headers = &request.headers;
    let hosts: Vec<_> = headers.all("host").collect();
    let known = matches!(hosts.as_slice(), [host] if rules.hosts.iter().any(|known| known == host));
    findings.check(known, || format!("host is {hosts:?}, expected one of {:?}", rules.hosts));
    for name in FORBIDDEN {
        findings.check(!headers.has(name), || format!("header `{name}` must not be sent upstream"));
    }
    for value in headers.all("connection") {
        let plain = ["keep-alive", "close"].iter().any(|word| value.eq_ignore_ascii_case(word));
        findings.check(plain, || format!("header `connection: {value}` names other fields"));
    }
    let credentials = headers.all("authorization").count();
    let allowed = usize::from(rules.authorization);
    findings.check(credentials <= allowed, || {
        format!("{credentials} `authorization` headers, at most {allowed} expected")
    });
    findings.check(request.target.starts_with('/'), || {
        format!("the request target {:?} is not a path", request.target)
    });
}

/// The message with which a test fails.
pub(super) fn report(violations: &[Violation], requests: &[Request]) -> String {
    let mut text = format!("the fake backend saw {} violation(s):\n", violations.len());
    let mut write = |line: String| writeln!(text, "{line}").expect("writing to a string");
    let mut shown = None;
    for Violation { request, what } in violations {
        let subject = request.map_or("connection".to_owned(), |n| format!("request {n}"));
        write(format!("- {subject}: {what}"));
        shown = shown.or(*request);
    }
    if let Some(request) = shown.and_then(|number| requests.get(number)) {
        let body = String::from_utf8_lossy(&request.body[..request.body.len().min(SHOWN)]);
        write(format!("request {}: {} {}", request.number, request.method, request.target));
        write(format!("{:?}\n{body}", request.headers));
    }
    text
}
