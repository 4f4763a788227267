//! The traits that adapters implement.
//!
//! A port is named after what the engine needs, not after what a product offers. To add an
//! adapter: implement the trait in a crate of its own (or a module of an existing adapter crate),
//! run the port's contract tests over it, and name it in the binary's `compose.rs`, the only place
//! that knows adapters.

pub mod conversations;
pub mod jobs;
pub mod models;
pub mod once;
pub mod sealing;
pub mod store;
pub mod upstream;
