//! What a request may ask of a model server.

use transom_config::{GatewayConfig, ShieldMode};
use transom_wire::shield::{Caps, Mode, Shield};

/// The configured shield.
pub(super) fn shield(config: &GatewayConfig) -> Shield {
    let mode = match config.shield.mode {
        ShieldMode::On => Mode::On,
        ShieldMode::Strict => Mode::Strict,
        ShieldMode::Off => Mode::Off,
    };
    let caps = &config.caps;
    let caps = Caps {
        n: caps.n.get(),
        best_of: caps.best_of.get(),
        logprobs: caps.logprobs.get(),
        stop: caps.stop.count(),
        stop_bytes: caps.stop_bytes.get(),
        logit_bias: caps.logit_bias.count(),
        tools: caps.tools.count(),
        schema_bytes: caps.schema_bytes.get(),
        schema_depth: caps.schema_depth.get(),
        schema_nodes: caps.schema_nodes.count(),
        regex_bytes: caps.regex_bytes.get(),
    };
    let lifted = config.shield.allow.iter().map(|field| field.as_str().to_owned()).collect();
    Shield::new(mode, caps, lifted)
}
