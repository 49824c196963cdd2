//! What each kind of request may ask the host for, in the pipeline and in the router as a module of its
//! own. A hostcall costs from 0.1 µs (one that brings nothing back) to 1.2 (all header fields), so one
//! more is a decision: whoever makes it changes this table.

#![allow(clippy::unwrap_used)] // test code may stop

use filter_api::{Filter, parse_config};
use filter_testing::{Case, FakeProxy};
use function_router::FunctionRouter;
use gateway::Pipeline;
use serde_json::{Value, json};

/// A kind of request, one such request, and its hostcalls in the pipeline and in the router.
struct Budget {
    about: &'static str,
    request: Value,
    pipeline: &'static str,
    router: &'static str,
}

/// Both need the request's header fields, all of them at once, and write the function. The pipeline
/// also names the route for the access log, and counts: time twice, the status, a counter, a histogram. A
/// limit reads the steady clock and its key's row, and writes that; what it counts it tells in ticks.
fn budgets() -> [Budget; 7] {
    [
        Budget {
            about: "a plain request",
            request: json!({ "path": "/plain" }),
            pipeline: "get_current_time_nanoseconds 2, get_header_map_pairs 1, \
                       get_header_map_value 1, increment_metric 1, record_metric 1, \
                       replace_header_map_value 1, set_property 1",
            router: "get_header_map_pairs 1, replace_header_map_value 1",
        },
        Budget {
            about: "a request whose path, host and method are rewritten, the old path kept for the log",
            request: json!({ "path": "/rewritten/7" }),
            pipeline: "get_current_time_nanoseconds 2, get_header_map_pairs 1, \
                       get_header_map_value 1, increment_metric 1, record_metric 1, \
                       replace_header_map_value 5, set_property 1",
            router: "get_header_map_pairs 1, replace_header_map_value 5",
        },
        Budget {
            about: "a request that no route takes",
            request: json!({ "path": "/nowhere" }),
            pipeline: "get_current_time_nanoseconds 2, get_header_map_pairs 1, \
                       get_header_map_value 1, increment_metric 2, record_metric 1, \
                       send_local_response 1",
            router: "get_header_map_pairs 1, send_local_response 1",
        },
        Budget {
            about: "a request of a page of another origin, where there is a policy",
            request: json!({ "path": "/shared", "headers": ["origin: https://shop.example.com"] }),
            pipeline: "add_header_map_value 2, get_current_time_nanoseconds 2, \
                       get_header_map_pairs 2, get_header_map_value 1, increment_metric 1, \
                       record_metric 1, replace_header_map_value 1, set_property 1",
            router: "get_header_map_pairs 1, replace_header_map_value 1",
        },
        Budget {
            about: "a client that gets its cookie",
            request: json!({ "path": "/sticky" }),
            pipeline: "add_header_map_value 1, get_current_time_nanoseconds 2, \
                       get_header_map_pairs 1, get_header_map_value 1, increment_metric 1, \
                       record_metric 1, replace_header_map_value 1, set_property 1",
            router: "add_header_map_value 1, get_header_map_pairs 1, replace_header_map_value 1",
        },
        Budget {
            about: "a client that has its cookie",
            request: json!({ "path": "/sticky", "headers": ["cookie: group=a"] }),
            pipeline: "get_current_time_nanoseconds 2, get_header_map_pairs 1, \
                       get_header_map_value 1, increment_metric 1, record_metric 1, \
                       replace_header_map_value 1, set_property 1",
            router: "get_header_map_pairs 1, replace_header_map_value 1",
        },
        Budget {
            about: "a request of which one limit takes by the client's address",
            request: json!({ "path": "/limited" }),
            pipeline: "clock_time_get 1, get_current_time_nanoseconds 2, get_header_map_pairs 1, \
                       get_header_map_value 1, get_property 1, get_shared_data 1, increment_metric 1, \
                       record_metric 1, replace_header_map_value 1, set_property 1, set_shared_data 1",
            router: "get_header_map_pairs 1, replace_header_map_value 1",
        },
    ]
}

fn routes() -> Value {
    json!([
        { "name": "plain", "match": { "path": "/plain", "methods": ["GET"] }, "to": [{ "function": "a" }] },
        {
            "name": "rewritten",
            "match": { "path": "/rewritten/{id}", "headers": { "x-absent": { "present": false } } },
            "to": [{ "function": "a", "path": "/v2/{id}", "host": "other", "method": "POST" }],
        },
        { "name": "limited", "match": { "path": "/limited" }, "to": [{ "function": "a" }] },
        { "name": "shared", "match": { "path": "/shared" }, "to": [{ "function": "a" }] },
        {
            "name": "sticky",
            "match": { "path": "/sticky" },
            "sticky": { "cookie": { "name": "group" } },
            "to": [{ "function": "a", "weight": 99 }, { "function": "b", "weight": 1 }],
        },
    ])
}

fn proxy<F: Filter>(config: &Value) -> FakeProxy<F> {
    let config = parse_config(config.to_string().as_bytes());
    FakeProxy::new(F::compile(config.unwrap()).unwrap())
}

/// The hostcalls of such a request, when it is not the first.
fn hostcalls<F: Filter>(proxy: &mut FakeProxy<F>, request: &Value) -> String {
    let case: Case = serde_json::from_value(json!({ "request": request, "expect": {} })).unwrap();
    proxy.hostcalls_of_second(&case)
}

#[test]
fn no_request_asks_the_host_for_more_than_its_budget() {
    let policy = json!({ "origins": ["https://shop.example.com"] });
    let cors = json!({ "routes": { "shared": policy } });
    let limits = json!({ "routes": { "limited": [{ "rate": "10/s", "by": ["address"] }] } });
    let config = json!({ "routes": routes(), "cors": cors, "limits": limits });
    let mut pipeline = proxy::<Pipeline>(&config);
    let mut router = proxy::<FunctionRouter>(&json!({ "routes": routes() }));
    for budget in budgets() {
        let about = budget.about;
        let made = hostcalls(&mut pipeline, &budget.request);
        assert_eq!(made, budget.pipeline, "the pipeline, {about}");
        let made = hostcalls(&mut router, &budget.request);
        assert_eq!(made, budget.router, "the router, {about}");
    }
}
