//! Bounds on what clients and upstreams may send and how long they may take.
//!
//! The defaults are those of `reliability-security.md` section 4.

use std::time::Duration;

use crate::{
    setting::section,
    value::{ByteSize, Timeout, Whole},
};

section! {
    /// Every bound of the request path.
    pub struct Limits in "limits" {
        /// Largest header block of a request.
        header_bytes: ByteSize = default ByteSize::kib(16),
        /// Most header fields of a request.
        header_count: Whole<1, 1000> = default Whole::clamped(100),
        /// How long the header block of a request may take.
        header_timeout: Timeout = default Timeout::seconds(10),
        /// Largest request body, after decompression.
        body_bytes: ByteSize = default ByteSize::mib(20),
        /// Longest pause within a request body.
        body_idle: Timeout = default Timeout::seconds(15),
        /// Deepest nesting of a request's JSON.
        json_depth: Whole<1, 128> = default Whole::clamped(64),
        /// How long an idle client connection is kept open.
        keep_alive: Timeout = default Timeout::seconds(75),
        /// How long connecting to a model server may take, where it does not say.
        connect_timeout: Timeout = default Timeout::seconds(2),
        /// How long the first piece of a streamed answer may take: queueing and prefill.
        first_chunk_timeout: Timeout = default Timeout::seconds(300),
        /// Longest pause within a streamed answer.
        idle_timeout: Timeout = default Timeout::seconds(60),
        /// How long an answer that is not streamed may take altogether: as long as the official
        /// clients wait.
        request_timeout: Timeout = default Timeout::seconds(600),
        /// How long a streamed answer may take altogether.
        stream_timeout: Timeout = default Timeout::seconds(30 * 60),
        /// How long a client may refuse to read its answer.
        client_stall: Timeout = default Timeout::seconds(30),
        /// Largest event of an upstream's stream.
        sse_event_bytes: ByteSize = default ByteSize::mib(8),
        /// Most earlier responses a conversation is continued from.
        history_depth: Whole<1, 100_000> = default Whole::clamped(1000),
        /// Most requests in flight; further ones are answered 429. The reference declared 300 and
        /// never enforced it; here it is a real cap, hence larger.
        [variable("VR_MAX_CONCURRENCY")]
        max_concurrency: Whole<1, 1_000_000> = default Whole::clamped(4096),
        /// How long active requests may go on after the program was asked to stop; 0 cuts them.
        [flag("shutdown-timeout", "SECONDS")]
        shutdown_timeout: Duration = default Duration::from_mins(1),
        /// How long a WebSocket may be open on which nothing runs and nothing comes.
        socket_idle_timeout: Timeout = default Timeout::seconds(15 * 60),
        /// How long a WebSocket may be open; a response that runs by then is finished.
        socket_lifetime: Timeout = default Timeout::seconds(60 * 60),
        /// Most responses that a WebSocket remembers beside the store, which is what continues
        /// those with `store: false`. The oldest are forgotten first.
        socket_responses: Whole<1, 100_000> = default Whole::clamped(1000),
        /// Most bytes of items that a WebSocket remembers.
        socket_memory: ByteSize = default ByteSize::mib(16),
        /// Most responses in the background that have not ended, at this gateway.
        background_responses: Whole<1, 100_000> = default Whole::clamped(10_000),
        /// How long a response in the background waits for a model to begin to answer before it
        /// fails. Nobody holds a connection meanwhile.
        background_wait: Timeout = default Timeout::seconds(60 * 60),
        /// How long the events of a response in the background are kept after its end, for those
        /// who stream it again. The response itself stays.
        background_events: Timeout = default Timeout::seconds(10 * 60),
        /// Pause after which a silent stream gets a comment that keeps connections open.
        keepalive_interval: Timeout = default Timeout::seconds(15),
    }
}
