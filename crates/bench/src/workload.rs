//! What is sent.

use std::time::Duration;

use crate::fleet::ALIAS;
use crate::load::{Ask, Load, OnFault};
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

/// Whose name for the model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The mock's own, in front of which the gateway was put with `--upstream`.
    Own,
    /// An alias of a configuration file.
    Alias,
}

impl Naming {
    /// The name.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Own => MODEL,
            Self::Alias => ALIAS,
        }
    }
}

/// A row of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) kind: Kind,
    pub(crate) naming: Naming,
}

const fn chat(prompt: usize, tokens: usize, pace: u64, delivery: Delivery) -> Kind {
    Kind::Chat { prompt, tokens, pace, delivery }
}

const fn own(name: &'static str, connections: usize, kind: Kind) -> Workload {
    Workload { name, connections, kind, naming: Naming::Own }
}

const fn alias(name: &'static str, connections: usize, kind: Kind) -> Workload {
    Workload { name, connections, kind, naming: Naming::Alias }
}

const fn turn(name: &'static str, depth: usize, delivery: Delivery) -> Workload {
    own(name, 1, Kind::Responses { depth, delivery })
}

/// All workloads in their order.
pub(crate) const ALL: &[Workload] = &[
    own("chat-1", 1, chat(1000, 0, 0, Delivery::Whole)),
    own("chat-64", 64, chat(1000, 0, 0, Delivery::Whole)),
    own("streams-32", 32, chat(1000, 128, 0, Delivery::Stream)),
    own("paced-256", 256, chat(1000, 64, 10, Delivery::Stream)),
    own("bodies-200k", 1, chat(200_000, 0, 0, Delivery::Whole)),
    alias("alias-64", 64, chat(1000, 0, 0, Delivery::Whole)),
    alias("alias-streams-32", 32, chat(1000, 128, 0, Delivery::Stream)),
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
        let ask = |slot| Ask { request: self.request(slot, previous).into(), tokens };
        let asks = (0..self.connections).map(ask).collect();
        Load { asks, duration: slice + longer, stagger, on_fault: OnFault::Stop }
    }

    /// The request of a connection.
    pub(crate) fn request(&self, slot: usize, previous: Option<&str>) -> Vec<u8> {
        match self.kind {
            Kind::Chat { prompt, tokens, pace, delivery } => {
                let plan = Plan { slot, tokens, pace };
                chat_request(self.naming.model(), plan, prompt, delivery)
            }
            Kind::Responses { delivery, .. } => turn_request(previous, delivery),
        }
    }
}

/// A chat request with a prompt of this many bytes.
pub(crate) fn chat_request(model: &str, plan: Plan, prompt: usize, delivery: Delivery) -> Vec<u8> {
    let stream = stream_field(delivery);
    let mut messages =
        vec![format!(r#"{{"role":"user","content":"{}"}}"#, filled(plan, prompt.min(900)))];
    // Long conversations have many messages of some 2 KB.
    let message = format!(r#"{{"role":"user","content":"{}"}}"#, PROSE.repeat(26));
    messages.extend(vec![message; prompt / 2050]);
    let messages = messages.join(",");
    let body = format!(r#"{{"model":"{model}",{stream}"messages":[{messages}]}}"#);
    post("/v1/chat/completions", &body)
}

/// A turn of the Responses API.
pub(crate) fn turn_request(previous: Option<&str>, delivery: Delivery) -> Vec<u8> {
    let stream = stream_field(delivery);
    let previous =
        previous.map(|id| format!(r#""previous_response_id":"{id}","#)).unwrap_or_default();
    post_turn(&format!("{stream}{previous}"))
}

/// A turn on a conversation.
pub(crate) fn conversation_turn_request(conversation: &str) -> Vec<u8> {
    post_turn(&format!(r#""conversation":"{conversation}","#))
}

/// A turn in the background.
pub(crate) fn background_request(plan: Plan) -> Vec<u8> {
    let input = filled(plan, TURN_PROMPT);
    let body = format!(r#"{{"model":"{MODEL}","background":true,"input":"{input}"}}"#);
    post("/v1/responses", &body)
}

/// Messages that become items of a conversation, as long as those of turns; questions and answers
/// take turns.
pub(crate) fn items_request(path: &str, count: usize) -> Vec<u8> {
    let text: String = PROSE.chars().cycle().take(TURN_PROMPT).collect();
    let message = |role| format!(r#"{{"role":"{role}","content":"{text}"}}"#);
    let roles = ["user", "assistant"].into_iter().cycle().take(count);
    let items = roles.map(message).collect::<Vec<_>>().join(",");
    post(path, &format!(r#"{{"items":[{items}]}}"#))
}

/// A request without a body.
pub(crate) fn bare_request(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

fn post_turn(fields: &str) -> Vec<u8> {
    let input = filled(Plan { slot: 0, tokens: TURN_TOKENS, pace: 0 }, TURN_PROMPT);
    post("/v1/responses", &format!(r#"{{"model":"{MODEL}",{fields}"input":"{input}"}}"#))
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
