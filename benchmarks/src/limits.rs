//! The rows about limits: ours, and Envoy's own by the same key.

use serde_json::{Value, json};

use crate::envoys::{bootstrap, functions, module};
use crate::load::Requests;
use crate::routes::{self, Kind};
use crate::rows::{FUNCTIONS, Row, Setup, thousands};

const LOCAL_RATELIMIT: &str =
    "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

const ROUTES: usize = 10;

/// The field that clients are told apart by.
const FIELD: &str = "x-user";

/// So many keys each side has room for, at the most.
const ROOM: usize = 1_048_576;

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;

/// What a limit goes by.
#[derive(Debug, Clone, Copy)]
enum By {
    Address,
    Field,
}

/// All of them. No request is refused.
pub fn rows() -> Vec<Row> {
    let of_few = |key: &str, title: &str, filters: Vec<Value>| Row {
        key: key.to_owned(),
        title: title.to_owned(),
        setup: Setup::Bootstrap(bootstrap(filters, functions(FUNCTIONS))),
        requests: requests(FEW),
    };
    let of_one = |key: &str, title: &str, filters: Vec<Value>| Row {
        requests: requests(1),
        ..of_few(key, title, filters)
    };
    let title = |keys: usize| {
        format!(
            "pipeline, one limit by a header field, {} users",
            thousands(keys)
        )
    };
    vec![
        of_one(
            "pipeline-user",
            "pipeline, 10 routes, a user in the request",
            vec![pipeline(None)],
        ),
        of_one(
            "pipeline-limit-address",
            "the same, and one limit by the client's address",
            vec![pipeline(Some(By::Address))],
        ),
        of_one(
            "envoy-limit-address",
            "native local_ratelimit by the client's address, in front of the pipeline without limits",
            vec![native(By::Address), pipeline(None)],
        ),
        of_few(
            "pipeline-users",
            "pipeline, 10 routes, one of 1,000 users in the request",
            vec![pipeline(None)],
        ),
        of_few(
            "pipeline-limit-header",
            &title(FEW),
            vec![pipeline(Some(By::Field))],
        ),
        of_few(
            "envoy-limit-header",
            "native local_ratelimit by the same, in front of the pipeline without limits",
            vec![native(By::Field), pipeline(None)],
        ),
        Row {
            requests: requests(MANY),
            ..of_few(
                "pipeline-limit-million",
                &title(MANY),
                vec![pipeline(Some(By::Field))],
            )
        },
    ]
}

fn requests(users: usize) -> Requests {
    let paths = (0..ROUTES).map(|index| routes::request_path(Kind::Template, index));
    let paths: Vec<String> = paths.collect();
    let fields = |user: usize| format!("{FIELD}: user-{user}\r\n");
    let each = (0..users.max(ROUTES)).map(|number| (number % ROUTES, fields(number % users)));
    let each: Vec<(usize, String)> = each.collect();
    let each = each.iter();
    Requests::with_fields(
        each.filter_map(|(path, fields)| Some((paths.get(*path)?.as_str(), fields.as_str()))),
    )
}

fn pipeline(limited: Option<By>) -> Value {
    let mut config = json!({ "routes": routes::of_router(Kind::Template, ROUTES, FUNCTIONS) });
    if let (Some(by), Some(config)) = (limited, config.as_object_mut()) {
        let by = match by {
            By::Address => "address".to_owned(),
            By::Field => format!("header.{FIELD}"),
        };
        let limit = json!({ "rate": "1000000/s", "by": [by], "keys": ROOM });
        config.insert("limits".to_owned(), json!({ "gateway": [limit] }));
    }
    module("gateway", &integration::module("gateway"), &config)
}

/// A bucket for each value of a descriptor that has one entry (`max_dynamic_descriptors`).
fn native(by: By) -> Value {
    let (action, entry) = match by {
        By::Address => (json!({ "remote_address": {} }), "remote_address"),
        By::Field => (
            json!({ "request_headers": { "header_name": FIELD, "descriptor_key": "user" } }),
            "user",
        ),
    };
    let bucket =
        json!({ "max_tokens": 1_000_000, "tokens_per_fill": 1_000_000, "fill_interval": "1s" });
    let all = json!({ "default_value": { "numerator": 100 } });
    json!({
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": LOCAL_RATELIMIT,
            "stat_prefix": "limits",
            "token_bucket": bucket,
            "always_consume_default_token_bucket": false,
            "filter_enabled": all,
            "filter_enforced": all,
            "rate_limits": [{ "actions": [action] }],
            "descriptors": [{ "entries": [{ "key": entry }], "token_bucket": bucket }],
            "max_dynamic_descriptors": ROOM,
        },
    })
}
