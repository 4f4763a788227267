use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::{Limits, read_json};

const LIMITS: Limits = Limits { bytes: 1000, idle: Duration::from_secs(15) };

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in pairs {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers
}

async fn code(pairs: &[(&'static str, &'static str)], body: Body) -> String {
    match read_json(headers(pairs), body, LIMITS).await {
        Ok(body) => format!("{} bytes", body.len()),
        Err(failure) => failure.public().code,
    }
}

/// Pieces with a pause before each.
fn dripping(pieces: usize, size: usize, pause: Duration) -> Body {
    let pieces = stream::unfold(0, move |sent| async move {
        if sent == pieces {
            return None;
        }
        tokio::time::sleep(pause).await;
        Some((Ok::<_, std::io::Error>(Bytes::from(vec![b' '; size])), sent + 1))
    });
    Body::from_stream(pieces)
}

#[tokio::test]
async fn the_limit_is_on_unpacked_bytes() {
    // 1 MB of spaces in a kilobyte of gzip would pass a limit on what arrives.
    let spaces = vec![b' '; 1_000_000];
    let mut packed = Vec::new();
    let mut encoder = async_compression::tokio::bufread::GzipEncoder::new(&spaces[..]);
    tokio::io::AsyncReadExt::read_to_end(&mut encoder, &mut packed).await.unwrap();
    assert!(packed.len() < 2000);
    assert_eq!(code(&[("content-encoding", "gzip")], Body::from(packed)).await, "body_too_large");
    assert_eq!(code(&[], Body::from(vec![b' '; 1001])).await, "body_too_large");
    assert_eq!(code(&[("content-length", "9999999")], Body::empty()).await, "body_too_large");
    assert_eq!(code(&[], Body::from(vec![b' '; 1000])).await, "1000 bytes");
}

#[tokio::test]
async fn what_is_not_plain_json_is_refused() {
    for pairs in [
        [("content-type", "text/plain")],
        [("content-type", "multipart/form-data")],
        [("content-type", "application/json; charset=utf-16")],
        [("content-encoding", "gzip, gzip")],
        [("content-encoding", "deflate")],
    ] {
        assert_eq!(code(&pairs, Body::from("{}")).await, "unsupported_media_type", "{pairs:?}");
    }
    let garbled = code(&[("content-encoding", "zstd")], Body::from("{}")).await;
    assert_eq!(garbled, "invalid_content_encoding");
    for pairs in [
        [("content-type", "application/json; charset=utf-8")],
        [("content-type", "application/json; x=\"a;b\"")],
        [("content-type", "application/problem+json")],
    ] {
        assert_eq!(code(&pairs, Body::from("{}")).await, "2 bytes", "{pairs:?}");
    }
    let smuggled = [("transfer-encoding", "gzip, chunked")];
    assert_eq!(code(&smuggled, Body::from("{}")).await, "unsupported_media_type");
}

#[tokio::test]
async fn a_file_of_two_members_is_one_body() {
    let mut packed = Vec::new();
    for half in [&b"[1,"[..], b"2]"] {
        let mut encoder = async_compression::tokio::bufread::GzipEncoder::new(half);
        tokio::io::AsyncReadExt::read_to_end(&mut encoder, &mut packed).await.unwrap();
    }
    assert_eq!(code(&[("content-encoding", "GZIP")], Body::from(packed)).await, "5 bytes");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_pauses_or_drips_is_given_up() {
    let started = Instant::now();
    let pausing = dripping(1, 1, Duration::from_secs(100));
    assert_eq!(code(&[], pausing).await, "body_timeout");
    assert_eq!(started.elapsed(), LIMITS.idle);
    let drip = dripping(900, 1, Duration::from_secs(1));
    assert_eq!(code(&[], drip).await, "body_timeout");
}
