//! A cluster for each upstream.

use gateway_model::{Host, Protocol, Upstream, UpstreamName};
use serde_json::{Map, Value, json};

use crate::function::{Functions, named_by_content};
use crate::listeners::CONNECTION_BUFFER_BYTES;

/// `envoy.config.cluster.v3.Cluster`, one for each upstream.
pub(crate) fn clusters(functions: &Functions<'_>) -> Vec<Value> {
    let clusters = functions.clusters();
    let clusters = clusters.map(|(cluster, name, upstream)| {
        let mut named = Map::new();
        named.insert(
            "@type".to_owned(),
            json!("type.googleapis.com/envoy.config.cluster.v3.Cluster"),
        );
        named.insert("name".to_owned(), json!(cluster));
        named.extend(content(name, upstream));
        Value::Object(named)
    });
    clusters.collect()
}

/// The name of an upstream's cluster, which no other content has.
pub(crate) fn cluster_name(name: &UpstreamName, upstream: &Upstream) -> String {
    named_by_content(name, &Value::Object(content(name, upstream)))
}

/// All of a cluster but its name.
fn content(name: &UpstreamName, upstream: &Upstream) -> Map<String, Value> {
    let address = &upstream.address;
    // Envoy writes an IPv6 address without the brackets that tell it from its port.
    let (discovery, host) = match &address.host {
        Host::Ip(ip) => ("STATIC", ip.to_string()),
        Host::Name(name) => ("STRICT_DNS", name.to_string()),
    };
    let mut cluster = Map::new();
    let mut put = |field: &str, value: Value| cluster.insert(field.to_owned(), value);
    // Statistics stay those of the upstream when its content changes.
    put("alt_stat_name", json!(name.as_str()));
    put("type", json!(discovery));
    put("connect_timeout", json!("5s"));
    put(
        "per_connection_buffer_limit_bytes",
        json!(CONNECTION_BUFFER_BYTES),
    );
    let socket_address = json!({ "address": host, "port_value": address.port.get() });
    put(
        "load_assignment",
        json!({
            "cluster_name": name.as_str(),
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": {
                "socket_address": socket_address,
            } } }] }],
        }),
    );
    if discovery == "STRICT_DNS" {
        put("dns_lookup_family", json!("V4_PREFERRED"));
    }
    if upstream.protocol == Protocol::Grpc {
        put(
            "typed_extension_protocol_options",
            json!({
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": { "http2_protocol_options": {} },
                },
            }),
        );
    }
    cluster
}
