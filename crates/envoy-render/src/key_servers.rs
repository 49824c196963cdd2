//! The clusters that keys of providers are fetched from. They are called as upstreams are.

use std::collections::BTreeMap;

use gateway_model::{Gateway, RemoteKeys, Upstream, Url};
use serde_json::Value;

use crate::function::named_by_content;
use crate::{Placement, clusters};

/// The clusters of a document's key servers, by name. Providers whose keys are at one server share it.
pub(crate) fn clusters(gateway: &Gateway, placement: &Placement) -> BTreeMap<String, Value> {
    let servers = gateway.key_servers().map(|(_, url, remote)| {
        let (name, upstream) = server(&url, &remote);
        let cluster = cluster_name(&url, &remote);
        let resource = clusters::cluster(&cluster, &name, &upstream, placement);
        (cluster, resource)
    });
    servers.collect()
}

/// The name of a server's cluster, which no other content has.
pub(crate) fn cluster_name(url: &Url, remote: &RemoteKeys) -> String {
    let (name, upstream) = server(url, remote);
    let content = clusters::content(&name, &upstream, &Placement::anywhere());
    named_by_content(&name, &content.into())
}

/// What statistics call a server, `keys_of_id_example_com_443`, and how it is called.
fn server(url: &Url, remote: &RemoteKeys) -> (String, Upstream) {
    let address = url.address();
    let of_name = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let host: String = address.to_string().chars().map(of_name).collect();
    let upstream = Upstream::of_keys(url, remote.ca.clone());
    (format!("keys_of_{host}"), upstream)
}
