//! Models that are written through the admin API: rows of the store, in native words.

use std::borrow::Cow;

use serde_json::value::RawValue;
use transom_config::{AdminModel, Invocation, Problem, admin_model, admin_model_of_litellm};
use transom_core::caller::Principal;
use transom_core::model::Source;
use transom_core::port::models::{Expect, ModelRow};
use transom_engine::control::{ControlError, ModelView, Wording, Write};

use super::{Controller, admin_models};

mod merge;

impl Controller {
    /// Checks and writes a row; gives its name.
    pub(super) async fn write_row(
        &self,
        caller: &Principal,
        name: Option<&str>,
        json: &str,
        wording: Wording,
        write: Write,
    ) -> Result<String, ControlError> {
        let list = self.store.list().await?;
        let AdminModel { name, json } = self.row(&list.rows, name, json, wording, write)?;
        let at = self.timestamp();
        let row = ModelRow {
            name: name.clone(),
            json: RawValue::from_string(json).map_err(malformed)?,
            created_at: at,
            updated_at: at,
            updated_by: caller.scope.clone(),
        };
        self.put(row, list.revision).await?;
        Ok(name)
    }

    /// Writes a row unless another one has been written since `revision`.
    async fn put(&self, row: ModelRow, revision: i64) -> Result<(), ControlError> {
        if self.store.put(row, Expect::Revision(revision)).await? {
            return Ok(());
        }
        Err(ControlError::Conflict("the models have been changed meanwhile: try again".to_owned()))
    }

    /// The row that a write leads to, checked against the files and the other rows.
    fn row(
        &self,
        rows: &[ModelRow],
        name: Option<&str>,
        json: &str,
        wording: Wording,
        write: Write,
    ) -> Result<AdminModel, ControlError> {
        let invocation = self.recipe.invocation(admin_models(rows));
        let said = match wording {
            Wording::Native => Cow::Borrowed(json),
            Wording::LiteLlm => {
                let row = of_litellm(json, &invocation)?;
                // Its owner changes and removes a deployment by its id.
                let id = transom_core::id::ItemId::fresh("dep", &*self.ids);
                let row = merge::with_own_servers(&row).map_err(malformed)?;
                Cow::Owned(merge::with_id(&row, id.as_str()).map_err(malformed)?)
            }
        };
        let known = |name: &str| rows.iter().find(|row| row.name == name);
        let named = merge::name(&said).map_err(malformed)?;
        let name = name.unwrap_or(&named);
        self.refuse_file_model(name)?;
        let whole = match (write, known(name)) {
            (Write::Create, Some(_)) => {
                let message = format!("a model '{name}' exists already");
                return Err(ControlError::Conflict(message));
            }
            (Write::Update, None) => return Err(missing(name)),
            (Write::Update, Some(old)) if wording == Wording::Native => {
                Cow::Owned(merge::update(old.json.get(), &said).map_err(malformed)?)
            }
            // An entry of LiteLLM is one deployment: those beside it stay.
            (Write::Join, Some(old)) => {
                let known = merge::Known::Exchanged;
                Cow::Owned(merge::join(old.json.get(), &said, known).map_err(malformed)?)
            }
            (Write::Update, Some(old)) => {
                let known = merge::Known::Amended;
                Cow::Owned(merge::join(old.json.get(), &said, known).map_err(malformed)?)
            }
            (Write::Create | Write::Join, None) => said,
        };
        admin_model(&whole, &invocation).map_err(|all| invalid(&all))
    }

    /// Takes a row out, or one deployment of it; with its last deployment the row goes too.
    pub(super) async fn remove_row(
        &self,
        caller: &Principal,
        name: &str,
        deployment: Option<&str>,
    ) -> Result<(), ControlError> {
        self.refuse_file_model(name)?;
        let list = self.store.list().await?;
        let row = list.rows.iter().find(|row| row.name == name).ok_or_else(|| missing(name))?;
        let rest = match deployment {
            Some(id) => merge::without(row.json.get(), id).map_err(malformed)?,
            None => None,
        };
        let mut others: Vec<_> = list.rows.iter().filter(|row| row.name != name).cloned().collect();
        if let Some(rest) = rest {
            let json = RawValue::from_string(rest).map_err(malformed)?;
            let (updated_at, updated_by) = (self.timestamp(), caller.scope.clone());
            let row = ModelRow { json, updated_at, updated_by, ..row.clone() };
            others.push(row.clone());
            self.refuse_harm(&others)?;
            self.put(row, list.revision).await?;
        } else {
            self.refuse_harm(&others)?;
            if !self.store.remove(name).await? {
                return Err(missing(name));
            }
        }
        self.reloaded().await
    }

    /// Refuses rows beside which one that is in effect could not be.
    fn refuse_harm(&self, rows: &[ModelRow]) -> Result<(), ControlError> {
        let read = self.recipe.read(admin_models(rows));
        let config = read.map_err(|refused| ControlError::Invalid(refused.problems))?;
        let known = self.now().revision.left_out.clone();
        let harmed = config.models_left_out.into_iter().find(|model| !known.contains(model));
        harmed.map_or(Ok(()), |model| Err(ControlError::Conflict(model)))
    }

    /// The model as it is in effect after a write.
    pub(super) async fn in_effect(&self, name: &str) -> Result<ModelView, ControlError> {
        self.reloaded().await?;
        let models = self.gateway.models_in_effect();
        let found = models.into_iter().find(|(model, _)| model.name.as_str() == name);
        let (model, readiness) = found.ok_or_else(|| missing(name))?;
        Ok(self.view_of_model(&model, readiness))
    }

    /// Puts what was written into effect.
    pub(super) async fn reloaded(&self) -> Result<(), ControlError> {
        let taken = Self::reload(self).await;
        taken.map(drop).map_err(|rejected| ControlError::Invalid(rejected.problems))
    }

    fn refuse_file_model(&self, name: &str) -> Result<(), ControlError> {
        let models = self.gateway.models_in_effect();
        let of_file = |(model, _): &(transom_core::model::Model, _)| {
            model.name.as_str() == name && model.source == Source::File
        };
        if models.iter().any(of_file) {
            let message = format!("the model '{name}' is declared in a file: change it there");
            return Err(ControlError::ReadOnly(message));
        }
        Ok(())
    }
}

fn of_litellm(json: &str, invocation: &Invocation<'_>) -> Result<String, ControlError> {
    let (row, findings) = admin_model_of_litellm(json, invocation).map_err(|all| invalid(&all))?;
    for finding in findings {
        tracing::info!(model = %row.name, "{finding}");
    }
    Ok(row.json)
}

fn missing(name: &str) -> ControlError {
    ControlError::NotFound(format!("no model '{name}' was added through this API"))
}

fn invalid(problems: &[Problem]) -> ControlError {
    ControlError::Invalid(problems.iter().map(ToString::to_string).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
fn malformed(error: serde_json::Error) -> ControlError {
    ControlError::Invalid(vec![error.to_string()])
}
