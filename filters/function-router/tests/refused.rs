//! Each way in which a configuration can be wrong, and what is said about it: place and repair.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "test code: a panic is how a test fails")]

use filter_api::{Filter, parse_config};
use function_router::FunctionRouter;
use serde_json::{Value, json};

/// What is said about a configuration.
fn refusal(config: &Value) -> String {
    let config = parse_config(config.to_string().as_bytes());
    let compiled = config.and_then(FunctionRouter::compile);
    compiled.unwrap_err().to_string()
}

/// Holds what is said about a route, which is `change`d from one that is right, against a message.
fn check(cases: &[(Value, &str)]) {
    for (change, message) in cases {
        let mut route = json!({
            "name": "one",
            "match": { "path": "/pets/{id}" },
            "to": [{ "function": "pets" }],
        });
        for (field, value) in change.as_object().unwrap() {
            match value {
                Value::Null => route.as_object_mut().unwrap().remove(field),
                value => route
                    .as_object_mut()
                    .unwrap()
                    .insert(field.clone(), value.clone()),
            };
        }
        let said = refusal(&json!({ "routes": [route] }));
        let said = said
            .strip_prefix("routes[0]")
            .unwrap_or(&said)
            .trim_start_matches('.');
        assert_eq!(said, *message, "{change}");
    }
}

/// [`check`] for a route whose match this is.
fn check_match(cases: &[(Value, &str)]) {
    for (matches, message) in cases {
        let message = format!("match{message}");
        check(&[(json!({ "match": matches }), &message)]);
    }
}

/// [`check`] for a route whose second destination this is.
fn check_destination(cases: &[(Value, &str)]) {
    for (destination, message) in cases {
        let message = format!("to[1]{message}");
        check(&[(
            json!({ "to": [{ "function": "a" }, destination] }),
            &message,
        )]);
    }
}

#[test]
fn a_route_has_a_name_a_match_and_one_thing_to_do() {
    let redirect = json!({ "scheme": "https" });
    let respond = json!({ "status": 200 });
    check(&[
        (json!({ "name": "" }), "name: must not be empty"),
        (
            json!({ "redirect": redirect }),
            ": must have exactly one of \"to\", \"redirect\" and \"respond\"",
        ),
        (
            json!({ "to": null, "redirect": redirect, "respond": respond }),
            ": must have exactly one of \"to\", \"redirect\" and \"respond\"",
        ),
        (
            json!({ "to": null, "respond": respond, "force": "x-version" }),
            "force: must stand beside \"to\", where there is something to choose; leave it out",
        ),
        (
            json!({ "to": null, "redirect": redirect, "sticky": { "header": "x-user" } }),
            "sticky: must stand beside \"to\", where there is something to choose; leave it out",
        ),
        (
            json!({ "to": null }),
            "to: must hold one with a weight above 0 and without \"when\", which takes what no other \
             takes",
        ),
    ]);
}

#[test]
fn a_match_is_wrong_in_many_ways() {
    let depth = "/a".repeat(65);
    let long = format!("/{}", "a".repeat(1024));
    check_match(&[
        (
            json!({}),
            ": must have exactly one of \"path\", \"prefix\" and \"regex\"",
        ),
        (
            json!({ "path": "/a", "regex": "/a" }),
            ": must have exactly one of \"path\", \"prefix\" and \"regex\"",
        ),
        (
            json!({ "path": "pets" }),
            ".path: must begin with \"/\", found \"pets\"",
        ),
        (
            json!({ "path": "/a?b" }),
            ".path: must be a path alone, found \"?\" in it; queries are not part of the path",
        ),
        (
            json!({ "path": "/é" }),
            ".path: must hold only characters of a URI path, found 'é'; write it percent-encoded",
        ),
        (
            json!({ "prefix": "/a//b" }),
            ".prefix: can never match: Envoy normalises \"//\" away before a request is matched",
        ),
        (
            json!({ "path": "/x{id}" }),
            ".path: must have \"{name}\" as a whole segment, found \"x{id}\"",
        ),
        (
            json!({ "path": "/{1d}" }),
            ".path: must name the variable in \"{1d}\" with letters, digits and \"_\", not beginning \
             with a digit",
        ),
        (
            json!({ "path": "/{a}/{a}" }),
            ".path: must name each variable once, found \"{a}\" again",
        ),
        (
            json!({ "path": depth }),
            ".path: must have at most 64 segments, found 65",
        ),
        (
            json!({ "path": "/100%" }),
            ".path: must have two hexadecimal digits after each \"%\", found \"%\"; a percent sign is \
             \"%25\"",
        ),
        (
            json!({ "prefix": "/{id}" }),
            ".prefix: must not hold variables, found \"{id}\"; use \"path\"",
        ),
        (
            json!({ "regex": "/(a" }),
            ".regex: must be a regular expression, found \"/(a\": unclosed group",
        ),
        (
            json!({ "regex": long }),
            ".regex: must have at most 1024 bytes, found 1025",
        ),
        (
            json!({ "regex": "(?x)/a # b" }),
            ".regex: must not end within a comment of \"(?x)\", found \"(?x)/a # b\"",
        ),
        (
            json!({ "regex": "/(?:a{1000}){1000}" }),
            ".regex: must not compile to more than 256 KiB; repeat less",
        ),
        (
            json!({ "path": "/a", "hosts": ["a.com:80"] }),
            ".hosts[0]: must be a host without port, found \"a.com:80\"",
        ),
        (
            json!({ "path": "/a", "hosts": ["a.com", "A.com"] }),
            ".hosts[1]: must be in lower case, found \"A.com\"",
        ),
        (
            json!({ "path": "/a", "hosts": ["*"] }),
            ".hosts[0]: must be a host name, an address, or \"*.\" and a host name, found \"*\"",
        ),
        (
            json!({ "path": "/a", "methods": ["GET", "G T"] }),
            ".methods[1]: must be a method such as \"GET\", found \"G T\"",
        ),
        (
            json!({ "path": "/a", "methods": ["CONNECT"] }),
            ".methods[0]: must not be \"CONNECT\": tunnels are not routed to functions",
        ),
        (
            json!({ "path": "/a", "headers": { "X-Env": "a" } }),
            ".headers.X-Env: must be in lower case, found \"X-Env\"; write \"x-env\"",
        ),
        (
            json!({ "path": "/a", "headers": { "host": "a" } }),
            ".headers.host: must not be \"host\"; match \"hosts\"",
        ),
        (
            json!({ "path": "/a", "headers": { ":method": "GET" } }),
            ".headers[\":method\"]: must not be \":method\"; match \"methods\"",
        ),
        (
            json!({ "path": "/a", "headers": { "x-headgate-function": "a" } }),
            ".headers.x-headgate-function: must not be \"x-headgate-function\"; it is what the router \
             writes",
        ),
        (
            json!({ "path": "/a", "headers": { "x a": "a" } }),
            ".headers[\"x a\"]: must be the name of a header field, found \"x a\"",
        ),
        (
            json!({ "path": "/a", "headers": { "x-a": "a\n" } }),
            ".headers.x-a: must be text that a header can hold, without spaces around it",
        ),
        (
            json!({ "path": "/a", "headers": { "x-a": { "regex": "[" } } }),
            ".headers.x-a: must be a regular expression, found \"[\": unclosed character class",
        ),
        (
            json!({ "path": "/a", "query": { "": "a" } }),
            ".query[\"\"]: must be the name of a query parameter, found \"\"",
        ),
        (
            json!({ "path": "/a", "query": { "a.b": { "regex": "(" } } }),
            ".query[\"a.b\"]: must be a regular expression, found \"(\": unclosed group",
        ),
        (
            json!({ "path": "/a", "content_types": ["text/html", "*/*"] }),
            ".content_types[1]: must be a media type without parameters such as \"application/json\" or \
             \"text/*\", found \"*/*\"",
        ),
    ]);
}

#[test]
fn a_destination_is_wrong_in_many_ways() {
    check_destination(&[
        (
            json!({ "function": "a b" }),
            ".function: must be a key of letters, digits and \"-_.\", found \"a b\"",
        ),
        (
            json!({ "function": "b", "name": "" }),
            ".name: must be a name of letters, digits and \"-_.\", found \"\"",
        ),
        (
            json!({ "function": "b", "name": "a" }),
            ".name: must be another name than that of to[0], found \"a\" again; tell them apart with \
             \"name\"",
        ),
        (
            json!({ "function": "b", "when": {} }),
            ".when: must hold a condition on \"headers\", \"query\" or \"claims\"",
        ),
        (
            json!({ "function": "b", "weight": 1, "when": { "query": { "a": "b" } } }),
            ".weight: must not stand beside \"when\", which takes all that it describes",
        ),
        (
            json!({ "function": "b", "when": { "headers": { "X-A": "b" } } }),
            ".when.headers.X-A: must be in lower case, found \"X-A\"; write \"x-a\"",
        ),
        (
            json!({ "function": "b", "path": "/a", "prefix": "/a" }),
            ": must have at most one of \"path\" and \"prefix\"",
        ),
        (
            json!({ "function": "b", "prefix": "/a" }),
            ".prefix: must stand beside a match by prefix; use \"path\"",
        ),
        (
            json!({ "function": "b", "path": "/a?b" }),
            ".path: must be a path that begins with \"/\", has no query, no \"//\" and no \".\" segment, \
             found \"/a?b\"",
        ),
        (
            json!({ "function": "b", "path": "/{kind}" }),
            ".path: must name a value of the match, found \"{kind}\"; it has id",
        ),
        (
            json!({ "function": "b", "path": "/{id" }),
            ".path: must close each \"{\" with a \"}\" and have no other, found \"/{id\"",
        ),
        (
            json!({ "function": "b", "query": "?a=b" }),
            ".query: must be a query without \"?\", percent-encoded, found \"?a=b\"",
        ),
        (
            json!({ "function": "b", "query": "a=b c" }),
            ".query: must be a query without \"?\", percent-encoded, found \"a=b c\"",
        ),
        (
            json!({ "function": "b", "query": "a={x}" }),
            ".query: must name a value of the match, found \"{x}\"; it has id",
        ),
        (
            json!({ "function": "b", "host": "http://a" }),
            ".host: must be a host in lower case such as \"pets.internal\", found \"http://a\"",
        ),
        (
            json!({ "function": "b", "host": "a:0" }),
            ".host: must be a host in lower case such as \"pets.internal\", found \"a:0\"",
        ),
        (
            json!({ "function": "b", "host": "pets.{id}" }),
            ".host: must end in a name that is written down, such as \".pets.internal\", found \
             \"pets.{id}\"; a client chooses what a value is",
        ),
        (
            json!({ "function": "b", "host": "{x}.a" }),
            ".host: must name a value of the match, found \"{x}\"; it has id",
        ),
        (
            json!({ "function": "b", "method": "CONNECT" }),
            ".method: must be a method such as \"POST\", found \"CONNECT\"",
        ),
        (
            json!({ "function": "b", "method": "HEAD" }),
            ".method: must not be \"HEAD\", whose answers have no body; write \"GET\"",
        ),
    ]);
    check(&[
        (
            json!({ "to": [{ "function": "a", "weight": 0 }] }),
            "to: must hold one with a weight above 0 and without \"when\", which takes what no other \
             takes",
        ),
        (
            json!({ "to": [{ "function": "a", "when": { "query": { "a": "b" } } }] }),
            "to: must hold one with a weight above 0 and without \"when\", which takes what no other \
             takes",
        ),
    ]);
}

#[test]
fn stickiness_and_force_are_wrong_in_many_ways() {
    let cookie = |cookie: Value| json!({ "sticky": { "cookie": cookie } });
    check(&[
        (
            json!({ "sticky": {} }),
            "sticky: must have exactly one of \"header\", \"claim\", \"cookie\" and \"client_address\"",
        ),
        (
            json!({ "sticky": { "header": "x-a", "client_address": true } }),
            "sticky: must have exactly one of \"header\", \"claim\", \"cookie\" and \"client_address\"",
        ),
        (
            json!({ "sticky": { "header": "X-A" } }),
            "sticky.header: must be in lower case, found \"X-A\"; write \"x-a\"",
        ),
        (
            cookie(json!({ "name": "a b" })),
            "sticky.cookie.name: must be the name of a cookie, found \"a b\"",
        ),
        (
            cookie(json!({ "name": "__Secure-a" })),
            "sticky.cookie.secure: must be true with the name \"__Secure-a\", or browsers refuse the \
             cookie",
        ),
        (
            cookie(json!({ "name": "__Host-a", "secure": true, "path": "/a" })),
            "sticky.cookie.path: must be \"/\" with the name \"__Host-a\", or browsers refuse the cookie",
        ),
        (
            cookie(json!({ "name": "a", "path": "a" })),
            "sticky.cookie.path: must be a path that begins with \"/\" and holds no \";\", found \"a\"",
        ),
        (
            cookie(json!({ "name": "a", "path": "/;domain=b" })),
            "sticky.cookie.path: must be a path that begins with \"/\" and holds no \";\", found \
             \"/;domain=b\"",
        ),
        (
            cookie(json!({ "name": "a", "same_site": "None" })),
            "sticky.cookie.secure: must be true with same_site: None, or browsers refuse the cookie",
        ),
        (
            cookie(json!({ "name": "a", "ttl": "500ms" })),
            "sticky.cookie.ttl: must be at least 1s, found 500ms; cookies know whole seconds",
        ),
        (
            json!({ "force": "X-Version" }),
            "force: must be in lower case, found \"X-Version\"; write \"x-version\"",
        ),
        (
            json!({ "force": ":path" }),
            "force: must not be \":path\"; match \"path\", \"prefix\" or \"regex\"",
        ),
    ]);
}

#[test]
fn answers_are_wrong_in_many_ways() {
    let redirect = |redirect: Value| json!({ "to": null, "redirect": redirect });
    let respond = |respond: Value| json!({ "to": null, "respond": respond });
    check(&[
        (
            redirect(json!({ "status": 301 })),
            "redirect: must change something: \"scheme\", \"host\", \"port\", \"path\" or \"prefix\"",
        ),
        (
            redirect(json!({ "scheme": "https", "status": 304 })),
            "redirect.status: must be 301, 302, 303, 307 or 308, found 304",
        ),
        (
            redirect(json!({ "port": 0 })),
            "redirect.port: must be 1 to 65535, found 0",
        ),
        (
            redirect(json!({ "host": "a.com:80" })),
            "redirect.host: must be a host without port, found \"a.com:80\"; write the port as \"port\"",
        ),
        (
            redirect(json!({ "host": "A.com" })),
            "redirect.host: must be a host in lower case such as \"pets.internal\", found \"A.com\"",
        ),
        (
            redirect(json!({ "path": "/a", "prefix": "/a" })),
            "redirect: must have at most one of \"path\" and \"prefix\"",
        ),
        (
            redirect(json!({ "prefix": "/a" })),
            "redirect.prefix: must stand beside a match by prefix; use \"path\"",
        ),
        (
            redirect(json!({ "path": "/{x}" })),
            "redirect.path: must name a value of the match, found \"{x}\"; it has id",
        ),
        (
            respond(json!({ "status": 101 })),
            "respond.status: must be 200 to 599, found 101",
        ),
        (
            respond(json!({ "status": 200, "content_type": "json" })),
            "respond.content_type: must be a media type such as \"application/json\", found \"json\"",
        ),
        (
            respond(json!({ "status": 204, "body": "a" })),
            "respond.body: must not be there with status 204, which has none",
        ),
    ]);
}

#[test]
fn a_stage_and_too_many_expressions_are_named_too() {
    let route = |regex: String| json!({ "name": "a", "match": { "regex": regex }, "to": [{ "function": "a" }] });
    let stage = |stage| json!({ "routes": [], "stage_prefix": stage });
    let many: Vec<Value> = (0..200)
        .map(|n| route(format!("/{n}/(?:[a-z]{{100}}){{10}}")))
        .collect();
    for (config, message) in [
        (
            stage("/"),
            "stage_prefix: must be a path such as \"/prod\", found \"/\"",
        ),
        (
            stage("prod"),
            "stage_prefix: must begin with \"/\", found \"prod\"",
        ),
        (
            stage("/{stage}"),
            "stage_prefix: must be a path such as \"/prod\", found \"/{stage}\"",
        ),
        (
            json!({ "routes": many }),
            "routes: must not hold regular expressions that together compile to more than 4 MiB; use \
             \"path\" or \"prefix\" where it is enough",
        ),
    ] {
        assert_eq!(refusal(&config), message);
    }
}

#[test]
fn what_the_types_forbid_is_named_with_its_place() {
    let route = |value: &str| {
        format!(
            r#"{{ "routes": [{{ "name": "a", "match": {{ "path": "/a", "headers": {{ "x-a": {value} }} }}, "to": [] }}] }}"#
        )
    };
    for (value, message) in [
        (
            "{}",
            "expected one of \"regex\" and \"present\", found neither",
        ),
        (
            r#"{ "regex": "a", "present": true }"#,
            "expected one of \"regex\" and \"present\", found both; a regex needs the value to be there \
             anyway",
        ),
        (
            "1",
            "invalid type: integer `1`, expected text, { regex: … } or { present: … }",
        ),
    ] {
        let refused = parse_config::<function_router::Config>(route(value).as_bytes());
        let refused = refused.unwrap_err().to_string();
        let begin = format!("routes[0].match.headers.x-a: {message}");
        assert!(refused.starts_with(&begin), "{refused}");
    }
}
