//! What differs and what does not, and what that does.

use serde_json::json;

use crate::{CATS, diff, document};

/// What is told of two documents that differ in their routes.
fn told_of(old: &[&str], new: &[&str]) -> String {
    let (code, out, _) = diff(&document(old, ""), &document(new, ""), &[]);
    assert_eq!(code, 0, "{out}");
    out
}

#[test]
fn what_means_the_same_does_not_differ() {
    let old = r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: http, port: 8080 }, { name: inner, port: 8081 }]
upstreams:
  pets: { http: "pets:80", timeout: 90s }
  cats: { http: "cats:80", retries: { on: [reset, "5xx"] } }
routes:
  - match: { prefix: /pets, methods: [GET, POST] , hosts: [a.example.com, b.example.com] }
    name: pets
    to: [{ upstream: pets }, { upstream: cats }]
    mirror: [{ upstream: cats }]
  - { match: { prefix: /cats }, redirect: { path: /pets }, cors: { origins: ["https://a.b"] } }
"#;
    let new = r#"{
"kind": "Gateway", "apiVersion": "headgate.dev/v1alpha1",
"metadata": { "name": "gateway" }, "admin": { "port": 9901 }, "edge": {},
"listeners": [{ "port": 8081, "name": "inner" }, { "name": "http", "port": 8080, "address": "0.0.0.0" }],
"upstreams": {
  "cats": { "http": "cats:80", "idle_timeout": "5m", "circuit_breakers": { "requests": 65536 },
            "retries": { "on": ["5xx", "reset"], "times": 1, "budget": 20 } },
  "pets": { "http": "pets:80", "timeout": "1m30s", "connect_timeout": "5s", "websocket": false } },
"routes": [
  { "match": { "prefix": "/cats" }, "redirect": { "path": "/pets", "status": 302 },
    "cors": { "origins": ["https://a.b"], "credentials": false } },
  { "match": { "prefix": "/pets", "hosts": ["b.example.com", "a.example.com"], "methods": ["POST", "GET"] },
    "name": "pets",
    "to": [{ "upstream": "cats", "weight": 1, "timeout": "15s" }, { "upstream": "pets", "name": "pets" }],
    "mirror": [{ "upstream": "cats", "percent": 100 }] }] }"#;
    let same = "old.yaml and new.yaml mean the same\n".to_owned();
    assert_eq!(diff(old, new, &["--exit-code"]), (0, same, String::new()));
    let (code, out, _) = diff(old, new, &["--exit-code", "--output", "json"]);
    let nothing =
        json!({ "differs": false, "changes": [], "traffic": [], "limits": [], "restart": [] });
    assert_eq!((code, serde_json::from_str(&out).unwrap()), (0, nothing));
}

#[test]
fn a_route_that_is_given_another_name_is_the_same_route() {
    let told = told_of(
        &["{ match: { path: /a }, to: [{ upstream: pets }] }", CATS],
        &[
            "{ name: a, match: { path: /a }, to: [{ upstream: pets }] }",
            CATS,
        ],
    );
    let expected = "\
~ route \"a\"
    ~ name: /a (default) -> a
1 route changed
";
    assert_eq!(told, expected);
}

#[test]
fn requests_of_a_removed_route_go_to_the_next_or_are_refused() {
    let any = "{ match: { prefix: / }, to: [{ upstream: cats }] }";
    let one = "{ match: { path: \"/pets/{id}\", hosts: [\"*.example.com\"], headers: { x-v: { regex: \"v[0-9]+\" } } }, to: [{ upstream: pets }] }";
    let expected = "\
- route \"*.example.com /pets/{id} header x-v~v[0-9]+\"
    - match: { hosts: [\"*.example.com\"], path: \"/pets/{id}\", headers: { x-v: { regex: \"v[0-9]+\" } } }
    - to: [{ upstream: pets }]
traffic
    such as any.example.com/pets/any with x-v: v0: to cats by route \"prefix /\", before to pets by route \"*.example.com /pets/{id} header x-v~v[0-9]+\"
1 route removed
";
    assert_eq!(told_of(&[any, one], &[any]), expected);
    let posted = "{ match: { path: /cats/new, methods: [POST, PUT], query: { a: b c } }, to: [{ upstream: cats }] }";
    let got = "{ match: { path: /cats/new, methods: [PUT] }, to: [{ upstream: pets }] }";
    let expected = "\
+ route \"POST,PUT /cats/new query a=b c\"
    + match: { path: /cats/new, methods: [POST, PUT], query: { a: \"b c\" } }
    + to: [{ upstream: cats }]
traffic
    such as POST /cats/new?a=b%20c: to cats, before refused with 405 method_not_allowed
    such as PUT /cats/new?a=b%20c: to cats by route \"POST,PUT /cats/new query a=b c\", before to pets by route \"PUT /cats/new\"
1 route added
";
    assert_eq!(told_of(&[got], &[got, posted]), expected);
}

#[test]
fn order_is_told_where_it_decides() {
    let (a, b) = (
        "{ name: a, match: { path: /x, headers: { x-a: { present: true } } }, to: [{ upstream: pets }] }",
        "{ name: b, match: { path: /x, headers: { x-b: { present: true } } }, to: [{ upstream: cats }] }",
    );
    let expected = "\
~ route \"b\"
    ~ order: now before \"a\"
1 route changed
";
    assert_eq!(told_of(&[a, b], &[b, a]), expected);
    // Of these no request is both.
    let other = b.replace("x-b: { present: true }", "x-a: { present: false }");
    let same = "old.yaml and new.yaml mean the same\n";
    assert_eq!(told_of(&[a, &other, CATS], &[CATS, &other, a]), same);
}

#[test]
fn conditions_are_asked_in_order_and_that_is_told() {
    let route = |first: &str, second: &str| {
        let when = |name| {
            format!(
                "{{ upstream: pets, name: {name}, when: {{ headers: {{ x-{name}: \"1\" }} }} }}"
            )
        };
        format!(
            "{{ match: {{ path: /x }}, to: [{}, {}, {{ upstream: cats }}] }}",
            when(first),
            when(second)
        )
    };
    let expected = "\
~ route \"/x\"
    ~ to (order): [a, b] -> [b, a]
1 route changed
";
    assert_eq!(told_of(&[&route("a", "b")], &[&route("b", "a")]), expected);
}

#[test]
fn what_becomes_of_a_routes_requests_is_told() {
    let to = |to: &str| format!("{{ match: {{ path: /x }}, {to} }}");
    for (old, new, traffic) in [
        (
            "to: [{ upstream: pets, weight: 2 }, { upstream: cats, weight: 1 }]",
            "to: [{ upstream: pets, weight: 1 }, { upstream: cats, weight: 0 }]",
            "/x: pets gets 100 %, before 66.667 %; cats gets nothing, before 33.333 %",
        ),
        (
            "to: [{ upstream: pets }], mirror: [{ upstream: cats, percent: 0.5 }]",
            "to: [{ upstream: pets }]",
            "/x: cats gets no copies, before of 0.5 %",
        ),
        (
            "to: [{ upstream: pets, name: main }]",
            "to: [{ upstream: cats, name: main }]",
            "/x: main (upstream cats) gets 100 %, before nothing; main (upstream pets) gets nothing, \
             before 100 %",
        ),
        (
            "to: [{ upstream: pets }, { upstream: cats, when: { query: { a: \"1\" } } }]",
            "to: [{ upstream: pets }, { upstream: cats, when: { query: { a: \"2\" } } }]",
            "/x: cats gets requests with query: { a: \"2\" }; cats no longer gets requests with query: { \
             a: \"1\" }",
        ),
        (
            "to: [{ upstream: pets }, { upstream: cats }]",
            "redirect: { path: /y }",
            "/x: redirected with 302, before to pets (50 %) and cats (50 %)",
        ),
        (
            "respond: { status: 200 }",
            "respond: { status: 404 }",
            "/x: answered with 404, before answered with 200",
        ),
    ] {
        let told = told_of(&[&to(old)], &[&to(new)]);
        let (_, found) = told.split_once("traffic\n    ").unwrap();
        assert_eq!(found.lines().next(), Some(traffic), "{told}");
    }
}

#[test]
fn a_route_whose_requests_cannot_be_told_is_named() {
    let control = "{ match: { regex: \"/[\\\\x00-\\\\x08]\" }, to: [{ upstream: pets }] }";
    let told = told_of(&[CATS], &[CATS, control]);
    let unknown = "    route \"regex /[\\\\x00-\\\\x08]\": no request was found to tell who takes its \
                   requests otherwise\n";
    assert!(told.contains(unknown), "{told}");
}

#[test]
fn what_needs_a_restart_is_named() {
    let old = document(&[CATS], "admin: { port: 9902 }\n");
    let new = document(
        &[CATS],
        "metadata: { name: shop }\nedge: { stage_prefix: /prod }\n",
    )
    .replace("port: 8080 }", "port: 9000, address: 127.0.0.1 }")
    .replace("name: inner", "name: other");
    let (code, out, _) = diff(&old, &new, &[]);
    assert_eq!(code, 0);
    let expected = "\
~ metadata
    ~ name: gateway -> shop
~ listener \"http\"
    ~ port: 8080 -> 9000
    ~ address: \"0.0.0.0\" (default) -> \"127.0.0.1\"
+ listener \"other\"
    + name: other
    + port: 8081
- listener \"inner\"
    - name: inner
    - port: 8081
~ admin
    ~ port: 9902 -> 9901
+ edge
    + stage_prefix: /prod
traffic
    /prod is taken off paths before they are matched
restart: Envoy takes these up only when it starts
    metadata.name
    listeners[http].port
    listeners[http].address
    listeners[other]
    listeners[inner]
    admin.port
metadata changed, 1 listener added, 1 listener removed, 1 listener changed, admin changed, edge added
";
    assert_eq!(out, expected);
}
