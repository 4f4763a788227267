//! One file per route family.

pub(crate) mod conversation_items;
pub(crate) mod conversations;
pub(crate) mod generate;
pub(crate) mod health;
mod list;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod readyz;
pub(crate) mod responses;
pub(crate) mod socket;
