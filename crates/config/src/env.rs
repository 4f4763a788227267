//! The register of environment variables: those that set something, declared with their setting in
//! `section/`, and those that older guides name and that have no effect here.

use crate::{
    draft::Draft, nearest::nearest, problem::Findings, section, setting::Declaration, value::Raw,
    variables::Variables,
};

/// Every name that belongs to us starts so.
const PREFIX: &str = "VR_";

/// A variable of the reference system that Transom knows and does not use.
#[derive(Debug, Clone, Copy)]
pub struct Inert {
    /// Its name.
    pub name: &'static str,
    /// Why it has no effect.
    pub reason: &'static str,
}

const UNUSED: &str = "nothing ever used it";
const MOCK: &str = "there is no mock upstream in the program";
const SCHEMA: &str = "migrations run at start or with `transom migrate`";

/// The variables without effect; setting one is worth a notice.
pub const INERT: &[Inert] = &[
    Inert { name: "VR_SERVICE_KEY", reason: "use VR_API_KEY for a master key" },
    Inert { name: "VR_SERVICE_KEY_ALT", reason: "use VR_API_KEY for a master key" },
    Inert { name: "VR_ENCRYPTION_KEY", reason: UNUSED },
    Inert { name: "VR_DB_INIT", reason: SCHEMA },
    Inert { name: "VR_DB_RESET", reason: SCHEMA },
    Inert { name: "VR_DB_SCHEMA_READY", reason: SCHEMA },
    Inert { name: "VR_CACHE_RESET", reason: UNUSED },
    Inert { name: "VR_MOCK_LLM_MODE", reason: MOCK },
    Inert { name: "VR_MOCK_LLM_CASSETTE_DIR", reason: MOCK },
    Inert { name: "VR_MOCK_LLM_SCENARIOS", reason: MOCK },
    Inert { name: "VR_MOCK_LLM_DEFAULT_SCENARIO", reason: MOCK },
    Inert { name: "VR_MOCK_LLM_STRICT", reason: MOCK },
    Inert { name: "PROMETHEUS_MULTIPROC_DIR", reason: "all threads share one set of metrics" },
];

/// The settings that have a variable, in the order of the reference.
pub(crate) fn declared() -> impl Iterator<Item = (&'static str, Declaration)> {
    section::all()
        .into_iter()
        .flat_map(|section| section.declarations)
        .filter_map(|declaration| Some((declaration.meta.variable?, declaration)))
}

/// Lowers the environment, and says of each variable of ours without effect that it has none.
pub(crate) fn lower(variables: &Variables, found: &mut Findings) -> Draft {
    let mut draft = Draft::default();
    let known: Vec<_> = declared().collect();
    for (name, value, origin) in variables.iter() {
        if let Some((_, declaration)) = known.iter().find(|(variable, _)| *variable == name) {
            draft.put(declaration.meta.path, Raw::Scalar(value.to_owned()), origin.clone());
        } else if let Some(inert) = INERT.iter().find(|inert| inert.name == name) {
            found.notice(origin.clone(), format!("has no effect: {}", inert.reason));
        } else if name.starts_with(PREFIX) {
            found.notice(origin.clone(), unknown(name, known.iter().map(|(name, _)| *name)));
        }
    }
    draft
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("has no effect: no such variable, did you mean {near}?"),
        None => "has no effect: no such variable".to_owned(),
    }
}
