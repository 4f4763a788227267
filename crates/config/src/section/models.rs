//! Models: what clients ask for.

use std::sync::Arc;

use transom_core::model::{Model, ModelName, Source, Strategy};

use crate::{
    Origin, Problem,
    resolve::Resolver,
    setting::section,
    value::{Name, Whole},
};

section! {
    /// One model as written, without its deployments.
    pub(crate) struct Settings in "models[]" {
        /// What clients call it. One `*` makes it a pattern: `team/*` serves every such name that
        /// no model has. Entries of one file with one name are one model.
        name: ModelName = unset "required",
        /// How one of its deployments is chosen.
        strategy: Strategy = unset "`routing.strategy`",
        /// Models that take over, in this order, when every deployment of it has failed.
        fallbacks: Vec<Name> = default Vec::new(),
        /// Models that take over when a request is too long for it.
        context_fallbacks: Vec<Name> = default Vec::new(),
        /// Models that take over when it refuses the content.
        content_fallbacks: Vec<Name> = default Vec::new(),
        /// Most tries beyond the first.
        retries: Whole<0, 100> = unset "`routing.retries`",
        /// Whether `/v1/models` leaves it out.
        hidden: bool = default false,
        /// Whether answers keep the name that the model server uses.
        expose_upstream_model: bool = default false,
    }
}

/// The lists of names in an entry that must be models.
pub(crate) const FALLBACKS: [&str; 3] =
    ["models[].fallbacks", "models[].context_fallbacks", "models[].content_fallbacks"];

/// Reads one entry; its deployments come later. `None` only when a problem was noted.
pub(crate) fn resolve(resolver: &mut Resolver<'_>, at: &Origin, source: Source) -> Option<Model> {
    let written = Settings::read(resolver);
    let name = resolver.required("models[].name", written.name, at);
    if resolver.draft.entries("models[].deployments[]").is_empty() {
        resolver.problem(
            Problem::new(at.clone(), "has no deployments")
                .hint("write at least one `- backend: NAME` below `deployments:`"),
        );
    }
    let names = |names: &[Name]| -> Vec<Arc<str>> { names.iter().map(Name::shared).collect() };
    Some(Model {
        name: name?,
        deployments: Vec::new(),
        strategy: written.strategy,
        fallbacks: names(&written.fallbacks),
        context_fallbacks: names(&written.context_fallbacks),
        content_fallbacks: names(&written.content_fallbacks),
        retries: written.retries.map(Whole::get),
        hidden: written.hidden,
        expose_upstream_model: written.expose_upstream_model,
        source,
    })
}

/// Adds a further entry of the same model: its deployments, and what the first one left open.
pub(crate) fn join(model: &mut Model, further: Model) {
    model.deployments.extend(further.deployments);
    model.strategy = model.strategy.or(further.strategy);
    model.retries = model.retries.or(further.retries);
    model.hidden |= further.hidden;
    model.expose_upstream_model |= further.expose_upstream_model;
    for (mine, theirs) in [
        (&mut model.fallbacks, further.fallbacks),
        (&mut model.context_fallbacks, further.context_fallbacks),
        (&mut model.content_fallbacks, further.content_fallbacks),
    ] {
        if mine.is_empty() {
            *mine = theirs;
        }
    }
}

/// Where weights decide, one of them must count.
pub(crate) fn check(model: &Model, at: &Origin) -> Option<Problem> {
    let weightless = model.deployments.iter().find(|first| {
        let mut level = model.deployments.iter().filter(|other| other.order == first.order);
        level.clone().count() > 1 && level.all(|other| other.weight == 0)
    })?;
    let order = weightless.order;
    let message = format!("every deployment of order {order} has weight 0: none would be chosen");
    Some(Problem::new(at.clone(), message).hint("give one of them a weight"))
}
