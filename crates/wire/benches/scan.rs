//! The raw path: scan, shield and splice of a body, and the tap for each event of a stream.
#![expect(clippy::unwrap_used, reason = "a benchmark, not an interface")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use transom_wire::scan::{Limits, scan};
use transom_wire::shield::{Route, Shield};
use transom_wire::splice::{Edits, UsageChunk, rewrite};
use transom_wire::sse::MAX_EVENT_BYTES;
use transom_wire::tap::{self, ShownModel, UsageTap};

/// A chat body of about `size` bytes: prose with escapes, some of it not ASCII.
fn body(size: usize) -> Bytes {
    let line = r#"{"role":"user","content":"A line of \"prose\" about nothing at all.\nAnd its end: naïve café, 東京."}"#;
    let messages = vec![line; size / line.len()].join(",");
    let options = r#""stream":true,"temperature":0.7,"max_tokens":512"#;
    Bytes::from(format!(r#"{{"model":"tiny",{options},"messages":[{messages}]}}"#))
}

fn bodies(c: &mut Criterion) {
    let shield = Shield::default();
    let edits = Edits {
        model: Some("served-name"),
        usage: UsageChunk::InStreams,
        remove: shield.removed(),
    };
    let mut group = c.benchmark_group("body");
    for kilobytes in [1, 82, 200] {
        let body = body(kilobytes * 1000);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("scan {kilobytes} KB"), |b| {
            b.iter(|| scan(black_box(&body), &Limits::default()).unwrap());
        });
        group.bench_function(format!("scan + shield + splice {kilobytes} KB"), |b| {
            b.iter(|| {
                let head = scan(black_box(&body), &Limits::default()).unwrap();
                shield.check_fields(&body, &head, Route::Chat).unwrap();
                rewrite(&body, &head, &edits)
            });
        });
    }
    group.finish();
}

fn events(c: &mut Criterion) {
    let event = Bytes::from_static(
        b"data: {\"id\":\"chatcmpl-8f14e45fceea167a\",\"object\":\"chat.completion.chunk\",\
        \"created\":1795228978,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\
        \" hello\"},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}\n\n",
    );
    let mut group = c.benchmark_group("tap");
    group.throughput(Throughput::Elements(1));
    let plain = UsageTap::new(tap::UsageChunk::Hide, MAX_EVENT_BYTES);
    let showing = UsageTap::new(tap::UsageChunk::Hide, MAX_EVENT_BYTES)
        .showing(ShownModel::new("the-name-that-was-asked-for"));
    for (name, mut tap) in [("event", plain), ("event, name put right", showing)] {
        let mut out = Vec::new();
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                tap.feed(black_box(event.clone()), &mut out).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bodies, events);
criterion_main!(benches);
