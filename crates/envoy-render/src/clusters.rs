//! A cluster for each function.

use std::collections::BTreeMap;

use gateway_model::{Host, Protocol, UpstreamName};
use serde_json::{Value, json};

use crate::function::Function;
use crate::listeners::CONNECTION_BUFFER_BYTES;

/// `envoy.config.cluster.v3.Cluster`, one for each function.
pub(crate) fn clusters(functions: &BTreeMap<&UpstreamName, Function<'_>>) -> Vec<Value> {
    functions.values().map(cluster).collect()
}

fn cluster(function: &Function<'_>) -> Value {
    let address = &function.upstream.address;
    // Envoy writes an IPv6 address without the brackets that tell it from its port.
    let (discovery, host) = match &address.host {
        Host::Ip(ip) => ("STATIC", ip.to_string()),
        Host::Name(name) => ("STRICT_DNS", name.to_string()),
    };
    let mut cluster = json!({
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": function.key,
        "alt_stat_name": function.name.as_str(),
        "type": discovery,
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "load_assignment": {
            "cluster_name": function.key,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": {
                "socket_address": {
                    "address": host,
                    "port_value": address.port.get(),
                },
            } } }] }],
        },
    });
    if discovery == "STRICT_DNS" {
        put(&mut cluster, "dns_lookup_family", json!("V4_PREFERRED"));
    }
    if function.upstream.protocol == Protocol::Grpc {
        put(
            &mut cluster,
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

fn put(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}
