//! One stage, one file, in the order in which [`crate::pipeline`] calls them.

pub(crate) mod admit;
pub(crate) mod authenticate;
pub(crate) mod compact;
pub(crate) mod count;
pub(crate) mod once;
pub(crate) mod pass;
pub(crate) mod plan;
pub(crate) mod rehydrate;
pub(crate) mod resolve;
pub(crate) mod screen;
pub(crate) mod settle;
pub(crate) mod turn;
pub(crate) mod unseal;
