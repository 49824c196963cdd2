//! The pipeline module and its configuration.

use filter_api::{ByteSize, Holding};
use function_router::{MatchConfig, RespondConfig, RouteConfig};
use gateway::Config;
use gateway::cors::CorsPoliciesConfig;
use gateway_model::{Entrance, Gateway, Protocol, Route};
use serde_json::{Value, json};

use crate::function::Functions;
use crate::status::READY_PATH;
use crate::{Placement, jwt};

/// The name by which listeners ask for the pipeline.
pub(crate) const EXTENSION: &str = "headgate.pipeline";

/// How much of a body may pile up while the pipeline waits. Above it the pipeline answers 503.
const HELD_BYTES: ByteSize = ByteSize::from_kib(1024);

/// Above this Envoy itself answers a bare 413. What lies between is more than a connection's buffer
/// brings at once, so that the pipeline always sees its own limit first.
pub(crate) const HELD_BYTES_LIMIT: u32 = HELD_BYTES.bytes() + 64 * 1024;

/// The pipeline's configuration behind what stands before it and where there are so many Envoys at most, which
/// the pipeline's own constructor must be able to take.
pub fn pipeline_config(
    gateway: &Gateway,
    functions: &Functions<'_>,
    entrance: Option<&Entrance>,
    replicas: u32,
) -> Config {
    let ready = entrance.map(|_| ready(gateway));
    let routes = gateway.routes.iter().enumerate().map(|(i, route)| {
        route.to_config(|j, _| match functions.get(i, j) {
            Some(function) => {
                let websocket = function.upstream.protocol == Protocol::WebSocket;
                (function.key.clone(), websocket)
            }
            // No document that was read has such a destination, and no pipeline takes an empty key.
            None => (String::new(), false),
        })
    });
    let holding = Holding {
        allow_on_headers_stop_iteration: true,
        max_held_bytes: HELD_BYTES,
    };
    let policy_of = |route: &Route| Some((route.name().into_owned(), route.cors.clone()?));
    let cors = CorsPoliciesConfig {
        gateway: gateway.cors.clone(),
        routes: gateway.routes.iter().filter_map(policy_of).collect(),
    };
    Config {
        cors,
        jwt: jwt::config(gateway),
        limits: gateway.limits_config(replicas),
        ready: ready.as_ref().map(|route| route.name.clone()),
        routes: routes.chain(ready).collect(),
        stage_prefix: gateway.edge.stage_prefix.clone(),
        holding,
    }
}

/// The route by which the pipeline itself says that it works. It comes last, so that it is between no two
/// of the document's; and has no name of theirs, since policies go by names.
fn ready(gateway: &Gateway) -> RouteConfig {
    let mut name = "ready".to_owned();
    while gateway.routes.iter().any(|route| route.name() == name) {
        name.push('\'');
    }
    RouteConfig {
        name,
        matches: MatchConfig {
            hosts: vec![Entrance::READY_HOST.to_owned()],
            path: Some(READY_PATH.to_owned()),
            methods: vec!["GET".to_owned()],
            ..MatchConfig::default()
        },
        to: Vec::new(),
        sticky: None,
        force: None,
        redirect: None,
        respond: Some(RespondConfig {
            status: 200,
            content_type: None,
            body: Some("ready\n".to_owned()),
        }),
    }
}

/// `envoy.config.core.v3.TypedExtensionConfig` with `envoy.extensions.filters.http.wasm.v3.Wasm`.
///
/// A module that traps is started again (`FAIL_RELOAD`): Envoy's default is to fail for good.
pub(crate) fn extension(
    gateway: &Gateway,
    functions: &Functions<'_>,
    placement: &Placement,
) -> Value {
    let config = pipeline_config(
        gateway,
        functions,
        placement.entrance.as_ref(),
        placement.replicas,
    );
    json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": EXTENSION,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": EXTENSION,
                "failure_policy": "FAIL_RELOAD",
                "allow_on_headers_stop_iteration": true,
                "vm_config": {
                    "vm_id": EXTENSION,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": placement.module } },
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": text(&config),
                },
            },
        },
    })
}

/// JSON with a line for each route: to be read, and to be compared line by line.
fn text(config: &Config) -> String {
    let line = |value: serde_json::Result<String>| value.unwrap_or_default();
    let routes: Vec<String> = config
        .routes
        .iter()
        .map(|route| line(serde_json::to_string(route)))
        .collect();
    let mut text = format!("{{\"routes\":[\n{}\n]", routes.join(",\n"));
    let fields = serde_json::to_value(config).unwrap_or_default();
    for (name, value) in fields.as_object().into_iter().flatten() {
        if name != "routes" {
            text += &format!(",\n\"{name}\":{value}");
        }
    }
    text + "}\n"
}
