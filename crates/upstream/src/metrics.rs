//! A server's load, out of its `GET /metrics`.
//!
//! The page is Prometheus text
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>). Only gauges
//! are looked for, so a line is a name, labels that do not matter, and a number.

use transom_core::backend::Load;

/// Largest page that is read, in bytes; vLLM's has about 60 KB.
pub(crate) const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What a gauge tells.
#[derive(Clone, Copy)]
enum Gauge {
    Running,
    Waiting,
    Cache,
}

fn gauge(name: &str) -> Option<Gauge> {
    match name {
        "vllm:num_requests_running" | "llamacpp:requests_processing" => Some(Gauge::Running),
        "vllm:num_requests_waiting" | "llamacpp:requests_deferred" => Some(Gauge::Waiting),
        // The second one is what vLLM called it before 0.10.
        "vllm:kv_cache_usage_perc" | "vllm:gpu_cache_usage_perc" => Some(Gauge::Cache),
        _ => None,
    }
}

/// Reads a page: counts are summed over engines and models, of the caches the fullest counts.
/// `None`: none of the gauges is there.
pub(crate) fn parse(page: &[u8]) -> Option<Load> {
    let page = String::from_utf8_lossy(page);
    let mut load = None;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    for (gauge, value) in lines.filter_map(sample) {
        let load: &mut Load = load.get_or_insert_default();
        match gauge {
            Gauge::Running => load.running = load.running.saturating_add(count(value)),
            Gauge::Waiting => load.waiting = load.waiting.saturating_add(count(value)),
            Gauge::Cache => load.kv_cache = load.kv_cache.max(share(value)),
        }
    }
    load
}

fn sample(line: &str) -> Option<(Gauge, f64)> {
    let end = line.find(['{', ' ', '\t'])?;
    let gauge = gauge(line.get(..end)?)?;
    // Label values may hold anything, braces included; what follows the last one is numbers.
    let numbers = line.rfind('}').map_or(end, |brace| brace + 1);
    let value: f64 = line.get(numbers..)?.split_ascii_whitespace().next()?.parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some((gauge, value))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float that is cast saturates, and negative ones are left out"
)]
fn count(value: f64) -> u32 {
    value as u32
}

#[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
fn share(value: f64) -> f32 {
    value.min(1.0) as f32
}

#[cfg(test)]
mod tests;
