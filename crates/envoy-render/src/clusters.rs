//! A cluster for each upstream.

use std::collections::BTreeMap;

use filter_api::Duration;
use gateway_model::{Host, OutlierDetection, Upstream, UpstreamName};
use serde_json::{Map, Value, json};

use crate::duration::seconds;
use crate::fields::fields;
use crate::function::{Functions, named_by_content};
use crate::listeners::CONNECTION_BUFFER_BYTES;
use crate::{Placement, tls};

/// How many retries there may always be. Without them a budget of a fifth would allow none to an
/// upstream with fewer than five requests under way.
const RETRIES_AT_LEAST: u32 = 3;

/// `envoy.config.cluster.v3.Cluster`, one for each upstream, by name.
pub(crate) fn clusters(
    functions: &Functions<'_>,
    placement: &Placement,
) -> BTreeMap<String, Value> {
    let clusters = functions.clusters();
    let clusters = clusters.map(|(name, upstream, of)| {
        let cluster = cluster(name, upstream.as_str(), of, placement);
        (name.to_owned(), cluster)
    });
    clusters.collect()
}

/// A cluster of this name, whose statistics are called after `of`.
pub(crate) fn cluster(name: &str, of: &str, upstream: &Upstream, placement: &Placement) -> Value {
    let mut named = fields(json!({
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
    }));
    named.extend(content(of, upstream, placement));
    named.into()
}

/// The name of an upstream's cluster, which no other content has.
pub(crate) fn cluster_name(name: &UpstreamName, upstream: &Upstream) -> String {
    let content = content(name.as_str(), upstream, &Placement::anywhere());
    named_by_content(name.as_str(), &content.into())
}

/// All of a cluster but its name.
pub(crate) fn content(
    name: &str,
    upstream: &Upstream,
    placement: &Placement,
) -> Map<String, Value> {
    let address = upstream.address();
    // Envoy writes an IPv6 address without the brackets that tell it from its port.
    let (discovery, host) = match &address.host {
        Host::Ip(ip) => ("STATIC", ip.to_string()),
        Host::Name(name) => ("STRICT_DNS", name.to_string()),
    };
    let looked_up = discovery == "STRICT_DNS";
    let socket_address = json!({ "address": host, "port_value": address.port.get() });
    let tls = upstream.tls.as_ref();
    let detection = upstream.outlier_detection.as_ref();
    fields(json!({
        // Statistics stay those of the upstream when its content changes.
        "alt_stat_name": name,
        "type": discovery,
        "connect_timeout": seconds(upstream.connect_timeout().get()),
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": {
                "socket_address": socket_address,
            } } }] }],
        },
        "dns_lookup_family": looked_up.then_some("V4_PREFERRED"),
        "transport_socket": tls.map(|tls| tls::upstream(upstream, tls, placement)),
        "typed_extension_protocol_options": upstream.protocol.is_http2().then(http2),
        "circuit_breakers": circuit_breakers(upstream),
        "outlier_detection": detection.map(outlier_detection),
        "common_lb_config": detection.map(panic_threshold),
    }))
}

/// How many requests one HTTP/2 connection carries at once: what servers should take at least (RFC 9113
/// section 6.5.2). Envoy may send before the server has said what it takes. Of a burst of 1,500 requests
/// to one that takes 200, 100 were refused in two of five runs with Envoy's own 1,024, and none in five
/// runs with this.
const STREAMS_OF_A_CONNECTION: u32 = 100;

/// `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`.
fn http2() -> Value {
    json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": { "http2_protocol_options": {
                "max_concurrent_streams": STREAMS_OF_A_CONNECTION,
            } },
        },
    })
}

/// `envoy.config.cluster.v3.CircuitBreakers`.
fn circuit_breakers(upstream: &Upstream) -> Value {
    let limits = &upstream.circuit_breakers;
    json!({ "thresholds": [{
        "priority": "DEFAULT",
        "max_connections": limits.connections.get(),
        "max_pending_requests": limits.pending_requests.get(),
        "max_requests": limits.requests.get(),
        "retry_budget": {
            "budget_percent": { "value": upstream.retry_budget().get() },
            "min_retry_concurrency": RETRIES_AT_LEAST,
        },
    }] })
}

/// `envoy.config.cluster.v3.OutlierDetection`, of errors in a row alone: left to itself Envoy also
/// compares how often addresses succeed.
fn outlier_detection(detection: &OutlierDetection) -> Value {
    json!({
        "consecutive_5xx": detection.consecutive_errors.get(),
        "interval": seconds(detection.interval.get()),
        "base_ejection_time": seconds(detection.ejection_time.get()),
        // Envoy refuses a longest time that is shorter than the first.
        "max_ejection_time": seconds(detection.ejection_time.get().max(LONGEST_EJECTION)),
        "max_ejection_percent": detection.max_ejected.get(),
        "enforcing_consecutive_5xx": 100,
        "enforcing_success_rate": 0,
    })
}

/// `envoy.config.cluster.v3.Cluster.CommonLbConfig`. Below this share of healthy addresses Envoy would
/// spread requests over all of them again, those that are left out included.
fn panic_threshold(detection: &OutlierDetection) -> Value {
    let least = 100 - detection.max_ejected.get();
    json!({ "healthy_panic_threshold": { "value": least } })
}

/// As Envoy has it.
const LONGEST_EJECTION: Duration = Duration::from_secs(300);
