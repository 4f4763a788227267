use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use transom_testkit::tls::{Authority, Greeting, Identity, Pair};
use transom_testkit::{FakeBackend, TlsFront};

/// `GET /health` by one who trusts this authority; the answer's first line, or why there is none.
async fn get(
    front: &TlsFront,
    authority: &Authority,
    pair: Option<Pair>,
) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.file()).expect("PEM")).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots);
    let config = match pair {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let certificate = CertificateDer::from_pem_file(pair.certificate).expect("PEM");
            let key = PrivateKeyDer::from_pem_file(pair.key).expect("PEM");
            config.with_client_auth_cert(vec![certificate], key).expect("a pair")
        }
    };
    let exchange = async {
        let plain = TcpStream::connect(front.address()).await?;
        let name = ServerName::from(front.address().ip());
        let mut tls = TlsConnector::from(Arc::new(config)).connect(name, plain).await?;
        let ask = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", front.address());
        tls.write_all(ask.as_bytes()).await?;
        let mut answer = [0; 12];
        tls.read_exact(&mut answer).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    exchange.await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn each_identity_is_refused_for_its_own_reason() {
    let (backend, authority) = (FakeBackend::start().await, Authority::new());
    let front = TlsFront::of(&backend, &authority, Identity::Valid).await;
    assert_eq!(get(&front, &authority, None).await, Ok("HTTP/1.1 200".to_owned()));
    for (identity, reason, alert) in [
        (Identity::Expired, "expired", "CertificateExpired"),
        (Identity::NotYetValid, "not valid yet", "CertificateExpired"),
        (Identity::WrongName, "not valid for name", "BadCertificate"),
        (Identity::SelfSigned, "", "UnknownCA"),
        (Identity::Stranger, "UnknownIssuer", "UnknownCA"),
    ] {
        front.present(identity);
        let refused = get(&front, &authority, None).await.expect_err("a refusal");
        assert!(refused.contains(reason), "{identity:?}: {refused}");
        let seen = front.next_failure().await;
        assert!(seen.contains(alert), "{identity:?}: {seen}");
    }
    assert_eq!((front.handshakes(), front.accepted_connections()), (1, 6));
    front.present(Identity::Valid);
    front.greet(Greeting::OldVersion);
    let refused = get(&front, &authority, None).await.expect_err("a refusal");
    assert!(refused.contains("ProtocolVersion"), "{refused}");
    front.greet(Greeting::Stall);
    let brief = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(brief, get(&front, &authority, None)).await.is_err());
    front.await_no_connections().await;
    backend.finish();
}

#[tokio::test]
async fn a_client_certificate_is_demanded_and_must_be_of_the_same_authority() {
    let (backend, authority) = (FakeBackend::start().await, Authority::new());
    let front = TlsFront::with_client_auth(&backend, &authority).await;
    let known = get(&front, &authority, Some(authority.client("gateway"))).await;
    assert_eq!(known, Ok("HTTP/1.1 200".to_owned()));
    for pair in [None, Some(Authority::new().client("gateway"))] {
        assert!(get(&front, &authority, pair).await.is_err());
        front.next_failure().await;
    }
    assert_eq!(front.handshakes(), 1);
}
