//! From the configuration's words to each component's settings.

use std::path::Path;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_config::{Auth, Durability as Wanted, GatewayConfig, ReasoningField, ReasoningHistory};
use transom_engine::background;
use transom_engine::settings::{Access, Settings, TurnLog};
use transom_store::sqlite::Durability;
use transom_upstream::Settings as BackendSettings;
use transom_upstream::explain::Surroundings;
use transom_wire::chat::{self, RenderOptions};
use transom_wire::scan;

use crate::recipe::Recipe;

mod shield;

/// How to talk to model servers.
pub(crate) fn upstream_settings(
    config: &GatewayConfig,
    recipe: &Recipe,
    tracker: TaskTracker,
    cancel: CancellationToken,
) -> BackendSettings {
    let grace = config.fleet.routing.startup_grace;
    BackendSettings {
        surroundings: Surroundings::tell(Path::exists, recipe.variable("KUBERNETES_SERVICE_HOST")),
        ..BackendSettings::new(grace, tracker, cancel)
    }
}

/// How requests live.
pub(super) fn engine_settings(config: &GatewayConfig) -> Settings {
    let limits = &config.limits;
    Settings {
        access: match &config.auth {
            Auth::Key(key) => Access::Key(key.clone()),
            Auth::LoopbackOnly => Access::Local,
            Auth::Everyone => Access::Open,
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
        background: background::Limits {
            jobs: limits.background_responses.count(),
            wait: limits.background_wait.get(),
            events: limits.background_events.get(),
        },
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
