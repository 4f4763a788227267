//! Routes in the shapes of the `LiteLLM` proxy, for scripts, dashboards and probes that know them.
//!
//! # Layout
//!
//! - `probes`: `/health/liveliness` and `/health/readiness`.
//! - `models`: `/model/info`.
//! - `entry`: a deployment as `LiteLLM` shows it.
//!
//! What changes models is with the rest of the admin API, in `admin/litellm`.

pub(crate) mod entry;
pub(crate) mod models;
pub(crate) mod probes;
