//! Configuration files of gateways in front of the mocks.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::mock::MODEL;

/// Where the mocks are.
pub(crate) type Mocks = [SocketAddr; 2];

/// Models in a file that changes.
pub(crate) const MODELS: usize = 20;

/// Models that are in both forms of that file, and so can be asked for at any time.
pub(crate) const LASTING: usize = MODELS - 1;

/// The alias in [`aliased`].
pub(crate) const ALIAS: &str = "bench-alias";

/// What the lasting models are chosen by, in turn.
const STRATEGIES: [&str; 7] = [
    "weighted_shuffle",
    "round_robin",
    "least_loaded",
    "two_choices",
    "lowest_latency",
    "prefix_aware",
    "session",
];

/// The forms of a file that take turns. They differ in every weight, in the last model and in the
/// backend that only this model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    First,
    Second,
}

impl Form {
    /// The one whose turn is next.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }

    /// Weights of the deployments on either mock.
    fn weights(self) -> [u32; 2] {
        match self {
            Self::First => [1, 3],
            Self::Second => [2, 1],
        }
    }
}

/// The name of a model in [`changing`].
pub(crate) fn model(index: usize) -> String {
    format!("bench-{index:02}")
}

/// [`MODELS`] models with a deployment on each of the mocks.
pub(crate) fn changing(mocks: Mocks, form: Form) -> String {
    let [one, two] = mocks;
    let (word, [left, right]) = (form.word(), form.weights());
    let mut text = format!(
        "backends:
  - {{name: one, url: \"http://{one}/v1\"}}
  - {{name: two, url: \"http://{two}/v1\"}}
  - {{name: only-{word}, url: \"http://{two}/v1\"}}
models:
"
    );
    for (index, strategy) in (0..LASTING).zip(STRATEGIES.iter().cycle()) {
        let name = model(index);
        let _never_fails = write!(
            text,
            "  - name: {name}
    strategy: {strategy}
    deployments:
      - {{backend: one, model: {MODEL}, weight: {left}}}
      - {{backend: two, model: {MODEL}, weight: {right}}}
"
        );
    }
    let _never_fails = write!(
        text,
        "  - name: only-{word}
    deployments:
      - {{backend: only-{word}, model: {MODEL}}}
"
    );
    text
}

/// One model under another name, asked for by [`ALIAS`]: the name is changed on the way in and put
/// back in the answer.
pub(crate) fn aliased(mock: SocketAddr) -> String {
    format!(
        "backends:
  - {{name: one, url: \"http://{mock}/v1\"}}
models:
  - name: bench-model
    deployments:
      - {{backend: one, model: {MODEL}}}
aliases:
  - {{name: {ALIAS}, model: bench-model}}
"
    )
}
