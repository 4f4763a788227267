//! The models: those of the files can be read, those of the store can be changed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use transom_core::failure::{Failure, Missing};
use transom_engine::control::{Wording, Write};

use super::body;
use super::operation::Operation;
use super::operator::Operator;
use super::refusal::Refusal;
use super::shown::declared::ModelDeclaration;
use super::shown::model::{ModelShown, model};
use crate::app::App;
use crate::name::Name;
use crate::reply;
use crate::shape::shape;

/// Names of models contain slashes.
const ONE: &str = "/admin/v1/models/{*name}";

const ALL: &str = "/admin/v1/models";

shape! {
    /// Every model, in the order of the configuration.
    answer struct Models {
        /// `list`
        object: &'static str,
        /// The models.
        data: Vec<ModelShown>,
    }
}

shape! {
    /// A model that has been taken out.
    answer struct DeletedModel {
        /// Its name.
        name: String,
        /// `model`
        object: &'static str,
        /// `true`
        deleted: bool,
    }
}

pub(super) fn operations() -> [Operation; 5] {
    [
        Operation::get(ALL, "Every model", list).answers::<Models>(200).fails(&[503]),
        Operation::post(ALL, "Add a model", create)
            .reads::<ModelDeclaration>()
            .answers::<ModelShown>(201)
            .fails(&[409, 503]),
        Operation::get(ONE, "One model", show).answers::<ModelShown>(200).fails(&[404, 503]),
        Operation::patch(
            ONE,
            "Change a model: fields that are given replace the old ones, null takes a field out",
            update,
        )
        .reads::<ModelDeclaration>()
        .answers::<ModelShown>(200)
        .fails(&[404, 409, 503]),
        Operation::delete(ONE, "Take a model out", delete)
            .answers::<DeletedModel>(200)
            .fails(&[404, 409, 503]),
    ]
}

async fn list(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let data = app.control.models().await?.iter().map(model).collect();
    Ok(reply::encode(&Models { object: "list", data })?)
}

async fn show(State(app): State<Arc<App>>, Name(name): Name) -> Result<Response, Refusal> {
    let all = app.control.models().await?;
    let found = all.iter().find(|view| view.model.name.as_str() == name);
    let found = found.ok_or(Failure::NotFound(Missing::Model(name)))?;
    Ok(reply::encode(&model(found))?)
}

async fn create(
    State(app): State<Arc<App>>,
    operator: Operator,
    request: Request,
) -> Result<Response, Refusal> {
    let json = body::text(&app, request).await?;
    let (caller, control) = (&operator.caller, &app.control);
    let written = control.write_model(caller, None, &json, Wording::Native, Write::Create).await;
    let written = written.map_err(Refusal::from);
    let name = written.as_ref().map_or("a new one", |view| view.model.name.as_str());
    operator.log("add model", name, &written);
    Ok((StatusCode::CREATED, reply::encode(&model(&written?))?).into_response())
}

async fn update(
    State(app): State<Arc<App>>,
    operator: Operator,
    Name(name): Name,
    request: Request,
) -> Result<Response, Refusal> {
    let json = body::text(&app, request).await?;
    let (caller, control) = (&operator.caller, &app.control);
    let written =
        control.write_model(caller, Some(&name), &json, Wording::Native, Write::Update).await;
    let written = written.map_err(Refusal::from);
    operator.log("change model", &name, &written);
    Ok(reply::encode(&model(&written?))?)
}

async fn delete(
    State(app): State<Arc<App>>,
    operator: Operator,
    Name(name): Name,
) -> Result<Response, Refusal> {
    let removed = app.control.remove_model(&operator.caller, &name, None).await;
    let removed = removed.map_err(Refusal::from);
    operator.log("take model out", &name, &removed);
    removed?;
    Ok(reply::encode(&DeletedModel { name, object: "model", deleted: true })?)
}
