//! Opens an answer: up to the point from which on the client would see it.

use std::collections::VecDeque;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use transom_core::port::upstream::{Upstream, UpstreamBody, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_wire::tap::{Answer, ShownModel, UsageChunk, UsageTap, read_body};

use crate::answer::{MAX_ANSWER, check_status, check_type, collect};

/// Bytes without content that are held back at most; then what comes is taken for content.
const MOST_HELD: usize = 64 << 10;

/// An answer that a client may see.
pub(crate) enum Opened {
    /// The whole of it, with what it cost.
    Whole(Answer),
    /// A stream whose first content has come.
    Stream {
        /// What has come, as it came.
        held: VecDeque<Bytes>,
        /// The rest.
        rest: UpstreamBody,
    },
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON object.
    Whole,
    /// Events, of which the largest may have this many bytes.
    Stream { event_bytes: usize },
}

/// Calls a server, and waits for the whole answer or for the first content of a stream. Until then
/// another server can take over without the client seeing it (design decision 10). `shown` is the
/// model's name in a whole answer; streams are renamed where they are passed on.
pub(crate) async fn open(
    upstream: &dyn Upstream,
    request: UpstreamRequest,
    form: Form,
    shown: Option<&ShownModel>,
) -> Result<Opened, UpstreamError> {
    let reply = check_status(upstream.call(request).await?).await?;
    match form {
        Form::Whole => {
            check_type(&reply.headers, "application/json")?;
            let body = collect(reply.body, MAX_ANSWER).await?;
            Ok(Opened::Whole(read_body(&body, shown)?))
        }
        Form::Stream { event_bytes } => {
            check_type(&reply.headers, "text/event-stream")?;
            first_content(reply.body, event_bytes).await
        }
    }
}

async fn first_content(
    mut rest: UpstreamBody,
    event_bytes: usize,
) -> Result<Opened, UpstreamError> {
    let mut tap = UsageTap::new(UsageChunk::Forward, event_bytes);
    let (mut held, mut size) = (VecDeque::new(), 0);
    let mut passed = Vec::new();
    while let Some(frame) = rest.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        size += chunk.len();
        held.push_back(chunk.clone());
        let fed = tap.feed(chunk, &mut passed);
        passed.clear();
        // Content before an error is the client's: the error then belongs into its stream.
        if tap.has_content() {
            return Ok(Opened::Stream { held, rest });
        }
        fed?;
        if tap.is_done() || size > MOST_HELD {
            return Ok(Opened::Stream { held, rest });
        }
    }
    tap.finish()?;
    Ok(Opened::Stream { held, rest })
}
