//! What an operator decides about the life of a request.

use std::time::Duration;

use transom_core::secret::Secret;
use transom_wire::chat::RenderOptions;
use transom_wire::scan;
use transom_wire::shield::Shield;

use crate::background;

/// Who may call.
#[derive(Clone, Debug)]
pub enum Access {
    /// Whoever is on this machine, as the one built-in team: only loopback is listened to.
    Local,
    /// Everyone who reaches the listener, likewise.
    Open,
    /// Holders of the master key.
    Key(Secret),
}

/// The settings of the engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who may call.
    pub access: Access,
    /// Most requests in flight.
    pub max_concurrency: usize,
    /// How request bodies are scanned.
    pub scan: scan::Limits,
    /// What a request may ask of a model server.
    pub shield: Shield,
    /// How typed requests are written for a model server.
    pub render: RenderOptions,
    /// Largest event of a model server's stream, in bytes.
    pub event_bytes: usize,
    /// Most turns that a conversation is read back.
    pub history_depth: u32,
    /// A silent stream gets a comment after this pause, which keeps proxies from closing it.
    pub keep_alive: Duration,
    /// Responses in the background.
    pub background: background::Limits,
    /// What is logged about a turn besides its end.
    pub turn_log: TurnLog,
}

/// What is logged about each turn of the Responses API.
#[derive(Clone, Copy, Debug, Default)]
pub struct TurnLog {
    /// A line with the time that each stage took.
    pub timings: bool,
    /// The body that was sent to the model server, when the turn failed. It holds users' words.
    pub model_messages: bool,
}
