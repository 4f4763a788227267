//! A model server without a model. What it does is told by a [`Plan`] within the prompt.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::task::JoinSet;

use crate::slot::{Moment, Slot};
pub(crate) use tokens::TOKEN_TEXT;
use tokens::{Tokens, Usage};

mod tokens;

/// The model that it claims to serve.
pub(crate) const MODEL: &str = "bench";

/// What the mock is to do for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Where the times are noted.
    pub(crate) slot: usize,
    /// Length of a stream.
    pub(crate) tokens: usize,
    /// Milliseconds between two tokens; the first, or a whole answer, comes after twice as many.
    pub(crate) pace: u64,
}

impl Plan {
    /// The plan as part of a prompt. Its length is always the same.
    pub(crate) fn words(&self) -> String {
        format!("plan {:04} {:04} {:04} ", self.slot, self.tokens, self.pace)
    }

    fn find(body: &[u8]) -> Option<Self> {
        let at = memmem::find(body, b"plan ")?;
        let words = std::str::from_utf8(body.get(at + 5..at + 20)?).ok()?;
        let mut numbers = words.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { slot: next()?, tokens: next()?, pace: next()?.try_into().ok()? })
    }
}

/// Starts a mock on a thread of its own, for as long as the program runs.
pub(crate) fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name("mock".to_owned())
        .spawn(move || runtime.block_on(accept(listener)))?;
    Ok(address)
}

async fn accept(listener: TcpListener) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let serving = http1::Builder::new()
            .pipeline_flush(false)
            .serve_connection(TokioIo::new(socket), service_fn(answer));
        connections.spawn(serving);
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<Either<Full<Bytes>, Tokens>>, hyper::Error> {
    if request.method() == Method::GET {
        let models = format!(r#"{{"object":"list","data":[{{"id":"{MODEL}","object":"model"}}]}}"#);
        return Ok(json(models.into()));
    }
    let body = request.into_body().collect().await?.to_bytes();
    let plan = Plan::find(&body).unwrap_or(Plan { slot: 0, tokens: 1, pace: 0 });
    let slot = Slot::of(plan.slot);
    slot.note(Moment::Arrived);
    slot.note_bytes(body.len());
    let pace = Duration::from_millis(plan.pace);
    if memmem::find(&body, br#""stream":true"#).is_none() {
        if !pace.is_zero() {
            tokio::time::sleep(2 * pace).await;
        }
        return Ok(json(Bytes::from_static(tokens::WHOLE.as_bytes())));
    }
    let asked = memmem::find(&body, br#""include_usage":true"#).is_some();
    let usage = if asked { Usage::Sent } else { Usage::NotAsked };
    let mut response = Response::new(Either::Right(Tokens::new(slot, plan.tokens, pace, usage)));
    let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, events);
    Ok(response)
}

fn json(body: Bytes) -> Response<Either<Full<Bytes>, Tokens>> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
