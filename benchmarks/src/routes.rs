//! The same routes in each of the languages that a row needs.

use std::fmt::Write;

use serde_json::{Value, json};

/// How a route says which paths it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One path.
    Path,
    /// All below a path.
    Prefix,
    /// A path with one segment of any content: a template of ours, a regular expression of Envoy's.
    Template,
    /// A regular expression, in both.
    Regex,
}

/// The path that route `index` is about, as in an API of many resources.
fn resource(index: usize) -> String {
    format!("/v1/service-{}/resource-{}", index / 100, index % 100)
}

/// What a client asks for that means route `index`.
pub fn request_path(kind: Kind, index: usize) -> String {
    let resource = resource(index);
    match kind {
        Kind::Path => resource,
        Kind::Prefix | Kind::Template | Kind::Regex => resource + "/7",
    }
}

/// The key of a function of the router.
pub fn function(index: usize) -> String {
    format!("function-{index}")
}

/// Routes of the router and of the pipeline. They share `functions` functions.
pub fn of_router(kind: Kind, routes: usize, functions: usize) -> Value {
    let route = |index| {
        let path = resource(index);
        let matches = match kind {
            Kind::Path => json!({ "path": path }),
            Kind::Prefix => json!({ "prefix": path }),
            Kind::Template => json!({ "path": format!("{path}/{{id}}") }),
            Kind::Regex => json!({ "regex": format!("{path}/[^/]+") }),
        };
        let to = [json!({ "function": function(index % functions) })];
        json!({ "name": format!("route-{index}"), "match": matches, "to": to })
    };
    (0..routes).map(route).collect()
}

/// `envoy.config.route.v3.Route`s, each of which answers by itself.
pub fn of_envoy(kind: Kind, routes: usize) -> Vec<Value> {
    let route = |index| {
        let path = resource(index);
        let matches = match kind {
            Kind::Path => json!({ "path": path }),
            Kind::Prefix => json!({ "path_separated_prefix": path }),
            Kind::Template | Kind::Regex => {
                json!({ "safe_regex": { "regex": format!("{path}/[^/]+") } })
            }
        };
        json!({ "match": matches, "direct_response": { "status": 200 } })
    };
    (0..routes).map(route).collect()
}

/// A whole document. Its upstreams listen on `port`; of ten routes one has two destinations, and every
/// route names its methods.
pub fn document(routes: usize, port: u16) -> String {
    let mut text = "apiVersion: headgate.dev/v1alpha1\n\
                    kind: Gateway\n\
                    listeners: [{ name: http, port: 8080, address: 127.0.0.1 }]\n\
                    upstreams:\n"
        .to_owned();
    for upstream in 0..UPSTREAMS {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  upstream-{upstream}: {{ http: \"127.0.0.1:{port}\" }}"
        );
    }
    text.push_str("routes:\n");
    for index in 0..routes {
        let resource = resource(index);
        let one = index % UPSTREAMS;
        let to = match index % 10 {
            0 => {
                let other = (index + 1) % UPSTREAMS;
                format!(
                    "{{ upstream: upstream-{one}, weight: 9 }}, {{ upstream: upstream-{other}, weight: 1 }}"
                )
            }
            _ => format!("{{ upstream: upstream-{one} }}"),
        };
        let _ = writeln!(
            text,
            "  - {{ match: {{ path: \"{resource}/{{id}}\", methods: [GET] }}, to: [{to}] }}"
        );
    }
    text
}

/// Upstreams of [`document`].
const UPSTREAMS: usize = 20;
