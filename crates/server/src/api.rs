//! One file per route family.

pub(crate) mod generate;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod readyz;
pub(crate) mod responses;
pub(crate) mod socket;
