//! The page that Prometheus reads.

use transom_testkit::FakeBackend;
use transom_testkit::answer::tool_calls;

use crate::support::{CHAT, RESPONSES, chat_stream, gateway, response_stream};

/// Name and type of the reference's metrics that a gateway without tools of its own has.
const REFERENCE: [(&str, &str); 6] = [
    ("vllm_responses_http_requests", "counter"),
    ("vllm_responses_http_request_duration_seconds", "histogram"),
    ("vllm_responses_http_in_flight_requests", "gauge"),
    ("vllm_responses_sse_connections_in_flight", "gauge"),
    ("vllm_responses_sse_stream_duration_seconds", "histogram"),
    ("vllm_responses_tool_calls_requested", "counter"),
];

const TOOLS: &str =
    r#"{"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"#;

#[tokio::test]
async fn the_references_dashboards_find_their_metrics() {
    let backend = FakeBackend::start().await;
    let gateway = gateway().upstream(&backend.url()).start().await;
    let client = gateway.client();
    backend.answer(tool_calls([("f", "{}")]));
    let asked = response_stream("hi").replacen('{', TOOLS, 1);
    client.stream(RESPONSES, asked).await.collect().await;
    client.stream(CHAT, chat_stream("hi")).await.collect().await;
    assert_eq!(client.get("/v1/responses/resp_unknown").await.status, 404);
    let page = client.get("/metrics").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for (name, kind) in REFERENCE {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}:\n{text}");
    }
    let samples = [
        r#"vllm_responses_http_requests_total{method="POST",route="/v1/responses",status="200"} 1"#,
        r#"vllm_responses_http_requests_total{method="GET",route="/v1/responses/{id}",status="404"} 1"#,
        r#"vllm_responses_http_request_duration_seconds_bucket{le="0.005",method="POST",route="/v1/responses"}"#,
        r#"vllm_responses_http_request_duration_seconds_bucket{le="60.0",method="POST",route="/v1/responses"} 1"#,
        r#"vllm_responses_sse_stream_duration_seconds_bucket{le="600.0",route="/v1/responses"} 1"#,
        r#"vllm_responses_sse_stream_duration_seconds_count{route="/v1/chat/completions"} 1"#,
        r#"vllm_responses_tool_calls_requested_total{tool_type="function"} 1"#,
        "vllm_responses_sse_connections_in_flight 0",
        "vllm_responses_http_in_flight_requests 1",
    ];
    for sample in samples {
        assert!(text.contains(sample), "{sample}:\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[tokio::test]
async fn the_page_is_where_it_was_configured_or_nowhere() {
    let backend = FakeBackend::start().await;
    let moved = gateway().upstream(&backend.url()).env("VR_METRICS_PATH", "/internal/metrics");
    let moved = moved.start().await;
    assert_eq!(moved.client().get("/internal/metrics").await.status, 200);
    assert_eq!(moved.client().get("/metrics").await.status, 404);
    let off = gateway().upstream(&backend.url()).env("VR_METRICS_ENABLED", "off").start().await;
    assert_eq!(off.client().get("/metrics").await.status, 404);
}
