//! How a listener speaks HTTP.

use filter_api::Duration;
use gateway_model::{Gateway, Listener, Port};
use serde_json::{Map, Value, json};

use crate::access_log::access_log;
use crate::discovery::{PIPELINE, ROUTES, source};
use crate::duration::seconds;
use crate::fields::fields;
use crate::pipeline::EXTENSION;
use crate::routes::ROUTE_TABLE;
use crate::{Placement, edge, rate_limits};

/// `envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`, hardened as
/// an edge needs it (Envoy's "Configuring Envoy as an edge proxy").
pub(crate) fn http_connection_manager(
    gateway: &Gateway,
    listener: &Listener,
    placement: &Placement,
) -> Value {
    let entrance = placement.entrance.as_ref();
    let idle_timeout = entrance.and_then(|entrance| edge::idle_timeout(entrance, listener));
    let idle_timeout = idle_timeout.unwrap_or(IDLE_TIMEOUT);
    let mut manager = fields(json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": listener.name.as_str(),
        "codec_type": "AUTO",
        // The client's address is the connection's; what it says of itself is not believed.
        "use_remote_address": true,
        // What the pipeline matches and what the upstream receives are one string.
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {
            "idle_timeout": seconds(idle_timeout),
            // "x_user" and "x-user" are one header to many servers.
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        // Clients that offer TLS within HTTP/1.1 (RFC 2817) take an answer without it as well.
        "http_protocol_options": { "ignore_http_11_upgrade": [{ "prefix": "TLS/" }] },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        "request_headers_timeout": "10s",
        // For requests whose function is not chosen yet; a function brings its own.
        "stream_idle_timeout": "30s",
        "access_log": [access_log()],
    }));
    manager.extend(edge::believed(entrance, listener));
    manager.extend(match listener.redirect_to_https {
        Some(port) => redirecting(port),
        None => serving(gateway, placement),
    });
    manager.into()
}

/// What asks the routes.
fn serving(gateway: &Gateway, placement: &Placement) -> Map<String, Value> {
    // Makes calls of gRPC-Web calls of gRPC, and their answers again what they read. Before the pipeline, so
    // that the pipeline knows one kind of caller.
    let grpc_web = json!({
        "name": "envoy.filters.http.grpc_web",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
        },
    });
    let mut filters = vec![grpc_web, pipeline(placement)];
    // Behind the pipeline, which says what is asked.
    filters.extend(rate_limits::filters(gateway));
    filters.push(router());
    fields(json!({
        // Envoy decides about an upgrade before the function is chosen; the pipeline refuses those
        // that the function does not take.
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "rds": { "route_config_name": ROUTE_TABLE, "config_source": source(ROUTES, placement) },
        "http_filters": filters,
    }))
}

/// What sends every client to the same URL with https, at this port. 308 keeps the method and the body:
/// with 301 clients make GET of POST (RFC 9110 section 15.4.2).
fn redirecting(port: Port) -> Map<String, Value> {
    // The port that the client wrote is the one in the clear.
    let port = (port.get() != HTTPS).then_some(port.get());
    let redirect = fields(json!({
        "https_redirect": true,
        "port_redirect": port,
        "response_code": "PERMANENT_REDIRECT",
    }));
    fields(json!({
        "strip_any_host_port": true,
        "route_config": {
            "name": "redirect-to-https",
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{ "name": "redirect-to-https", "match": { "prefix": "/" }, "redirect": redirect }],
            }],
        },
        "http_filters": [router()],
    }))
}

/// Where clients look for https if a URL has no port (RFC 9110 section 4.2.2).
const HTTPS: u16 = 443;

/// The pipeline, whose configuration comes by ECDS.
pub(crate) fn pipeline(placement: &Placement) -> Value {
    json!({
        "name": EXTENSION,
        "config_discovery": {
            "config_source": source(PIPELINE, placement),
            "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
        },
    })
}

/// How long a connection may do nothing, where nothing before the gateway bounds it: an hour, as Envoy has
/// it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);

/// The last filter, with `envoy.extensions.filters.http.router.v3.Router`.
pub(crate) fn router() -> Value {
    json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            // How long an upstream took is nobody's business outside, and how long it may take none of
            // its own: neither side need know that there is an Envoy.
            "suppress_envoy_headers": true,
        },
    })
}
