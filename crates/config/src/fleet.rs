//! From the lists of every source to one [`Fleet`].
//!
//! The order of sources is [`MERGE_ORDER`]. Each source is a [`Layer`]; a name belongs to the first
//! layer that declares it. What goes wrong in a file is a problem and stops the program. What goes
//! wrong in a row of the admin API leaves that row out, with a notice: a file that changes must not
//! be refused, nor a restart fail, because of a model that was added long ago.

mod assembly;
mod references;
mod unnamed;

use transom_core::{
    fleet::{Fleet, Routing},
    model::Source,
};

use self::assembly::Assembly;
use crate::{
    Draft, Origin, Problem,
    resolve::Resolver,
    section::{deployments::Defaults, upstream::Behind},
};

/// How sources are merged, for the reference and for `config show`.
pub const MERGE_ORDER: &str = "\
A flag wins over a variable, a variable over `.env` in the working directory, `.env` over files, \
files over models of the admin API. Of several files the one named first on the command line wins. \
Of models with one name in different sources the whole model of the winning source is used; \
entries of one source with one name are one model. `--upstream` and a spawned vLLM add the model \
`*`, which gets what no source declares.";

/// The lists of one source.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) kind: Kind,
    pub(crate) lists: Draft,
    /// What is wrong with a row by itself; what is wrong with a file was said when it was read.
    pub(crate) problems: Vec<Problem>,
}

/// What a layer was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A configuration file, with those it includes.
    File,
    /// A row of the admin API: the name of its model.
    Row(String),
}

impl Layer {
    /// Whether anything can be asked for because of it.
    pub(crate) fn has_models(&self) -> bool {
        !self.lists.entries("models[]").is_empty()
    }

    fn source(&self) -> Source {
        match self.kind {
            Kind::File => Source::File,
            Kind::Row(_) => Source::Admin,
        }
    }
}

/// A row of the admin API that is left out.
#[derive(Debug)]
pub(crate) struct LeftOut {
    /// The name of its model.
    pub(crate) model: String,
    /// Why.
    pub(crate) problems: Vec<Problem>,
}

impl LeftOut {
    /// The model and everything that is wrong with it.
    pub(crate) fn told(&self) -> String {
        let problems: Vec<_> = self.problems.iter().map(ToString::to_string).collect();
        format!("model {}: {}", self.model, problems.join("; "))
    }
}

/// The fleet and what there is to say about it.
pub(crate) struct Assembled {
    pub(crate) fleet: Fleet,
    /// Each model with the place that declares it.
    pub(crate) origins: Vec<(String, Origin)>,
    /// Rows that are left out; each got a notice too.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Merges and checks. Rows that fail are taken out one round at a time, because a row may need
/// another one.
pub(crate) fn assemble(
    resolver: &mut Resolver<'_>,
    mut layers: Vec<Layer>,
    behind: Option<&Behind>,
    routing: &Routing,
    defaults: &Defaults<'_>,
) -> Assembled {
    let mut left_out = Vec::new();
    loop {
        let notices = resolver.findings.notices.len();
        let mut assembly = Assembly::new(routing.clone(), defaults, layers.len());
        if let Some(behind) = behind {
            assembly.upstream(behind);
        }
        for (index, layer) in layers.iter().enumerate() {
            assembly.layer(resolver, index, layer);
        }
        assembly.check(resolver);
        let failed = take_failed_rows(&mut layers, &mut assembly.problems);
        if failed.is_empty() {
            let problems = assembly.problems.into_iter().flatten();
            resolver.findings.problems.extend(assembly.common.into_iter().chain(problems));
            resolver.shown.entries.extend(assembly.shown);
            return Assembled { fleet: assembly.fleet, origins: assembly.origins, left_out };
        }
        resolver.findings.notices.truncate(notices);
        for row in &failed {
            for problem in &row.problems {
                let message = format!("the model is left out: {}", problem.said());
                resolver.findings.notice(problem.at.clone(), message);
            }
        }
        left_out.extend(failed);
    }
}

fn take_failed_rows(layers: &mut Vec<Layer>, problems: &mut [Vec<Problem>]) -> Vec<LeftOut> {
    let mut failed = Vec::new();
    let mut index = 0;
    layers.retain(|layer| {
        let own = &mut problems[index];
        index += 1;
        match &layer.kind {
            Kind::Row(model) if !own.is_empty() => {
                failed.push(LeftOut { model: model.clone(), problems: std::mem::take(own) });
                false
            }
            _ => true,
        }
    });
    failed
}
