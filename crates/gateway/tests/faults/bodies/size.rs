//! Bodies that are too large, packed or not (C1, C2).

use std::io;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use tokio::io::{AsyncRead, AsyncReadExt as _, repeat};
use transom_testkit::raw::End;
use transom_testkit::{FakeBackend, TestGateway};

use super::{ROUTES, assert_refused, assert_unheard, send};
use crate::support::{RESPONSES, Rig, count};

/// Most memory that refusing a body may take beside the limit on it.
const SLACK_KIB: u64 = 8 << 10;

const LIMIT_KIB: u64 = 1 << 10;

const LIMITS: &str = "limits: {body_bytes: 1MiB}";

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_without_being_read_to_its_end() {
    let rig = Rig::start(LIMITS).await;
    rig.client.get("/health").await;
    let base = rig.most_memory();
    for (path, _) in ROUTES {
        for framing in ["content-length: 1073741824", "transfer-encoding: chunked"] {
            let mut client = rig.connect().await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            );
            client.send(head).await.expect("sending");
            let mut sent = 0_usize;
            let piece = vec![b' '; 64 << 10];
            // A client that goes on sending must still be able to read the answer.
            while sent < count(64 << 20, 1 << 30) {
                let sending = async {
                    if framing.starts_with("content") {
                        client.send(&piece).await
                    } else {
                        client.send_chunk(&piece).await
                    }
                };
                match tokio::time::timeout(Duration::from_secs(2), sending).await {
                    Ok(Ok(())) => sent += piece.len(),
                    Ok(Err(_)) | Err(_) => break,
                }
            }
            assert!(sent < 48 << 20, "{framing}: {sent} bytes were taken");
            let answer = client.read_response().await;
            let answer = answer.unwrap_or_else(|error| panic!("{framing}, {sent} sent: {error:#}"));
            assert_refused(framing, &answer, (413, "body_too_large", None));
            assert_eq!(answer.headers.get("connection"), Some("close"));
            let (_, end) = client.read_to_end(Duration::from_secs(2)).await;
            assert_ne!(end, End::StillOpen, "{framing}");
            println!("{framing}: refused after {} KiB", sent >> 10);
        }
    }
    let grown = rig.most_memory() - base;
    println!("{grown} KiB above {base} KiB");
    assert!(grown <= LIMIT_KIB + SLACK_KIB, "{grown} KiB");
    assert_unheard(&rig).await;
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_large_one_is_refused_while_it_is_unpacked() {
    let rig = Rig::start(LIMITS).await;
    rig.client.get("/health").await;
    let base = rig.most_memory();
    let size = count(32, 1024) << 20;
    for (coding, bomb) in bombs(size).await {
        for (path, _) in ROUTES {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let answer = send(&rig, path, &headers, &bomb).await;
            assert_refused(coding, &answer, (413, "body_too_large", None));
        }
        println!("{coding}: {} bytes of {} MiB", bomb.len(), size >> 20);
    }
    let grown = rig.most_memory() - base;
    println!("{grown} KiB above {base} KiB");
    assert!(grown <= LIMIT_KIB + 2 * SLACK_KIB, "{grown} KiB");
    assert_unheard(&rig).await;
}

async fn bombs(size: usize) -> [(&'static str, Vec<u8>); 3] {
    let blanks = || tokio::io::BufReader::new(repeat(b' ').take(size as u64));
    [
        ("gzip", packed(GzipEncoder::new(blanks())).await.expect("gzip")),
        (
            "br",
            packed(BrotliEncoder::with_quality(blanks(), async_compression::Level::Fastest))
                .await
                .expect("br"),
        ),
        ("zstd", packed(ZstdEncoder::new(blanks())).await.expect("zstd")),
    ]
}

async fn packed(mut encoder: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[tokio::test]
async fn a_packed_body_is_read_and_sent_on_unpacked() {
    let rig = Rig::start(LIMITS).await;
    let body = format!("{}}}", ROUTES[0].1);
    let plain = || body.as_bytes();
    for (coding, bytes) in [
        ("gzip", packed(GzipEncoder::new(plain())).await.expect("gzip")),
        ("br", packed(BrotliEncoder::new(plain())).await.expect("br")),
        ("zstd", packed(ZstdEncoder::new(plain())).await.expect("zstd")),
    ] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        assert_eq!(send(&rig, ROUTES[0].0, &headers, &bytes).await.status, 200, "{coding}");
        assert_eq!(rig.backend.last_request().body, body, "{coding}");
    }
}

#[tokio::test]
async fn who_has_no_key_is_told_so_before_the_body_is_looked_at() {
    let backend = FakeBackend::start().await;
    let gateway = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
    let gateway = gateway.env("VR_API_KEY", "sk-right").config_yaml(LIMITS).start().await;
    let rig = Rig { client: gateway.client(), gateway, backend };
    for framing in
        ["content-length: 1073741824", "transfer-encoding: chunked\r\ncontent-encoding: gzip, br"]
    {
        for key in ["", "authorization: Bearer sk-wrong\r\n"] {
            let mut client = rig.connect().await;
            let head = format!("POST {RESPONSES} HTTP/1.1\r\nhost: x\r\n{key}{framing}\r\n\r\n");
            client.send(head).await.expect("sending");
            let answer = client.read_response().await.expect("an answer");
            assert_eq!(
                (answer.status, &answer.json()["error"]["code"]),
                (401, &"invalid_api_key".into())
            );
        }
    }
}
