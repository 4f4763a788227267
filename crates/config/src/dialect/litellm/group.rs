//! Entries of `model_list` with one name: a model, and what its deployments decide together.

use crate::{
    Draft,
    dialect::litellm::{
        decimal::Decimal,
        deployment::{ORDER, RPM, Served, TPM, WEIGHT},
        lowering::Lowering,
    },
    draft::{Entry, Sourced},
    value::Raw,
};

/// Largest weight written for one that has to be converted.
const LARGEST_WEIGHT: u64 = 1000;

/// Whether weights decide, so that LiteLLM takes `rpm` or `tpm` where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shuffle {
    /// They do.
    Weighted,
    /// Something else does.
    Other,
}

/// The models so far, in the order of the file.
#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
}

/// A model.
pub(super) struct Group {
    /// What clients call it.
    pub(super) name: String,
    /// Settings besides its deployments.
    pub(super) draft: Draft,
    head: Sourced,
    retries: Option<Sourced>,
    deployments: Vec<Entry>,
}

impl Groups {
    /// Puts an entry to those of the same name.
    pub(super) fn add(&mut self, served: Served, lowering: &mut Lowering<'_>) {
        let name = scalar(&served.model).to_owned();
        let known = self.groups.iter().position(|group| group.name == name);
        let index = known.unwrap_or_else(|| {
            let head = served.model.clone();
            let (retries, deployments, draft) = (None, Vec::new(), Draft::default());
            self.groups.push(Group { name, draft, head, retries, deployments });
            self.groups.len() - 1
        });
        let group = &mut self.groups[index];
        group.deployments.push(served.entry);
        match (&group.retries, served.retries) {
            (None, further) => group.retries = further,
            (Some(first), Some(further)) if first.raw != further.raw => {
                lowering.no_effect(further.origin, format!("{} says otherwise", first.origin));
            }
            (Some(_), _) => {}
        }
    }

    /// The models, to add settings to them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.groups.iter_mut()
    }

    /// The models' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// Whether a model, or a pattern, is called so.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// As entries of the list of models.
    pub(super) fn entries(self, shuffle: Shuffle) -> impl Iterator<Item = Entry> {
        self.groups.into_iter().map(move |group| group.entry(shuffle))
    }
}

impl Group {
    fn entry(mut self, shuffle: Shuffle) -> Entry {
        order(&mut self.deployments);
        if shuffle == Shuffle::Weighted {
            weigh(&mut self.deployments);
        }
        let origin = self.head.origin.clone();
        self.draft.put("models[].name", self.head.raw, self.head.origin);
        if let Some(retries) = self.retries {
            self.draft.put("models[].retries", retries.raw, retries.origin);
        }
        for deployment in self.deployments {
            self.draft.push("models[].deployments[]", deployment);
        }
        Entry { origin, draft: self.draft }
    }
}

/// Where some entries have an `order`, LiteLLM uses those without one last.
fn order(deployments: &mut [Entry]) {
    let orders = deployments.iter().filter_map(|entry| entry.draft.best(ORDER));
    let Some(last) = orders.filter_map(|order| scalar(order).trim().parse::<u32>().ok()).max()
    else {
        return;
    };
    for entry in deployments.iter_mut().filter(|entry| entry.draft.best(ORDER).is_none()) {
        let raw = Raw::Scalar(last.saturating_add(1).to_string());
        entry.draft.put(ORDER, raw, entry.origin.clone());
    }
}

/// LiteLLM's shuffle looks at the first deployment of an order: where that has a `weight`, weights
/// decide, else its `rpm`, else its `tpm`; the others count 0 where they lack it.
fn weigh(deployments: &mut [Entry]) {
    let order = |entry: &Entry| entry.draft.best(ORDER).map(|order| scalar(order).to_owned());
    let mut orders: Vec<_> = deployments.iter().map(order).collect();
    orders.dedup();
    orders.sort();
    orders.dedup();
    for wanted in orders {
        let level: Vec<_> = deployments.iter_mut().filter(|entry| order(entry) == wanted).collect();
        weigh_level(level);
    }
}

fn weigh_level(mut level: Vec<&mut Entry>) {
    let Some(first) = level.first().filter(|_| level.len() > 1) else { return };
    let Some(measure) =
        [WEIGHT, RPM, TPM].into_iter().find(|path| first.draft.best(path).is_some())
    else {
        return;
    };
    let read = |entry: &&mut Entry| match entry.draft.best(measure) {
        Some(sourced) => Decimal::parse(scalar(sourced)),
        None => Decimal::parse("0"),
    };
    // A text that is no number is told when the deployment is read.
    let Some(shares) = level.iter().map(read).collect::<Option<Vec<_>>>() else { return };
    for (entry, weight) in level.iter_mut().zip(weights(&shares)) {
        let origin = match entry.draft.best(measure) {
            Some(sourced) => sourced.origin.clone(),
            None => entry.origin.clone(),
        };
        entry.draft.discard(WEIGHT);
        entry.draft.put(WEIGHT, Raw::Scalar(weight), origin);
    }
}

/// Whole numbers up to [`LARGEST_WEIGHT`] in the same proportion; small whole ones stay as they
/// are, and what is not 0 never becomes 0.
fn weights(shares: &[Decimal]) -> Vec<String> {
    let places = shares.iter().map(Decimal::places).max().unwrap_or(0);
    let whole = |share: &Decimal| share.shifted(places).parse::<u64>().unwrap_or(u64::MAX);
    let whole: Vec<u64> = shares.iter().map(whole).collect();
    let largest = whole.iter().copied().max().unwrap_or(0).max(1);
    let scaled = |share: u64| {
        let share = u128::from(share) * u128::from(LARGEST_WEIGHT);
        share.div_ceil(u128::from(largest)).to_string()
    };
    let fits = largest <= LARGEST_WEIGHT;
    whole.iter().map(|share| if fits { share.to_string() } else { scaled(*share) }).collect()
}

fn scalar(sourced: &Sourced) -> &str {
    match &sourced.raw {
        Raw::Scalar(text) => text,
        Raw::List(_) => "",
    }
}
