//! Who may use the admin API.

use transom_testkit::gateway::Exit;
use transom_testkit::{FakeBackend, RawClient};

use crate::admin::{MASTER, Site};
use crate::support::{gateway, keyed, refusal};

/// Every route that tells or changes something.
const ROUTES: [(&str, &str); 13] = [
    ("GET", "/admin/v1/revision"),
    ("GET", "/admin/v1/backends"),
    ("PUT", "/admin/v1/backends/one/state"),
    ("GET", "/admin/v1/models"),
    ("POST", "/admin/v1/models"),
    ("DELETE", "/admin/v1/models/m"),
    ("POST", "/admin/v1/reload"),
    ("GET", "/admin/v1/sealing-keys"),
    ("POST", "/admin/v1/sealing-keys"),
    ("DELETE", "/admin/v1/sealing-keys/a"),
    ("POST", "/model/new"),
    ("GET", "/model/info"),
    ("GET", "/health"),
];

#[tokio::test]
async fn every_route_needs_the_master_key_and_none_is_on_the_listener_for_clients() {
    let site = Site::start().await;
    let (nobody, stranger) =
        (site.gateway.admin().await, keyed(site.gateway.admin().await, "sk-stranger"));
    for (method, path) in ROUTES {
        let body = (method != "GET" && method != "DELETE").then_some("{}");
        for client in [&nobody, &stranger] {
            let refused = client.request(method, path, &[], body).await;
            let refused = refusal(&refused);
            assert_eq!(refused, (401, "invalid_api_key".to_owned()), "{method} {path}");
        }
        if path.starts_with("/admin") || path == "/model/new" {
            let absent = site.client.request(method, path, &[], body).await;
            assert_eq!(refusal(&absent), (404, "route_not_found".to_owned()), "{method} {path}");
        }
    }
    let clients_info = site.client.get("/model/info").await.text();
    assert!(!clients_info.contains("127.0.0.1"), "{clients_info}");
    assert!(!clients_info.contains("tiny"), "{clients_info}");
}

#[tokio::test]
async fn without_a_key_only_loopback_names_are_answered_and_pages_of_other_sites_never() {
    let server = FakeBackend::start().await;
    let gateway = gateway().upstream(&server.url()).admin().start().await;
    let admin = gateway.admin().await;
    assert_eq!(admin.get("/admin/v1/revision").await.status, 200);
    let address = gateway.admin_url().await;
    let address = address.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap_or_default().to_owned();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("rebound.example:{port}"), 403),
        ("gateway.internal".to_owned(), 403),
    ] {
        let mut raw =
            RawClient::connect(address.parse().expect("an address")).await.expect("connecting");
        let head =
            format!("GET /admin/v1/revision HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        raw.send(&head).await.expect("sending");
        assert_eq!(
            raw.read_head().await.expect("a head").status().expect("a status"),
            status,
            "{host}"
        );
    }
    for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let refused = admin.request("POST", "/admin/v1/reload", &[header], Some("")).await;
        assert_eq!(refusal(&refused), (403, "foreign_origin".to_owned()), "{header:?}");
    }
}

#[tokio::test]
async fn it_listens_on_loopback_only_unless_there_is_a_key() {
    let refused =
        gateway().upstream("http://127.0.0.1:9").arg("--admin-listen").arg("0.0.0.0:0").run().await;
    assert_eq!(refused.exit, Exit::Code(2), "{refused:?}");
    assert!(refused.stderr.contains("--admin-listen: 0.0.0.0 is reachable"), "{refused:?}");
    assert!(refused.stderr.contains("--api-key"), "{refused:?}");

    let server = FakeBackend::start().await;
    let port_alone = gateway().upstream(&server.url()).arg("--admin-listen").arg("0").start().await;
    assert!(port_alone.admin_url().await.starts_with("http://127.0.0.1:"));
    let keyed_one = gateway().upstream(&server.url()).arg("--api-key").arg(MASTER);
    let open = keyed_one.arg("--admin-listen").arg("0.0.0.0:0").start().await;
    let admin = keyed(open.admin().await, MASTER);
    assert_eq!(admin.get("/admin/v1/revision").await.status, 200);
}
