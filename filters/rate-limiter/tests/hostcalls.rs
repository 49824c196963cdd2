//! What each kind of request may ask the host for. A hostcall costs from 0.1 µs (one that brings nothing
//! back) to 3.5 (all header fields, the first that is asked for), so one more is a decision: whoever
//! makes it changes this table.

#![allow(clippy::unwrap_used, reason = "test code: a panic is how a test fails")]

use filter_api::{Filter, parse_config};
use filter_testing::{Case, FakeProxy};
use rate_limiter::RateLimiterFilter;
use serde_json::{Value, json};

/// Limits, a request that is subject to them, and its hostcalls.
struct Budget {
    about: &'static str,
    limits: Value,
    request: Value,
    hostcalls: &'static str,
}

/// What is counted is told once a second.
fn budgets() -> [Budget; 8] {
    let address = || json!({ "name": "a", "rate": "100/s", "by": ["address"] });
    let plain = || json!({ "path": "/" });
    [
        Budget {
            about: "one bucket for all",
            limits: json!([{ "rate": "100/s" }]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_header_map_pairs 1, get_shared_data 1, set_shared_data 1",
        },
        Budget {
            about: "a bucket for each address",
            limits: json!([address()]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_header_map_pairs 1, get_property 1, get_shared_data 1, \
                        set_shared_data 1",
        },
        Budget {
            about: "two limits by address: it is asked for once",
            limits: json!([address(), { "name": "b", "rate": "100/s", "by": ["address", "header.x-user"] }]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_header_map_pairs 1, get_property 1, get_shared_data 2, \
                        set_shared_data 2",
        },
        Budget {
            about: "a bucket for each user: what tokens say is asked for",
            limits: json!([{ "rate": "100/s", "by": ["claim.sub"] }]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_header_map_pairs 1, get_property 1, get_shared_data 1, \
                        set_shared_data 1",
        },
        Budget {
            about: "who is over the limit writes nothing",
            limits: json!([{ "rate": "1/d" }]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_header_map_pairs 1, get_shared_data 1, send_local_response 1",
        },
        Budget {
            about: "a limit that is about others",
            limits: json!([{ "rate": "1/d", "when": { "methods": ["POST"] } }]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_header_map_pairs 1",
        },
        Budget {
            about: "what one limit refuses is put back in the other",
            limits: json!([address(), { "name": "b", "rate": "1/d" }]),
            request: plain(),
            hostcalls: "clock_time_get 2, get_header_map_pairs 1, get_property 1, get_shared_data 3, \
                        send_local_response 1, set_shared_data 2",
        },
        Budget {
            about: "a rate-limit service is asked: when, three fields to it, and what it tells",
            limits: json!([{ "name": "a", "rate": "100/s", "by": ["header.x-user"], "engine": { "ratelimit": {} } }]),
            request: plain(),
            hostcalls: "clock_time_get 1, get_current_time_nanoseconds 1, get_header_map_pairs 1, \
                        get_header_map_value 3, get_shared_data 1, remove_header_map_value 5, \
                        replace_header_map_value 3",
        },
    ]
}

#[test]
fn no_request_asks_the_host_for_more_than_its_budget() {
    for budget in budgets() {
        let config = json!({ "limits": budget.limits }).to_string();
        let filter = parse_config(config.as_bytes()).and_then(RateLimiterFilter::compile);
        let case = json!({ "request": budget.request, "expect": {} });
        let case: Case = serde_json::from_value(case).unwrap();
        let made = FakeProxy::new(filter.unwrap()).hostcalls_of_second(&case);
        assert_eq!(made, budget.hostcalls, "{}", budget.about);
    }
}
