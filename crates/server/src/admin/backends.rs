//! The model servers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::operation::Operation;
use super::refusal::Refusal;
use super::shown::backend::{Backend, backend};
use crate::app::App;
use crate::name::Name;
use crate::reply;
use crate::shape::shape;

shape! {
    /// Every backend, by name.
    answer struct Backends {
        /// `list`
        object: &'static str,
        /// The backends.
        data: Vec<Backend>,
    }
}

pub(super) fn operations() -> [Operation; 2] {
    [
        Operation::get("/admin/v1/backends", "Every backend", list).answers::<Backends>(200),
        Operation::get("/admin/v1/backends/{id}", "One backend", show)
            .answers::<Backend>(200)
            .fails(&[404]),
    ]
}

async fn list(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let data = app.control.backends().iter().map(backend).collect();
    Ok(reply::encode(&Backends { object: "list", data })?)
}

async fn show(State(app): State<Arc<App>>, Name(id): Name) -> Result<Response, Refusal> {
    let all = app.control.backends();
    let found = all.iter().find(|view| *view.spec.id.0 == *id);
    let found = found.ok_or_else(|| Refusal::NoBackend(id.clone()))?;
    Ok(reply::encode(&backend(found))?)
}
