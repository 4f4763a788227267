//! What requests may ask of an engine: the rules of `reliability-security.md` section 2.4.

use crate::{
    setting::section,
    value::{ByteSize, FieldName, Whole, choice},
};

section! {
    /// Whether the shield is up, and what it lets through.
    pub struct Shield in "shield" {
        /// `on` refuses dangerous fields and caps the rest, `strict` also refuses unknown fields,
        /// `off` passes everything to the engine.
        [flag("shield", "MODE")]
        mode: ShieldMode = default ShieldMode::On,
        /// Refused fields to let through after all, such as `chat_template_kwargs`.
        allow: Vec<FieldName> = default Vec::new(),
    }
}

choice! {
    /// How much the shield refuses (`design.md` decision 12).
    pub enum ShieldMode {
        /// Dangerous fields are refused, sizes are capped, unknown fields pass.
        On = "on",
        /// As `on`, and unknown fields are refused.
        Strict = "strict",
        /// Nothing is refused.
        Off = "off",
    }
}

section! {
    /// Largest values of fields that cost an engine dearly.
    pub struct Caps in "shield.caps" {
        /// Most choices per request.
        n: Whole<1, 1024> = default Whole::clamped(8),
        /// Most candidates per choice.
        best_of: Whole<1, 1024> = default Whole::clamped(8),
        /// Most alternatives per token.
        logprobs: Whole<0, 1000> = default Whole::clamped(20),
        /// Most stop sequences.
        stop: Whole<0, 1024> = default Whole::clamped(4),
        /// Longest stop sequence.
        stop_bytes: ByteSize = default ByteSize::bytes(64),
        /// Most biased tokens.
        logit_bias: Whole<0, 100_000> = default Whole::clamped(300),
        /// Most tools.
        tools: Whole<0, 10_000> = default Whole::clamped(128),
        /// Largest JSON schema.
        schema_bytes: ByteSize = default ByteSize::kib(64),
        /// Deepest JSON schema.
        schema_depth: Whole<1, 128> = default Whole::clamped(16),
        /// Most nodes of a JSON schema.
        schema_nodes: Whole<1, 1_000_000> = default Whole::clamped(1000),
        /// Longest regular expression.
        regex_bytes: ByteSize = default ByteSize::kib(1),
    }
}
