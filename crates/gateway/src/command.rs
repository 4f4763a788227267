//! One subcommand, one file.

pub(crate) mod check;
pub(crate) mod migrate;
pub(crate) mod serve;
pub(crate) mod show;
