//! A model and how it stands.

use std::sync::Arc;

use transom_core::model::Source;
use transom_engine::control::ModelView;

use super::declared::{self, BackendDeclared, ModelDeclared};
use super::{DeploymentStatus, StateWord, deployment, key};
use crate::shape::{shape, words};

words! {
    /// Who declared a model: a file, a flag or a variable, or this API.
    SourceWord of ["file", "admin"]
}

shape! {
    /// A model and how it stands.
    answer struct ModelShown {
        /// The name that clients ask for.
        name: Arc<str>,
        /// `model`
        object: &'static str,
        /// Who declared it.
        source: SourceWord,
        /// Whether it is changed elsewhere than here.
        read_only: bool,
        /// When it was added, in seconds since the Unix epoch; absent for a model of the files.
        created_at: Option<i64>,
        /// When it was changed last, likewise.
        updated_at: Option<i64>,
        /// How it is declared, with every default.
        model: ModelDeclared,
        /// The servers of its deployments.
        backends: Vec<BackendDeclared>,
        /// How it stands.
        status: ModelStatus,
    }
}

shape! {
    /// How a model stands.
    answer struct ModelStatus {
        /// The best state among its deployments.
        state: StateWord,
        /// Why, when that is not `ready`.
        reason: Option<String>,
        /// Each deployment.
        deployments: Vec<DeploymentStatus>,
        /// The gateway's key for each server.
        keys: Vec<BackendKeyStatus>,
    }
}

shape! {
    /// The gateway's key for a server.
    answer struct BackendKeyStatus {
        /// The server.
        backend: Arc<str>,
        /// `none`, `configured`, or `missing: ` and where it should be.
        key: String,
    }
}

/// Shows a model.
pub(crate) fn model(view: &ModelView) -> ModelShown {
    let (source, read_only) = match view.model.source {
        Source::File => ("file", true),
        Source::Admin => ("admin", false),
    };
    let name = view.model.name.shared();
    let readiness = &view.readiness;
    let keys = view
        .backends
        .iter()
        .map(|spec| BackendKeyStatus { backend: Arc::clone(&spec.id.0), key: key(&spec.key) });
    let status = ModelStatus {
        state: StateWord(readiness.state.word()),
        reason: readiness.state.reason().map(str::to_owned),
        deployments: readiness.deployments.iter().map(|seen| deployment(&name, seen)).collect(),
        keys: keys.collect(),
    };
    ModelShown {
        name,
        object: "model",
        source: SourceWord(source),
        read_only,
        created_at: view.written.map(|(created, _)| created.seconds()),
        updated_at: view.written.map(|(_, updated)| updated.seconds()),
        model: declared::model(&view.model),
        backends: view.backends.iter().map(declared::backend).collect(),
        status,
    }
}
