//! What a request pays for being placed among a hundred deployments, from the name of its model to a
//! place and back, over real adapters; beside what is promised.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark, not an interface")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BatchSize, Criterion};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::backend::{ApiKind, BackendId, BackendKey, BackendSpec, BackendTls, ProbeStyle};
use transom_core::fleet::{Fleet, Routing};
use transom_core::model::{
    Capacity, Deployment, DeploymentId, Mode, Model, ModelName, Price, Source, Strategy, Timeouts,
    UpstreamName,
};
use transom_core::port::upstream::Upstream;
use transom_engine::catalog::Catalog;
use transom_routing::pick::Ask;
use transom_routing::prompt::Prompt;
use transom_upstream::Settings;
use transom_upstream::backend::Backend;
use transom_upstream::health::Override;

const DEPLOYMENTS: u32 = 100;

/// The longest that a choice may take.
const PROMISE: Duration = Duration::from_micros(2);

/// The same where the beginnings of prompts decide, for a prompt of a coding client.
const PREFIX_PROMISE: Duration = Duration::from_micros(30);
const PROMPT_BYTES: usize = 32 * 1024;

/// Prompts that were sent before, so that what remembers them is as full as it gets.
const SENT_BEFORE: u64 = 4096;

/// A sequence of numbers without a pattern.
fn scramble(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (mixed >> 32)
}

/// Text of which no two blocks are alike.
fn text(seed: u64) -> Bytes {
    let words = 0..PROMPT_BYTES as u64 / 8;
    words.flat_map(|k| scramble(seed << 20 | k).to_le_bytes()).collect::<Vec<u8>>().into()
}

fn spec(k: u32) -> BackendSpec {
    BackendSpec {
        api_kind: ApiKind::ChatCompletions,
        id: BackendId(Arc::from(format!("node-{k}"))),
        url: Arc::from(format!("http://127.0.0.1:{}/v1", 10_000 + k)),
        key: BackendKey::None,
        tls: BackendTls::default(),
        connect_timeout: Duration::from_secs(2),
        probe: ProbeStyle::Active,
    }
}

fn deployment(k: u32, limits: Capacity) -> Deployment {
    let minute = Duration::from_mins(1);
    Deployment {
        id: DeploymentId(Arc::from(format!("gpt-oss-120b@node-{k}"))),
        backend: spec(k).id,
        upstream: UpstreamName::Named(Arc::from("gpt-oss-120b")),
        mode: Mode::Chat,
        weight: 1 + k % 3,
        order: 0,
        limits,
        max_context_tokens: None,
        timeouts: Timeouts { request: minute, first_chunk: minute, stream: minute, idle: minute },
        price: Price::default(),
        tags: Vec::new(),
        trust_name: false,
    }
}

/// One model for each strategy, under the strategy's name, on servers that are all ready.
fn catalog(limits: Capacity) -> Catalog {
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let settings = Settings::new(Duration::from_mins(10), tracker, cancel);
    let backends: Vec<Arc<Backend>> = (0..DEPLOYMENTS)
        .map(|k| {
            let backend = Backend::new(&spec(k), &settings, None).unwrap();
            backend.set_override(Override::Healthy { until: None });
            Arc::new(backend)
        })
        .collect();
    let model = |strategy: Strategy| Model {
        name: ModelName::parse(strategy.word()).unwrap(),
        deployments: (0..DEPLOYMENTS).map(|k| deployment(k, limits)).collect(),
        strategy: Some(strategy),
        fallbacks: Vec::new(),
        context_fallbacks: Vec::new(),
        content_fallbacks: Vec::new(),
        retries: None,
        hidden: false,
        expose_upstream_model: false,
        source: Source::File,
    };
    let fleet = Fleet {
        backends: Vec::new(),
        models: Strategy::ALL.map(model).into(),
        aliases: Vec::new(),
        routing: Routing::default(),
    };
    let find = |id: &BackendId| -> Option<Arc<dyn Upstream>> {
        let found = backends.iter().find(|backend| backend.id() == id)?;
        Some(Arc::clone(found) as Arc<dyn Upstream>)
    };
    Catalog::build(&fleet, &find, None).unwrap()
}

fn choose(catalog: &Catalog, strategy: Strategy, prompt: &Prompt, number: u64) {
    let ask = Ask { prompt, session: Some(number), random: scramble(number) };
    assert!(catalog.rehearse(black_box(strategy.word()), ask, Instant::now()));
}

/// Deployments with hints for their rates are counted by the minute, too.
fn hinted() -> Capacity {
    Capacity { requests_per_minute: Some(1_000_000_000), ..Capacity::default() }
}

fn choices(c: &mut Criterion) {
    for (name, limits) in [("placed among 100", Capacity::default()), ("with rates", hinted())] {
        let (catalog, prompt, mut number) = (catalog(limits), Prompt::none(), 0);
        let mut group = c.benchmark_group(name);
        for strategy in Strategy::ALL.into_iter().filter(|one| *one != Strategy::PrefixAware) {
            group.bench_function(strategy.word(), |b| {
                b.iter(|| {
                    number += 1;
                    choose(&catalog, strategy, &prompt, number);
                });
            });
        }
    }
}

fn prefixes(c: &mut Criterion) {
    let catalog = filled();
    let mut group = c.benchmark_group("placed among 100 by a prompt of 32 KB");
    let mut number = SENT_BEFORE;
    group.bench_function("new prompt", |b| {
        let fresh = || {
            number += 1;
            Prompt::of(text(number))
        };
        let choose = |prompt: Prompt| choose(&catalog, Strategy::PrefixAware, &prompt, 5);
        b.iter_batched(fresh, choose, BatchSize::SmallInput);
    });
    let known = text(SENT_BEFORE - 1);
    group.bench_function("known prompt", |b| {
        b.iter(|| choose(&catalog, Strategy::PrefixAware, &Prompt::of(known.clone()), 5));
    });
}

fn filled() -> Catalog {
    let catalog = catalog(Capacity::default());
    for k in 0..SENT_BEFORE {
        choose(&catalog, Strategy::PrefixAware, &Prompt::of(text(k)), k);
    }
    catalog
}

/// The median of many batches, for one choice.
fn median(batch: u32, mut choice: impl FnMut(u64)) -> Duration {
    const BATCHES: usize = 101;
    let mut number = 0;
    let mut took: Vec<Duration> = (0..BATCHES)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..batch {
                number += 1;
                choice(number);
            }
            begun.elapsed() / batch
        })
        .collect();
    took.sort();
    took[BATCHES / 2]
}

fn tell(what: &str, took: Duration, promised: Duration) {
    let verdict = if took <= promised { "kept" } else { "missed" };
    println!("{what:<40} {took:>10.2?}   promised: {promised:.0?}, {verdict}");
}

/// What is promised, and whether it is kept on this machine.
fn promises() {
    println!("\nbeing placed among {DEPLOYMENTS} deployments, median:");
    let (catalog, prompt) = (catalog(Capacity::default()), Prompt::none());
    for strategy in Strategy::ALL.into_iter().filter(|one| *one != Strategy::PrefixAware) {
        let took = median(1000, |number| choose(&catalog, strategy, &prompt, number));
        tell(strategy.word(), took, PROMISE);
    }
    let (filled, strategy) = (filled(), Strategy::PrefixAware);
    let mut prompts: Vec<Prompt> =
        (0..101 * 20).map(|k| Prompt::of(text(SENT_BEFORE + k))).collect();
    let took = median(20, |number| {
        choose(&filled, strategy, &prompts.pop().unwrap_or_default(), number);
    });
    tell("prefix_aware, a new prompt of 32 KB", took, PREFIX_PROMISE);
    let known = text(SENT_BEFORE - 1);
    let took = median(20, |number| choose(&filled, strategy, &Prompt::of(known.clone()), number));
    tell("prefix_aware, a known prompt of 32 KB", took, PREFIX_PROMISE);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    choices(&mut criterion);
    prefixes(&mut criterion);
    criterion.final_summary();
    promises();
}
