//! The configuration of the rate-limit service itself (github.com/envoyproxy/ratelimit).

use gateway_model::{Gateway, RateLimit};
use rate_limiter::Rate;
use serde_json::{Value, json};

use crate::fields::fields;
use crate::yaml;

/// The file that the service reads.
pub const RATE_LIMIT_SERVICE: &str = "ratelimit.yaml";

/// What the service is to hold: for each limit that it does, how many requests of each key there may be in a
/// unit of time. None, if there is no service.
///
/// A limit has the name by which the pipeline asks about it, which is that of its metrics.
pub fn rate_limit_service_config(gateway: &Gateway) -> Option<String> {
    let service = gateway.rate_limiting.service.as_ref()?;
    let held = gateway
        .named_limits()
        .filter(|(_, _, limit)| limit.engine.is_some());
    let descriptors = held.map(|(_, name, limit)| descriptor(&name, limit));
    Some(yaml::write(&json!({
        "domain": service.domain.as_str(),
        "descriptors": descriptors.collect::<Vec<_>>(),
    })))
}

fn descriptor(name: &str, limit: &RateLimit) -> Value {
    json!({
        "key": "limit",
        "value": name,
        "descriptors": [fields(json!({
            "key": "key",
            // It counts, and refuses nothing.
            "shadow_mode": limit.dry_run.then_some(true),
            "rate_limit": {
                "name": name,
                "unit": unit(limit.rate),
                "requests_per_unit": limit.rate.tokens(),
            },
        }))],
    })
}

fn unit(rate: Rate) -> &'static str {
    match rate.period().as_secs() {
        1 => "second",
        60 => "minute",
        3_600 => "hour",
        _ => "day",
    }
}
