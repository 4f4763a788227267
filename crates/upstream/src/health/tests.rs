use http::StatusCode;

use super::*;

const GRACE: Duration = Duration::from_mins(10);

/// A server and a clock that the test moves.
struct Bench {
    health: Health,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { health: Health::new(GRACE, now), start: now, now }
    }

    fn at(&mut self, seconds: u64) -> &mut Self {
        self.now = self.start + Duration::from_secs(seconds);
        self
    }

    fn sees(&mut self, seen: Seen) -> (&'static str, String) {
        self.health.probed(seen, self.now);
        self.shows()
    }

    fn shows(&self) -> (&'static str, String) {
        let state = self.health.state(self.now);
        (state.word(), state.reason().unwrap_or_default().to_owned())
    }
}

fn silent(silence: Silence) -> Seen {
    Seen::NotYet(NotYet { reason: Arc::from("why"), silence })
}

fn says(word: &'static str, reason: &str) -> (&'static str, String) {
    (word, reason.to_owned())
}

#[test]
fn a_closed_port_is_loading_until_the_grace_ends_and_each_answer_renews_it() {
    let mut server = Bench::new();
    assert_eq!(server.shows(), says("loading", "not asked yet"));
    assert_eq!(server.at(599).sees(silent(Silence::Nobody)), says("loading", "why"));
    assert_eq!(server.at(600).sees(silent(Silence::Nobody)), says("unreachable", "why"));
    assert_eq!(server.at(700).sees(Seen::Ready), says("ready", ""));
    assert_eq!(server.at(1299).sees(silent(Silence::Nobody)), says("loading", "why"));
    // Time alone ends the grace, too.
    assert_eq!(server.at(1300).shows(), says("unreachable", "why"));
    server.health = server.health.changed(GRACE, server.now);
    assert_eq!(server.shows(), says("loading", "its configuration has changed"));
}

#[test]
fn a_busy_server_may_miss_two_probes_and_a_closed_port_none() {
    let mut server = Bench::new();
    server.sees(Seen::Ready);
    let missed = |n| says("degraded", &format!("missed {n} of 3 probes: why"));
    assert_eq!(server.sees(silent(Silence::Quiet)), missed(1));
    assert_eq!(server.sees(silent(Silence::Quiet)), missed(2));
    assert_eq!(server.sees(Seen::Ready), says("ready", ""));
    assert_eq!(server.sees(silent(Silence::Quiet)), missed(1));
    assert_eq!(server.sees(silent(Silence::Quiet)), missed(2));
    assert_eq!(server.sees(silent(Silence::Quiet)), says("loading", "why"));
    assert_eq!(server.sees(silent(Silence::Quiet)), says("loading", "why"));
    server.sees(Seen::Ready);
    assert_eq!(server.sees(silent(Silence::Nobody)), says("loading", "why"));
}

#[test]
fn a_refused_key_and_a_foreign_certificate_need_the_operator() {
    let mut server = Bench::new();
    for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
        let (word, reason) = server.sees(Seen::Refused(status));
        assert_eq!((word, reason), ("misconfigured", probe::advice(status)));
    }
    assert_eq!(server.sees(silent(Silence::Distrusted)), says("misconfigured", "why"));
    assert_eq!(server.sees(Seen::Ready), says("ready", ""));
}

#[test]
fn broken_answers_degrade_until_better_ones_follow_or_time_passes() {
    let mut server = Bench::new();
    server.sees(Seen::Ready);
    let cut = || Err(Arc::from("cut"));
    let breaks = |server: &mut Bench| server.health.observed(cut(), server.now);
    breaks(&mut server);
    breaks(&mut server);
    assert_eq!(server.shows(), says("ready", ""));
    breaks(&mut server);
    let flawed = says("degraded", "3 of the last 3 answers broke: cut");
    assert_eq!(server.shows(), flawed);
    // A probe that is answered does not hide that real requests fail.
    assert_eq!(server.sees(Seen::Ready), flawed);
    assert_eq!(server.at(5).shows(), says("ready", ""));
    (0..3).for_each(|_| breaks(&mut server));
    for _ in 0..8 {
        server.health.observed(Ok(()), server.now);
    }
    assert_eq!(server.shows(), says("ready", ""));
    // A server that comes back is not the one that broke: what happened before is forgotten.
    (0..3).for_each(|_| breaks(&mut server));
    server.sees(silent(Silence::Nobody));
    assert_eq!(server.sees(Seen::Ready), says("ready", ""));
}

#[test]
fn a_full_cache_is_a_flaw_only_while_requests_wait() {
    let mut server = Bench::new();
    server.sees(Seen::Ready);
    let load = |waiting, kv_cache| Some(Load { running: 9, waiting, kv_cache });
    for (load, word) in [
        (load(0, 1.0), "ready"),
        (load(4, 0.96), "ready"),
        (load(4, 0.98), "degraded"),
        (None, "ready"),
    ] {
        server.health.loaded(load);
        assert_eq!(server.shows().0, word, "{load:?}");
    }
    server.health.loaded(load(4, 0.98));
    let full = "its KV cache is full (98 %) and 4 requests wait in its own queue";
    assert_eq!(server.shows().1, full);
}

#[test]
fn an_operator_s_word_holds_until_its_end_and_through_reloads() {
    let mut server = Bench::new();
    server.sees(Seen::Ready);
    let until = Some(server.start + Duration::from_mins(1));
    let reason: Arc<str> = Arc::from("new driver");
    let table = [
        (Override::Draining { reason: reason.clone(), until }, says("draining", "new driver")),
        (
            Override::Unhealthy { reason, until },
            says("unreachable", "marked unhealthy by an operator: new driver"),
        ),
    ];
    for (word, shown) in table {
        server.health.set_override(word);
        assert_eq!(server.at(59).shows(), shown);
        let reloaded = server.health.changed(GRACE, server.now);
        assert_eq!(reloaded.state(server.now).word(), shown.0);
        assert_eq!(server.health.wakes_at(), until);
        assert_eq!(server.at(60).shows(), says("ready", ""));
    }
    server.at(5000).sees(silent(Silence::Nobody));
    server.at(9000);
    server.health.set_override(Override::Healthy { until: None });
    assert_eq!(server.shows(), says("ready", ""));
    server.health.set_override(Override::Auto);
    assert_eq!(server.shows(), says("unreachable", "why"));
}

#[test]
fn a_child_that_starts_is_loading_whatever_answers_at_its_address() {
    let mut server = Bench::new();
    server.health.set_child(Child::Starting { reason: Arc::from("attempt 2") }, server.now);
    assert_eq!(server.at(9000).sees(Seen::Ready), says("loading", "attempt 2"));
    assert_eq!(server.health.pace(ProbeStyle::Active, server.now), Pace::Held);
    server.health.set_child(Child::Up, server.now);
    assert_eq!(server.shows(), says("ready", ""));
}

#[test]
fn the_pace_follows_the_need() {
    let mut server = Bench::new();
    let pace = |server: &Bench, style| server.health.pace(style, server.now);
    assert_eq!(pace(&server, ProbeStyle::Passive), Pace::Eager);
    server.sees(Seen::Ready);
    assert_eq!(pace(&server, ProbeStyle::Active), Pace::Calm);
    assert_eq!(pace(&server, ProbeStyle::Passive), Pace::Asleep);
    server.sees(silent(Silence::Quiet));
    assert_eq!(pace(&server, ProbeStyle::Active), Pace::Eager);
    assert_eq!(pace(&server, ProbeStyle::Passive), Pace::Eager);
}
