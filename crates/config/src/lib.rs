//! The configuration: flags, environment, `.env` and files, checked and merged into one
//! [`GatewayConfig`], with a memory of where each value came from.
//!
//! # Layout
//!
//! One road, top to bottom: text → [`draft`] (everything optional, each value with its [`Origin`])
//! → merge → `resolve` (typed values, all problems at once) → [`GatewayConfig`].
//!
//! - `load`: the road itself; the one entry, [`load`](load()).
//! - `cli`: subcommands and flags; `variables` and `env`: the environment, `.env` and the register
//!   of variables; `dialect`: configuration files (`yaml` is their tree).
//! - `setting`: how a setting is declared, exactly once; `section`: the declarations, one file for
//!   each section; `value`: the types of settings and their spelling.
//! - `problem`, `report`: what there is to say to the operator; `nearest`: "did you mean".
//! - `show`: the effective configuration as `transom.yaml`; [`mod@reference`]: the documentation of
//!   flags, variables and keys, generated from the declarations.
//! - `files`: the file system, as a parameter.
//!
//! Invariants: nothing here reads the process's environment, folder or files except through
//! [`Invocation`] (of which [`process_environment`] and [`Disk`] are the real parts); no message
//! and no `Debug` output holds a credential; a [`GatewayConfig`] holds no contradiction.
//!
//! To add a setting: one entry in its section file. To add a section or a dialect: see the
//! documentation of `section` and `dialect`.

mod cli;
mod config;
mod dialect;
pub mod draft;
pub mod env;
mod files;
mod load;
mod nearest;
mod origin;
mod problem;
pub mod reference;
mod report;
mod resolve;
mod section;
pub mod setting;
mod show;
pub mod value;
mod variables;
mod yaml;

pub use crate::{
    config::GatewayConfig,
    draft::Draft,
    files::{Disk, Files, find_program},
    load::{Command, Invocation, Loaded, Rejection, load},
    origin::Origin,
    problem::{Findings, Notice, Problem},
    report::{Colour, Report, ReportFormat},
    section::{
        Section, all as sections,
        auth::Auth,
        limits::Limits,
        listen::{Listen, Tls},
        log::{Log, LogFormat, LogLevel},
        metrics::Metrics,
        responses::{ReasoningField, ReasoningHistory, Responses},
        shield::{Caps, Shield, ShieldMode},
        store::{Durability, Store},
        upstream::{UpstreamAccess, UpstreamConfig},
        vllm::{Child, Restart, Supervision},
    },
    variables::{Environment, process_environment},
};
/// A command line that cannot be read, or a request for help.
pub use clap::Error as UsageError;
