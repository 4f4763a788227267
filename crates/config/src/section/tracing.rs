//! Export of traces, which does not exist yet.

use crate::{
    resolve::Resolver,
    setting::section,
    value::{Ratio, Whole},
};

section! {
    /// The settings as written.
    #[expect(dead_code, reason = "checked now, used once the function exists")]
    pub(crate) struct Settings in "tracing" {
        /// Whether traces are exported over OTLP.
        [variable("VR_TRACING_ENABLED"), later()]
        enabled: bool = default false,
        /// Name of the service in traces.
        [variable("VR_OTEL_SERVICE_NAME"), later()]
        service_name: String = default "vllm-responses".to_owned(),
        /// Share of requests traced.
        [variable("VR_TRACING_SAMPLE_RATIO"), later()]
        sample_ratio: Ratio = default Ratio::percent(1),
        /// Host of the collector.
        [variable("VR_OPENTELEMETRY_HOST"), later()]
        host: String = default "otel-collector".to_owned(),
        /// Port of the collector.
        [variable("VR_OPENTELEMETRY_PORT"), later()]
        port: Whole<1, 65535> = default Whole::clamped(4317),
    }
}

/// Checks the settings; turning tracing on is a problem.
pub(crate) fn resolve(resolver: &mut Resolver<'_>) {
    if Settings::read(resolver).enabled {
        resolver.not_yet("tracing.enabled", "tracing", "unset it");
    }
}
