//! Opens an answer: up to the point from which on the client would see it.

use std::collections::VecDeque;
use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use tokio::time::Instant;
use transom_core::backend::ApiKind;
use transom_core::port::upstream::{Upstream, UpstreamBody, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_wire::tap::{Answer, ShownModel, read_body};
use transom_wire::upstream::Watch;

use crate::answer::{MAX_ANSWER, check_status, check_type, collect};

/// Bytes without content that are held back at most; then what comes is taken for content.
const MOST_HELD: usize = 64 << 10;

/// The same of a server's own response, whose first two events repeat the tools of the request.
const MOST_HELD_NATIVE: usize = 1 << 20;

/// Bytes of an answer that are held back at most where its client sees nothing before its end; then
/// the client gets what comes of it, whatever it is.
const MOST_COLLECTED: usize = 1 << 20;

/// An answer that a client may see.
pub(crate) enum Opened {
    /// The whole of it, with what it cost.
    Whole(Answer),
    /// A stream whose first content has come.
    Stream {
        /// When it came.
        first_content: Instant,
        /// What has come, as it came.
        held: VecDeque<Bytes>,
        /// The rest.
        rest: UpstreamBody,
    },
    /// No answer: the tokens of the prompt, where the server tells.
    Counted(Option<u64>),
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON object.
    Whole,
    /// Events.
    Stream {
        /// In which protocol.
        speaks: ApiKind,
        /// The largest event.
        event_bytes: usize,
        /// How much of it is held back.
        until: Hold,
    },
}

/// How much of a stream is held back: until its client sees something of it, another server can
/// take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The client gets it as it comes.
    Content,
    /// The client gets the whole of it at its end.
    End,
}

/// An answer that broke before its client saw anything of it.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) error: UpstreamError,
    pub(super) progress: Progress,
}

/// How far a server had got with an answer that broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It was reading the prompt: no content had come.
    Prefill,
    /// It was writing.
    Decode,
    /// Nobody knows: a whole answer does not show it.
    Hidden,
}

/// Calls a server, and waits for the whole answer or for the first content of a stream. Until then
/// another server can take over without the client seeing it (design decision 10). `shown` is the
/// model's name in a whole answer; streams are renamed where they are passed on.
pub(super) async fn open(
    upstream: &dyn Upstream,
    request: UpstreamRequest,
    form: Form,
    shown: Option<&ShownModel>,
) -> Result<Opened, Broken> {
    let mut content = None;
    let opened = until_visible(upstream, request, form, shown, &mut content).await;
    opened.map_err(|error| {
        let progress = match (form, content) {
            (Form::Whole, _) => Progress::Hidden,
            (Form::Stream { .. }, None) => Progress::Prefill,
            (Form::Stream { .. }, Some(_)) => Progress::Decode,
        };
        Broken { error, progress }
    })
}

async fn until_visible(
    upstream: &dyn Upstream,
    request: UpstreamRequest,
    form: Form,
    shown: Option<&ShownModel>,
    content: &mut Option<Instant>,
) -> Result<Opened, UpstreamError> {
    let reply = check_status(upstream.call(request).await?).await?;
    match form {
        Form::Whole => {
            check_type(&reply.headers, "application/json")?;
            let body = collect(reply.body, MAX_ANSWER).await?;
            Ok(Opened::Whole(read_body(&body, shown)?))
        }
        Form::Stream { speaks, event_bytes, until } => {
            check_type(&reply.headers, "text/event-stream")?;
            let most = match speaks {
                ApiKind::ChatCompletions => MOST_HELD,
                ApiKind::Responses => MOST_HELD_NATIVE,
            };
            hold_back(reply.body, Watch::new(speaks, event_bytes), most, until, content).await
        }
    }
}

/// `content` is when the first content came, whatever becomes of the rest.
async fn hold_back(
    mut rest: UpstreamBody,
    mut watch: Watch,
    most_held: usize,
    until: Hold,
    content: &mut Option<Instant>,
) -> Result<Opened, UpstreamError> {
    let (mut held, mut size) = (VecDeque::new(), 0);
    while let Some(frame) = rest.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        size += chunk.len();
        held.push_back(chunk.clone());
        let fed = watch.feed(chunk);
        if watch.has_content() {
            let first_content = *content.get_or_insert_with(Instant::now);
            // Content before an error is the client's: the error then belongs into its stream.
            if until == Hold::Content {
                return Ok(Opened::Stream { first_content, held, rest });
            }
        }
        fed?;
        let most = if content.is_some() { MOST_COLLECTED } else { most_held };
        if watch.is_done() || size > most {
            let first_content = content.unwrap_or_else(Instant::now);
            return Ok(Opened::Stream { first_content, held, rest });
        }
    }
    watch.finish()?;
    let first_content = content.unwrap_or_else(Instant::now);
    Ok(Opened::Stream { first_content, held, rest: nothing() })
}

/// The rest of an answer of which all has come.
fn nothing() -> UpstreamBody {
    Box::pin(Empty::new().map_err(|never: Infallible| match never {}))
}
