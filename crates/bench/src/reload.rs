//! What it costs to change the configuration of a running gateway.
//!
//! # Layout
//!
//! - this file: the gateway, and the operator who changes its file.
//! - `swap`: changes under load. `memory`: thousands of changes, one after the other.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;

use crate::client::Connection;
use crate::fleet::{self, Form, Mocks};
use crate::options::Options;
use crate::target::{Front, Target};

mod memory;
mod swap;

pub(crate) use memory::memory;
pub(crate) use swap::swap;

/// A gateway whose file changes, and the one who changes it.
struct Changing {
    target: Target,
    operator: Operator,
}

/// Replaces the file of a gateway and has it read.
struct Operator {
    admin: Connection,
    file: PathBuf,
    mocks: Mocks,
    form: Form,
}

/// The part of an answer of the admin API that matters here.
#[derive(Deserialize)]
struct Answer {
    revision: u64,
}

impl Changing {
    async fn start(options: &Options, mocks: Mocks) -> anyhow::Result<Self> {
        let form = Form::First;
        let text = fleet::changing(mocks, form);
        let (target, _) = Target::transom(options, &Front::File(&text))?;
        let admin = target.admin.context("no line tells where the admin API is")?;
        let file = target.file().context("a gateway that runs by a file")?;
        let admin = Connection::open(admin).await?;
        Ok(Self { target, operator: Operator { admin, file, mocks, form } })
    }
}

impl Operator {
    /// Puts the other form of the file in the place of this one; how long its taking over took.
    async fn change(&mut self) -> anyhow::Result<Duration> {
        let form = self.form.other();
        let aside = self.file.with_extension("new");
        fs::write(&aside, fleet::changing(self.mocks, form))?;
        fs::rename(&aside, &self.file)?;
        self.form = form;
        let begun = Instant::now();
        self.ask("POST /admin/v1/reload").await.context("a configuration is not taken over")?;
        Ok(begun.elapsed())
    }

    /// How many configurations the gateway has had.
    async fn revision(&mut self) -> anyhow::Result<u64> {
        self.ask("GET /admin/v1/revision").await
    }

    async fn ask(&mut self, line: &str) -> anyhow::Result<u64> {
        let request = format!("{line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
        self.admin.exchange(request.as_bytes()).await?;
        Ok(serde_json::from_slice::<Answer>(self.admin.body())?.revision)
    }
}
