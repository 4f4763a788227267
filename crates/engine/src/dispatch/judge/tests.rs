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
    let asking = |status, seconds| UpstreamError::Status {
        status: StatusCode::from_u16(status).unwrap(),
        report: Report::default(),
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let errors = [status(429, None), asking(429, 7), asking(429, 3600), asking(503, 7)];
    let rests = errors.map(|error| rest(&error).map(|rest| rest.as_secs()));
    assert_eq!(rests, [Some(1), Some(7), Some(60), Some(7)]);
    for error in [status(503, None), asking(500, 7)] {
        assert_eq!(rest(&error), None, "{error:?}");
    }
}
