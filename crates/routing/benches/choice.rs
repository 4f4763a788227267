//! How long a choice among a hundred deployments takes.
#![expect(clippy::unwrap_used, reason = "a benchmark, not an interface")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use transom_core::model::{DeploymentId, Strategy};
use transom_routing::pick::{Ask, Candidate, key, picker};
use transom_routing::prompt::Prompt;

const DEPLOYMENTS: u32 = 100;

/// The prompt of a coding client's turn.
const PROMPT_BYTES: usize = 32 * 1024;

/// Prompts that were sent before, so that what remembers them is as full as it gets.
const SENT_BEFORE: u64 = 4096;

/// A sequence of numbers without a pattern.
fn scramble(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (mixed >> 32)
}

fn ids() -> Vec<DeploymentId> {
    (0..DEPLOYMENTS).map(|k| DeploymentId(Arc::from(format!("gpt-oss-120b@node-{k}")))).collect()
}

/// Deployments of different weight and load, all of them measured.
fn candidates(ids: &[DeploymentId]) -> Vec<Candidate<'_>> {
    let of = |(k, id)| Candidate {
        id,
        key: key(id),
        weight: 1 + k % 3,
        in_flight: k * 7 % 24,
        waiting: 0,
        latency: Some(Duration::from_millis(u64::from(80 + k * 11 % 90))).into(),
        used_share: 0.3,
    };
    (0_u32..).zip(ids).map(of).collect()
}

/// Text of which no two blocks are alike.
fn text(seed: u64) -> Bytes {
    let words = 0..PROMPT_BYTES as u64 / 8;
    words.flat_map(|k| scramble(seed << 20 | k).to_le_bytes()).collect::<Vec<u8>>().into()
}

fn choices(c: &mut Criterion) {
    let ids = ids();
    let among = candidates(&ids);
    let mut group = c.benchmark_group("choice among 100");
    for strategy in Strategy::ALL {
        if strategy == Strategy::PrefixAware {
            continue;
        }
        let (picker, prompt, mut random) = (picker(strategy), Prompt::none(), 0);
        group.bench_function(strategy.word(), |b| {
            b.iter(|| {
                random += 1;
                let ask = Ask { prompt: &prompt, session: Some(random), random: scramble(random) };
                picker.pick(black_box(&among), &ask)
            });
        });
    }
}

/// Hashing, choosing and taking note: all that a request pays.
fn prefixes(c: &mut Criterion) {
    let ids = ids();
    let among = candidates(&ids);
    let picker = picker(Strategy::PrefixAware);
    let send = |prompt: &Prompt, random: u64| {
        let ask = Ask { prompt, session: None, random };
        let chosen = picker.pick(black_box(&among), &ask);
        picker.sent(&ids[chosen], &ask);
        chosen
    };
    for k in 0..SENT_BEFORE {
        send(&Prompt::of(text(k)), scramble(k));
    }
    let mut group = c.benchmark_group("prefix_aware among 100, 32 KB");
    let mut number = SENT_BEFORE;
    group.bench_function("new prompt", |b| {
        let fresh = || {
            number += 1;
            Prompt::of(text(number))
        };
        b.iter_batched(fresh, |prompt| send(&prompt, 5), BatchSize::SmallInput);
    });
    let known = text(SENT_BEFORE - 1);
    group.bench_function("known prompt", |b| {
        b.iter(|| send(&Prompt::of(known.clone()), 5));
    });
    group.bench_function("hashing alone", |b| {
        b.iter(|| *Prompt::of(black_box(known.clone())).blocks().last().unwrap());
    });
}

criterion_group!(benches, choices, prefixes);
criterion_main!(benches);
