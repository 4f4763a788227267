//! The life of a request, over ports: this crate knows no database and no socket.
//!
//! # Layout
//!
//! - `pipeline`: the life of a request in one function. Start reading there.
//! - `stage/`: one stage, one file, in the order of the call: `authenticate`, `admit`, `screen`,
//!   `resolve`, `rehydrate`, then `pass` (bytes through) or `turn` (typed), and `settle`.
//! - [`gateway`]: everything a request meets; [`call`]: what goes in and comes out.
//! - [`settings`]: what an operator decides.
//! - [`metrics`]: what operators count.
//! - `stored`, `models`: reading back what is stored, listing models.
//! - `in_progress`: the turns that run and have no record yet.
//! - `answer`: reading model servers' answers whole.

mod answer;
pub mod call;
pub mod gateway;
mod in_progress;
pub mod metrics;
mod models;
mod pipeline;
pub mod settings;
mod stage;
mod stored;
