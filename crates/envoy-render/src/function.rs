//! Functions: what a request can be sent to.

use std::collections::BTreeMap;

use gateway_model::{Destination, Gateway, Route, Upstream, UpstreamName};
use serde_json::Value;

use crate::clusters;
use crate::discovery::short_hash;
use crate::routes;

/// The functions of a document, and the clusters that they call.
///
/// A cluster is an upstream; a function is a cluster and how it is called. Destinations that call an
/// upstream in different ways share its connections and are different functions.
#[derive(Debug, Clone)]
pub struct Functions<'a> {
    upstreams: &'a BTreeMap<UpstreamName, Upstream>,
    /// The names of the clusters, by upstream.
    clusters: BTreeMap<&'a UpstreamName, String>,
    /// By key.
    functions: BTreeMap<String, Function<'a>>,
    /// The keys, as the routes and their destinations stand in the document.
    destinations: Vec<Vec<String>>,
}

/// A function, as Envoy knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Function<'a> {
    /// Its key in Envoy's route table: the upstream's name and a hash of all that the function means,
    /// its cluster among it. Two documents never mean different things by one key, so while both are
    /// in use each is understood by the union of what the two render.
    pub key: String,
    /// The upstream's name; it stays when the content changes.
    pub name: &'a UpstreamName,
    /// Where it is, and how to call it.
    pub upstream: &'a Upstream,
    /// `envoy.config.route.v3.RouteAction`.
    pub(crate) action: Value,
}

impl<'a> Functions<'a> {
    /// The functions of a document. They are the same wherever what is rendered is placed.
    pub fn of(gateway: &'a Gateway) -> Self {
        let clusters = gateway.upstreams.iter();
        let clusters =
            clusters.map(|(name, upstream)| (name, clusters::cluster_name(name, upstream)));
        let mut functions = Self {
            upstreams: &gateway.upstreams,
            clusters: clusters.collect(),
            functions: BTreeMap::new(),
            destinations: Vec::new(),
        };
        for route in &gateway.routes {
            let keys = route.to.iter();
            let keys = keys.map(|destination| functions.add(route, destination));
            let keys = keys.collect();
            functions.destinations.push(keys);
        }
        functions
    }

    /// The function that a destination of a route is, by their places in the document. A document
    /// that was read has one for each.
    pub fn get(&self, route: usize, destination: usize) -> Option<&Function<'a>> {
        let key = self.destinations.get(route)?.get(destination)?;
        self.functions.get(key)
    }

    /// Each function once, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Function<'a>> {
        self.functions.values()
    }

    /// Each upstream with the name of its cluster.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = (&str, &'a UpstreamName, &'a Upstream)> {
        let clusters = self.clusters.iter();
        clusters.filter_map(|(name, cluster)| {
            let upstream = self.upstreams.get(*name)?;
            Some((cluster.as_str(), *name, upstream))
        })
    }

    /// The name of an upstream's cluster; none for an upstream that is not there, which no document
    /// that was read speaks of.
    pub(crate) fn cluster(&self, upstream: &UpstreamName) -> Option<&str> {
        self.clusters.get(upstream).map(String::as_str)
    }

    /// The key of the function that a destination is.
    fn add(&mut self, route: &Route, destination: &Destination) -> String {
        let Some((name, upstream)) = self.upstreams.get_key_value(&destination.upstream) else {
            return String::new();
        };
        let action = routes::route_action(self, route, destination, upstream);
        let key = named_by_content(name.as_str(), &action);
        let function = || Function {
            key: key.clone(),
            name,
            upstream,
            action,
        };
        self.functions.entry(key.clone()).or_insert_with(function);
        key
    }
}

/// The name of something of an upstream that means just this: `pets-3f2a9c51d07b`.
pub(crate) fn named_by_content(upstream: &str, content: &Value) -> String {
    format!("{upstream}-{}", short_hash(content.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(upstreams: &str, routes: &[&str]) -> Gateway {
        let routes: String = routes.iter().map(|to| format!("  - {to}\n")).collect();
        let document = format!(
            "apiVersion: headgate.dev/v1alpha1\n\
             kind: Gateway\n\
             listeners: [{{ name: http, port: 8080 }}]\n\
             upstreams: {upstreams}\n\
             routes:\n{routes}"
        );
        let checked = gateway_model::read("gateway.yaml", document.as_bytes());
        checked.unwrap_or_else(|wrong| panic!("{wrong}")).document
    }

    const UPSTREAMS: &str =
        r#"{ pets: { http: "pets:80", timeout: 2s }, other: { http: "o:80" } }"#;

    #[test]
    fn a_function_is_a_cluster_and_how_it_is_called() {
        let gateway = gateway(
            UPSTREAMS,
            &[
                "{ match: { path: /a }, to: [{ upstream: pets }] }",
                "{ match: { path: /b }, to: [{ upstream: pets, timeout: 2s }, { upstream: other }] }",
                "{ match: { path: /c }, to: [{ upstream: pets, timeout: 3s }] }",
                "{ match: { path: /d }, to: [{ upstream: pets }], mirror: [{ upstream: other }] }",
                "{ match: { path: /e }, respond: { status: 200 } }",
            ],
        );
        let functions = Functions::of(&gateway);
        let key = |route, destination| {
            let function: &Function<'_> = functions.get(route, destination).unwrap();
            function.key.as_str()
        };
        assert_eq!(
            key(0, 0),
            key(1, 0),
            "the upstream's own timeout, said again"
        );
        assert_ne!(key(0, 0), key(2, 0), "another timeout");
        assert_ne!(key(0, 0), key(3, 0), "a mirror");
        assert!(key(1, 1).starts_with("other-"), "{}", key(1, 1));
        assert!(functions.get(4, 0).is_none());
        assert_eq!(
            (functions.iter().count(), functions.clusters().count()),
            (4, 2)
        );
    }

    #[test]
    fn a_key_changes_with_the_cluster_and_with_nothing_else() {
        let route = &["{ match: { path: /a }, to: [{ upstream: pets }] }"];
        let key = |pets: &str| {
            let gateway = gateway(&format!("{{ pets: {pets} }}"), route);
            let functions = Functions::of(&gateway);
            let function = functions.get(0, 0).unwrap();
            function.key.clone()
        };
        let plain = key(r#"{ http: "pets:80" }"#);
        let defaults =
            r#"{ http: "pets:80", timeout: 15s, retries: { on: [reset] }, circuit_breakers: {} }"#;
        let written_out =
            r#"{ http: "pets:80", connect_timeout: 5s, retries: { on: [reset], budget: 20 } }"#;
        assert_eq!(key(defaults), key(written_out));
        for other in [
            r#"{ http: "pets:81" }"#,
            r#"{ http: "pets:80", http2: true }"#,
            r#"{ http: "pets:80", connect_timeout: 1s }"#,
            r#"{ http: "pets:80", circuit_breakers: { requests: 7 } }"#,
            r#"{ http: "pets:80", outlier_detection: {} }"#,
            r#"{ http: "pets:80", tls: {} }"#,
        ] {
            assert_ne!(key(other), plain, "{other}");
        }
        let tls = |ca: &str| key(&format!(r#"{{ http: "pets:80", tls: {{ ca: {ca} }} }}"#));
        assert_ne!(
            tls("a.crt"),
            tls("b.crt"),
            "another file is another authority"
        );
    }
}
