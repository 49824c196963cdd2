//! Limits that are divided among replicas.

use gateway_model::Gateway;
use rate_limiter::Rate;

/// What each of so many replicas has of each limit that they share, in a line for each.
pub fn told(gateway: &Gateway, replicas: u32) -> Vec<String> {
    let shared = gateway
        .named_limits()
        .filter(|(_, _, limit)| limit.share.is_some());
    let lines = shared.map(|(place, _, limit)| {
        let rate = limit.rate;
        let burst = limit.burst.unwrap_or(rate.tokens());
        let whole = format!(
            "{place} \"{}\": {rate} with bursts of {burst} in all",
            limit.name()
        );
        let (each, each_burst) = (divided(rate, replicas), burst / replicas.max(1));
        match replicas {
            1 => format!("{whole}, which this one Envoy has"),
            _ => format!(
                "{whole}, divided among {replicas} replicas at most: {each} with bursts of {each_burst} in each"
            ),
        }
    });
    lines.collect()
}

/// `33.33/s`, rounded down.
fn divided(rate: Rate, among: u32) -> String {
    let hundredths = u64::from(rate.tokens()) * 100 / u64::from(among.max(1));
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let written = rate.to_string();
    let unit = written.rsplit('/').next().unwrap_or_default();
    match rest {
        0 => format!("{whole}/{unit}"),
        _ => format!("{whole}.{rest:02}/{unit}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::panic,
        clippy::indexing_slicing,
        reason = "test code: a panic is how a test fails"
    )]

    use super::*;

    #[test]
    fn what_each_replica_has_is_told() {
        let document = "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
                        listeners: [{ name: http, port: 8080 }]\n\
                        upstreams: { pets: { http: \"pets:80\" } }\n\
                        limits: [{ name: whole, rate: 100/s, share: replicas }, { rate: 1/s }]\n\
                        routes:\n\
                        - match: { path: /a }\n\
                        \x20 limits: [{ rate: 1000/m, burst: 50, share: replicas }]\n\
                        \x20 to: [{ upstream: pets }]\n";
        let read = gateway_model::read("gateway.yaml", document.as_bytes());
        let gateway = read.unwrap_or_else(|wrong| panic!("{wrong}")).document;
        assert_eq!(
            told(&gateway, 3),
            [
                "limits[0] \"whole\": 100/s with bursts of 100 in all, divided among 3 replicas at most: 33.33/s \
                 with bursts of 33 in each",
                "routes[0].limits[0] \"1000/m\": 1000/m with bursts of 50 in all, divided among 3 replicas at \
                 most: 333.33/m with bursts of 16 in each",
            ]
        );
        assert_eq!(
            told(&gateway, 1)[0],
            "limits[0] \"whole\": 100/s with bursts of 100 in all, which this one Envoy has"
        );
    }
}
