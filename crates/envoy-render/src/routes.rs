//! Envoy's route table: one route for each function, found by the internal header.

use filter_api::FUNCTION_HEADER;
use gateway_model::{Retries, RetryOn, Upstream};
use serde_json::{Map, Value, json};

use crate::function::{Function, Functions};
use crate::pipeline::HELD_BYTES_LIMIT;

/// The name by which listeners ask for the route table.
pub(crate) const ROUTE_TABLE: &str = "headgate";

/// `envoy.config.route.v3.RouteConfiguration`.
///
/// The table is a map, never a list: a look-up costs the same with ten functions and with ten
/// thousand. The header is taken off on the way out, in both directions.
pub(crate) fn route_configuration(functions: &Functions<'_>) -> Value {
    let map: Map<String, Value> = functions
        .iter()
        .map(|function| {
            (
                function.key.clone(),
                json!({ "action": action(&route(function)) }),
            )
        })
        .collect();
    json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": ROUTE_TABLE,
        "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "request_headers_to_remove": [FUNCTION_HEADER],
            "response_headers_to_remove": [FUNCTION_HEADER],
            "matcher": {
                "matcher_tree": {
                    "input": {
                        "name": "function",
                        "typed_config": {
                            "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
                            "header_name": FUNCTION_HEADER,
                        },
                    },
                    "exact_match_map": { "map": map },
                },
                "on_no_match": { "action": action(&no_function()) },
            },
        }],
    })
}

fn action(route: &Value) -> Value {
    json!({ "name": "route", "typed_config": route })
}

const ROUTE: &str = "type.googleapis.com/envoy.config.route.v3.Route";

fn route(function: &Function<'_>) -> Value {
    json!({
        "@type": ROUTE,
        "name": function.key,
        "match": { "prefix": "/" },
        "route": function.action,
    })
}

/// `envoy.config.route.v3.RouteAction`: how a cluster is called.
pub(crate) fn route_action(cluster: &str, upstream: &Upstream) -> Value {
    let seconds = |duration: filter_api::Duration| format!("{}s", duration.get().as_secs_f64());
    let mut action = Map::new();
    let mut put = |field: &str, value: Value| action.insert(field.to_owned(), value);
    put("cluster", json!(cluster));
    put("timeout", json!(seconds(upstream.timeout())));
    put("idle_timeout", json!(seconds(upstream.idle_timeout())));
    if let Some(retries) = &upstream.retries {
        put("retry_policy", retry_policy(retries));
    }
    Value::Object(action)
}

fn retry_policy(retries: &Retries) -> Value {
    let on: Vec<&str> = retries.on.iter().copied().map(RetryOn::as_str).collect();
    json!({ "retry_on": on.join(","), "num_retries": retries.times.get() })
}

/// What rules a request before its function is chosen, and answers one that has none: the pipeline
/// answers those itself, so this is seen only where it does not run.
fn no_function() -> Value {
    json!({
        "@type": ROUTE,
        "name": "no-function",
        "match": { "prefix": "/" },
        "request_body_buffer_limit": HELD_BYTES_LIMIT,
        "direct_response": {
            "status": 503,
            "body": { "inline_string": "no function was chosen for this request\n" },
        },
    })
}
