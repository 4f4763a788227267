//! From the configuration's words to the limits of the edge.

use transom_config::{GatewayConfig, Limits as Wanted};
use transom_engine::session;
use transom_server::edge::Limits;
use transom_server::guarded::Patience;
use transom_server::{body, socket};

/// What clients may send, and how long they may take.
pub(crate) fn edge_limits(config: &GatewayConfig) -> Limits {
    let limits = &config.limits;
    Limits {
        header_bytes: limits.header_bytes.get(),
        header_count: limits.header_count.count(),
        body: body::Limits { bytes: limits.body_bytes.get(), idle: limits.body_idle.get() },
        socket: socket_limits(limits),
        patience: Patience {
            head: limits.header_timeout.get(),
            idle: limits.keep_alive.get(),
            write: limits.client_stall.get(),
        },
    }
}

fn socket_limits(limits: &Wanted) -> socket::Limits {
    socket::Limits {
        message_bytes: limits.body_bytes.get(),
        idle: limits.socket_idle_timeout.get(),
        lifetime: limits.socket_lifetime.get(),
        memory: session::Limits {
            turns: limits.socket_responses.count(),
            bytes: limits.socket_memory.get(),
        },
    }
}
