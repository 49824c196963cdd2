//! What Envoy makes of the names of metrics.

use gateway::metrics::{DURATION, LABELS};
use serde_json::{Value, json};

/// What Envoy puts before the names that a module gives, and takes off again for Prometheus.
const NAMESPACE: &str = "wasmcustom";

/// The upper bounds of the duration's buckets in microseconds: from 500 µs to a minute.
const DURATION_BUCKETS: [u32; 16] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// Labels of what is counted of tokens, of their keys and of limits, beside those of requests.
const LABELS_OF_KERNELS: [&str; 3] = ["provider", "limit", "outcome"];

/// `envoy.config.metrics.v3.StatsConfig`: takes labels out of the names that the pipeline gives
/// (`;label=value;`), so that they are labels to Prometheus.
pub(crate) fn stats_config() -> Value {
    let labels = LABELS.into_iter().chain(LABELS_OF_KERNELS);
    let tags = labels.map(|label| {
        json!({
            "tag_name": label,
            // The first group is taken out of the name, the second is the label's value.
            "regex": format!(r"^{NAMESPACE}\.headgate_.*?(;{label}=([^;]*);)"),
        })
    });
    json!({
        "stats_tags": tags.collect::<Vec<_>>(),
        "histogram_bucket_settings": [{
            "match": { "prefix": format!("{NAMESPACE}.{DURATION}") },
            "buckets": DURATION_BUCKETS,
        }],
    })
}
