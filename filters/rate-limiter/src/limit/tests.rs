#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use filter_api::HeaderList;
use function_router::Request;

use super::*;

fn compile(limit: &str) -> Result<Limit, ConfigError> {
    Limit::compile(&serde_json::from_str(limit).unwrap(), Owner::Gateway)
}

#[test]
fn a_cost_is_a_whole_number_from_1() {
    let cost = compile(r#"{ "rate": "1/s", "cost": { "header": "x-cost" } }"#);
    let cost = cost.unwrap().cost;
    for (said, expected) in [
        (None, 1),
        (Some(""), 1),
        (Some("0"), 1),
        (Some("000"), 1),
        (Some("7"), 7),
        (Some(" 7\t"), 7),
        (Some("+7"), 1),
        (Some("-7"), 1),
        (Some("7.5"), 1),
        (Some("0x7"), 1),
        (Some("7, 8"), 1),
        (Some("4294967295"), u32::MAX),
        (Some("4294967296"), u32::MAX),
        (Some("99999999999999999999999999"), u32::MAX),
    ] {
        let headers: HeaderList = said.map(|said| ("x-cost", said)).into_iter().collect();
        let request = Request::of(&headers);
        assert_eq!(
            cost.of(&Facts::new(&request, None, &[])),
            expected,
            "{said:?}"
        );
    }
}

#[test]
fn limits_that_cannot_work_are_named() {
    for (limit, error) in [
        (
            r#"{ "rate": "1/s", "name": "" }"#,
            "name: must be a name of printable ASCII",
        ),
        (
            r#"{ "rate": "1/s", "name": "é" }"#,
            "name: must be a name of printable ASCII",
        ),
        (
            r#"{ "rate": "1/s", "status": 200 }"#,
            "status: must be a status of an error, 400 to 599, found 200",
        ),
        (
            r#"{ "rate": "5/s", "cost": 6 }"#,
            "rate: must be at least the cost of a request, 6, or nothing passes; found 5",
        ),
        (
            r#"{ "rate": "1/s", "share": 0 }"#,
            "share: must be at least 1, found 0",
        ),
        (
            r#"{ "rate": "1/s", "burst": 2, "engine": { "ratelimit": {} } }"#,
            "burst: must not stand beside \"engine\": a rate-limit service counts in whole periods of the rate, and \
             knows no bursts",
        ),
        (
            r#"{ "rate": "1/s", "cost": 2, "engine": { "ratelimit": {} } }"#,
            "cost: must be at most what the rate has in its period, 1, or nothing passes; found 2",
        ),
        (
            r#"{ "rate": "9/s", "cost": 2, "engine": { "ratelimit": { "local": { "rate": "1/s" } } } }"#,
            "engine.ratelimit.local.rate: must be at least the cost of a request, 2, or nothing passes; found 1",
        ),
        (
            r#"{ "rate": "1/s", "by": ["host","host","host","host","host","host","host","host","host"] }"#,
            "by: must have at most 8 parts",
        ),
        (
            r#"{ "rate": "1/s", "exempt": { "office": { "addresses": ["10.0.0.1/8"] } } }"#,
            "exempt[\"office\"].addresses[0]: must be the first address of a network, write \"10.0.0.0/8\"",
        ),
    ] {
        assert_eq!(compile(limit).unwrap_err().to_string(), error);
    }
}
