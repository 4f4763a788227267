//! Clients that send by the drop (B5): they are cut at their limits, and harm nobody.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use transom_testkit::RawClient;
use transom_testkit::answer::chat_text;
use transom_testkit::raw::End;

use crate::support::exchange::{Road, body};
use crate::support::{CHAT, RESPONSES, Rig, Times, count};

const LIMITS: &str = "limits: {header_timeout: 800ms, body_idle: 500ms, keep_alive: 600ms}";

/// The pause between two drops.
const PAUSE: Duration = Duration::from_millis(100);

/// How a client is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slow {
    /// Says nothing at all.
    Silent,
    /// A header field that never ends.
    Head,
    /// The same on a connection that has served a request.
    SecondHead,
    /// Nothing after a request.
    Idle,
    /// A body by the byte, too fast for the longest pause.
    Body,
    /// The same with chunks.
    Chunks,
    /// A body that stops.
    StoppedBody,
}

const KINDS: [Slow; 7] = [
    Slow::Silent,
    Slow::Head,
    Slow::SecondHead,
    Slow::Idle,
    Slow::Body,
    Slow::Chunks,
    Slow::StoppedBody,
];

impl Slow {
    fn path(self) -> &'static str {
        if self == Self::Chunks { RESPONSES } else { CHAT }
    }

    fn opening(self) -> String {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n",
            self.path()
        );
        match self {
            Self::Silent | Self::Idle => String::new(),
            Self::Head | Self::SecondHead => format!("{head}x-slow: "),
            Self::Body | Self::StoppedBody => format!("{head}content-length: 5000\r\n\r\n{{"),
            Self::Chunks => format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        }
    }

    fn drop(self) -> &'static str {
        match self {
            Self::Silent | Self::Idle | Self::StoppedBody => "",
            Self::Chunks => "1\r\n \r\n",
            Self::Head | Self::SecondHead | Self::Body => " ",
        }
    }

    /// The earliest end, in milliseconds, and the status told.
    fn end(self) -> (u64, Option<u16>) {
        match self {
            Self::Silent | Self::Head | Self::SecondHead => (800, None),
            Self::Idle => (600, None),
            // A second beyond the longest pause a body must have kept its rate.
            Self::Body | Self::Chunks => (1500, Some(408)),
            Self::StoppedBody => (500, Some(408)),
        }
    }
}

/// How a slow client fared.
struct Fared {
    kind: Slow,
    lasted: Duration,
    answer: String,
    end: End,
}

async fn drip(mut client: RawClient, kind: Slow) -> Fared {
    if matches!(kind, Slow::SecondHead | Slow::Idle) {
        client.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sending");
        assert_eq!(client.read_response().await.expect("an answer").status, 200);
    }
    let started = Instant::now();
    client.send(kind.opening()).await.expect("sending");
    let mut answer = Vec::new();
    let mut end = End::StillOpen;
    while end == End::StillOpen && started.elapsed() < Duration::from_secs(20) {
        let (read, now) = client.read_to_end(PAUSE).await;
        answer.extend_from_slice(&read);
        end = now;
        // The gateway may close at this very moment.
        let _closing = client.send(kind.drop()).await;
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Fared { kind, lasted: started.elapsed(), answer, end }
}

async fn honest(rig: &Rig, number: usize) -> Times {
    let mut times = Times::default();
    for _ in 0..number {
        let ended = times.of(rig.exchange(Road::Chat)).await;
        assert_eq!(ended.brief(), (200, "quick", None));
    }
    times
}

#[tokio::test]
async fn slow_senders_are_cut_at_their_limits_while_others_are_served_as_before() {
    let rig = Rig::start(LIMITS).await;
    rig.backend.default_answer(chat_text("quick"));
    let calm = honest(&rig, count(50, 500)).await;
    calm.print("calm");
    let mut slow = JoinSet::new();
    let number = count(210, 2000);
    for at in 0..number {
        slow.spawn(drip(rig.connect().await, KINDS[at % KINDS.len()]));
    }
    let busy = honest(&rig, count(50, 500)).await;
    busy.print(&format!("beside {number} slow senders"));
    // Twice as long at most; the rest is what other tests on the same cores cost.
    assert!(busy.percentile(99) <= 2 * calm.percentile(99) + Duration::from_millis(100));

    let mut lasted: Vec<(Slow, Times)> = KINDS.map(|kind| (kind, Times::default())).into();
    while let Some(fared) = slow.join_next().await {
        let Fared { kind, lasted: time, answer, end } = fared.expect("no panic");
        let (least, status) = kind.end();
        assert_ne!(end, End::StillOpen, "{kind:?}");
        // The gateway's clocks may have started a moment before ours, and timers may be late.
        let early = Duration::from_millis(least.saturating_sub(100));
        let late = Duration::from_millis(least + 1200);
        assert!((early..=late).contains(&time), "{kind:?}: {time:?}, {end:?}, {answer}");
        match status {
            None => assert_eq!(answer, "", "{kind:?}"),
            Some(status) => {
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{kind:?}: {answer}");
                assert!(answer.contains(r#""code":"body_timeout""#), "{kind:?}: {answer}");
            }
        }
        lasted.iter_mut().filter(|(of, _)| *of == kind).for_each(|(_, times)| times.add(time));
    }
    for (kind, times) in &lasted {
        times.print(&format!("{kind:?} lasted"));
    }
    let asked = rig.backend.requests_to(CHAT);
    assert_eq!(asked.len(), 2 * count(50, 500), "no slow sender's request went on");
}

#[tokio::test]
async fn a_connection_that_is_used_rests_for_the_whole_keep_alive_time_after_each_request() {
    let rig = Rig::start(LIMITS).await;
    rig.backend.default_answer(chat_text("quick"));
    let mut client = rig.connect().await;
    // Together they last longer than any limit, each pause is shorter. A request that is answered
    // at once begins a new pause as one does that has to wait.
    for at in 0..6 {
        if at < 4 {
            client.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sending");
        } else {
            client.post(rig.host(), CHAT, &body(Road::Chat, "")).await.expect("sending");
        }
        assert_eq!(client.read_response().await.expect("still open").status, 200);
        tokio::time::sleep(Duration::from_millis(350)).await;
    }
}
