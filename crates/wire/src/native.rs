//! A model server's own `/v1/responses` as the upstream of typed requests: a
//! [`Generation`](transom_core::request::Generation) goes out with its whole history, and the stream
//! comes back as [`Event`](transom_core::event::Event)s. The server keeps nothing: history, state and
//! tools are the gateway's.
//!
//! # Layout
//!
//! - [`render`](mod@render): the request body. It is made of the messages that [`crate::chat`] makes,
//!   so that a model reads the same either way.
//! - [`Decoder`]: the stream. `event` has what servers write, `item` the items in it, `seen` which
//!   item an event is about, `suspense` text that may turn out to be a call.
//! - [`Watch`]: the beginning of a stream, without decoding it.

mod decode;
mod event;
mod item;
pub mod render;
mod seen;
mod suspense;
mod watch;

pub use decode::Decoder;
pub(crate) use decode::Expected;
pub use render::{Unsupported, render};
pub use watch::Watch;
