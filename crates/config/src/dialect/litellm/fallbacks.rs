//! Models that take over, and other names of models.

use transom_core::model::ModelName;

use crate::{
    Draft, Origin,
    dialect::litellm::{group::Groups, lowering::Lowering, place::Place},
    draft::Entry,
    value::{Raw, Scalar as _},
};

const DEFAULTS: &str = "routing.default_fallbacks";

/// LiteLLM's name for every model in a list of fallbacks.
const EVERY: &str = "*";

/// The lists: LiteLLM's key, and ours within a model.
pub(super) const KINDS: [(&str, &str); 3] = [
    ("fallbacks", "models[].fallbacks"),
    ("context_window_fallbacks", "models[].context_fallbacks"),
    ("content_policy_fallbacks", "models[].content_fallbacks"),
];

/// Another name of a model.
pub(super) struct Other {
    name: String,
    model: String,
    hidden: Option<Origin>,
    at: Origin,
}

impl Lowering<'_> {
    /// `model_group_alias`: names of models, or `{model, hidden}`.
    pub(super) fn others(&mut self, place: &Place<'_>) -> Vec<Other> {
        let Some(fields) = place.fields() else {
            self.problem(place.origin(), "must be a mapping");
            return Vec::new();
        };
        let mut others = Vec::new();
        for (name, value) in fields {
            let name = name.to_owned();
            let Some(parts) = value.fields().filter(|_| !value.is_null()) else {
                let model = self.text(&value);
                let other = |model| Other { name, model, hidden: None, at: value.origin() };
                others.extend(model.map(other));
                continue;
            };
            let find = |key: &str| parts.iter().find(|(known, _)| *known == key).map(|(_, at)| at);
            for (key, at) in parts.iter().filter(|(key, _)| !["model", "hidden"].contains(key)) {
                let what = format!("`{key}` is not a known key");
                self.unsupported(at.origin(), what, "write `model` and `hidden`");
            }
            let hidden = find("hidden").filter(|at| self.truth(at) == Some(true));
            match find("model").and_then(|at| self.text(at)) {
                Some(model) => {
                    let hidden = hidden.map(Place::origin);
                    others.push(Other { name, model, hidden, at: value.origin() });
                }
                None => self.problem(value.origin(), "has no `model`"),
            }
        }
        others
    }

    /// Puts the other names whose model is served, and gives those back.
    pub(super) fn put_others(&mut self, others: Vec<Other>, groups: &Groups) -> Vec<Other> {
        let names: Vec<String> = others.iter().map(|other| other.name.clone()).collect();
        let mut put = Vec::new();
        for other in others {
            if groups.has(&other.name) {
                self.no_effect(other.at, "is a model of model_list too, which is served");
            } else if !groups.has(&other.model) && names.contains(&other.model) {
                self.unsupported(other.at, "stands for another such name", "name its model");
            } else if serves(groups, &other.model) {
                self.put_other(&other);
                put.push(other);
            } else {
                self.unserved(&other.at, &other.model);
            }
        }
        put
    }

    fn put_other(&mut self, other: &Other) {
        let mut draft = Draft::default();
        let mut put = |path, text: &str, at: &Origin| {
            draft.put(path, Raw::Scalar(text.to_owned()), at.clone());
        };
        put("aliases[].name", &other.name, &other.at);
        put("aliases[].model", &other.model, &other.at);
        if let Some(at) = &other.hidden {
            put("aliases[].hidden", "true", at);
        }
        self.draft.push("aliases[]", Entry { origin: other.at.clone(), draft });
    }

    /// A list of `{model: [models]}`; the first mention of a model counts.
    pub(super) fn fallbacks(
        &mut self,
        place: &Place<'_>,
        path: &'static str,
        groups: &mut Groups,
        others: &[Other],
    ) {
        let Some(items) = place.items() else {
            return self.problem(place.origin(), "must be a list of `model: [models]`");
        };
        let mut every = None;
        for item in items {
            let Some(fields) = item.fields() else {
                self.problem(item.origin(), "must be `model: [models]`");
                continue;
            };
            for (model, names) in fields {
                let targets = (self.targets(&names, groups, others), names.origin());
                if model == EVERY && !groups.has(EVERY) {
                    every = every.or(Some(targets));
                } else {
                    let model = behind(model, others);
                    self.attach(model, path, targets, (groups, others));
                }
            }
        }
        match every {
            Some((names, at)) if path == KINDS[0].1 => self.put_defaults(names, at),
            Some((names, at)) => {
                for group in groups.iter_mut().filter(|group| group.draft.best(path).is_none()) {
                    let (others, _) = others_than(&group.name, names.clone(), others);
                    group.draft.put(path, Raw::List(others), at.clone());
                }
            }
            None => {}
        }
    }

    fn attach(
        &mut self,
        model: &str,
        path: &'static str,
        (targets, at): (Vec<String>, Origin),
        (groups, others): (&mut Groups, &[Other]),
    ) {
        let Some(group) = groups.iter_mut().find(|group| group.name == model) else {
            return self.unserved(&at, model);
        };
        if let Some(first) = group.draft.best(path).map(|first| first.origin.to_string()) {
            return self.no_effect(at, format!("{first} says otherwise"));
        }
        let (targets, own) = others_than(&group.name, targets, others);
        if !own.is_empty() {
            self.no_effect(at.clone(), format!("`{}` is the model itself", own.join("`, `")));
        }
        group.draft.put(path, Raw::List(targets), at);
    }

    /// `default_fallbacks`: a list of models.
    pub(super) fn default_fallbacks(
        &mut self,
        place: &Place<'_>,
        groups: &Groups,
        others: &[Other],
    ) {
        let targets = self.targets(place, groups, others);
        self.put_defaults(targets, place.origin());
    }

    /// In LiteLLM `*` in `fallbacks` comes before `default_fallbacks`.
    fn put_defaults(&mut self, targets: Vec<String>, at: Origin) {
        match self.draft.best(DEFAULTS).map(|first| first.origin.to_string()) {
            Some(first) => self.no_effect(at, format!("{first} says otherwise")),
            None => self.draft.put(DEFAULTS, Raw::List(targets), at),
        }
    }

    /// The models of a list that are served; the others are told.
    fn targets(&mut self, place: &Place<'_>, groups: &Groups, others: &[Other]) -> Vec<String> {
        let items = place.items().unwrap_or_else(|| vec![place.clone()]);
        let mut targets = Vec::new();
        for item in items {
            if item.spelling().is_none() {
                let what = "a model that takes over cannot have parameters of its own";
                self.unsupported(item.origin(), what, "write its name alone");
                continue;
            }
            let Some(name) = self.text(&item) else { continue };
            if serves(groups, &name) || others.iter().any(|other| other.name == name) {
                targets.push(name);
            } else {
                self.unserved(&item.origin(), &name);
            }
        }
        targets
    }

    fn unserved(&mut self, at: &Origin, model: &str) {
        let what = format!("no entry of model_list serves `{model}`, so this is left out");
        self.unsupported(at.clone(), what, "name a model_name that is served");
    }
}

/// Whether a request for `model` would be served.
fn serves(groups: &Groups, model: &str) -> bool {
    let mut names = groups.names().filter_map(|name| ModelName::read(name).ok());
    !model.contains('*') && names.any(|name| name.matched(model).is_some())
}

/// The model behind a name.
fn behind<'n>(name: &'n str, others: &'n [Other]) -> &'n str {
    others.iter().find(|other| other.name == name).map_or(name, |other| other.model.as_str())
}

/// The names of models besides `model`, and those of `model`: LiteLLM passes over them.
fn others_than(model: &str, names: Vec<String>, others: &[Other]) -> (Vec<String>, Vec<String>) {
    names.into_iter().partition(|name| behind(name, others) != model)
}
