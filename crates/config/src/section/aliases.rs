//! Other names of models.

use transom_core::model::Alias;

use crate::{Origin, resolve::Resolver, setting::section, value::Name};

section! {
    /// One alias as written.
    pub(crate) struct Settings in "aliases[]" {
        /// The other name.
        name: Name = unset "required",
        /// The model it stands for.
        model: Name = unset "required",
        /// Whether `/v1/models` leaves it out.
        hidden: bool = default false,
    }
}

/// Reads one entry; `None` only when a problem was noted.
pub(crate) fn resolve(resolver: &mut Resolver<'_>, at: &Origin) -> Option<Alias> {
    let written = Settings::read(resolver);
    let name = resolver.required("aliases[].name", written.name, at);
    let model = resolver.required("aliases[].model", written.model, at);
    Some(Alias { name: name?.shared(), model: model?.shared(), hidden: written.hidden })
}
