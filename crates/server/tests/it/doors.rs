//! Who gets in at the admin API.

use axum::body::Body;
use axum::http::Request;

use crate::support::{KEY, World};

/// A request with these headers and no others.
fn bare(target: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let (method, path) = target.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn with_a_key_only_its_holder_gets_in_and_probes_need_none() {
    let world = World::keyed().without_key();
    let right = format!("Bearer {KEY}");
    for (headers, status) in [
        (&[][..], 401),
        (&[("authorization", "Bearer sk-wrong")], 401),
        (&[("authorization", right.as_str()), ("authorization", right.as_str())], 401),
        (&[("authorization", right.as_str())], 200),
    ] {
        for target in ["GET /admin/v1/revision", "GET /health", "GET /metrics", "GET /model/info"] {
            let answer = world.admin_raw(bare(target, headers)).await;
            assert_eq!(answer.status, status, "{target} {headers:?}");
        }
    }
    for probe in ["/readyz", "/health/liveliness", "/health/liveness", "/health/readiness"] {
        let answer = world.admin_raw(bare(&format!("GET {probe}"), &[])).await;
        assert_eq!(answer.status, 200, "{probe}");
    }
    for write in ["POST /model/delete", "DELETE /admin/v1/models/ranker", "POST /admin/v1/reload"] {
        assert_eq!(world.admin_raw(bare(write, &[])).await.status, 401, "{write}");
    }
    assert_eq!(world.control.told(), []);
}

#[tokio::test]
async fn without_a_key_only_loopback_names_are_answered() {
    let world = World::open();
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:5970", 200),
        ("127.0.0.1:5970", 200),
        ("127.8.0.1", 200),
        ("[::1]:5970", 200),
        ("evil.example", 403),
        ("evil.example:5970", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("localhost@evil.example", 403),
        ("evil@localhost", 403),
        ("10.0.0.1", 403),
        ("", 403),
    ] {
        for target in ["GET /admin/v1/revision", "GET /readyz"] {
            let answer = world.admin_raw(bare(target, &[("host", host)])).await;
            assert_eq!(answer.status, status, "{target} {host:?}");
        }
    }
    for headers in [&[][..], &[("host", "localhost"), ("host", "evil.example")]] {
        assert_eq!(world.admin_raw(bare("GET /admin/v1/revision", headers)).await.status, 403);
    }
    let proxied = bare("GET http://evil.example/admin/v1/revision", &[("host", "localhost")]);
    assert_eq!(world.admin_raw(proxied).await.error().1, "foreign_host");
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_and_get_no_cors_headers() {
    let key = format!("Bearer {KEY}");
    for world in [World::open(), World::keyed()] {
        for (name, value, status) in [
            ("origin", "https://evil.example", 403),
            ("origin", "http://localhost:3000", 403),
            ("origin", "null", 403),
            ("origin", "http://localhost:5970", 200),
            ("sec-fetch-site", "cross-site", 403),
            ("sec-fetch-site", "same-site", 403),
            ("sec-fetch-site", "same-origin", 200),
            ("sec-fetch-site", "none", 200),
        ] {
            let headers =
                [("host", "localhost:5970"), ("authorization", key.as_str()), (name, value)];
            let answer = world.admin_raw(bare("POST /admin/v1/reload", &headers)).await;
            assert_eq!(answer.status, status, "{name}: {value}");
            let cors = |name: &axum::http::HeaderName| name.as_str().starts_with("access-control");
            assert!(!answer.headers.keys().any(cors), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn bodies_are_json_and_small() {
    let world = World::open();
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(64 << 10));
    let answer = world.admin("POST /admin/v1/models", &large).await;
    assert_eq!(answer.error().1, "body_too_large");
    let mut form = world.request("POST /admin/v1/models", "{}");
    form.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(world.admin_raw(form).await.status, 415);
    let mut actor = world.request("POST /admin/v1/reload", "");
    actor.headers_mut().insert("x-transom-actor", "a".repeat(129).parse().unwrap());
    assert_eq!(world.admin_raw(actor).await.error().2.as_deref(), Some("x-transom-actor"));
    assert_eq!(world.control.told(), []);
}
