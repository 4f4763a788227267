//! Reading the sources and putting them on top of each other.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    Draft, Invocation, Origin, Problem,
    cli::Settings,
    dialect::{self, Context, Policies},
    env,
    fleet::{Kind, Layer},
    problem::Findings,
    rows,
    value::{HostPort, Raw, Scalar as _},
    variables::Variables,
};

/// The file read when `--config` is absent and it exists in the working directory.
const USUAL_FILE: &str = "transom.yaml";

/// Every source: plain settings merged, lists by layer, the winning one first.
pub(super) fn sources(
    invocation: &Invocation<'_>,
    variables: &Variables,
    settings: Settings,
    findings: &mut Findings,
) -> (Draft, Vec<Layer>) {
    let Settings { config, flags, listen, without_policies, forwarded, .. } = settings;
    let mut draft = flags.lower();
    if let Some(listen) = listen {
        draft.merge(listening(&listen, findings));
    }
    draft.merge(forward(forwarded));
    let policies = if without_policies { Policies::LeftOut } else { Policies::Required };
    let mut layers = beneath(invocation, variables, &config, policies, &mut draft, findings);
    layers.extend(rows::layers(&invocation.models, &draft));
    (draft, layers)
}

/// Puts environment and files under the flags.
pub(super) fn beneath(
    invocation: &Invocation<'_>,
    variables: &Variables,
    files: &[PathBuf],
    policies: Policies,
    draft: &mut Draft,
    findings: &mut Findings,
) -> Vec<Layer> {
    draft.merge(env::lower(variables, findings));
    let context = Context::new(invocation.files, &invocation.cwd, variables, policies);
    let usual = [PathBuf::from(USUAL_FILE)];
    let mut layers = Vec::new();
    for file in if files.is_empty() { &usual[..] } else { files } {
        let name = file.to_string_lossy();
        let Some(text) = read(invocation, file, !files.is_empty(), findings) else { continue };
        let mut lowered = dialect::lower(&name, &text, &context, findings);
        layers.push(Layer { kind: Kind::File, lists: lowered.take_lists(), problems: Vec::new() });
        draft.merge(lowered);
    }
    layers
}

pub(crate) fn variables(invocation: &Invocation<'_>, findings: &mut Findings) -> Variables {
    let dotenv = read(invocation, Path::new(".env"), false, findings);
    Variables::new(&invocation.environment, dotenv.as_deref(), findings)
}

/// What stands after `--`: the model, then vLLM's own arguments, which replace those of a file.
fn forward(arguments: Vec<String>) -> Draft {
    let mut draft = Draft::default();
    let mut arguments = arguments.into_iter();
    if let Some(model) = arguments.next() {
        draft.put("vllm.model", Raw::Scalar(model), Origin::Forwarded);
        draft.put("vllm.arguments", Raw::List(arguments.collect()), Origin::Forwarded);
    }
    draft
}

/// `--listen HOST:PORT`, or a port alone, which leaves the host to its default.
fn listening(text: &str, findings: &mut Findings) -> Draft {
    let at = Origin::Flag("listen");
    let mut draft = Draft::default();
    match HostPort::read(text.trim()) {
        Ok(address) => {
            draft.put("listen.port", Raw::Scalar(address.port.to_string()), at.clone());
            if !text.trim().bytes().all(|byte| byte.is_ascii_digit()) {
                draft.put("listen.host", Raw::Scalar(address.host.to_string()), at);
            }
        }
        Err(invalid) => findings.problem(Problem::invalid(at, invalid)),
    }
    draft
}

/// A file of the working directory. Its absence is a problem only when it was asked for.
fn read(
    invocation: &Invocation<'_>,
    file: &Path,
    asked: bool,
    findings: &mut Findings,
) -> Option<String> {
    let name = file.to_string_lossy();
    match invocation.files.read(&invocation.cwd.join(file)) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if asked {
                let message = format!("{name} does not exist");
                findings.problem(Problem::new(Origin::Flag("config"), message));
            }
            None
        }
        Err(error) => {
            let at = Origin::File { file: name.as_ref().into(), line: 0, key: String::new() };
            findings.problem(Problem::new(at, format!("cannot be read: {error}")));
            None
        }
    }
}
