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
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": http_connection_manager(placement),
        }] }],
    })
}

fn http_connection_manager(placement: &Placement) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": LISTENER,
        "codec_type": "AUTO",
        "use_remote_address": true,
        "common_http_protocol_options": { "idle_timeout": "60s" },
        "request_headers_timeout": "10s",
        "stream_idle_timeout": "30s",
        "route_config": {
            "name": LISTENER,
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [metrics()],
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
            "headers": [
                { "name": ":method", "string_match": { "exact": "GET" } },
                { "name": ":path", "string_match": { "exact": HEALTH_PATH } },
            ],
        },
    })
}

/// `envoy.config.route.v3.Route`. Of all that the admin endpoint can, this one request comes there: the
/// whole target is compared, so that no query does.
fn metrics() -> Value {
    json!({
        "name": "metrics",
        "match": {
            "path": METRICS_PATH,
            "headers": [
                { "name": ":method", "string_match": { "exact": "GET" } },
                { "name": ":path", "string_match": { "exact": METRICS_PATH } },
            ],
        },
        "route": {
            "cluster": ADMIN,
            "prefix_rewrite": "/stats/prometheus",
            "timeout": "15s",
        },
        "typed_per_filter_config": {
            EXTENSION: {
                "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
                "disabled": true,
            },
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
