//! The models that a fake backend serves.

/// The context length of models for which none is given, in tokens.
const DEFAULT_LENGTH: u32 = 32_768;

/// One entry of `/v1/models`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedModel {
    /// The name by which requests ask for it.
    pub id: String,
    /// `max_model_len` in tokens; `None` leaves the field out, as servers other than vLLM do.
    pub max_model_len: Option<u32>,
}

impl From<&str> for ServedModel {
    fn from(id: &str) -> Self {
        Self { id: id.to_owned(), max_model_len: Some(DEFAULT_LENGTH) }
    }
}

impl From<(&str, u32)> for ServedModel {
    fn from((id, length): (&str, u32)) -> Self {
        Self { id: id.to_owned(), max_model_len: Some(length) }
    }
}

/// Which model names exist.
#[derive(Clone, Debug)]
pub(super) struct Models {
    pub(super) listed: Vec<ServedModel>,
    pub(super) rule: ModelRule,
}

/// What happens to a name that is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelRule {
    /// It is answered 404 as vLLM does.
    Listed,
    /// It is served like any other, as llama.cpp does.
    Any,
}

impl Models {
    pub(super) fn new(listed: impl IntoIterator<Item = impl Into<ServedModel>>) -> Self {
        Self { listed: listed.into_iter().map(Into::into).collect(), rule: ModelRule::Listed }
    }

    pub(super) fn serves(&self, model: &str) -> bool {
        self.rule == ModelRule::Any || self.listed.iter().any(|served| served.id == model)
    }

    /// The context length of a model, in tokens.
    pub(super) fn length(&self, model: &str) -> u32 {
        let found = self.listed.iter().find(|served| served.id == model);
        found.and_then(|served| served.max_model_len).unwrap_or(DEFAULT_LENGTH)
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.listed.iter().map(|served| served.id.clone()).collect()
    }
}
