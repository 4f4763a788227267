//! What holds for every entry of `model_list` that does not say otherwise.

use std::collections::BTreeMap;

use crate::{
    dialect::litellm::{
        known::model::{CREDENTIAL, CREDENTIAL_VALUES},
        lowering::{Fields, Lowering, Strangers},
        place::Place,
    },
    draft::Sourced,
    value::{Raw, Scalar as _},
};

/// What holds for every entry of `model_list` that does not say otherwise.
#[derive(Default)]
pub(super) struct Usual<'a> {
    /// Most requests at once.
    pub(super) parallel: Option<Sourced>,
    /// How certificates are checked, as a setting of a server.
    pub(super) trust: Option<(&'static str, Sourced)>,
    /// A file with certificate and key to show.
    pub(super) certificate: Option<Sourced>,
    /// `credential_list`: addresses and keys under a name.
    pub(super) credentials: BTreeMap<String, Fields<'a>>,
}

impl Lowering<'_> {
    /// `ssl_verify`: a switch, or a file with authorities. `None` inside: as usual.
    pub(super) fn trust(&mut self, value: &Place<'_>) -> Option<(&'static str, Sourced)> {
        let text = self.text(value)?;
        let sourced = |raw: &str| Sourced { raw: Raw::Scalar(raw.into()), origin: value.origin() };
        match bool::read(text.trim()) {
            Ok(true) => None,
            Ok(false) => Some(("backends[].insecure_tls", sourced("true"))),
            Err(_) => Some(("backends[].ca", sourced(&text))),
        }
    }

    /// Reads `credential_list`.
    pub(super) fn credentials<'p>(&mut self, lists: &[Place<'p>]) -> BTreeMap<String, Fields<'p>> {
        let mut credentials = BTreeMap::new();
        for place in lists {
            let Some(items) = place.items() else {
                self.problem(place.origin(), "must be a list");
                continue;
            };
            for item in items {
                let entry = self.fields(&item, CREDENTIAL, Strangers::Mistakes);
                let name = entry.get("credential_name").and_then(|name| self.text(name));
                let Some(name) = name else {
                    self.problem(item.origin(), "has no `credential_name`");
                    continue;
                };
                let values = entry
                    .get("credential_values")
                    .map(|values| self.fields(values, CREDENTIAL_VALUES, Strangers::Mistakes));
                credentials.insert(name, values.unwrap_or_default());
            }
        }
        credentials
    }
}
