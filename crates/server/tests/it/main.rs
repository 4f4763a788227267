//! The routes, called as the listener calls them, over ports that a test holds in its hands.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "`json!` spells the answers that are expected")]

mod clients;
mod doors;
mod litellm;
mod openapi;
mod reading;
mod readyz;
mod support;
mod writing;
