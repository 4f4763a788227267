//! What is sent.

use std::sync::Arc;
use std::time::Duration;

use crate::load::Load;
use crate::mock::{MODEL, Plan};

/// Words to fill a prompt with.
const PROSE: &str = "A line of prose about nothing at all, said again and again until it is long. ";

/// Tokens of an answer of the Responses API.
pub(crate) const TURN_TOKENS: usize = 64;

/// Bytes of the prompt of one turn.
const TURN_PROMPT: usize = 700;

/// Whether an answer is streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    Stream,
}

/// What a workload asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Chat completions with prompts of this many bytes.
    Chat { prompt: usize, tokens: usize, pace: u64, delivery: Delivery },
    /// Responses that continue a stored one with this many turns.
    Responses { depth: usize, delivery: Delivery },
}

/// A row of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) kind: Kind,
}

const fn chat(prompt: usize, tokens: usize, pace: u64, delivery: Delivery) -> Kind {
    Kind::Chat { prompt, tokens, pace, delivery }
}

const fn turn(name: &'static str, depth: usize, delivery: Delivery) -> Workload {
    Workload { name, connections: 1, kind: Kind::Responses { depth, delivery } }
}

/// All workloads in their order.
pub(crate) const ALL: &[Workload] = &[
    Workload { name: "chat-1", connections: 1, kind: chat(1000, 0, 0, Delivery::Whole) },
    Workload { name: "chat-64", connections: 64, kind: chat(1000, 0, 0, Delivery::Whole) },
    Workload { name: "streams-32", connections: 32, kind: chat(1000, 128, 0, Delivery::Stream) },
    Workload { name: "paced-256", connections: 256, kind: chat(1000, 64, 10, Delivery::Stream) },
    Workload { name: "bodies-200k", connections: 1, kind: chat(200_000, 0, 0, Delivery::Whole) },
    turn("responses-whole-1", 1, Delivery::Whole),
    turn("responses-whole-10", 10, Delivery::Whole),
    turn("responses-whole-50", 50, Delivery::Whole),
    turn("responses-stream-1", 1, Delivery::Stream),
    turn("responses-stream-10", 10, Delivery::Stream),
    turn("responses-stream-50", 50, Delivery::Stream),
];

impl Workload {
    /// The load of a slice; `previous` is the response that is continued.
    pub(crate) fn load(&self, slice: Duration, previous: Option<&str>) -> Load {
        let request = |slot| -> Arc<[u8]> { self.request(slot, previous).into() };
        let requests = (0..self.connections).map(request).collect();
        // Streams that take their time begin one after the other, or all their tokens would come
        // at the same moment.
        let (stagger, longer) = match self.kind {
            Kind::Chat { tokens, pace, .. } if pace > 0 => {
                let stream = Duration::from_millis(pace) * u32::try_from(tokens).unwrap_or(1);
                (stream / u32::try_from(self.connections).unwrap_or(1), stream * 2)
            }
            _ => (Duration::ZERO, Duration::ZERO),
        };
        let tokens = match self.kind {
            Kind::Chat { tokens, delivery: Delivery::Stream, .. } => tokens,
            Kind::Responses { delivery: Delivery::Stream, .. } => TURN_TOKENS,
            _ => 0,
        };
        Load { requests, duration: slice + longer, stagger, tokens }
    }

    fn request(&self, slot: usize, previous: Option<&str>) -> Vec<u8> {
        match self.kind {
            Kind::Chat { prompt, tokens, pace, delivery } => {
                chat_request(Plan { slot, tokens, pace }, prompt, delivery)
            }
            Kind::Responses { delivery, .. } => turn_request(previous, delivery),
        }
    }
}

fn chat_request(plan: Plan, prompt: usize, delivery: Delivery) -> Vec<u8> {
    let stream = stream_field(delivery);
    let mut messages =
        vec![format!(r#"{{"role":"user","content":"{}"}}"#, filled(plan, prompt.min(900)))];
    // Long conversations have many messages of some 2 KB.
    let message = format!(r#"{{"role":"user","content":"{}"}}"#, PROSE.repeat(26));
    messages.extend(vec![message; prompt / 2050]);
    let messages = messages.join(",");
    let body = format!(r#"{{"model":"{MODEL}",{stream}"messages":[{messages}]}}"#);
    post("/v1/chat/completions", &body)
}

/// A turn of the Responses API.
pub(crate) fn turn_request(previous: Option<&str>, delivery: Delivery) -> Vec<u8> {
    let stream = stream_field(delivery);
    let previous =
        previous.map(|id| format!(r#""previous_response_id":"{id}","#)).unwrap_or_default();
    let input = filled(Plan { slot: 0, tokens: TURN_TOKENS, pace: 0 }, TURN_PROMPT);
    let body = format!(r#"{{"model":"{MODEL}",{stream}{previous}"input":"{input}"}}"#);
    post("/v1/responses", &body)
}

fn stream_field(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Whole => "",
        Delivery::Stream => r#""stream":true,"#,
    }
}

fn filled(plan: Plan, bytes: usize) -> String {
    let mut text = plan.words();
    text.extend(PROSE.chars().cycle().take(bytes.saturating_sub(text.len())));
    text
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
