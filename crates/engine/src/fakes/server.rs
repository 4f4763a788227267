//! A model server that does what it is told.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::sync::{mpsc, watch};
use transom_core::backend::{BackendState, Load, ServedModel};
use transom_core::port::upstream::{Glance, Route, Upstream, UpstreamReply, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;

use super::answers::{stream_of, whole};

type Piece = Result<Frame<Bytes>, UpstreamError>;

/// What the server does with a call.
#[derive(Clone)]
pub(crate) enum Play {
    /// It answers well, as it is asked to.
    Answers,
    /// It answers this event stream.
    Streams(Vec<Said>),
    /// It answers an event stream whose pieces the test sends.
    Live(Live),
    /// It answers with this status, body and `Retry-After`.
    Status(u16, &'static str, Option<u32>),
    /// The call fails.
    Fails(UpstreamError),
    /// It answers well once a permit is there.
    Held(Arc<tokio::sync::Semaphore>),
    /// Its connection breaks once a permit is there.
    Drops(Arc<tokio::sync::Semaphore>),
    /// It never answers.
    Hangs,
    /// The adapter panics.
    Panics,
}

/// A piece of a stream.
#[derive(Clone)]
pub(crate) enum Said {
    Bytes(String),
    Breaks(UpstreamError),
    Panic,
}

/// The receiver of a live stream, until it is taken.
pub(crate) type Live = Arc<Mutex<Option<mpsc::Receiver<Said>>>>;

/// A broken connection.
pub(crate) fn cut() -> UpstreamError {
    UpstreamError::Truncated { detail: "cut".to_owned() }
}

/// An answer with a status and nothing to say.
pub(crate) fn status(status: u16) -> Play {
    Play::Status(status, r#"{"error":{"message":"no"}}"#, None)
}

/// A model server.
pub(crate) struct Server {
    state: watch::Sender<BackendState>,
    served: Mutex<Arc<[ServedModel]>>,
    script: Mutex<VecDeque<Play>>,
    always: Mutex<Play>,
    calls: watch::Sender<Vec<String>>,
    dead: AtomicBool,
    takes: Mutex<Duration>,
    doubts: AtomicUsize,
    lists: AtomicU32,
}

impl Server {
    /// One that is ready, lists nothing and answers well.
    pub(super) fn new() -> Self {
        Self {
            state: watch::Sender::new(BackendState::Ready),
            served: Mutex::new(Arc::from([])),
            script: Mutex::default(),
            always: Mutex::new(Play::Answers),
            calls: watch::Sender::new(Vec::new()),
            dead: AtomicBool::new(false),
            takes: Mutex::default(),
            doubts: AtomicUsize::new(0),
            lists: AtomicU32::new(0),
        }
    }

    /// Sets its state, and tells who waits for a change.
    pub(crate) fn is(&self, word: &str) -> &Self {
        let reason = Arc::from("a test");
        self.state.send_replace(match word {
            "ready" => BackendState::Ready,
            "degraded" => BackendState::Degraded { reason },
            "loading" => BackendState::Loading { reason },
            "draining" => BackendState::Draining { reason },
            "unreachable" => BackendState::Unreachable { reason },
            _ => panic!("{word} is no state"),
        });
        self
    }

    /// Sets its list of models.
    pub(crate) fn serves(&self, models: &[(&str, Option<u32>)]) -> &Self {
        let models = models.iter();
        let listed =
            models.map(|(id, len)| ServedModel { id: Arc::from(*id), max_model_len: *len });
        *lock(&self.served) = listed.collect();
        self.lists.fetch_add(1, Ordering::Release);
        self
    }

    /// What it does with its next calls, one after the other.
    pub(crate) fn next<const N: usize>(&self, plays: [Play; N]) -> &Self {
        lock(&self.script).extend(plays);
        self
    }

    /// What it does with all calls after that.
    pub(crate) fn always(&self, play: Play) -> &Self {
        *lock(&self.always) = play;
        self
    }

    /// How long it takes for whole answers.
    pub(crate) fn takes(&self, time: Duration) -> &Self {
        *lock(&self.takes) = time;
        self
    }

    /// It gives no sign of life any more.
    pub(crate) fn dies(&self) -> &Self {
        self.dead.store(true, Ordering::Relaxed);
        self
    }

    /// How often its list of models was doubted.
    pub(crate) fn doubts(&self) -> usize {
        self.doubts.load(Ordering::Relaxed)
    }

    /// The bodies of the calls it got.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }

    /// Waits until it has got so many calls.
    pub(crate) async fn called(&self, times: usize) {
        let mut calls = self.calls.subscribe();
        calls.wait_for(|calls| calls.len() >= times).await.unwrap();
    }

    async fn play(&self, play: Play, asked: &Asked) -> Result<UpstreamReply, UpstreamError> {
        match play {
            Play::Fails(error) => Err(error),
            Play::Panics => panic!("an adapter with a defect"),
            Play::Hangs => std::future::pending().await,
            Play::Held(permits) => {
                permits.acquire().await.unwrap().forget();
                Ok(asked.answer())
            }
            Play::Drops(permits) => {
                permits.acquire().await.unwrap().forget();
                Err(cut())
            }
            Play::Answers => {
                let time = *lock(&self.takes);
                tokio::time::sleep(time).await;
                Ok(asked.answer())
            }
            Play::Streams(said) => Ok(streamed(said)),
            Play::Live(pieces) => {
                let pieces = lock(&pieces).take().unwrap();
                Ok(reply(200, "text/event-stream", pieces_of(pieces)))
            }
            Play::Status(status, body, retry_after) => {
                let pieces = vec![Said::Bytes(body.to_owned())];
                let mut answer = reply(status, "application/json", iter(pieces));
                let seconds = retry_after.map(HeaderValue::from);
                answer.headers.extend(seconds.map(|seconds| (RETRY_AFTER, seconds)));
                Ok(answer)
            }
        }
    }
}

#[async_trait]
impl Upstream for Server {
    async fn call(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError> {
        if request.route == Route::Models {
            let gone = || UpstreamError::Connect { detail: "gone".to_owned() };
            let dead = self.dead.load(Ordering::Relaxed);
            let list = vec![Said::Bytes("{}".to_owned())];
            return if dead { Err(gone()) } else { Ok(reply(200, "application/json", iter(list))) };
        }
        let asked: Asked = serde_json::from_slice(&request.body).unwrap();
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        self.calls.send_modify(|calls| calls.push(body));
        let next = lock(&self.script).pop_front();
        let play = next.unwrap_or_else(|| lock(&self.always).clone());
        // Others get their turn, as they do while bytes travel.
        tokio::task::yield_now().await;
        let limit = request.patience.first_byte;
        let answered = tokio::time::timeout(limit, self.play(play, &asked)).await;
        answered.unwrap_or(Err(UpstreamError::FirstByteTimeout { limit }))
    }

    fn state(&self) -> BackendState {
        self.state.borrow().clone()
    }

    /// Counts from the call and not from the first poll, as the port says.
    fn changed<'this, 'wait>(&'this self) -> Pin<Box<dyn Future<Output = ()> + Send + 'wait>>
    where
        'this: 'wait,
        Self: 'wait,
    {
        let mut state = self.state.subscribe();
        Box::pin(async move { drop(state.changed().await) })
    }

    fn glance(&self) -> Glance {
        let lists = self.lists.load(Ordering::Acquire);
        Glance { standing: self.state().standing(), waiting: 0, lists }
    }

    fn load(&self) -> Option<Load> {
        None
    }

    fn served(&self) -> Arc<[ServedModel]> {
        Arc::clone(&lock(&self.served))
    }

    fn observe(&self, _outcome: Result<(), &UpstreamError>) {}

    fn doubt_names(&self) {
        self.doubts.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a call asks for.
#[derive(serde::Deserialize)]
struct Asked {
    model: String,
    #[serde(default)]
    stream: bool,
}

impl Asked {
    fn answer(&self) -> UpstreamReply {
        if self.stream {
            return streamed(vec![Said::Bytes(stream_of(&self.model))]);
        }
        reply(200, "application/json", iter(vec![Said::Bytes(whole(&self.model))]))
    }
}

fn streamed(said: Vec<Said>) -> UpstreamReply {
    reply(200, "text/event-stream", iter(said))
}

fn iter(said: Vec<Said>) -> BoxStream {
    let (sender, pieces) = mpsc::channel(said.len().max(1));
    for piece in said {
        sender.try_send(piece).ok().unwrap();
    }
    pieces_of(pieces)
}

type BoxStream = Pin<Box<dyn futures_core::Stream<Item = Piece> + Send>>;

fn pieces_of(received: mpsc::Receiver<Said>) -> BoxStream {
    Box::pin(futures_util::stream::unfold(received, |mut received| async {
        let piece = match received.recv().await? {
            Said::Bytes(bytes) => Ok(Frame::data(Bytes::from(bytes))),
            Said::Breaks(error) => Err(error),
            Said::Panic => panic!("a body with a defect"),
        };
        Some((piece, received))
    }))
}

fn reply(status: u16, media_type: &'static str, pieces: BoxStream) -> UpstreamReply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    let status = StatusCode::from_u16(status).unwrap();
    UpstreamReply { status, headers, body: Box::pin(StreamBody::new(pieces)) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
