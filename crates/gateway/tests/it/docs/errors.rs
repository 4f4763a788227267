//! Every failure as a client sees it.

use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use transom_core::failure::{Failure, Invalid, Missing, Repeated};
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::store::StoreError;
use transom_core::upstream_error::{Report, Symptom, UpstreamError};

const HEAD: &str = "<!-- Generated from crates/core; do not edit. -->

# Errors

Every error is `{\"error\": {\"message\", \"type\", \"param\", \"code\"}}`, with the code in the header
`x-transom-error-code` too, and every answer carries `x-request-id`. The `error` of a failed response has one
of OpenAI's codes, and ours at the end of its message. In a stream of `/v1/responses` that has begun, an `error` event with the same fields
and a `response.failed` event end the stream without `[DONE]`; in a chat stream it is one
`data: {\"error\": …}`. On a WebSocket, what would have been an answer with a status is
`{\"type\": \"error\", \"status\", \"error\": {…}}`, and the connection stays open.

`400` has many codes; `param` names the field as a path (`input[2].content[0].type`) and the message
says what would be right; for a header it is the header's name. *Retry-After* tells where that header is always sent; what a model
server asks for with an error of its own is passed on.

| When | Status | `type` | `code` | Retry-After |
|---|---|---|---|---|
";

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for failure in failures() {
        let when = when(&failure);
        let retry = if failure.retry_after().is_some() { "yes" } else { "" };
        let public = failure.public();
        let (status, kind, code) = (public.status.as_u16(), public.kind.word(), public.code);
        writeln!(page, "| {when} | {status} | `{kind}` | `{code}` | {retry} |")
            .expect("writing to a string");
    }
    page
}

/// No arm for everything else: a new failure does not compile until it is in the page.
fn when(failure: &Failure) -> String {
    match failure {
        Failure::Unauthenticated => "no key, or a wrong one".to_owned(),
        Failure::Invalid(invalid) => invalid.message.clone(),
        Failure::NotFound(Missing::Response(_)) => {
            "no such stored response, or somebody else's".to_owned()
        }
        Failure::NotFound(Missing::Conversation { .. }) => {
            "no such conversation, or somebody else's".to_owned()
        }
        Failure::NotFound(Missing::Item(_)) => "the conversation has no such item".to_owned(),
        Failure::NotFound(Missing::Reference { .. }) => {
            "the input refers to an item that is not stored, or somebody else's".to_owned()
        }
        Failure::NotFound(Missing::Model(_)) => "no such model".to_owned(),
        Failure::NotFound(Missing::Route) => "no such route".to_owned(),
        Failure::InProgress(_) => "the response to continue has not ended yet".to_owned(),
        Failure::ConversationLocked(_) => {
            "another request works on the conversation, or it was changed or deleted while the \
             response was written"
                .to_owned()
        }
        Failure::Repeated(Repeated::InFlight) => {
            "a request with the same `Idempotency-Key` is being answered".to_owned()
        }
        Failure::Repeated(Repeated::OtherBody) => {
            "a request with the same `Idempotency-Key` had another body".to_owned()
        }
        Failure::Repeated(Repeated::TooLarge) => {
            "a request with the same `Idempotency-Key` has been answered, and the answer was too \
             large to be kept"
                .to_owned()
        }
        Failure::MethodNotAllowed => "the route has other methods".to_owned(),
        Failure::BodyTooLarge { .. } => "the body is larger than `limits.body_bytes`".to_owned(),
        Failure::UnsupportedMediaType(_) => {
            "the body is not JSON in UTF-8, or packed in an unknown way".to_owned()
        }
        Failure::BodyTimeout => "the body did not arrive in time".to_owned(),
        Failure::Overloaded { .. } => {
            "more requests in flight than `limits.max_concurrency`".to_owned()
        }
        Failure::QueueTimeout { .. } => {
            "no place at the model became free within `routing.queue_timeout`, or as many wait as \
             `routing.queue_length` allows"
                .to_owned()
        }
        Failure::RateLimited { .. } => {
            "the deployments' `rpm` or `tpm` are used up, where they are enforced".to_owned()
        }
        Failure::Misconfigured { .. } => {
            "no server of the model can serve it until an operator has put something right"
                .to_owned()
        }
        Failure::CountingUnavailable => {
            "the model's servers do not tell how many tokens a prompt has".to_owned()
        }
        Failure::Poisoned => {
            "model servers died under this very request before (`routing.poison_strikes`)"
                .to_owned()
        }
        Failure::NotReady { state, .. } => format!("the model's servers are {state}"),
        Failure::Upstream(error) => when_upstream(error),
        Failure::Store(StoreError::Unavailable(_)) => "the store cannot be used".to_owned(),
        Failure::Store(StoreError::Damaged(_)) => "a stored row cannot be read".to_owned(),
        Failure::Store(StoreError::Duplicate | StoreError::Conflict) => {
            "two responses got one id".to_owned()
        }
        Failure::ShuttingDown => "the gateway stops and had to cut the request".to_owned(),
        Failure::Cancelled => {
            "the client left (seen in logs and metrics only), or a response in the background was \
             cancelled (seen in its stream)"
                .to_owned()
        }
        Failure::Interrupted => {
            "the gateway that ran a response in the background stopped in the middle of it (seen in \
             the response and its stream)"
                .to_owned()
        }
        Failure::Internal(_) => "a defect of the gateway".to_owned(),
    }
}

fn when_upstream(error: &UpstreamError) -> String {
    match error {
        UpstreamError::Connect { .. } => "no connection to the model server".to_owned(),
        UpstreamError::ConnectTimeout { .. } => "no connection within `connect_timeout`".to_owned(),
        UpstreamError::Tls { .. } => "TLS with the model server failed".to_owned(),
        UpstreamError::FirstByteTimeout { .. } => {
            "no answer within `first_chunk_timeout`".to_owned()
        }
        UpstreamError::Stalled { .. } => "the answer paused longer than `idle_timeout`".to_owned(),
        UpstreamError::TotalTimeout { .. } => {
            "the answer took longer than `request_timeout` or `stream_timeout`".to_owned()
        }
        UpstreamError::Truncated { .. } => "the answer ended early".to_owned(),
        UpstreamError::Protocol { .. } => "the answer was not understood".to_owned(),
        UpstreamError::TooLarge { .. } => "the answer, or one event of it, is too large".to_owned(),
        UpstreamError::Status { status, report, .. } => {
            let symptom = report.symptom.map(|symptom| symptom.word().replace('_', " "));
            let about = symptom.map(|words| format!(", and it says: {words}")).unwrap_or_default();
            format!("the model server answered {}{about}", status.as_u16())
        }
        UpstreamError::Reported(_) => "the model server reported an error in its stream".to_owned(),
    }
}

fn failures() -> Vec<Failure> {
    let mut all = requests();
    all.extend(upstream().into_iter().map(Failure::Upstream));
    all.extend([
        Failure::Store(StoreError::Unavailable("".into())),
        Failure::Store(StoreError::Damaged("".into())),
        Failure::Store(StoreError::Duplicate),
        Failure::ShuttingDown,
        Failure::Cancelled,
        Failure::Interrupted,
        Failure::Internal("".into()),
    ]);
    all
}

fn requests() -> Vec<Failure> {
    let mut all = vec![Failure::Unauthenticated];
    all.extend(REFUSED.iter().map(|&(code, when)| {
        Failure::Invalid(Invalid { param: None, code, message: when.to_owned() })
    }));
    all.extend([
        Failure::NotFound(Missing::Response(String::new())),
        Failure::NotFound(Missing::Conversation { id: String::new(), param: "conversation" }),
        Failure::NotFound(Missing::Item(String::new())),
        Failure::NotFound(Missing::Reference { id: String::new(), param: String::new() }),
        Failure::NotFound(Missing::Model(String::new())),
        Failure::NotFound(Missing::Route),
        Failure::InProgress(response_id()),
        Failure::ConversationLocked(ConversationId::parse("conv_1").expect("an id")),
        Failure::Repeated(Repeated::InFlight),
        Failure::Repeated(Repeated::OtherBody),
        Failure::Repeated(Repeated::TooLarge),
        Failure::MethodNotAllowed,
        Failure::BodyTimeout,
        Failure::BodyTooLarge { limit: 0 },
        Failure::UnsupportedMediaType(""),
        Failure::Overloaded { retry_after: SECOND },
        Failure::NotReady { state: "loading", retry_after: SECOND },
        Failure::NotReady { state: "unreachable", retry_after: SECOND },
        Failure::QueueTimeout { retry_after: SECOND },
        Failure::RateLimited { retry_after: SECOND },
        Failure::Misconfigured { model: String::new(), served: None },
        Failure::CountingUnavailable,
        Failure::Poisoned,
    ]);
    all
}

/// The codes of a wrong field that a client may want to tell apart.
const REFUSED: &[(&str, &str)] = &[
    ("invalid_json", "the body is not JSON, or nested too deep"),
    ("invalid_encrypted_content", "sealed content that was not sealed here, or was changed"),
    ("stream_expired", "the events of a response in the background are not kept any longer"),
    ("stream_unavailable", "the events of a response that did not run in the background"),
    ("response_not_cancellable", "a response that has ended, or did not run in the background"),
    ("duplicate_key", "a key appears twice in one object"),
    ("missing_required_parameter", "a field is missing"),
    ("invalid_type", "a field has the wrong type"),
    ("invalid_value", "a field has a value that makes no sense"),
    ("integer_above_max_value", "a number is too large"),
    ("integer_below_min_value", "a number is too small"),
    ("unknown_parameter", "a field does not exist here"),
    ("unsupported_parameter", "a field that Transom does not offer"),
    ("unsupported_value", "a value that Transom does not offer"),
    ("field_denied", "a field that the shield refuses"),
    ("value_too_large", "a value over one of the shield's caps"),
    ("headers_too_large", "the headers are larger than `limits.header_bytes`"),
    (
        "previous_response_not_found",
        "`previous_response_id` names nothing of yours, or a parent was deleted",
    ),
    (
        "previous_response_not_continuable",
        "`previous_response_id` names a failed or cancelled response",
    ),
    ("unsupported_model", "the model cannot be asked on this route"),
    (
        "context_length_exceeded",
        "the request needs more than `max_context_tokens` of every deployment of its model",
    ),
    (
        "conversation_too_long",
        "the conversation has more turns than `limits.history_depth`, or more than 20,000 items or \
         64 MiB",
    ),
    ("duplicate_item", "the conversation has an item with this id already"),
    ("mutually_exclusive_parameters", "two fields that cannot stand together"),
];

fn upstream() -> Vec<UpstreamError> {
    let detail = String::new;
    let mut all = vec![
        UpstreamError::Connect { detail: detail() },
        UpstreamError::ConnectTimeout { limit: SECOND },
        UpstreamError::Tls { detail: detail() },
        UpstreamError::FirstByteTimeout { limit: SECOND },
        UpstreamError::Stalled { limit: SECOND },
        UpstreamError::TotalTimeout { limit: SECOND },
        UpstreamError::Truncated { detail: detail() },
        UpstreamError::Protocol { detail: detail() },
        UpstreamError::TooLarge { limit: 0 },
    ];
    let status = |code, symptom| UpstreamError::Status {
        status: StatusCode::from_u16(code).expect("a status"),
        report: Report { symptom, ..Report::default() },
        retry_after: None,
    };
    all.extend(
        Symptom::ALL
            .map(|symptom| status(if symptom.is_of_server() { 500 } else { 400 }, Some(symptom))),
    );
    all.extend([400, 401, 404, 422, 429, 500, 503, 504].map(|code| status(code, None)));
    all.push(UpstreamError::Reported(Report::default()));
    all
}

#[test]
fn every_code_that_the_page_lists_is_one_that_the_program_sends() {
    let sources = crate::repository::files(".rs");
    let product: Vec<_> = sources.iter().filter(|file| !file.is_test()).collect();
    for (code, _) in REFUSED {
        let quoted = format!("\"{code}\"");
        assert!(product.iter().any(|file| file.text.contains(&quoted)), "{code} is never sent");
    }
}

fn response_id() -> ResponseId {
    ResponseId::parse("resp_1").expect("an id")
}
