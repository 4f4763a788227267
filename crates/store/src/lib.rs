//! Adapters of the storage ports.
//!
//! # Layout
//!
//! - [`sqlite`] keeps responses, conversations, jobs and models in one SQLite file; it is all a single gateway needs.
//! - `migrations/` holds the schema of each database as ordered SQL files, embedded at build time.

pub mod sqlite;
