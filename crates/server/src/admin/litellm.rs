//! Routes in `LiteLLM`'s words that change models. What they write is kept like any other model of
//! the admin API.
//!
//! # Layout
//!
//! - this file: `/model/new`, `/model/update`, `/model/{id}/update`, `/model/delete`.
//! - `asked`: what they read. `health`: `/health`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use transom_core::failure::{Failure, Missing};
use transom_engine::control::{ModelView, Wording, Write};

use super::body;
use super::operation::Operation;
use super::operator::Operator;
use super::refusal::Refusal;
use crate::app::App;
use crate::litellm::entry::{
    self, LiteLlmInfo, LiteLlmModel, LiteLlmModels, LiteLlmParams, Reader, entry,
};
use crate::litellm::models;
use crate::name::Name;
use crate::reply;
use crate::shape::shape;
use asked::{Asked, DeletedId, Known, LiteLlmDeclaration};

mod asked;
pub(super) mod health;

shape! {
    /// A deployment that has been written.
    answer struct LiteLlmWritten {
        /// The deployment's id, by which it is changed and taken out.
        model_id: Arc<str>,
        /// The name that clients ask for.
        model_name: Arc<str>,
        /// Where it is served.
        litellm_params: LiteLlmParams,
        /// What is known about it.
        model_info: LiteLlmInfo,
        /// When its model was added, in seconds since the Unix epoch.
        created_at: Option<i64>,
        /// When its model was changed last, likewise.
        updated_at: Option<i64>,
    }
}

shape! {
    /// A deployment that has been taken out.
    answer struct LiteLlmDeleted {
        /// A sentence.
        message: String,
    }
}

pub(super) fn operations() -> [Operation; 6] {
    let info = |path| {
        Operation::get(path, "Every deployment, without keys", models::for_operators)
            .query("litellm_model_id", "Only the deployment of this id.")
            .answers::<LiteLlmModels>(200)
            .fails(&[404, 503])
    };
    [
        info("/model/info"),
        info("/v1/model/info"),
        Operation::post("/model/new", "Add a deployment, and its model if it is new", add)
            .reads::<LiteLlmDeclaration>()
            .answers::<LiteLlmWritten>(200)
            .fails(&[409, 503]),
        Operation::post(
            "/model/update",
            "Change the deployment that `model_info.id` names: what is not said stays",
            update,
        )
        .reads::<LiteLlmDeclaration>()
        .answers::<LiteLlmWritten>(200)
        .fails(&[404, 409, 503]),
        Operation::patch("/model/{id}/update", "Change the deployment of this id", patch)
            .reads::<LiteLlmDeclaration>()
            .answers::<LiteLlmWritten>(200)
            .fails(&[404, 409, 503]),
        Operation::post("/model/delete", "Take a deployment out", delete)
            .reads::<DeletedId>()
            .answers::<LiteLlmDeleted>(200)
            .fails(&[404, 409, 503]),
    ]
}

async fn add(
    State(app): State<Arc<App>>,
    operator: Operator,
    request: Request,
) -> Result<Response, Refusal> {
    let json = body::text(&app, request).await?;
    let asked = Asked::read(&json)?;
    let (caller, control) = (&operator.caller, &app.control);
    let written = control.write_model(caller, None, &json, Wording::LiteLlm, Write::Join).await;
    let written = written.map_err(Refusal::from);
    operator.log("add deployment", asked.model_name.as_deref().unwrap_or_default(), &written);
    shown(&written?, asked.model_info.id.as_deref())
}

async fn update(
    State(app): State<Arc<App>>,
    operator: Operator,
    request: Request,
) -> Result<Response, Refusal> {
    let json = body::text(&app, request).await?;
    let id = Asked::read(&json)?.required_id()?;
    change(&app, &operator, &id, &json).await
}

async fn patch(
    State(app): State<Arc<App>>,
    operator: Operator,
    Name(id): Name,
    request: Request,
) -> Result<Response, Refusal> {
    let json = body::text(&app, request).await?;
    Asked::read(&json)?.must_be(&id)?;
    change(&app, &operator, &id, &json).await
}

async fn change(app: &App, operator: &Operator, id: &str, json: &str) -> Result<Response, Refusal> {
    let written = amend(app, operator, id, json).await;
    operator.log("change deployment", id, &written);
    shown(&written?, Some(id))
}

async fn amend(app: &App, operator: &Operator, id: &str, json: &str) -> Result<ModelView, Refusal> {
    let view = model_of(app, id).await?;
    let name = view.model.name.shared();
    Asked::read(json)?.must_stay_in(&name)?;
    let deployment = view.model.deployments.iter().find(|deployment| *deployment.id.0 == *id);
    let known = deployment.map(|deployment| Known {
        id,
        name: &name,
        upstream: entry::upstream(&view, deployment),
        address: entry::server(&view, deployment).map(|server| &*server.url),
    });
    let known = known.ok_or_else(|| Failure::NotFound(Missing::Model(id.to_owned())))?;
    let json = asked::completed(json, &known)?;
    let (caller, control) = (&operator.caller, &app.control);
    let (wording, write) = (Wording::LiteLlm, Write::Update);
    Ok(control.write_model(caller, Some(&name), &json, wording, write).await?)
}

async fn delete(
    State(app): State<Arc<App>>,
    operator: Operator,
    request: Request,
) -> Result<Response, Refusal> {
    let DeletedId { id } = body::read(&app, request).await?;
    let removed = remove(&app, &operator, &id).await;
    operator.log("take deployment out", &id, &removed);
    removed?;
    let message = format!("Model: {id} deleted successfully");
    Ok(reply::encode(&LiteLlmDeleted { message })?)
}

async fn remove(app: &App, operator: &Operator, id: &str) -> Result<(), Refusal> {
    let name = model_of(app, id).await?.model.name.shared();
    Ok(app.control.remove_model(&operator.caller, &name, Some(id)).await?)
}

/// The model that has a deployment of this id.
async fn model_of(app: &App, id: &str) -> Result<ModelView, Refusal> {
    let all = app.control.models().await?;
    let has = |view: &ModelView| view.model.deployments.iter().any(|d| *d.id.0 == *id);
    all.into_iter().find(has).ok_or_else(|| Failure::NotFound(Missing::Model(id.to_owned())).into())
}

/// Shows the deployment that was written: the one of this id, or else the newest.
fn shown(view: &ModelView, id: Option<&str>) -> Result<Response, Refusal> {
    let deployments = &view.model.deployments;
    let named = deployments.iter().find(|deployment| Some(&*deployment.id.0) == id);
    let Some(deployment) = named.or(deployments.last()) else {
        return Err(Failure::Internal("a model without deployments".into()).into());
    };
    let LiteLlmModel { model_name, litellm_params, model_info } =
        entry(view, deployment, Reader::Operator);
    Ok(reply::encode(&LiteLlmWritten {
        model_id: Arc::clone(&model_info.id),
        model_name,
        litellm_params,
        model_info,
        created_at: view.written.map(|(created, _)| created.seconds()),
        updated_at: view.written.map(|(_, updated)| updated.seconds()),
    })?)
}
