//! A stored response object whose end is told by somebody who did not write it.

use indexmap::IndexMap;
use serde_json::value::RawValue;
use transom_core::Json;

use super::{Outcome, PublicError};
use crate::responses::json;

/// The object with another status, and with an error if `outcome` has one. Everything else stays as
/// it was written, in its order. An object that is none stays whole as it is: the store holds what
/// this program wrote.
pub(in crate::responses) fn amended(object: &RawValue, outcome: &Outcome) -> Json {
    let Ok(mut fields) = serde_json::from_str::<IndexMap<&str, &RawValue>>(object.get()) else {
        return object.to_owned();
    };
    let status = json::raw(outcome.status().word());
    fields.insert("status", &status);
    let error = match outcome {
        Outcome::Failed(error) => json::raw::<PublicError>(error),
        _ => json::raw(&()),
    };
    fields.insert("error", &error);
    json::raw(&fields)
}
