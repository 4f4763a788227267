//! The configuration: flags, environment, `.env` and files, checked and merged into one
//! [`GatewayConfig`], with a memory of where each value came from.
//!
//! # Layout
//!
//! One road, top to bottom: text → [`draft`] (everything optional, each value with its [`Origin`])
//! → merge → `resolve` (typed values, all problems at once) → [`GatewayConfig`]. The order of
//! sources is [`MERGE_ORDER`].
//!
//! - `load`: the road itself; the one entry, [`load`](load()), which may be taken again whenever a
//!   file has changed.
//! - `cli`: subcommands and flags; `variables` and `env`: the environment, `.env` and the register
//!   of variables; `dialect`: configuration files (`yaml` is their tree).
//! - `setting`: how a setting is declared, exactly once; `section`: the declarations, one file for
//!   each section; `value`: the types of settings and their spelling.
//! - `fleet`: models, servers and aliases of every source, merged and checked; `rows`: the models
//!   that were added through the admin API.
//! - `problem`, `report`: what there is to say to the operator; `nearest`: "did you mean".
//! - `show`: the configuration as `transom.yaml`, effective or converted; [`mod@reference`]: the documentation of
//!   flags, variables and keys, generated from the declarations.
//! - `files`: the file system, as a parameter, and which of it was looked at.
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
mod fleet;
mod load;
mod nearest;
mod origin;
mod problem;
pub mod reference;
mod report;
mod resolve;
mod rows;
mod section;
pub mod setting;
mod show;
pub mod value;
mod variables;
mod yaml;

pub use crate::{
    config::GatewayConfig,
    draft::Draft,
    files::{Disk, Files, Recorder, find_program},
    fleet::MERGE_ORDER,
    load::{Command, Invocation, Loaded, Rejection, load},
    origin::Origin,
    problem::{Finding, Findings, Notice, Problem, Treatment},
    report::{Colour, Online, Report, ReportFormat},
    rows::{AdminModel, admin_model, admin_model_of_litellm},
    section::{
        Section,
        admin::Admin,
        all as sections,
        auth::Auth,
        limits::Limits,
        listen::{Listen, Tls},
        log::{Log, LogFormat, LogLevel},
        metrics::Metrics,
        responses::{ReasoningField, ReasoningHistory, Responses},
        sealing::Sealing,
        shield::{Caps, Shield, ShieldMode},
        store::{Durability, Store},
        vllm::{Child, Restart, Supervision},
    },
    variables::{Environment, process_environment},
};
/// A command line that cannot be read, or a request for help.
pub use clap::Error as UsageError;
