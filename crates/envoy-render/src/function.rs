//! Functions: what a request can be sent to.

use std::collections::BTreeMap;

use gateway_model::{Gateway, Upstream, UpstreamName};
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
            let keys = route
                .to
                .iter()
                .map(|destination| functions.add(&destination.upstream));
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

    /// The key of a function; empty for an upstream that is not there, which no document that was
    /// read speaks of.
    fn add(&mut self, upstream: &UpstreamName) -> String {
        let Some((name, upstream)) = self.upstreams.get_key_value(upstream) else {
            return String::new();
        };
        let cluster = self.clusters.get(name).map(String::as_str);
        let action = routes::route_action(cluster.unwrap_or_default(), upstream);
        let key = named_by_content(name, &action);
        self.functions
            .entry(key.clone())
            .or_insert_with(|| Function {
                key: key.clone(),
                name,
                upstream,
                action,
            });
        key
    }
}

/// The name of something of an upstream that means just this: `pets-3f2a9c51d07b`.
pub(crate) fn named_by_content(upstream: &UpstreamName, content: &Value) -> String {
    format!("{upstream}-{}", short_hash(content.to_string().as_bytes()))
}
