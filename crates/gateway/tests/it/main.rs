//! Tests of the whole program, and of the repository as a whole.
//!
//! # Layout
//!
//! - `architecture`: the rules of the repository that no compiler checks.
//! - `docs`: generated pages are fresh, links lead somewhere.
//! - `guides`: what the guides tell people to type works.
//! - `repository`: finding and reading the repository's files, for the three above.
#![expect(clippy::panic, reason = "a helper of tests reports by failing the test")]

mod architecture;
mod docs;
mod guides;
mod repository;
