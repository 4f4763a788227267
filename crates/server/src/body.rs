//! Reads request bodies within their limits.
//!
//! # Layout
//!
//! - `read_json`: the whole of it.
//! - `kind`: what a body says it is.
//! - `pace`: how slowly it may come.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, BufReader};
use tokio_util::io::StreamReader;
use transom_core::failure::{Failure, Invalid};

mod kind;
mod pace;

use kind::Coding;
use pace::Pace;

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

/// Reads a JSON body whole.
///
/// Anything but `application/json` (or a `+json` type), and any but one content coding of gzip, br
/// and zstd, is 415. The limit is on unpacked bytes and is checked while unpacking.
pub(crate) async fn read_json(
    headers: HeaderMap,
    body: Body,
    limits: Limits,
) -> Result<Bytes, Failure> {
    kind::check_type(&headers)?;
    let coding = kind::coding(&headers)?;
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > limits.bytes) {
        return Err(Failure::BodyTooLarge { limit: limits.bytes });
    }
    match coding {
        None => collect(body, declared, limits).await,
        Some(coding) => unpack(body, coding, limits).await,
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
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
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
    let mut unpacked = decoder(coding, BufReader::new(StreamReader::new(bytes)));
    let mut pace = Pace::new(limits.idle);
    let mut whole = BytesMut::new();
    loop {
        whole.reserve(CHUNK);
        match pace.wait(unpacked.read_buf(&mut whole)).await? {
            Ok(0) => return Ok(whole.freeze()),
            Ok(read) => pace.arrived(read)?,
            // The body's own errors come wrapped; all others are the decoder's.
            Err(error) if is_body_error(&error) => {
                return Err(broken(&error));
            }
            Err(_) => {
                let why = "The body is not packed as its content-encoding says.";
                return Err(invalid("invalid_content_encoding", why));
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
        Coding::Gzip => {
            // RFC 1952 section 2.2: a file may have several members.
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Coding::Brotli => Box::pin(BrotliDecoder::new(packed)),
        Coding::Zstd => Box::pin(ZstdDecoder::new(packed)),
    }
}

/// Whether an error comes from the body and not from what unpacks it.
fn is_body_error(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<axum::Error>)
}

/// A body that does not end: badly framed, or its client has left.
fn broken(error: &(dyn std::error::Error + 'static)) -> Failure {
    let badly_framed = std::iter::successors(Some(error), |error| error.source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| {
            matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        });
    if badly_framed {
        return invalid("invalid_body", "The body's transfer coding is broken.");
    }
    Failure::Cancelled
}

fn invalid(code: &'static str, message: &str) -> Failure {
    Failure::Invalid(Invalid { param: None, code, message: message.to_owned() })
}

#[cfg(test)]
mod tests;
