//! Which model is asked for, and may it be asked for this?

use std::sync::Arc;

use transom_core::failure::{Failure, Missing};
use transom_core::port::upstream::Route;

use crate::live::Snapshot;

/// Refuses a model that does not exist, or that nobody serves on this route. The name that comes
/// back is the client's, shared.
pub(crate) fn resolve(live: &Snapshot, model: &str, route: Route) -> Result<Arc<str>, Failure> {
    let found = live.catalog.find(model);
    let found = found.ok_or_else(|| Failure::NotFound(Missing::Model(model.to_owned())))?;
    if found.group.serves(route) {
        return Ok(Arc::from(model));
    }
    let message = format!("The model '{model}' cannot be asked on this route.");
    Err(Failure::invalid("model", "unsupported_model", message))
}
