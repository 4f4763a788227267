use super::*;

fn status(status: u16, symptom: Option<Symptom>) -> UpstreamError {
    let report = Report { symptom, ..Report::default() };
    let status = StatusCode::from_u16(status).unwrap();
    UpstreamError::Status { status, report, retry_after: None }
}

#[test]
fn each_failure_has_a_class_and_only_some_speak_against_the_server() {
    let detail = String::new();
    let limit = Duration::ZERO;
    let reported = |code: Option<&str>| {
        UpstreamError::Reported(Report { code: code.map(Into::into), ..Report::default() })
    };
    let table = [
        (UpstreamError::Connect { detail: detail.clone() }, FailureClass::Connection, true),
        (UpstreamError::Truncated { detail: detail.clone() }, FailureClass::Connection, true),
        (UpstreamError::Tls { detail: detail.clone() }, FailureClass::Connection, true),
        (UpstreamError::FirstByteTimeout { limit }, FailureClass::Timeout, true),
        (UpstreamError::Stalled { limit }, FailureClass::Timeout, true),
        (UpstreamError::TotalTimeout { limit }, FailureClass::Timeout, false),
        (UpstreamError::Protocol { detail }, FailureClass::Server, true),
        (UpstreamError::TooLarge { limit: 1 }, FailureClass::Server, false),
        (status(503, None), FailureClass::Server, true),
        (status(500, Some(Symptom::Template)), FailureClass::Server, false),
        (status(500, Some(Symptom::EngineDead)), FailureClass::Server, true),
        (status(401, None), FailureClass::Authentication, true),
        (status(404, None), FailureClass::NotFound, false),
        (status(408, None), FailureClass::Timeout, true),
        (status(429, None), FailureClass::RateLimit, false),
        (status(422, None), FailureClass::BadRequest, false),
        (status(400, Some(Symptom::ContextTooLong)), FailureClass::ContextLength, false),
        (status(400, Some(Symptom::ContentPolicy)), FailureClass::ContentPolicy, false),
        (reported(None), FailureClass::Server, true),
        (reported(Some("400")), FailureClass::BadRequest, false),
    ];
    for (error, expected, blamed) in table {
        assert_eq!((class(&error), blames_server(&error)), (expected, blamed), "{error:?}");
    }
}

#[test]
fn a_server_rests_as_long_as_it_asks_within_bounds() {
    let asking = |seconds| UpstreamError::Status {
        status: StatusCode::TOO_MANY_REQUESTS,
        report: Report::default(),
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let rests = [status(429, None), asking(7), asking(3600)].map(|error| rest(&error).as_secs());
    assert_eq!(rests, [1, 7, 60]);
}
