//! The vLLM child, and how long to wait for any upstream.

use std::path::{Path, PathBuf};

use crate::{
    Problem,
    files::find_program,
    resolve::Resolver,
    setting::section,
    value::{Arguments, BindHost, OptionValue, Scalar as _, Timeout, choice},
};

/// Where a child listens unless told otherwise (`vllm-responses.md` section 1.5).
const DEFAULT_PORT: u16 = 8457;

section! {
    /// The settings as written.
    pub(crate) struct Settings in "vllm" {
        /// Model to serve with a vLLM child: what stands first after `--`.
        model: String = unset "a running upstream is used",
        /// Arguments passed to `vllm serve` as they are: what follows the model after `--`.
        arguments: Arguments = default Arguments::default(),
        /// The `vllm` program: a name looked for in `PATH`, or a path.
        [flag("vllm-bin", "PROGRAM")]
        bin: PathBuf = default PathBuf::from("vllm"),
        /// How long an upstream, spawned or external, may take to become ready for the first time.
        [flag("vllm-startup-timeout", "SECONDS")]
        startup_timeout: Timeout = default Timeout::seconds(1800),
        /// Spacing of the notices that the upstream is still being waited for.
        [flag("vllm-ready-interval", "SECONDS")]
        ready_interval: Timeout = default Timeout::seconds(5),
        /// Whether a vLLM child that ends after it was ready is started again.
        [flag("vllm-restart", "WHEN")]
        restart: Restart = default Restart::OnFailure,
    }
}

choice! {
    /// What follows the end of a child that had been ready.
    pub enum Restart {
        /// The program ends with the child's code.
        Never = "never",
        /// It is started again, with growing pauses.
        OnFailure = "on-failure",
    }
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The program, found when the configuration was read.
    pub vllm_bin: PathBuf,
    /// The model, first argument of `vllm serve`.
    pub model: String,
    /// The other arguments, `--host` and `--port` included.
    pub arguments: Arguments,
    /// Where it will listen.
    pub host: BindHost,
    /// Where it will listen.
    pub port: u16,
}

impl Child {
    /// Base of its API as seen from this machine.
    pub fn base(&self) -> String {
        format!("http://{}:{}/v1", self.host.for_url(), self.port)
    }
}

/// How children and waits are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervision {
    /// Bound on the first readiness, of an external upstream too.
    pub startup_timeout: Timeout,
    /// Spacing of notices while waiting.
    pub ready_interval: Timeout,
    /// What follows a child's end.
    pub restart: Restart,
}

impl Settings {
    pub(crate) fn supervision(&self) -> Supervision {
        let Self { startup_timeout, ready_interval, restart, .. } = *self;
        Supervision { startup_timeout, ready_interval, restart }
    }

    /// The child, if its program exists and its address is readable.
    pub(crate) fn child(&self, model: String, resolver: &mut Resolver<'_>) -> Option<Child> {
        let program = program(&self.bin, resolver);
        let mut arguments = self.arguments.clone();
        let host = match arguments.option("--host") {
            OptionValue::Absent => {
                arguments.extend("--host", BindHost::LOOPBACK.to_string());
                Some(BindHost::LOOPBACK)
            }
            OptionValue::Is(text) => BindHost::read(text).ok(),
            OptionValue::Missing => None,
        };
        let port = match arguments.option("--port") {
            OptionValue::Absent => {
                arguments.extend("--port", DEFAULT_PORT.to_string());
                Some(DEFAULT_PORT)
            }
            OptionValue::Is(text) => text.parse().ok().filter(|port| *port != 0),
            OptionValue::Missing => None,
        };
        let unreadable = [("--host", host.is_none()), ("--port", port.is_none())];
        for (name, _) in unreadable.iter().filter(|(_, unreadable)| *unreadable) {
            let at = resolver.origin("vllm.arguments");
            resolver.problem(
                Problem::new(at, format!("{name} of vLLM has no usable value"))
                    .hint("Transom must know where vLLM listens"),
            );
        }
        Some(Child { vllm_bin: program?, model, arguments, host: host?, port: port? })
    }
}

fn program(bin: &Path, resolver: &mut Resolver<'_>) -> Option<PathBuf> {
    let around = resolver.around;
    let search = around.variables.get("PATH").unwrap_or_default();
    let found = find_program(bin, search, around.cwd, around.files);
    if found.is_none() {
        let at = resolver.origin("vllm.bin");
        let message = if bin.components().count() > 1 {
            format!("`{}` is not a program", bin.display())
        } else {
            format!("`{}` is not on PATH", bin.display())
        };
        let hint = "install vLLM, name its program with --vllm-bin, or use --upstream URL";
        resolver.problem(Problem::new(at, message).hint(hint));
    }
    found
}
