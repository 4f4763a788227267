//! What the tests of both protocols share.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use transom_core::event::{Delta, Event, ItemHead};
use transom_core::id::IdSource;
use transom_core::transcript::Transcript;
use transom_testkit::sse;

/// A source that counts.
pub(crate) struct Counter(pub(crate) AtomicU64);

impl IdSource for Counter {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Ids that count from 1.
pub(crate) fn ids() -> Arc<dyn IdSource> {
    Arc::new(Counter(AtomicU64::new(1)))
}

/// The events, folded: every stream that a decoder makes has to satisfy the transcript.
pub(crate) fn folded(events: &[Event]) -> Transcript {
    let mut transcript = Transcript::new(ids());
    for event in events {
        transcript.apply(event).unwrap_or_else(|violation| panic!("{violation} at {event:?}"));
    }
    transcript
}

/// The data of each event of a recorded stream.
pub(crate) fn datas(stream: &[u8]) -> Vec<String> {
    let mut parser = sse::Parser::default();
    let mut events = parser.feed(stream);
    events.extend(parser.finish());
    events.into_iter().map(|event| event.data).collect()
}

/// Events as lines; deltas that follow each other on one item share one. `show` writes what the
/// model said.
pub(crate) fn listing(events: &[Event], show: impl Fn(&str) -> String) -> String {
    let mut lines = String::new();
    let mut run = Run::default();
    for event in events {
        if let Event::Delta { item, delta } = event {
            run.add(item.0, delta, &mut lines, &show);
            continue;
        }
        run.flush(&mut lines, &show);
        let _ = match event {
            Event::Started { model } => writeln!(lines, "started {}", show(model)),
            Event::ItemBegan { item, head: ItemHead::FunctionCall { call_id, tool } } => {
                writeln!(lines, "{} call {} {}", item.0, show(&tool.flat()), show(call_id))
            }
            Event::ItemBegan { item, head } => writeln!(lines, "{} {head:?}", item.0),
            Event::ItemDone { item, status } => writeln!(lines, "{} {status:?}", item.0),
            Event::Usage(usage) => writeln!(lines, "{usage:?}"),
            Event::Finished(finish) => writeln!(lines, "finished {finish:?}"),
            Event::Delta { .. } => unreachable!("handled above"),
        };
    }
    run.flush(&mut lines, &show);
    lines
}

#[derive(Default)]
struct Run {
    of: Option<(u32, &'static str)>,
    text: String,
    deltas: usize,
    logprobs: usize,
}

impl Run {
    fn add(
        &mut self,
        item: u32,
        delta: &Delta,
        lines: &mut String,
        show: &impl Fn(&str) -> String,
    ) {
        let (kind, text, logprobs): (_, &str, _) = match delta {
            Delta::Text { text, logprobs } => ("text", text, logprobs.len()),
            Delta::Annotation(json) => ("annotation", json.get(), 0),
            Delta::Refusal(text) => ("refusal", text, 0),
            Delta::Reasoning(text) => ("thoughts", text, 0),
            Delta::Arguments(text) => ("arguments", text, 0),
            Delta::Input(text) => ("input", text, 0),
        };
        if self.of != Some((item, kind)) {
            self.flush(lines, show);
            self.of = Some((item, kind));
        }
        self.text.push_str(text);
        self.deltas += 1;
        self.logprobs += logprobs;
    }

    fn flush(&mut self, lines: &mut String, show: &impl Fn(&str) -> String) {
        let Self { of, text, deltas, logprobs } = std::mem::take(self);
        let Some((item, kind)) = of else { return };
        let _ = write!(lines, "{item} {kind} x{deltas} {}", show(&text));
        if logprobs > 0 {
            let _ = write!(lines, " with {logprobs} logprobs");
        }
        lines.push('\n');
    }
}

/// What a model does, in order.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Thoughts(Vec<String>),
    Text(Vec<String>),
    Call(Vec<String>),
}

fn pieces() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ \n\"\\\\{}a-cä🙂]{0,4}", 1..5)
}

pub(crate) fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        pieces().prop_map(Segment::Thoughts),
        pieces().prop_map(Segment::Text),
        pieces().prop_map(Segment::Call),
    ]
}
