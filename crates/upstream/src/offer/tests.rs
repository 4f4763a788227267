use http::StatusCode;
use transom_core::backend::{Has, Offer};

use super::{listed, told};

fn offer(chat_completions: Has, responses: Has) -> Offer {
    Offer { chat_completions, responses }
}

#[test]
fn a_document_lists_routes_that_take_post() {
    let document =
        |paths: &str| listed(format!(r#"{{"openapi":"3.1.0","paths":{{{paths}}}}}"#).as_bytes());
    let models = r#""/v1/models":{"get":{}}"#;
    let chat = r#""/v1/chat/completions":{"post":{"summary":"Create"}}"#;
    let responses = r#""/v1/responses":{"post":{}},"/v1/responses/{response_id}":{"get":{}}"#;
    assert_eq!(document(&[models, chat, responses].join(",")), Some(offer(Has::Yes, Has::Yes)),);
    assert_eq!(document(&[models, chat].join(",")), Some(offer(Has::Yes, Has::No)));
    assert_eq!(document(responses), Some(offer(Has::No, Has::Yes)));
    // Behind a prefix, and with a route that can only be read.
    let behind = r#""/llm/v1/chat/completions":{"post":{}},"/llm/v1/responses":{"get":{}}"#;
    assert_eq!(document(behind), Some(offer(Has::Yes, Has::No)));
    // A description of something else says nothing about models.
    assert_eq!(document(r#""/pets":{"get":{}}"#), None);
    assert_eq!(document(""), None);
    for other in ["", "[]", "{}", r#"{"paths":[]}"#, r#"{"paths":{"/v1/models":7}}"#, "<html>"] {
        assert_eq!(listed(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_404_counts_only_beside_a_405() {
    let [not_found, no_method] = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].map(Some);
    assert_eq!(told(no_method, no_method), offer(Has::Yes, Has::Yes));
    assert_eq!(told(no_method, not_found), offer(Has::Yes, Has::No));
    assert_eq!(told(not_found, no_method), offer(Has::No, Has::Yes));
    assert_eq!(told(not_found, not_found), Offer::default());
    assert_eq!(told(None, no_method), offer(Has::Unknown, Has::Yes));
    assert_eq!(told(Some(StatusCode::OK), Some(StatusCode::FORBIDDEN)), Offer::default());
}
