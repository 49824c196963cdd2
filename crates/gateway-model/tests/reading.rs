//! What a good document means.

#![allow(clippy::unwrap_used)] // in helpers of tests, as in tests

use std::time::Duration;

use filter_api::HeaderList;
use function_router::{MatchConfig, Router};
use gateway_model::{Checked, Diagnostics, Gateway, Pattern, Protocol, RetryOn};

const PETSTORE: &str = include_str!("petstore.yaml");

fn read(text: &str) -> Result<Checked, Diagnostics> {
    gateway_model::read("gateway.yaml", text.as_bytes())
}

fn petstore() -> Gateway {
    let checked = read(PETSTORE).unwrap();
    assert_eq!(checked.warnings, []);
    checked.document
}

#[test]
fn every_part_of_the_document_is_read() {
    let gateway = petstore();
    assert_eq!(gateway.metadata.name.as_str(), "petstore");
    let listener = &gateway.listeners[0];
    assert_eq!(
        (listener.name.as_str(), listener.port.get()),
        ("http", 8080)
    );
    assert_eq!(listener.address.to_string(), "0.0.0.0");
    assert_eq!(gateway.admin.port.get(), 9901);

    let upstreams: Vec<_> = gateway
        .upstreams
        .iter()
        .map(|(name, upstream)| {
            (
                name.as_str(),
                upstream.address().to_string(),
                upstream.protocol,
            )
        })
        .collect();
    assert_eq!(
        upstreams,
        [
            ("chat", "chat:8080".to_owned(), Protocol::WebSocket),
            ("pets", "pets:8080".to_owned(), Protocol::Http),
            ("pets-next", "pets-next:8080".to_owned(), Protocol::Http),
            ("stock", "stock:9000".to_owned(), Protocol::Grpc),
        ]
    );

    let canary = &gateway.routes[0];
    let shares: Vec<_> = canary
        .to
        .iter()
        .map(|to| (to.upstream.as_str(), to.weight()))
        .collect();
    assert_eq!(shares, [("pets", 95), ("pets-next", 5)]);
    assert_eq!(
        canary.matches.pattern,
        Pattern::Path("/pets/{id}".to_owned())
    );
    assert_eq!(gateway.routes[1].to[0].weight(), 1);
}

#[test]
fn what_is_not_given_depends_on_the_protocol() {
    let gateway = petstore();
    for (name, timeout, idle_timeout) in [
        ("pets", 15, 300),
        ("pets-next", 2, 300),
        ("stock", 0, 3_600),
        ("chat", 0, 3_600),
    ] {
        let upstream = &gateway.upstreams[&name.parse().unwrap()];
        assert_eq!(
            upstream.timeout().get(),
            Duration::from_secs(timeout),
            "{name}"
        );
        assert_eq!(
            upstream.idle_timeout().get(),
            Duration::from_secs(idle_timeout),
            "{name}"
        );
    }
    let retries = gateway.upstreams[&"pets-next".parse().unwrap()]
        .retries
        .clone()
        .unwrap();
    assert_eq!(
        (retries.on, retries.times.get()),
        (vec![RetryOn::ConnectFailure], 2)
    );
}

#[test]
fn a_route_without_a_name_is_called_after_its_match() {
    let text = r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: http, port: 8080 }]
upstreams: { pets: { http: "pets:80" }, stock: { grpc: "stock:80" } }
routes:
  - { match: { path: "/pets/{id}", methods: [GET] }, to: [{ upstream: pets }] }
  - { match: { prefix: /x, methods: [POST, PUT] }, to: [{ upstream: pets }] }
  - { match: { path: /y, hosts: [a.com, b.com] }, to: [{ upstream: pets }] }
  - { match: { path: /y }, to: [{ upstream: pets }] }
  - { match: { grpc: stock.v1.Stock/Reserve }, to: [{ upstream: stock }] }
  - { name: mine, match: { grpc: stock.v1.Stock }, to: [{ upstream: stock }] }
"#;
    let checked = read(text).unwrap();
    let names: Vec<_> = checked
        .document
        .routes
        .iter()
        .map(|route| route.name())
        .collect();
    assert_eq!(
        names,
        [
            "GET /pets/{id}",
            "POST,PUT prefix /x",
            "a.com,b.com /y",
            "/y",
            "stock.v1.Stock/Reserve",
            "mine",
        ]
    );
    assert_eq!(checked.document.metadata.name.as_str(), "gateway");
}

#[test]
fn the_router_sees_grpc_as_http() {
    let gateway = petstore();
    let call = gateway.routes[2].matches.to_config();
    assert_eq!(
        call,
        MatchConfig {
            path: Some("/stock.v1.Stock/Reserve".to_owned()),
            methods: vec!["POST".to_owned()],
            content_types: vec![
                "application/grpc".to_owned(),
                "application/grpc+*".to_owned()
            ],
            ..MatchConfig::default()
        }
    );
    for (grpc, path) in [
        ("stock.v1.Stock", "/stock.v1.Stock/{method}"),
        ("\"*/Reserve\"", "/{service}/Reserve"),
        ("\"*\"", "/{service}/{method}"),
    ] {
        let text = PETSTORE.replace("stock.v1.Stock/Reserve", grpc);
        let matches = &read(&text).unwrap().document.routes[2].matches;
        let config = matches.to_config();
        assert_eq!(config.path.as_deref(), Some(path), "{grpc}");
    }
}

/// The order of the Gateway API's GRPCRoute (`GRPCRouteRule.matches`): the service, then the method.
#[test]
fn of_patterns_of_grpc_the_service_counts_before_the_method() {
    let text = r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: http, port: 8080 }]
upstreams: { stock: { grpc: "stock:80" } }
routes:
  - { name: any, match: { grpc: "*" }, to: [{ upstream: stock }] }
  - { name: method, match: { grpc: "*/Reserve" }, to: [{ upstream: stock }] }
  - { name: service, match: { grpc: stock.v1.Stock }, to: [{ upstream: stock }] }
  - { name: both, match: { grpc: stock.v1.Stock/Release }, to: [{ upstream: stock }] }
"#;
    let routes = read(text).unwrap().document.routes;
    let configs = routes
        .iter()
        .map(|route| route.to_config(|_, _| ("stock".to_owned(), false)));
    let router = Router::compile(&configs.collect::<Vec<_>>(), None).unwrap();
    for (path, expected) in [
        ("/stock.v1.Stock/Release", "both"),
        ("/stock.v1.Stock/Reserve", "service"),
        ("/other.v1.Other/Reserve", "method"),
        ("/other.v1.Other/Release", "any"),
    ] {
        let fields = [
            (":method", "POST"),
            (":path", path),
            ("content-type", "application/grpc"),
        ];
        let headers: HeaderList = fields.into_iter().collect();
        let route = router.route(&router.request(&headers)).unwrap();
        assert_eq!(route.name(), expected, "{path}");
    }
}

#[test]
fn names_that_look_like_numbers_are_names() {
    for name in ["8080", "00", "x_y", "v1.pets", "true", "null"] {
        let text = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nlisteners: [{{ name: http, port: 1 \
             }}]\nupstreams: {{ \"{name}\": {{ http: \"pets:80\" }} }}\nroutes: [{{ match: {{ \
             path: / }}, to: [{{ upstream: \"{name}\" }}] }}]\n"
        );
        assert_eq!(
            read(&text).unwrap().document.routes[0].to[0]
                .upstream
                .as_str(),
            name
        );
    }
}

#[test]
fn json_and_other_ways_to_write_yaml_say_the_same() {
    let gateway = petstore();
    let json = serde_json::to_string_pretty(&gateway).unwrap();
    for (way, text) in [
        ("json", json.clone()),
        ("json on one line", serde_json::to_string(&gateway).unwrap()),
        ("json with tabs", json.replace("  ", "\t")),
        ("lines of Windows", PETSTORE.replace('\n', "\r\n")),
        ("a byte order mark", format!("\u{feff}{PETSTORE}")),
        (
            "explicit start and end",
            format!("%YAML 1.2\n---\n{PETSTORE}...\n"),
        ),
        (
            "tags of the core schema",
            PETSTORE.replace("port: 8080", "port: !!int 8080"),
        ),
        (
            "an anchor and its alias",
            PETSTORE
                .replacen("[{ upstream: pets }]", "&pets [{ upstream: pets }]", 1)
                .replace("[{ upstream: chat }]", "*pets")
                .replace("routes:", "routes: # chat goes to pets"),
        ),
    ] {
        let found = read(&text).unwrap_or_else(|error| panic!("{way}:\n{text}\n{error}"));
        if way == "an anchor and its alias" {
            assert_eq!(found.document.routes[3].to, gateway.routes[1].to);
        } else {
            assert_eq!(found.document, gateway, "{way}");
        }
    }
}

#[test]
fn the_words_for_retries_are_those_of_envoy() {
    for word in [
        "connect-failure",
        "refused-stream",
        "reset",
        "gateway-error",
        "5xx",
        "retriable-4xx",
        "unavailable",
        "cancelled",
        "deadline-exceeded",
        "resource-exhausted",
    ] {
        let reason: RetryOn = serde_json::from_value(word.into()).unwrap();
        assert_eq!(reason.as_str(), word);
    }
}

#[test]
fn a_document_that_is_too_large_is_not_looked_at() {
    let bytes = vec![b'#'; gateway_model::MOST_BYTES + 1];
    assert_eq!(
        gateway_model::read("gateway.yaml", &bytes)
            .unwrap_err()
            .to_string(),
        "error: expected at most 8388608 bytes, found 8388609\n  --> gateway.yaml:1:1"
    );
}

/// Each mistake costs another reading: were that of everything, this would take minutes.
#[test]
fn mistakes_at_the_end_of_a_large_document_are_all_found() {
    let mut text = PETSTORE.replace("admin: { port: 9901 }\n", "");
    for i in 0..10_000 {
        let weight = if i >= 9_951 { "many" } else { "1" };
        text += &format!(
            "  - match: {{ path: \"/p{i}/{{id}}\", methods: [GET, PUT] }}\n    to: [{{ upstream: \
             pets, weight: {weight} }}]\n"
        );
    }
    let diagnostics = read(&text).unwrap_err();
    assert_eq!(diagnostics.errors.len(), 49);
    assert!(!diagnostics.more);
    assert_eq!(diagnostics.errors[48].path, "routes[10003].to[0].weight");
}

#[test]
fn a_route_of_absurdly_many_hosts_and_methods_is_read() {
    let list = |name: &str| {
        (0..2_000)
            .map(|i| format!("{name}{i}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let text = PETSTORE.replace(
        "path: /chat",
        &format!(
            "path: /chat, hosts: [{}], methods: [{}]",
            list("h"),
            list("M")
        ),
    );
    assert_eq!(
        read(&text).unwrap().document.routes[3].matches.hosts.len(),
        2_000
    );
}
