//! The Envoys that are measured: one listener, answers of their own unless there is an upstream.

use std::net::SocketAddr;
use std::path::Path;

use filter_api::FUNCTION_HEADER;
use integration::bootstrap::{FRONT, wasm_filter};
use serde_json::{Map, Value, json};

use crate::routes;

const ROUTE: &str = "type.googleapis.com/envoy.config.route.v3.Route";
const HEADER_INPUT: &str = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput";
const MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/// The virtual host of an Envoy that answers 200 to everything.
pub fn one_answer() -> Value {
    list(vec![
        json!({ "match": { "prefix": "/" }, "direct_response": { "status": 200 } }),
    ])
}

/// A virtual host with a list of routes.
pub fn list(routes: Vec<Value>) -> Value {
    json!({ "name": "all", "domains": ["*"], "routes": routes })
}

/// A virtual host as Headgate renders it: a map from the function's key. Each function answers 200,
/// and without one it is 503.
pub fn functions(count: usize) -> Value {
    let action = |status: u16| {
        let route = json!({
            "@type": ROUTE,
            "match": { "prefix": "/" },
            "direct_response": { "status": status },
        });
        json!({ "action": { "name": "route", "typed_config": route } })
    };
    let map: Map<String, Value> = (0..count)
        .map(|index| (routes::function(index), action(200)))
        .collect();
    let input = json!({
        "name": "function",
        "typed_config": { "@type": HEADER_INPUT, "header_name": FUNCTION_HEADER },
    });
    json!({
        "name": "all",
        "domains": ["*"],
        "request_headers_to_remove": [FUNCTION_HEADER],
        "response_headers_to_remove": [FUNCTION_HEADER],
        "matcher": {
            "matcher_tree": { "input": input, "exact_match_map": { "map": map } },
            "on_no_match": action(503),
        },
    })
}

/// A module in the filter chain.
pub fn module(name: &str, file: &Path, config: &Value) -> Value {
    let plugin = json!({ "allow_on_headers_stop_iteration": true });
    wasm_filter(name, file, config, plugin)
}

/// The bootstrap of an Envoy with these filters before its router.
pub fn bootstrap(filters: Vec<Value>, virtual_host: Value) -> Value {
    with_clusters(filters, virtual_host, Vec::new())
}

/// The same of an Envoy that sends everything to one upstream.
pub fn to_upstream(upstream: SocketAddr) -> Value {
    let endpoint = json!({ "endpoint": { "address": address(upstream) } });
    let cluster = json!({
        "name": "upstream",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        },
    });
    let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": "upstream" } });
    with_clusters(Vec::new(), list(vec![route]), vec![cluster])
}

fn with_clusters(mut filters: Vec<Value>, virtual_host: Value, clusters: Vec<Value>) -> Value {
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": ROUTER },
    }));
    let manager = json!({
        "@type": MANAGER,
        "stat_prefix": FRONT,
        "http_filters": filters,
        "route_config": { "virtual_hosts": [virtual_host] },
    });
    let front = json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": manager,
    });
    json!({ "static_resources": {
        "listeners": [{
            "name": FRONT,
            "address": address(SocketAddr::from(([127, 0, 0, 1], 0))),
            "filter_chains": [{ "filters": [front] }],
        }],
        "clusters": clusters,
    } })
}

fn address(of: SocketAddr) -> Value {
    json!({ "socket_address": { "address": of.ip(), "port_value": of.port() } })
}
