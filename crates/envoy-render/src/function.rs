//! Functions: what a request can be sent to.

use std::collections::BTreeMap;

use gateway_model::{Gateway, Upstream, UpstreamName};

use crate::discovery::short_hash;

/// A function of an upstream, as Envoy knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its key in Envoy's route table, and the name of its cluster: the upstream's name and a hash of
    /// all that the function means. Two documents never mean different things by one key, so while
    /// both are in use each is understood by the union of what the two render.
    pub key: String,
    /// The upstream's name, for statistics: it stays when the content changes.
    pub name: &'a UpstreamName,
    /// Where it is, and how to call it.
    pub upstream: &'a Upstream,
}

impl<'a> Function<'a> {
    /// The functions of a document, by the names of their upstreams.
    pub fn of(gateway: &'a Gateway) -> BTreeMap<&'a UpstreamName, Self> {
        gateway
            .upstreams
            .iter()
            .map(|(name, upstream)| {
                let content = serde_json::to_vec(&(name, upstream)).unwrap_or_default();
                let key = format!("{name}-{}", short_hash(&content));
                (
                    name,
                    Self {
                        key,
                        name,
                        upstream,
                    },
                )
            })
            .collect()
    }
}
