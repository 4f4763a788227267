//! The page Prometheus reads.

use crate::{resolve::Resolver, setting::section, value::MetricsRoute};

section! {
    /// The settings as written.
    pub(crate) struct Settings in "metrics" {
        /// Whether metrics are recorded and served.
        [variable("VR_METRICS_ENABLED")]
        enabled: bool = default true,
        /// Path of the metrics page.
        [variable("VR_METRICS_PATH")]
        path: MetricsRoute = default MetricsRoute::usual(),
    }
}

/// The metrics page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metrics {
    /// Nothing is recorded.
    Off,
    /// Served at this path.
    At(MetricsRoute),
}

impl Metrics {
    pub(crate) fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let written = Settings::read(resolver);
        if written.enabled { Self::At(written.path) } else { Self::Off }
    }
}
