//! How fast one core turns a model server's chat stream into a client's response stream: decode,
//! fold, encode. The unit is chunks of the model server, one token each.

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use transom_core::clock::Timestamp;
use transom_core::event::Finish;
use transom_core::id::{IdSource, ResponseId};
use transom_wire::chat::Decoder;
use transom_wire::responses::encode::Encoder;
use transom_wire::responses::item::InputItem;
use transom_wire::responses::request::{Begin, Delivery, Past, parse};

/// The tokens of one answer.
const TOKENS: usize = 128;

const REQUEST: &[u8] = br#"{"model":"m","input":"Say something.","stream":true}"#;

/// Ids without a random source, which is not what is measured.
struct Zero;

impl IdSource for Zero {
    fn random(&self) -> u128 {
        0
    }
}

/// The data of the events that a model server sends, in the form of vLLM.
fn chunks() -> Vec<String> {
    let chunk = |delta: &str, finish: &str| {
        format!(
            r#"{{"id":"chatcmpl-0","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]}}"#
        )
    };
    let usage = r#"{"id":"chatcmpl-0","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[],"usage":{"prompt_tokens":9,"total_tokens":137,"completion_tokens":128}}"#;
    let mut chunks = vec![chunk(r#"{"role":"assistant","content":""}"#, "null")];
    chunks.extend((0..TOKENS).map(|_| chunk(r#"{"content":" token"}"#, "null")));
    chunks.push(chunk(r#"{"content":""}"#, r#""stop""#));
    chunks.extend([usage.to_owned(), "[DONE]".to_owned()]);
    chunks
}

fn answer(chunks: &[String], out: &mut BytesMut) {
    let begin =
        Begin { id: ResponseId::fresh(&Zero), created_at: NOW, conversation: None, ids: &Zero };
    let turn = parse(REQUEST).and_then(|request| {
        let new = request.input.iter().filter_map(InputItem::as_new).cloned().collect();
        request.resolve(Past::default(), new, begin)
    });
    let Ok(turn) = turn else { unreachable!("the request is valid") };
    let mut encoder = Encoder::new(turn.head, Arc::new(Zero), Delivery::Stream);
    let mut decoder = Decoder::new(Arc::new(Zero));
    let mut events = Vec::new();
    encoder.begin(out);
    for chunk in chunks {
        let fed = decoder.feed(chunk.as_bytes(), &mut events);
        assert!(fed.is_ok(), "the stream is valid: {fed:?}");
        for event in events.drain(..) {
            let written = encoder.event(&event, out);
            assert!(written.is_ok(), "the stream keeps the rules: {written:?}");
        }
    }
    let finished = encoder.finish(Finish::Stop, NOW, out);
    encoder.terminal(&finished, out);
}

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn stream(criterion: &mut Criterion) {
    let chunks = chunks();
    let mut out = BytesMut::with_capacity(1 << 20);
    let mut group = criterion.benchmark_group("chat stream to response stream");
    group.throughput(Throughput::Elements(chunks.len() as u64));
    group.bench_function("128 tokens", |bencher| {
        bencher.iter(|| {
            out.clear();
            answer(black_box(&chunks), &mut out);
            black_box(out.len())
        });
    });
    group.finish();
}

criterion_group!(benches, stream);
criterion_main!(benches);
