//! The listener of a deployed gateway that tells how it is. It is on a port of its own, which no Service
//! leads to: the balancer asks there for health, the kubelet for readiness, Prometheus for metrics.

use gateway_model::{Entrance, Gateway};
use serde_json::{Value, json};

use crate::Placement;
use crate::edge::{HeaderOf, proxy_protocol};
use crate::http_connection_manager::{pipeline, router};
use crate::listeners::{CONNECTION_BUFFER_BYTES, is_every_address, socket_address};
use crate::pipeline::EXTENSION;

/// What the listener is called, and its part of the statistics; no label of a document can be that.
pub const LISTENER: &str = "headgate.status";

/// The cluster of Envoy's admin endpoint, which no upstream's can be called: those end with a hash.
const ADMIN: &str = "headgate.admin";

/// The path by which the balancer asks whether it may send clients here. It fails from
/// `POST /healthcheck/fail` of the admin endpoint on, while the listeners go on.
pub const HEALTH_PATH: &str = "/healthz";
/// The path by which the pipeline itself says that it works, at [`Entrance::READY_HOST`]: 200 with a
/// configuration that it has taken.
pub const READY_PATH: &str = "/ready";
/// The path of the metrics, for Prometheus.
pub const METRICS_PATH: &str = "/metrics";

/// `envoy.config.listener.v3.Listener`.
///
/// An NLB sends headers of the PROXY protocol on its health checks too, and nobody else does: so they may
/// be there here, and must be where clients come.
pub(crate) fn listener(gateway: &Gateway, placement: &Placement) -> Value {
    // Of every family that clients come by.
    let mut addresses = gateway.listeners.iter().map(|listener| listener.address);
    let address = addresses.find(|address| is_every_address(*address));
    json!({
        "name": LISTENER,
        "address": socket_address(address.unwrap_or_default(), Entrance::STATUS_PORT),
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        // To be asked while clients take up all connections that there may be.
        "ignore_global_conn_limit": true,
        "drain_type": "MODIFY_ONLY",
        "listener_filters": [proxy_protocol(HeaderOf::Some)],
        "filter_chains": [{ "filters": [
            connection_limit(),
            {
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": http_connection_manager(placement),
            },
        ] }],
    })
}

/// How many may be connected here at once. Balancers, kubelets and Prometheus are a few each; others who
/// reach the pod take no more of it than that.
const MOST_CONNECTIONS: u32 = 200;

/// `envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit`.
fn connection_limit() -> Value {
    json!({
        "name": "envoy.filters.network.connection_limit",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
            "stat_prefix": LISTENER,
            "max_connections": MOST_CONNECTIONS,
        },
    })
}

fn http_connection_manager(placement: &Placement) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": LISTENER,
        "codec_type": "AUTO",
        "use_remote_address": true,
        "common_http_protocol_options": { "idle_timeout": "60s" },
        "http2_protocol_options": { "max_concurrent_streams": 10 },
        "request_headers_timeout": "10s",
        "stream_idle_timeout": "30s",
        "route_config": {
            "name": LISTENER,
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [ready(), metrics(), nothing_else()],
            }],
        },
        "http_filters": [health(), pipeline(placement), router()],
    })
}

/// `envoy.extensions.filters.http.health_check.v3.HealthCheck`. It answers by itself.
fn health() -> Value {
    json!({
        "name": "envoy.filters.http.health_check",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck",
            "pass_through_mode": false,
            "headers": get(HEALTH_PATH),
        },
    })
}

/// `envoy.config.route.v3.Route` of the one request that comes to the pipeline here. It answers that
/// itself.
fn ready() -> Value {
    let mut matches = get(READY_PATH);
    matches.push(exactly(":authority", Entrance::READY_HOST));
    json!({
        "name": "ready",
        "match": { "path": READY_PATH, "headers": matches },
        "direct_response": { "status": 503 },
    })
}

/// `envoy.config.route.v3.Route`. Of all that the admin endpoint can, this one request comes there: the
/// whole target is compared, so that no query does.
fn metrics() -> Value {
    json!({
        "name": "metrics",
        "match": { "path": METRICS_PATH, "headers": get(METRICS_PATH) },
        "route": {
            "cluster": ADMIN,
            "prefix_rewrite": "/stats/prometheus",
            "timeout": "15s",
        },
        "typed_per_filter_config": without_pipeline(),
    })
}

/// `envoy.config.route.v3.Route` of all other requests, `OPTIONS *` too: what the document says is for
/// clients.
fn nothing_else() -> Value {
    json!({
        "name": "nothing-else",
        "match": { "safe_regex": { "regex": ".*" } },
        "direct_response": { "status": 404 },
        "typed_per_filter_config": without_pipeline(),
    })
}

/// `envoy.config.route.v3.HeaderMatcher`s of a GET for this target.
fn get(path: &str) -> Vec<Value> {
    vec![exactly(":method", "GET"), exactly(":path", path)]
}

fn exactly(name: &str, value: &str) -> Value {
    json!({ "name": name, "string_match": { "exact": value } })
}

fn without_pipeline() -> Value {
    json!({
        EXTENSION: {
            "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
            "disabled": true,
        },
    })
}

/// `envoy.config.cluster.v3.Cluster` of the admin endpoint.
pub(crate) fn admin(gateway: &Gateway) -> Value {
    json!({
        "name": ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": ADMIN,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": { "socket_address": {
                "address": "127.0.0.1",
                "port_value": gateway.admin.port.get(),
            } } } }] }],
        },
    })
}
