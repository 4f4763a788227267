//! One stage, one file, in the order in which [`crate::pipeline`] calls them.

pub(crate) mod admit;
pub(crate) mod authenticate;
pub(crate) mod count;
pub(crate) mod pass;
pub(crate) mod plan;
pub(crate) mod rehydrate;
pub(crate) mod resolve;
pub(crate) mod screen;
pub(crate) mod settle;
pub(crate) mod turn;
