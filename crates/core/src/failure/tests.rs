use std::time::Duration;

use http::StatusCode;

use super::{Blame, Failure, Kind};
use crate::upstream_error::{Report, Symptom, UpstreamError};

fn status(code: u16, message: &str) -> Failure {
    Failure::Upstream(UpstreamError::Status {
        status: StatusCode::from_u16(code).unwrap(),
        report: Report { message: message.to_owned(), ..Report::default() },
        retry_after: None,
    })
}

#[test]
fn a_servers_words_are_passed_on_only_when_they_speak_about_the_request() {
    let secret = "Traceback: /srv/models/key=abc";
    for (code, seen) in [(401, 502), (403, 502), (500, 502), (501, 502), (503, 503), (302, 502)] {
        let public = status(code, secret).public();
        assert_eq!((code, public.status.as_u16()), (code, seen));
        assert!(!public.message.contains("abc"), "{code}: {}", public.message);
    }
    let never = Failure::Upstream(UpstreamError::Status {
        status: StatusCode::NOT_IMPLEMENTED,
        report: Report {
            message: "only 'auto' is supported".to_owned(),
            kind: Some("NotImplementedError".into()),
            ..Report::default()
        },
        retry_after: None,
    });
    let public = never.public();
    assert_eq!((public.status.as_u16(), public.code.as_str()), (400, "upstream_rejected"));
    assert_eq!((never.blame(), &*public.message), (Blame::Client, "only 'auto' is supported"));
    let public = status(400, "temperature must be non-negative").public();
    assert_eq!((public.status.as_u16(), public.code.as_str()), (400, "upstream_rejected"));
    assert_eq!(public.message, "temperature must be non-negative");
}

fn sick(code: u16, symptom: Symptom) -> Failure {
    Failure::Upstream(UpstreamError::Status {
        status: StatusCode::from_u16(code).unwrap(),
        report: Report { symptom: Some(symptom), message: "words".to_owned(), ..Report::default() },
        retry_after: None,
    })
}

#[test]
fn a_symptom_has_a_code_of_its_own() {
    let own_words = [
        (400, Symptom::ContextTooLong, 400, "context_length_exceeded"),
        (400, Symptom::Template, 400, "chat_template_error"),
        (400, Symptom::ToolParser, 400, "tool_parser_error"),
        (403, Symptom::ContentPolicy, 400, "content_policy_violation"),
    ];
    let ours = [
        (500, Symptom::Template, 502, "chat_template_error"),
        (500, Symptom::ToolParser, 502, "tool_parser_error"),
        (503, Symptom::Loading, 503, "model_loading"),
        (503, Symptom::Overloaded, 503, "upstream_overloaded"),
        (500, Symptom::OutOfMemory, 503, "upstream_out_of_memory"),
        (500, Symptom::EngineDead, 503, "upstream_engine_dead"),
    ];
    for (is_quoted, cases) in [(true, own_words.as_slice()), (false, ours.as_slice())] {
        for &(said, symptom, status, code) in cases {
            let failure = sick(said, symptom);
            let public = failure.public();
            assert_eq!((public.status.as_u16(), public.code.as_str()), (status, code));
            assert_eq!(public.message == "words", is_quoted, "{code}");
            let blame = if is_quoted { Blame::Client } else { Blame::Upstream };
            assert_eq!(failure.blame(), blame, "{code}");
            assert_eq!(failure.retry_after().is_some(), symptom.is_of_server(), "{code}");
        }
    }
}

#[test]
fn the_wait_that_a_server_asks_for_is_passed_on() {
    let wait = Duration::from_secs(17);
    let failure = |retry_after| {
        Failure::Upstream(UpstreamError::Status {
            status: StatusCode::SERVICE_UNAVAILABLE,
            report: Report { symptom: Some(Symptom::Loading), ..Report::default() },
            retry_after,
        })
    };
    assert_eq!(failure(Some(wait)).retry_after(), Some(wait));
    assert_eq!(failure(None).retry_after(), Some(Duration::from_secs(5)));
    for failure in [
        Failure::QueueTimeout { retry_after: wait },
        Failure::RateLimited { retry_after: wait },
        Failure::NotReady { state: "loading", retry_after: wait },
    ] {
        assert_eq!(failure.retry_after(), Some(wait));
    }
}

#[test]
fn only_those_who_run_the_gateway_read_what_its_servers_serve() {
    let misconfigured = |served: Option<&[&str]>| {
        let served = served.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        Failure::Misconfigured { model: "coder".to_owned(), served }.public()
    };
    let public = misconfigured(None);
    assert_eq!((public.status.as_u16(), public.code.as_str()), (503, "model_misconfigured"));
    assert!(public.message.contains("'coder'") && !public.message.contains("serve:"));
    let master = misconfigured(Some(&["qwen3-32b", "gpt-oss"])).message;
    assert!(master.ends_with("Its servers serve: qwen3-32b, gpt-oss."), "{master}");
    assert!(misconfigured(Some(&[])).message.ends_with("serve: nothing."));
}

#[test]
fn what_admission_refuses_has_its_status() {
    let wait = Duration::from_secs(1);
    for (failure, status, kind, code) in [
        (Failure::QueueTimeout { retry_after: wait }, 503, Kind::Server, "model_overloaded"),
        (Failure::RateLimited { retry_after: wait }, 429, Kind::RateLimit, "rate_limit_exceeded"),
        (Failure::Poisoned, 422, Kind::InvalidRequest, "request_poisoned"),
    ] {
        let public = failure.public();
        assert_eq!((public.status.as_u16(), public.kind, &*public.code), (status, kind, code));
    }
}

#[test]
fn blame_follows_the_cause() {
    assert_eq!(status(400, "").blame(), Blame::Client);
    assert_eq!(status(401, "").blame(), Blame::Upstream);
    assert_eq!(Failure::Unauthenticated.blame(), Blame::Client);
    assert_eq!(Failure::Internal("bug".into()).blame(), Blame::Gateway);
}

#[test]
fn an_answer_is_not_as_large_as_the_request_it_refuses() {
    let long = "ü".repeat(1_000_000);
    let public = Failure::invalid(&long, "invalid_value", long.clone()).public();
    assert!(public.message.len() <= 1024 && public.message.ends_with('…'));
    assert!(public.param.unwrap().len() <= 256);
}
