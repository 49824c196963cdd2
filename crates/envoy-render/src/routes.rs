//! Envoy's route table: one route for each function, found by the internal header.

use std::collections::BTreeMap;

use filter_api::FUNCTION_HEADER;
use gateway_model::{self as model, Destination, Mirror, Retries, RetryOn, Upstream};
use serde_json::{Map, Value, json};

use crate::duration::seconds;
use crate::fields::fields;
use crate::function::{Function, Functions};
use crate::pipeline::HELD_BYTES_LIMIT;
use crate::rate_limits;

/// The name by which listeners ask for the route table.
pub(crate) const ROUTE_TABLE: &str = "headgate";

/// What is done with a request that goes to a function, by the function's key.
pub(crate) fn actions(functions: &Functions<'_>) -> BTreeMap<String, Value> {
    let actions = functions.iter().map(|function| {
        let action = json!({ "action": action(&route(function)) });
        (function.key.clone(), action)
    });
    actions.collect()
}

/// The same, from a [`route_configuration`], and its slots.
pub(crate) fn actions_of(mut configuration: Value) -> Option<(BTreeMap<String, Value>, usize)> {
    let host = configuration.pointer_mut("/virtual_hosts/0")?;
    let slots = rate_limits::slots_of(host);
    let map = "/matcher/matcher_tree/exact_match_map/map";
    match host.pointer_mut(map).map(Value::take) {
        Some(Value::Object(actions)) => Some((actions.into_iter().collect(), slots)),
        _ => None,
    }
}

/// `envoy.config.route.v3.RouteConfiguration` of these [`actions`], with so many
/// [slots](rate_limits::slots).
///
/// The table is a map, never a list: a look-up costs the same with ten functions and with ten
/// thousand. The header is taken off on the way out, in both directions.
pub(crate) fn route_configuration(actions: Map<String, Value>, slots: usize) -> Value {
    let asked = rate_limits::request_fields(slots);
    let asked = std::iter::once(FUNCTION_HEADER.to_owned()).chain(asked);
    let told = std::iter::once(&FUNCTION_HEADER).chain(rate_limits::response_fields(slots));
    let host = fields(json!({
        "name": "all",
        "domains": ["*"],
        "request_headers_to_remove": asked.collect::<Vec<_>>(),
        "response_headers_to_remove": told.collect::<Vec<_>>(),
        "typed_per_filter_config": rate_limits::of_virtual_host(slots),
        "matcher": {
            "matcher_tree": {
                "input": {
                    "name": "function",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
                        "header_name": FUNCTION_HEADER,
                    },
                },
                "exact_match_map": { "map": actions },
            },
            "on_no_match": { "action": action(&no_function()) },
        },
    }));
    json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": ROUTE_TABLE,
        "virtual_hosts": [host],
    })
}

fn action(route: &Value) -> Value {
    json!({ "name": "route", "typed_config": route })
}

const ROUTE: &str = "type.googleapis.com/envoy.config.route.v3.Route";

/// How much of a request is kept so that it can be sent again, in bytes; a larger one is tried once.
const RETRIED_BYTES: u32 = 1024 * 1024;

/// `envoy.config.route.v3.Route`. Left to itself Envoy keeps as much of a request as it buffers of a
/// connection, and sends none again that is larger. As much may also pile up between a fast side and a
/// slow one, in either direction; what is larger passes all the same.
fn route(function: &Function<'_>) -> Value {
    let is_retried = function.action.get("retry_policy").is_some();
    fields(json!({
        "@type": ROUTE,
        "name": function.key,
        "match": { "prefix": "/" },
        "request_body_buffer_limit": is_retried.then_some(RETRIED_BYTES),
        "route": function.action,
    }))
    .into()
}

/// `envoy.config.route.v3.RouteAction`: how a destination calls the cluster of its upstream, as it says
/// itself or else as the upstream does.
pub(crate) fn route_action(
    functions: &Functions<'_>,
    route: &model::Route,
    destination: &Destination,
    upstream: &Upstream,
) -> Value {
    let timeout = destination.timeout.unwrap_or(upstream.timeout());
    let idle_timeout = destination.idle_timeout.unwrap_or(upstream.idle_timeout());
    let retries = destination.retries.as_ref().or(upstream.retries.as_ref());
    let mirrors = route.mirror.iter();
    let mirrors: Vec<Value> = mirrors.map(|one| mirror_policy(functions, one)).collect();
    fields(json!({
        "cluster": functions.cluster(&destination.upstream),
        "timeout": seconds(timeout),
        "idle_timeout": seconds(idle_timeout),
        "retry_policy": retries.map(retry_policy),
        "request_mirror_policies": (!mirrors.is_empty()).then_some(mirrors),
    }))
    .into()
}

/// `envoy.config.route.v3.RouteAction.RequestMirrorPolicy`. The copy is for the same host as the
/// request; left to itself Envoy writes `-shadow` behind it.
fn mirror_policy(functions: &Functions<'_>, mirror: &Mirror) -> Value {
    let share = mirror.percent.map(|percent| {
        json!({ "default_value": { "numerator": percent.millionths(), "denominator": "MILLION" } })
    });
    fields(json!({
        "cluster": functions.cluster(&mirror.upstream),
        "runtime_fraction": share,
        "disable_shadow_host_suffix_append": true,
    }))
    .into()
}

/// `envoy.config.route.v3.RetryPolicy`. Another try goes to another address, where there is one.
fn retry_policy(retries: &Retries) -> Value {
    let on: Vec<&str> = retries.on.iter().copied().map(RetryOn::as_str).collect();
    fields(json!({
        "retry_on": on.join(","),
        "num_retries": retries.times.get(),
        "per_try_timeout": retries.per_try_timeout.map(|one| seconds(one.get())),
        "retry_host_predicate": [{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            },
        }],
        "host_selection_retry_max_attempts": 3,
    }))
    .into()
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
