//! Groups of targets: each becomes a model.

use std::collections::BTreeSet;

use super::{
    provider::Vendor,
    reader::{Reader, Setting},
    strategy::Sharing,
    target::Target,
};
use crate::{Draft, Origin, Treatment, draft::Entry, value::Raw};

const POSITION: Origin = Origin::Default(Some("the position in the file"));

const SHORT: &str = "the short form of a provider string";

/// A target as a member of a group.
pub(super) struct Member<'t> {
    pub(super) target: &'t Target,
    /// Another name at the server than the target's own.
    pub(super) upstream: Option<Setting>,
    pub(super) weight: Option<Setting>,
}

/// Targets that serve one name.
pub(super) struct Group<'t> {
    /// What clients ask for.
    pub(super) name: Setting,
    pub(super) listing: Listing,
    pub(super) sharing: Option<Sharing>,
    pub(super) members: Vec<Member<'t>>,
    /// Further settings of the model.
    pub(super) settings: Vec<Setting>,
}

/// Whether the list of models shows a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    Shown,
    /// It is the short form of a name that is shown.
    Hidden,
}

impl Group<'_> {
    /// The model. `usual` is the sharing where the group itself does not say; `ids` are those that
    /// deployments of other models have.
    pub(super) fn model(&self, usual: Option<Sharing>, ids: &mut BTreeSet<String>) -> Entry {
        let weighted = self.members.iter().any(|member| member.weight.is_some());
        let unsaid = if weighted { Sharing::Weighted } else { Sharing::Ordered };
        let sharing = self.sharing.or(usual).unwrap_or(unsaid);
        let mut draft = Draft::default();
        self.name.put(&mut draft);
        for setting in &self.settings {
            setting.put(&mut draft);
        }
        if self.listing == Listing::Hidden {
            draft.suggest("models[].hidden", Raw::Scalar("true".to_owned()), SHORT);
        }
        let strategy = match sharing {
            Sharing::Ordered => None,
            Sharing::Weighted | Sharing::Alike => Some("weighted_shuffle"),
            Sharing::By(word) => Some(word),
        };
        if let Some(word) = strategy {
            Setting::new("models[].strategy", word, self.name.origin.clone()).put(&mut draft);
        }
        for (position, member) in self.members.iter().enumerate() {
            let deployment = member.deployment(sharing, position, self.members.len(), ids);
            draft.push("models[].deployments[]", deployment);
        }
        Entry { origin: self.name.origin.clone(), draft }
    }
}

impl Member<'_> {
    fn deployment(
        &self,
        sharing: Sharing,
        position: usize,
        members: usize,
        ids: &mut BTreeSet<String>,
    ) -> Entry {
        let target = self.target;
        let mut draft = target.deployment();
        let own = self.upstream.as_ref().or(target.upstream.as_ref());
        if let Some(name) = own {
            name.put(&mut draft);
        }
        let id = match &self.upstream {
            Some(other) => format!("{}:{}", target.id, other.text()),
            None => target.id.clone(),
        };
        // The first model has the target's id; in further ones the deployment has the usual name.
        if ids.insert(id.clone()) {
            Setting::new("models[].deployments[].id", id, target.at.clone()).put(&mut draft);
        }
        if sharing == Sharing::Ordered && members > 1 {
            let order = position.to_string();
            Setting::new("models[].deployments[].order", order, POSITION).put(&mut draft);
        }
        if let (Sharing::Weighted, Some(weight)) = (sharing, &self.weight) {
            weight.put(&mut draft);
        }
        Entry { origin: target.at.clone(), draft }
    }
}

/// The groups that provider strings make: one for each string, and one for each bare name. A bare
/// name that only one string has is an alias of it. `taken` are the names that the file gives to
/// groups of its own.
pub(super) fn by_name<'t>(
    targets: &'t [Target],
    taken: &[&str],
    draft: &mut Draft,
) -> Vec<Group<'t>> {
    let mut strings = Vec::new();
    let mut bare = Vec::new();
    for target in targets {
        let name = target.model.as_deref().unwrap_or("*");
        match &target.provider {
            Some(string) => {
                join(&mut strings, string, Listing::Shown, target);
                join(&mut bare, name, Listing::Hidden, target);
            }
            None => join(&mut bare, name, Listing::Shown, target),
        }
    }
    strings.retain(|group| !taken.contains(&group.name.text()));
    bare.retain(|group| !taken.contains(&group.name.text()));
    for group in bare {
        match group.only_string() {
            Some(string) => alias(group.name.under("aliases[].name"), string, group.listing, draft),
            None => strings.push(group),
        }
    }
    vllm_alias(targets, draft);
    strings
}

fn join<'t>(groups: &mut Vec<Group<'t>>, name: &str, listing: Listing, target: &'t Target) {
    let member = Member { target, upstream: None, weight: target.weight.clone() };
    if let Some(group) = groups.iter_mut().find(|group| group.name.text() == name) {
        group.members.push(member);
        if listing == Listing::Shown {
            group.listing = Listing::Shown;
        }
        return;
    }
    groups.push(Group {
        name: Setting::new("models[].name", name, target.at.clone()),
        listing,
        sharing: None,
        members: vec![member],
        settings: Vec::new(),
    });
}

impl<'t> Group<'t> {
    /// The provider string that every member has.
    fn only_string(&self) -> Option<&'t str> {
        let first = self.members.first()?.target.provider.as_deref()?;
        let same = |member: &Member<'_>| member.target.provider.as_deref() == Some(first);
        self.members.iter().all(same).then_some(first)
    }
}

/// `vllm` stands for the one model that targets with this bare provider string name.
fn vllm_alias(targets: &[Target], draft: &mut Draft) {
    let bare = |target: &&Target| target.vendor == Vendor::Vllm && target.provider.is_none();
    let mut bare = targets.iter().filter(bare);
    let Some(first) = bare.next() else { return };
    let Some(model) = &first.model else { return };
    if bare.all(|other| other.model.as_ref() == Some(model)) {
        let name = Setting::new("aliases[].name", "vllm", first.at.clone());
        alias(name, model, Listing::Shown, draft);
    }
}

/// Adds another name of a model.
pub(super) fn alias(name: Setting, model: &str, listing: Listing, draft: &mut Draft) {
    let mut alias = Draft::default();
    if listing == Listing::Hidden {
        alias.suggest("aliases[].hidden", Raw::Scalar("true".to_owned()), SHORT);
    }
    Setting::new("aliases[].model", model, name.origin.clone()).put(&mut alias);
    name.put(&mut alias);
    draft.push("aliases[]", Entry { origin: name.origin, draft: alias });
}

/// Says what becomes of the weights.
pub(super) fn say_weights(reader: &mut Reader<'_>, targets: &[Target], usual: Option<Sharing>) {
    for weight in targets.iter().filter_map(|target| target.weight.as_ref()) {
        let (treatment, message) = match usual {
            None | Some(Sharing::Weighted) => {
                (Treatment::Exact, "is `weight` of the deployment; the order does not count then")
            }
            Some(_) => (Treatment::NoEffect, "the strategy of the file does not look at weights"),
        };
        reader.said(weight, treatment, message);
    }
}
