//! The life of a request, over ports: this crate knows no database and no socket.
//!
//! # Layout
//!
//! - `pipeline`: the life of a request in one function. Start reading there.
//! - `stage/`: one stage, one file, in the order of the call: `authenticate`, `admit`, `once`, `screen`,
//!   `resolve`, `unseal`, `rehydrate`, `plan`, then `pass` (bytes through), `turn` (typed), `compact`
//!   (typed, a summary) or `count` (the tokens of a turn), and `settle`.
//! - `dispatch`: the call of a model server: choosing a deployment, waiting for one, failing over.
//! - [`session`]: what a connection remembers of its turns, beside the store.
//! - [`live`]: what can change while the program runs; [`catalog`]: the models in it.
//! - [`gateway`]: everything a request meets; [`call`]: what goes in and comes out.
//! - [`settings`]: what an operator decides; [`control`]: how it is changed while the program runs.
//! - [`metrics`]: what operators count.
//! - `stored`, `models`, [`readiness`]: reading back what is stored, listing models, telling who is ready.
//! - [`conversations`]: making, reading and changing them; `held`: those that turns work on.
//! - [`background`]: turns that nobody waits for.
//! - `references`: items that a request refers to instead of sending them.
//! - `files`: reading the PDF files of a conversation.
//! - `in_progress`: the turns that run and have no record yet.
//! - `answer`: reading model servers' answers whole.
//! - `fakes`: for tests, a gateway over ports that do what they are told.

mod answer;
pub mod background;
pub mod call;
pub mod catalog;
pub mod control;
pub mod conversations;
mod dispatch;
#[cfg(test)]
mod fakes;
mod files;
pub mod gateway;
mod held;
mod in_progress;
pub mod live;
pub mod metrics;
mod models;
mod pipeline;
pub mod readiness;
mod references;
pub mod session;
pub mod settings;
mod stage;
mod stored;
