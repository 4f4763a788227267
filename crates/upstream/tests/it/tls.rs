//! TLS: who is trusted, and what is said of those who are not (row A24).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use transom_core::backend::{BackendSpec, BackendTls, ClientIdentity};
use transom_core::upstream_error::UpstreamError;
use transom_upstream::backend::Backend;
use transom_upstream::examine::{Stage, Step, examine};
use transom_upstream::probe::{self, Seen};

use crate::support::tls_server::{Authority, Guests, Time, TlsServer};
use crate::support::{ask, probed, settings, spec, until};

fn with(url: &str, tls: BackendTls) -> BackendSpec {
    BackendSpec { tls, ..spec(url) }
}

fn backend(url: &str, tls: BackendTls) -> Backend {
    Backend::new(&with(url, tls), &settings(), None).expect("a server")
}

fn trusting(authority: &Authority) -> BackendTls {
    BackendTls { ca: Some(authority.file()), ..BackendTls::default() }
}

/// What a call and an examination of this server say.
async fn verdict(url: &str, tls: BackendTls) -> (String, String) {
    let backend = backend(url, tls);
    let error = ask(&backend).await.expect_err("no answer");
    assert!(matches!(error, UpstreamError::Tls { .. }), "{error:?}");
    let examination = examine(&backend).await;
    assert_eq!(examination.steps.last(), Some(&Step::Failed(Stage::Tls)), "{examination:?}");
    (error.to_string(), examination.advice.unwrap_or_default())
}

#[tokio::test]
async fn a_private_authority_is_trusted_and_only_it() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = TlsServer::start(&ours.issue("localhost", Time::Now), Guests::Anyone).await;
    let url = server.url("localhost");
    assert_eq!(probe::ask(&backend(&url, trusting(&ours))).await, Seen::Ready);
    for tls in [trusting(&theirs), BackendTls::default()] {
        let (error, advice) = verdict(&url, tls).await;
        assert!(error.ends_with("its certificate is signed by an unknown authority"), "{error}");
        assert!(advice.contains("as `ca` of the backend"), "{advice}");
    }
    let insecure = BackendTls { insecure: true, ..BackendTls::default() };
    assert_eq!(probe::ask(&backend(&url, insecure)).await, Seen::Ready);
}

#[tokio::test]
async fn an_expired_certificate_and_one_for_another_name_are_refused_by_their_fault() {
    let authority = Authority::new();
    for (name, time, fault) in [
        ("localhost", Time::Past, "has expired"),
        ("elsewhere.example.org", Time::Now, "is for another name"),
    ] {
        let server = TlsServer::start(&authority.issue(name, time), Guests::Anyone).await;
        let url = server.url("localhost");
        let (error, advice) = verdict(&url, trusting(&authority)).await;
        assert!(error.contains(fault) && advice.contains(fault), "{error} / {advice}");
        // Waiting would not help: the state tells the operator instead of promising readiness.
        let (_backends, probed) = probed(&with(&url, trusting(&authority)), &settings());
        assert!(until(&probed, "misconfigured").await.contains(fault));
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let authority = Authority::new();
    let identity = authority.issue("localhost", Time::Now);
    let server = TlsServer::start(&identity, Guests::Of(&authority)).await;
    let url = server.url("localhost");
    let ours = authority.issue("gateway", Time::Now);
    let client = ClientIdentity {
        certificate: authority.write("client.pem", &ours.certificate_pem),
        key: authority.write("client.key", &ours.key_pem),
    };
    let tls = BackendTls { client: Some(client), ..trusting(&authority) };
    assert_eq!(probe::ask(&backend(&url, tls)).await, Seen::Ready);
    let (error, advice) = verdict(&url, trusting(&authority)).await;
    assert!(error.contains("CertificateRequired"), "{error}");
    assert!(advice.contains("`client_certificate` and `client_key`"), "{advice}");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let (empty, missing) = (authority.write("empty.pem", ""), authority.folder().join("none.pem"));
    let ours = authority.issue("gateway", Time::Now);
    let certificate = authority.write("client.pem", &ours.certificate_pem);
    let other = authority.write("other.key", &authority.issue("x", Time::Now).key_pem);
    let client = |key| Some(ClientIdentity { certificate: certificate.clone(), key });
    for (tls, part) in [
        (BackendTls { ca: Some(missing), ..BackendTls::default() }, "none.pem"),
        (BackendTls { ca: Some(empty.clone()), ..BackendTls::default() }, "no usable certificate"),
        (BackendTls { client: client(empty), ..BackendTls::default() }, "no usable private key"),
        (BackendTls { client: client(other), ..BackendTls::default() }, "cannot be used"),
    ] {
        let error = Backend::new(&with("https://localhost", tls), &settings(), None).err();
        let text = error.expect("a fault").to_string();
        assert!(text.contains(part) && text.contains(".pem"), "{text}");
    }
}

/// A server that reads what it is sent and answers with these bytes, or never.
async fn raw(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    TaskTracker::new().spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            if !answer.is_empty() && tcp.read(&mut hello).await.is_ok() {
                let _ = tcp.write_all(answer).await;
            }
            open.push(tcp);
        }
    });
    address
}

#[tokio::test]
async fn an_old_version_and_plain_http_are_told_apart_and_never_fallen_back_to() {
    // A server's hello of TLS 1.1 with a cipher of its time, and an alert of the same meaning.
    const HELLO: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        0123456789abcdef0123456789abcdef\x00\xc0\x13\x00";
    const ALERT: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
    for answer in [HELLO, ALERT] {
        let url = format!("https://{}", raw(answer).await);
        let (error, _) = verdict(&url, BackendTls::default()).await;
        assert!(error.contains("speaks neither TLS 1.2 nor 1.3"), "{error}");
    }
    let plain = raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let (error, advice) = verdict(&format!("https://{plain}"), BackendTls::default()).await;
    assert!(error.ends_with("it does not speak TLS"), "{error}");
    assert!(advice.contains("use http:// in the url"), "{advice}");
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_after_five_seconds() {
    let address = raw(b"").await;
    let backend = backend(&format!("https://{address}"), BackendTls::default());
    let begun = Instant::now();
    let error = ask(&backend).await.expect_err("no handshake");
    assert_eq!(error.to_string(), "TLS with the model server failed: no TLS handshake within 5s");
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(6), "{waited:?}");
}
