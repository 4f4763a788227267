//! The HTTP edge: it accepts, limits, routes and renders, and knows nothing about models.
//!
//! # Layout
//!
//! - [`listener`]: the accept loop and the life of a connection; `phase` and [`guarded`] hold a
//!   connection to its time limits; [`tls`] serves HTTPS.
//! - [`app`]: every route; `layers`: every layer, with the reason for its place.
//! - [`body`]: reads request bodies within their limits.
//! - `reply` and `error`: successes and failures as HTTP.
//! - `caller`: who asks, as an argument that a handler cannot do without.
//! - `name`: the name in a path.
//! - `api/`: one file per route family.

mod api;
pub mod app;
pub mod body;
mod caller;
mod error;
pub mod guarded;
mod layers;
pub mod listener;
mod name;
mod phase;
mod reply;
pub mod tls;
