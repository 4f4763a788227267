//! The deployment of guide 004: two model servers with keys behind two names.

mod commands;
mod names;
mod restarts;
