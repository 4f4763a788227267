//! The HTTP edge: it accepts, limits, routes and renders, and knows nothing about models.
//!
//! # Layout
//!
//! - [`listener`]: the accept loop and the life of a connection; `phase` and [`guarded`] hold a
//!   connection to its time limits; [`tls`] serves HTTPS.
//! - [`app`]: every route for clients; [`admin`]: every route for operators, on a listener of its
//!   own; `layers`: every layer, with the reason for its place.
//! - [`edge`]: the limits in effect, which a reload exchanges.
//! - [`body`]: reads request bodies within their limits.
//! - [`socket`]: WebSocket mode, once a connection has left HTTP behind.
//! - `reply` and `error`: successes and failures as HTTP.
//! - `caller`: who asks, as an argument that a handler cannot do without; `hints`: what the
//!   headers say beside that.
//! - `name`: the name in a path; `query`: values in the query.
//! - `api/`: one file per route family for clients.
//! - `litellm/`: routes in `LiteLLM`'s shapes, which scripts and probes know, for both.
//! - `shape`: JSON shapes that describe themselves, for the description of the admin API.

pub mod admin;
mod api;
pub mod app;
pub mod body;
mod caller;
pub mod edge;
mod error;
pub mod guarded;
mod hints;
mod layers;
pub mod listener;
mod litellm;
mod name;
mod phase;
mod query;
mod reply;
mod shape;
pub mod socket;
pub mod tls;
