//! Limits that a rate-limit service holds: Envoy's own filter behind the pipeline asks it, and a second one
//! about dry runs ([`Call`]).
//!
//! The pipeline writes what is asked into header fields, a slot for each limit of a request
//! ([`Call::slot`]); of each slot that is there Envoy's filter makes a descriptor, and where there is none it asks
//! nobody. The filters are a listener's, so Envoy takes them only at its start. The slots come with the routes.

use std::collections::BTreeMap;

use gateway_model::{Gateway, OnFailure, RateLimit, RateLimitService, Route, Upstream};
use rate_limiter::{Call, OVER_HEADER};
use serde_json::{Value, json};

use crate::duration::seconds;
use crate::function::named_by_content;
use crate::{Placement, clusters};

/// The calls, in their order, each with the name of its filter, by which the routes know it too. What limits
/// refuse is no more to be asked about.
const CALLS: [(Call, &str); 2] = [
    (Call::Limits, "envoy.filters.http.ratelimit"),
    (Call::DryRuns, "envoy.filters.http.ratelimit.dry_runs"),
];

/// What statistics call the service, and what the name of its cluster begins with.
const SERVICE: &str = "rate_limit_service";

/// The cluster of a document's rate-limit service, by name.
pub(crate) fn clusters(gateway: &Gateway, placement: &Placement) -> BTreeMap<String, Value> {
    let service = gateway.rate_limiting.service.iter();
    let clusters = service.map(|service| {
        let name = cluster_name(service);
        let upstream = Upstream::of_rate_limits(service);
        let cluster = clusters::cluster(&name, SERVICE, &upstream, placement);
        (name, cluster)
    });
    clusters.collect()
}

/// Whether it is the name of a rate-limit service's cluster.
pub(crate) fn is_service(cluster: &str) -> bool {
    cluster
        .strip_prefix(SERVICE)
        .is_some_and(|rest| rest.starts_with('-'))
}

/// The name of the service's cluster, which no other content has.
fn cluster_name(service: &RateLimitService) -> String {
    let upstream = Upstream::of_rate_limits(service);
    let content = clusters::content(SERVICE, &upstream, &Placement::anywhere());
    named_by_content(SERVICE, &content.into())
}

/// `envoy.extensions.filters.http.ratelimit.v3.RateLimit` for each call, if there is a service. What is asked is
/// said where the routes are ([`of_virtual_host`]).
pub(crate) fn filters(gateway: &Gateway) -> Vec<Value> {
    let service = gateway.rate_limiting.service.iter();
    let filters = service.flat_map(|service| CALLS.map(|(call, name)| filter(service, call, name)));
    filters.collect()
}

fn filter(service: &RateLimitService, call: Call, name: &str) -> Value {
    let mut config = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
        "domain": service.domain.as_str(),
        "timeout": seconds(service.timeout().get()),
        "rate_limit_service": {
            "transport_api_version": "V3",
            "grpc_service": { "envoy_grpc": { "cluster_name": cluster_name(service) } },
        },
    });
    let own = match call {
        Call::Limits => json!({
            "failure_mode_deny": service.on_failure == OnFailure::Refuse,
            "status_on_error": { "code": "ServiceUnavailable" },
            "rate_limited_as_resource_exhausted": true,
            // By these the pipeline learns until when a key is over; it tells clients itself.
            "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
            // No upstream can say it: from what they answer it is taken off.
            "response_headers_to_add": [{ "header": { "key": OVER_HEADER, "value": "limit" } }],
        }),
        Call::DryRuns => json!({
            "failure_mode_deny": false,
            // Whatever the service says, as long as it has not heard that this is a dry run.
            "filter_enforced": { "default_value": { "numerator": 0 } },
            "stat_prefix": "dry_runs",
        }),
    };
    if let (Value::Object(config), Value::Object(own)) = (&mut config, own) {
        config.extend(own);
    }
    json!({ "name": name, "typed_config": config })
}

/// The most limits that a service is asked about for one request.
pub(crate) fn slots(gateway: &Gateway) -> usize {
    let asked = |limits: &[RateLimit]| limits.iter().filter(|one| one.engine.is_some()).count();
    let of_route = |route: &Route| {
        let functions = route.to.iter().map(|one| asked(&one.limits));
        asked(&route.limits) + functions.max().unwrap_or(0)
    };
    let of_routes = gateway.routes.iter().map(of_route);
    asked(&gateway.limits) + of_routes.max().unwrap_or(0)
}

/// The header fields of these slots, which are nobody's business behind Envoy's filter.
pub(crate) fn request_fields(slots: usize) -> impl Iterator<Item = String> {
    let calls = CALLS.into_iter();
    calls.flat_map(move |(call, _)| (0..slots).flat_map(move |index| call.slot(index)))
}

/// What Envoy's filter alone may say of limits. What upstreams say in these is removed before it does.
pub(crate) fn response_fields(slots: usize) -> &'static [&'static str] {
    match slots {
        0 => &[],
        _ => &[OVER_HEADER, "x-envoy-ratelimited"],
    }
}

/// `envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute` by the filters' names: a descriptor for each
/// slot. Only here, not in a route's own `rate_limits`, does Envoy look at what a request costs.
pub(crate) fn of_virtual_host(slots: usize) -> Option<Value> {
    let of_call = |(call, name): (Call, &str)| {
        let descriptors: Vec<Value> = (0..slots).map(|index| descriptor(call, index)).collect();
        let config = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute",
            "rate_limits": descriptors,
        });
        (name.to_owned(), config)
    };
    (slots > 0).then(|| CALLS.into_iter().map(of_call).collect())
}

fn descriptor(call: Call, index: usize) -> Value {
    let [limit, key, cost] = call.slot(index);
    json!({
        "actions": [
            { "request_headers": { "header_name": limit, "descriptor_key": "limit" } },
            { "request_headers": { "header_name": key, "descriptor_key": "key" } },
        ],
        "hits_addend": { "format": format!("%REQ({cost})%") },
    })
}

/// How many slots there are, from a virtual host.
pub(crate) fn slots_of(virtual_host: &Value) -> usize {
    let [(_, filter), _] = CALLS;
    let own = virtual_host.get("typed_per_filter_config");
    let limits = own.and_then(|own| own.get(filter)?.get("rate_limits")?.as_array());
    limits.map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use function_router::Router;
    use rate_limiter::RateLimiter;

    use super::*;
    use crate::{Functions, Resources, pipeline_config, rate_limit_service_config};

    fn gateway(fields: &str, limits_of_route: &str, limits_of_function: &str) -> Gateway {
        let document = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nlisteners: [{{ name: http, port: 8080 }}]\n\
             rate_limiting: {{ service: {{ grpc: \"limits:8081\" }} }}\n\
             upstreams: {{ pets: {{ http: \"pets:80\" }} }}\n{fields}\nroutes:\n\
             - {{ name: a, match: {{ path: /a }}, limits: [{limits_of_route}], to: [{{ upstream: pets, \
             limits: [{limits_of_function}] }}, {{ upstream: pets, name: other }}] }}\n\
             - {{ name: b, match: {{ path: /b }}, to: [{{ upstream: pets }}] }}\n"
        );
        let checked = gateway_model::read("gateway.yaml", document.as_bytes());
        checked.unwrap_or_else(|wrong| panic!("{wrong}")).document
    }

    fn held(name: &str) -> String {
        format!("{{ name: {name}, rate: 5/m, engine: {{ ratelimit: {{}} }} }}")
    }

    fn limiter(gateway: &Gateway) -> RateLimiter {
        let config = pipeline_config(gateway, &Functions::of(gateway), None, 1);
        let router = Router::compile(&config.routes, None).unwrap();
        RateLimiter::compile(&config.limits, &router, |_| true).unwrap()
    }

    #[test]
    fn there_is_a_slot_for_each_limit_that_one_request_can_have() {
        let of_all = |names: &[&str]| {
            let limits: Vec<String> = names.iter().map(|name| held(name)).collect();
            format!("limits: [{}]", limits.join(", "))
        };
        let here = "{ rate: 1/s }";
        for (of_all, of_route, of_function, expected) in [
            (of_all(&[]), here.to_owned(), String::new(), 0),
            (of_all(&["x"]), here.to_owned(), String::new(), 1),
            (of_all(&["x", "y"]), held("r"), held("f"), 4),
            (of_all(&[]), held("r"), format!("{}, {here}", held("f")), 2),
        ] {
            let gateway = gateway(&of_all, &of_route, &of_function);
            assert_eq!(slots(&gateway), expected);
            assert_eq!(limiter(&gateway).most_asked(), expected);
        }
    }

    #[test]
    fn the_service_knows_limits_by_the_names_that_the_pipeline_asks_about() {
        let all = format!("limits: [{}]", held("x"));
        let gateway = gateway(&all, &held("r"), &held("f"));
        let limiter = limiter(&gateway);
        let text = rate_limit_service_config(&gateway).unwrap();
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        let descriptors = read["descriptors"].as_array().unwrap();
        let known: Vec<&str> = descriptors
            .iter()
            .map(|one| one["value"].as_str().unwrap())
            .collect();
        let asked: Vec<&str> = limiter.limits().iter().map(|one| one.full_name()).collect();
        assert_eq!(known, asked);
        assert_eq!(known, ["x", "a/r", "a/pets/f"]);
    }

    #[test]
    fn a_union_has_the_slots_of_both() {
        let resources = |of_route: &str| {
            let gateway = gateway("", of_route, "");
            Resources::of(&gateway, &Placement::in_directory("/x"))
        };
        let (none, two) = (
            resources(""),
            resources(&format!("{}, {}", held("x"), held("y"))),
        );
        let table = |of: &Resources| of.files()["rds.yaml"].clone();
        for union in [none.union(&two), two.union(&none)] {
            assert!(union.covers(&none) && union.covers(&two));
            assert_eq!(table(&union), table(&two));
            assert_eq!(Resources::read(&union.files()), Ok(union));
        }
        assert!(!none.covers(&two));
        assert!(!table(&none).contains("ratelimit"));
        // The listeners ask the service all the same.
        assert!(none.named_by_pipeline().covers(&none));
        assert!(none.files()["cds.yaml"].contains("rate_limit_service-"));
    }
}
