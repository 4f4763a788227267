//! Asks a model server how it is, for as long as it is in the configuration.
//!
//! It is ready when `GET …/models` answers with a list and `GET /health`, where there is one, does
//! not answer an error: vLLM goes on listing its models for a while after its engine has died, and
//! llama.cpp lists its model before it has loaded it. A server without a list is ready when its
//! health page says so. Only when it is ready is it asked which routes it has, once for each time it
//! comes, and for its metrics.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use transom_core::backend::{ApiKind, Has, Load, Offer, ProbeStyle, ServedModel};
use transom_core::port::upstream::Route;

use crate::backend::Backend;
use crate::base::Page;
use crate::explain;
use crate::health::Pace;
use crate::metrics;
use crate::offer;
use crate::served;
use crate::trouble::Trouble;

/// How often a server that is not ready is asked.
pub const EAGER_INTERVAL: Duration = Duration::from_millis(250);

/// How often a ready server is asked.
pub const CALM_INTERVAL: Duration = Duration::from_secs(2);

/// How often a server that is not probed is asked for its list of models.
pub const RELIST_INTERVAL: Duration = Duration::from_secs(30);

/// How long one answer may take.
pub const LIMIT: Duration = Duration::from_secs(2);

/// How often a page that a server does not have is asked for again.
const RARE_INTERVAL: Duration = Duration::from_mins(1);

/// The shortest time between two probes, whatever happens to requests meanwhile.
const FLOOR: Duration = Duration::from_millis(50);

/// What one probe saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is ready.
    Ready,
    /// It refuses the gateway's key.
    Refused(StatusCode),
    /// Anything else.
    NotYet(NotYet),
}

/// Why a server is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYet {
    /// For operators, with what to do about it.
    pub reason: Arc<str>,
    /// How much it says about the server.
    pub silence: Silence,
}

/// How much a failed probe says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody listens there: it is certainly gone, or not there yet.
    Nobody,
    /// It did not answer, or not well: it may just be busy.
    Quiet,
    /// It is there but cannot be talked to until somebody changes the certificates.
    Distrusted,
    /// It is there but lacks the route that it is declared to have.
    Unsuited,
}

/// What to do about a refused key.
pub fn advice(status: StatusCode) -> String {
    explain::refused_key(status)
}

/// Asks once whether it is ready, whatever its state, and keeps the list of models it gives.
pub async fn ask(backend: &Backend) -> Seen {
    look(backend, &mut Absent::default()).await
}

/// Probes until cancelled. A server that cannot be called at all is not probed.
pub(crate) async fn run(backend: Arc<Backend>, cancel: CancellationToken) {
    if backend.is_barred() {
        return;
    }
    cancel.run_until_cancelled(forever(&backend)).await;
}

async fn forever(backend: &Backend) {
    let mut absent = Absent::default();
    let mut woken = Woken::Stirred;
    loop {
        let begun = Instant::now();
        match (backend.pace(), woken) {
            (Pace::Held, _) => backend.refresh(),
            (Pace::Asleep, Woken::Due) => relist(backend).await,
            (Pace::Eager | Pace::Calm | Pace::Asleep, _) => round(backend, &mut absent).await,
        }
        woken = rest(backend, begun).await;
    }
}

async fn round(backend: &Backend, absent: &mut Absent) {
    let seen = look(backend, absent).await;
    let ready = seen == Seen::Ready;
    backend.probed(seen);
    if ready && backend.spec().probe == ProbeStyle::Active {
        backend.loaded(load(backend, absent).await);
    }
}

/// Reads the list of models again, and nothing else: whether such a server is well is for requests
/// to find out.
async fn relist(backend: &Backend) {
    backend.refresh();
    if let Ok(List::Models(models)) = list(backend).await {
        backend.serves(models);
    }
}

/// Why a probe wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// It is time.
    Due,
    /// Something has happened.
    Stirred,
}

/// Waits until it is time, or there is a reason, to ask again.
async fn rest(backend: &Backend, begun: Instant) -> Woken {
    // A storm of failing requests must not become a storm of probes.
    sleep_until(begun + FLOOR).await;
    let (now, pace) = (Instant::now(), backend.pace());
    let next = match pace {
        Pace::Eager => Some(begun + EAGER_INTERVAL),
        Pace::Calm => Some(begun + CALM_INTERVAL),
        Pace::Asleep => Some(begun + backend.relist()),
        Pace::Held => None,
    };
    let until = backend.wakes_at().map(Instant::from_std).filter(|until| *until > now);
    let due = next.into_iter().chain(until).min();
    tokio::select! {
        () = at(due) => Woken::Due,
        () = backend.stirred(), if pace != Pace::Eager => Woken::Stirred,
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// What a server need not be asked again, and since when that is known.
#[derive(Default)]
struct Absent {
    health: Option<Instant>,
    metrics: Option<Instant>,
    /// Since when its routes are known, or known to be told by nothing.
    routes: Option<Instant>,
}

fn is_worth_asking(absent: Option<Instant>) -> bool {
    absent.is_none_or(|since| since.elapsed() >= RARE_INTERVAL)
}

async fn look(backend: &Backend, absent: &mut Absent) -> Seen {
    let seen = is_there(backend, absent).await;
    if seen != Seen::Ready {
        // Another program may be there when it comes back.
        absent.routes = None;
        return seen;
    }
    suits(backend, absent).await
}

/// Whether a server that is ready has the route that turns are to be sent to. A passive one is not
/// asked: what hosted servers answer to such questions is theirs to say.
async fn suits(backend: &Backend, absent: &mut Absent) -> Seen {
    if backend.spec().probe == ProbeStyle::Passive {
        return Seen::Ready;
    }
    let known = backend.offered();
    let settled = known.chat_completions != Has::Unknown
        && known.responses != Has::Unknown
        && !lacks(backend, known);
    if absent.routes.is_none_or(|since| !settled && since.elapsed() >= RARE_INTERVAL) {
        backend.offers(offer::ask(backend).await);
        absent.routes = Some(Instant::now());
    }
    if lacks(backend, backend.offered()) {
        let reason = Arc::from(explain::no_responses(backend.authority()));
        return Seen::NotYet(NotYet { reason, silence: Silence::Unsuited });
    }
    Seen::Ready
}

/// Whether a server lacks its own `/v1/responses`, which it is to be asked at. One without chat
/// completions may still serve something else.
fn lacks(backend: &Backend, offer: Offer) -> bool {
    backend.spec().api_kind == ApiKind::Responses && offer.lacks(Route::Responses)
}

async fn is_there(backend: &Backend, absent: &mut Absent) -> Seen {
    match list(backend).await {
        Ok(List::Models(models)) => {
            backend.serves(models);
            healthy(backend, absent).await.map_or_else(|broken| broken, |_| Seen::Ready)
        }
        // Its list tells nothing today, but it is there.
        Ok(List::Unknown) => Seen::Ready,
        Ok(List::Missing(instead)) => match healthy(backend, absent).await {
            Ok(HealthPage::Well) => Seen::Ready,
            Ok(HealthPage::Unknown) => quiet(instead),
            Err(broken) => broken,
        },
        Err(seen) => seen,
    }
}

/// What a server says of its models.
enum List {
    Models(Arc<[ServedModel]>),
    /// There are too many requests to say, or a passive server has no list.
    Unknown,
    /// There is no list; why not.
    Missing(String),
}

async fn list(backend: &Backend) -> Result<List, Seen> {
    let page = backend.base().page(Page::Models);
    let passive = backend.spec().probe == ProbeStyle::Passive;
    let (status, body) = match backend.fetch(Page::Models, served::LIST_BYTES).await {
        Ok(answer) => answer,
        Err(trouble) => return Err(seen(&trouble, backend)),
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Seen::Refused(status)),
        StatusCode::TOO_MANY_REQUESTS => Ok(List::Unknown),
        StatusCode::OK => match served::parse(&body) {
            Some(models) => Ok(List::Models(models)),
            None if passive => Ok(List::Unknown),
            None => Err(quiet(explain::no_list(page.path()))),
        },
        _ if passive && status.is_client_error() => Ok(List::Unknown),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            Ok(List::Missing(explain::status(status, page.path())))
        }
        _ => Err(quiet(explain::status(status, page.path()))),
    }
}

/// What a server's health page says.
enum HealthPage {
    Well,
    /// It has no such page, or is too busy for it.
    Unknown,
}

async fn healthy(backend: &Backend, absent: &mut Absent) -> Result<HealthPage, Seen> {
    if backend.spec().probe == ProbeStyle::Passive || !is_worth_asking(absent.health) {
        return Ok(HealthPage::Unknown);
    }
    let Ok((status, _)) = backend.fetch(Page::Health, served::LIST_BYTES).await else {
        return Ok(HealthPage::Unknown);
    };
    if status.is_server_error() {
        let page = backend.base().page(Page::Health);
        return Err(quiet(explain::status(status, page.path())));
    }
    absent.health = (!status.is_success()).then(Instant::now);
    Ok(if status.is_success() { HealthPage::Well } else { HealthPage::Unknown })
}

async fn load(backend: &Backend, absent: &mut Absent) -> Option<Load> {
    if !is_worth_asking(absent.metrics) {
        return None;
    }
    let (status, page) = backend.fetch(Page::Metrics, metrics::PAGE_BYTES).await.ok()?;
    let load = metrics::parse(&page).filter(|_| status == StatusCode::OK);
    absent.metrics = load.is_none().then(Instant::now);
    load
}

fn quiet(reason: String) -> Seen {
    Seen::NotYet(NotYet { reason: Arc::from(reason), silence: Silence::Quiet })
}

fn seen(trouble: &Trouble, backend: &Backend) -> Seen {
    let silence = match trouble {
        Trouble::Refused => Silence::Nobody,
        Trouble::Tls(fault) if fault.is_lasting() => Silence::Distrusted,
        _ => Silence::Quiet,
    };
    Seen::NotYet(NotYet { reason: Arc::from(explain::trouble(trouble, backend.place())), silence })
}
