//! The code interpreter, which does not exist yet: off is the only accepted choice.

use std::path::PathBuf;

use crate::{
    Origin,
    resolve::Resolver,
    setting::section,
    value::{Timeout, Whole, choice},
};

section! {
    /// The settings as written.
    #[expect(dead_code, reason = "checked now, used once the function exists")]
    pub(crate) struct Settings in "code_interpreter" {
        /// Whether a code interpreter is spawned, runs elsewhere or is absent. The guides' default
        /// is `spawn`.
        [flag("code-interpreter", "MODE"), variable("VR_CODE_INTERPRETER_MODE"), later()]
        mode: InterpreterMode = unset "off until it exists, with a notice",
        /// Its port.
        [flag("code-interpreter-port", "PORT"), variable("VR_CODE_INTERPRETER_PORT"), later()]
        port: Whole<0, 65535> = default Whole::clamped(5970),
        /// Its workers; 0 lets it choose.
        [flag("code-interpreter-workers", "COUNT"), variable("VR_CODE_INTERPRETER_WORKERS"),
         later()]
        workers: Whole<0, 1024> = default Whole::clamped(0),
        /// How long it may take to become ready.
        [flag("code-interpreter-startup-timeout", "SECONDS"),
         variable("VR_CODE_INTERPRETER_STARTUP_TIMEOUT"), later()]
        startup_timeout: Timeout = default Timeout::seconds(600),
        /// File with the network policy of interpreted code.
        [variable("VR_CODE_INTERPRETER_EGRESS_POLICY_PATH"), later()]
        egress_policy: PathBuf = unset "no policy",
        /// Folder for downloaded Python packages.
        [variable("VR_PYODIDE_CACHE_DIR"), later()]
        cache_directory: PathBuf = unset "none",
        /// Whether the interpreter may run from source during its development.
        [variable("VR_CODE_INTERPRETER_DEV_BUN_FALLBACK"), later()]
        dev_bun_fallback: bool = default false,
    }
}

choice! {
    /// Where interpreted code runs.
    pub(crate) enum InterpreterMode {
        /// In a child of this program.
        Spawn = "spawn",
        /// In a program that someone else runs.
        External = "external",
        /// Nowhere.
        Disabled = "disabled",
    }
}

/// Checks the settings and says that the interpreter is off.
pub(crate) fn resolve(resolver: &mut Resolver<'_>) {
    const HINT: &str = "use --code-interpreter disabled";
    let written = Settings::read(resolver);
    match written.mode {
        Some(InterpreterMode::Disabled) => {}
        Some(InterpreterMode::Spawn | InterpreterMode::External) => {
            resolver.not_yet("code_interpreter.mode", "the code interpreter", HINT);
        }
        None if resolver.draft.best("code_interpreter.mode").is_some() => {}
        None => resolver
            .findings
            .notice(Origin::Default(None), "the code interpreter is off: it is not available yet"),
    }
    if written.egress_policy.is_some() {
        resolver.not_yet("code_interpreter.egress_policy", "the code interpreter", "unset it");
    }
}
