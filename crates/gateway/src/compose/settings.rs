//! From the configuration's words to each component's settings.

use transom_config::{Auth, Durability as Wanted, GatewayConfig, ReasoningField, ReasoningHistory};
use transom_engine::settings::{Access, Settings, TurnLog};
use transom_store::sqlite::Durability;
use transom_upstream::backend::Settings as BackendSettings;
use transom_upstream::base::Base;
use transom_upstream::body::Patience;
use transom_upstream::connector::Connector;
use transom_wire::chat::{self, RenderOptions};
use transom_wire::scan;

use super::BuildError;

mod shield;

/// How to talk to the model server.
pub(super) fn upstream_settings(config: &GatewayConfig) -> Result<BackendSettings, BuildError> {
    let (limits, access) = (&config.limits, &config.upstream_access);
    let connect_timeout = limits.connect_timeout.get();
    Ok(BackendSettings {
        base: Base::parse(&config.upstream.base())?,
        key: access.api_key.clone(),
        connector: Connector::new(connect_timeout, access.ca.as_deref())?,
        connect_timeout,
        first_byte_timeout: limits.first_byte_timeout.get(),
        patience: Patience {
            first_byte: limits.first_byte_timeout.get(),
            idle: limits.idle_timeout.get(),
            total: limits.request_timeout.get(),
        },
    })
}

/// How requests live.
pub(super) fn engine_settings(config: &GatewayConfig) -> Settings {
    let limits = &config.limits;
    Settings {
        access: match &config.auth {
            Auth::Key(key) => Access::Key(key.clone()),
            Auth::LoopbackOnly | Auth::Everyone => Access::Open,
        },
        max_concurrency: limits.max_concurrency.count(),
        scan: scan::Limits { depth: limits.json_depth.get() },
        shield: shield::shield(config),
        render: RenderOptions {
            reasoning_history: reasoning_history(config.responses.reasoning_history),
            reasoning_field: reasoning_field(config.responses.reasoning_field),
        },
        event_bytes: limits.sse_event_bytes.get(),
        history_depth: limits.history_depth.get(),
        keep_alive: limits.keepalive_interval.get(),
        turn_log: TurnLog {
            timings: config.log.timings,
            model_messages: config.log.model_messages,
        },
    }
}

/// When a response is safe.
pub(super) fn durability(config: &GatewayConfig) -> Durability {
    match config.store.durability {
        Wanted::Durable => Durability::Durable,
        Wanted::Fast => Durability::Fast,
    }
}

fn reasoning_history(wanted: ReasoningHistory) -> chat::ReasoningHistory {
    match wanted {
        ReasoningHistory::ToolTurn => chat::ReasoningHistory::ToolTurn,
        ReasoningHistory::Always => chat::ReasoningHistory::Always,
        ReasoningHistory::Never => chat::ReasoningHistory::Never,
    }
}

fn reasoning_field(wanted: ReasoningField) -> chat::ReasoningField {
    match wanted {
        ReasoningField::Reasoning => chat::ReasoningField::Reasoning,
        ReasoningField::ReasoningContent => chat::ReasoningField::ReasoningContent,
        ReasoningField::Both => chat::ReasoningField::Both,
    }
}
