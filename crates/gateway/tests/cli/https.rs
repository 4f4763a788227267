//! HTTPS on both sides (design decision 18).

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use transom_testkit::{Client, FakeBackend, PATIENCE, TestGateway};

use crate::support::{CHAT, RESPONSES, chat, gateway, response, response_stream};
use crate::tls::Certificates;

fn address(url: &str) -> std::net::SocketAddr {
    url.rsplit('/').next().and_then(|address| address.parse().ok()).expect("an address")
}

#[tokio::test]
async fn it_serves_https_and_nothing_else_on_that_port() {
    let (backend, certificates) = (FakeBackend::start().await, Certificates::new());
    let gateway: TestGateway = gateway()
        .upstream(&backend.url())
        .arg("--tls-cert")
        .arg(&certificates.certificate)
        .arg("--tls-key")
        .arg(&certificates.key)
        .start()
        .await;
    assert!(gateway.url().starts_with("https://127.0.0.1:"), "{}", gateway.url());
    let tunnel = certificates.encrypting(address(gateway.url())).await;
    let client = Client::new(&format!("http://{tunnel}"));
    assert_eq!(client.post(RESPONSES, response("hi")).await.status, 200);
    let mut stream = client.stream(RESPONSES, response_stream("hi")).await;
    stream.until("response.completed").await;

    let socket = TcpStream::connect(tunnel).await.expect("connecting");
    let (mut socket, _) =
        client_async(format!("ws://{tunnel}{RESPONSES}"), socket).await.expect("a handshake");
    let event = r#"{"type":"response.create","model":"tiny","input":"hi"}"#;
    socket.send(Message::text(event)).await.expect("sending");
    let first = timeout(PATIENCE, socket.next()).await.expect("in time").expect("a message");
    assert!(first.expect("text").to_string().contains("response.created"));

    let plain = Client::new(&format!("http://{}", address(gateway.url())));
    assert!(plain.try_request("GET", "/health", &[], None).await.is_err());
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_refused_at_start() {
    let certificates = Certificates::new();
    let (other, up) = (Certificates::new(), "http://127.0.0.1:1");
    for (cert, key) in
        [(&certificates.certificate, &other.key), (&certificates.key, &certificates.certificate)]
    {
        let pair = gateway().upstream(up).arg("--tls-cert").arg(cert).arg("--tls-key").arg(key);
        let ended = pair.run().await;
        assert!(ended.has_code(2), "{ended:?}");
        assert!(ended.stderr.contains("[serve] error: --tls-cert, --tls-key: "), "{ended:?}");
    }
    let up = "https://127.0.0.1:1";
    let ca = gateway().upstream(up).arg("--upstream-ca").arg(&certificates.key).run().await;
    assert!(ca.has_code(2), "{ca:?}");
    assert!(ca.stderr.contains("[serve] error: backend upstream: "), "{ca:?}");
    assert!(ca.stderr.contains("holds no usable certificate"), "{ca:?}");
}

#[tokio::test]
async fn an_https_upstream_is_used_only_when_its_authority_is_trusted() {
    let (backend, certificates) = (FakeBackend::start().await, Certificates::new());
    let front = certificates.decrypting(backend.address()).await;
    backend.expect_host(front.to_string());
    let url = format!("https://{front}");
    let trusting = gateway().upstream(&url).arg("--upstream-ca").arg(&certificates.authority);
    let trusting = trusting.start().await;
    assert_eq!(trusting.client().post(CHAT, chat("hi")).await.status, 200);
    assert_eq!(trusting.client().post(RESPONSES, response("hi")).await.status, 200);

    let wary = gateway().upstream(&url).run().await;
    assert!(wary.has_code(1), "{wary:?}");
    assert!(wary.stderr.contains("give the PEM file of that authority as `ca`"), "{wary:?}");
    assert_eq!(backend.requests_to(CHAT).len(), 2, "nothing was sent to a stranger");
}
