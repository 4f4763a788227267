//! Names that must belong to something.

use std::sync::Arc;

use super::assembly::Assembly;
use crate::{Origin, Problem, nearest::nearest, resolve::Resolver, section::models};

/// A name that stands somewhere and must belong to something.
pub(super) struct Reference {
    /// The layer at fault; `None` for a plain setting.
    pub(super) layer: Option<usize>,
    pub(super) at: Origin,
    pub(super) target: Target,
    pub(super) name: Arc<str>,
}

/// What a name must belong to.
pub(super) enum Target {
    /// A server.
    Backend,
    /// A model that takes over from another one.
    Fallback {
        /// The model that it takes over from.
        of: Arc<str>,
    },
    /// A model that takes over from every other one.
    DefaultFallback,
    /// The model behind an alias.
    Aliased,
}

impl Assembly<'_> {
    /// Checks what can only be checked when every name is known.
    pub(super) fn check(&mut self, resolver: &Resolver<'_>) {
        let at = resolver.origin("routing.default_fallbacks");
        for name in &self.fleet.routing.default_fallbacks {
            let (at, target) = (at.clone(), Target::DefaultFallback);
            self.references.push(Reference { layer: None, at, target, name: Arc::clone(name) });
        }
        for reference in std::mem::take(&mut self.references) {
            let Some(problem) = self.judge(&reference) else { continue };
            match reference.layer {
                Some(layer) => self.problems[layer].push(problem),
                None => self.common.push(problem),
            }
        }
        for (model, (_, at)) in self.fleet.models.iter().zip(&self.origins) {
            let Some(problem) = models::check(model, at) else { continue };
            if let Some(layer) = self.layer_of(model.name.as_str()) {
                self.problems[layer].push(problem);
            }
        }
    }

    fn judge(&self, reference: &Reference) -> Option<Problem> {
        let Reference { at, target, name, .. } = reference;
        let problem = |message: String| Problem::new(at.clone(), message);
        match target {
            Target::Backend if self.has_server(name) => None,
            Target::Backend => {
                let near = nearest(name, self.server_names());
                Some(advise(problem(format!("no backend is called `{name}`")), near))
            }
            Target::Fallback { of } if name == of || self.behind(name) == Some(of) => {
                Some(problem(format!("`{of}` would fall back to itself")))
            }
            Target::Aliased if self.behind(name).is_some() => Some(
                problem(format!("`{name}` is an alias itself"))
                    .hint("name the model that is behind it"),
            ),
            Target::Fallback { .. } | Target::DefaultFallback | Target::Aliased => {
                (!self.is_asked(name)).then(|| self.unknown(problem, name))
            }
        }
    }

    fn unknown(&self, problem: impl Fn(String) -> Problem, name: &str) -> Problem {
        let models = self.fleet.models.iter().map(|model| model.name.as_str());
        let aliases = self.fleet.aliases.iter().map(|alias| &*alias.name);
        let near = nearest(name, models.chain(aliases));
        advise(problem(format!("no model is called `{name}`")), near)
    }

    /// Whether a request for the name would find a model.
    fn is_asked(&self, name: &str) -> bool {
        self.behind(name).is_some()
            || self.fleet.models.iter().any(|model| model.name.matched(name).is_some())
    }

    /// The model behind an alias.
    fn behind(&self, name: &str) -> Option<&Arc<str>> {
        let alias = self.fleet.aliases.iter().find(|alias| &*alias.name == name)?;
        Some(&alias.model)
    }
}

fn advise(problem: Problem, near: Option<&str>) -> Problem {
    match near {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}
