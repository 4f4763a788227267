use http::StatusCode;

use super::{Blame, Failure};
use crate::upstream_error::{Report, UpstreamError};

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
    let public = status(400, "temperature must be non-negative").public();
    assert_eq!((public.status.as_u16(), public.code.as_str()), (400, "upstream_rejected"));
    assert_eq!(public.message, "temperature must be non-negative");
}

#[test]
fn a_prompt_that_is_too_long_has_openais_code() {
    for message in [
        "This model's maximum context length is 2048 tokens. However, …",
        "request (5031 tokens) exceeds the available context size (2048 tokens)",
    ] {
        assert_eq!(status(400, message).public().code, "context_length_exceeded");
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
