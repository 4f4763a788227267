//! Reads request bodies within their limits.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::time::Instant;
use tokio_util::io::StreamReader;
use transom_core::failure::Failure;

/// A body slower than this many bytes a second is given up, once it has had the time of one pause.
const SLOWEST_RATE: u64 = 1024;

/// Bytes unpacked at a time.
const CHUNK: usize = 64 * 1024;

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes, unpacked.
    pub bytes: usize,
    /// The longest pause.
    pub idle: Duration,
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
    Brotli,
    Zstd,
}

/// Reads a JSON body whole.
///
/// Anything but `application/json` (or a `+json` type), and any but one content coding of gzip, br
/// and zstd, is 415. The limit is on unpacked bytes and is checked while unpacking.
pub(crate) async fn read_json(
    headers: HeaderMap,
    body: Body,
    limits: Limits,
) -> Result<Bytes, Failure> {
    check_type(&headers)?;
    let coding = coding(&headers)?;
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > limits.bytes) {
        return Err(Failure::BodyTooLarge { limit: limits.bytes });
    }
    match coding {
        Coding::Plain => collect(body, declared, limits).await,
        packed => unpack(body, packed, limits).await,
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let json =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|text| {
            let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            essence == "application/json" || essence.ends_with("+json")
        });
    let utf8 = headers
        .get(CONTENT_TYPE)
        .and_then(|value| {
            value
                .to_str()
                .ok()?
                .to_ascii_lowercase()
                .split_once("charset=")
                .map(|(_, charset)| charset.trim_matches('"').to_owned())
        })
        .is_none_or(|charset| charset.starts_with("utf-8") || charset.starts_with("utf8"));
    if json && utf8 {
        return Ok(());
    }
    Err(Failure::UnsupportedMediaType("The body must be `application/json` in UTF-8."))
}

fn coding(headers: &HeaderMap) -> Result<Coding, Failure> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let (first, second) = (values.next(), values.next());
    let word = first.and_then(|value| value.to_str().ok()).map(str::trim);
    match (word, second) {
        (None, None) if first.is_none() => Ok(Coding::Plain),
        (Some("identity"), None) => Ok(Coding::Plain),
        (Some("gzip"), None) => Ok(Coding::Gzip),
        (Some("br"), None) => Ok(Coding::Brotli),
        (Some("zstd"), None) => Ok(Coding::Zstd),
        _ => Err(Failure::UnsupportedMediaType(
            "The content coding must be one of gzip, br and zstd, used once.",
        )),
    }
}

async fn collect(
    mut body: Body,
    declared: Option<usize>,
    limits: Limits,
) -> Result<Bytes, Failure> {
    let mut pace = Pace::new(limits.idle);
    let mut whole = BytesMut::new();
    loop {
        let Some(frame) = pace.wait(body.frame()).await? else { return Ok(whole.freeze()) };
        let Ok(data) = frame.map_err(|_| Failure::Cancelled)?.into_data() else { continue };
        pace.arrived(data.len())?;
        if whole.len() + data.len() > limits.bytes {
            return Err(Failure::BodyTooLarge { limit: limits.bytes });
        }
        // The common body comes in one piece and is not copied.
        if whole.is_empty() && declared == Some(data.len()) {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
}

async fn unpack(body: Body, coding: Coding, limits: Limits) -> Result<Bytes, Failure> {
    let bytes = TryStreamExt::map_err(body.into_data_stream(), io::Error::other);
    let packed = StreamReader::new(bytes);
    let mut unpacked = decoder(coding, BufReader::new(packed));
    let mut pace = Pace::new(limits.idle);
    let mut whole = BytesMut::new();
    loop {
        whole.reserve(CHUNK);
        match pace.wait(unpacked.read_buf(&mut whole)).await? {
            Ok(0) => return Ok(whole.freeze()),
            Ok(read) => pace.arrived(read)?,
            Err(_) => {
                let code = "invalid_content_encoding";
                let message = "The body is not packed as its content-encoding says.".to_owned();
                return Err(Failure::invalid("body", code, message));
            }
        }
        if whole.len() > limits.bytes {
            return Err(Failure::BodyTooLarge { limit: limits.bytes });
        }
    }
}

fn decoder<R: AsyncBufRead + Send + 'static>(
    coding: Coding,
    packed: R,
) -> Pin<Box<dyn AsyncRead + Send>> {
    match coding {
        Coding::Plain => Box::pin(packed),
        Coding::Gzip => Box::pin(GzipDecoder::new(packed)),
        Coding::Brotli => Box::pin(BrotliDecoder::new(packed)),
        Coding::Zstd => Box::pin(ZstdDecoder::new(packed)),
    }
}

/// Holds a body to its longest pause and its slowest rate.
struct Pace {
    idle: Duration,
    started: Instant,
    bytes: u64,
}

impl Pace {
    fn new(idle: Duration) -> Self {
        Self { idle, started: Instant::now(), bytes: 0 }
    }

    async fn wait<F: Future>(&self, next: F) -> Result<F::Output, Failure> {
        tokio::time::timeout(self.idle, next).await.map_err(|_| Failure::BodyTimeout)
    }

    fn arrived(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes as u64;
        let elapsed = self.started.elapsed();
        let due = elapsed.saturating_sub(self.idle).as_secs() * SLOWEST_RATE;
        if self.bytes < due { Err(Failure::BodyTimeout) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
