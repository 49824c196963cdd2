//! Where Envoy takes connections.

use gateway_model::{BindAddress, Gateway, Listener, Port};
use serde_json::{Value, json};

use crate::fields::fields;
use crate::http_connection_manager::http_connection_manager;
use crate::{Placement, edge, tls};

/// What Envoy buffers of a connection before it stops reading, in bytes.
pub(crate) const CONNECTION_BUFFER_BYTES: u32 = 32 * 1024;

/// How long a client may take for the TLS handshake. Envoy has no bound of its own.
const HANDSHAKE: &str = "10s";

/// `envoy.config.listener.v3.Listener`, one for each of the document's.
pub(crate) fn listeners(gateway: &Gateway, placement: &Placement) -> Vec<Value> {
    gateway
        .listeners
        .iter()
        .map(|listener| render(gateway, listener, placement))
        .collect()
}

fn render(gateway: &Gateway, listener: &Listener, placement: &Placement) -> Value {
    let tls = listener.tls.as_ref();
    let chain = fields(json!({
        "transport_socket": tls.map(|tls| tls::downstream(tls, placement)),
        "transport_socket_connect_timeout": tls.map(|_| HANDSHAKE),
        "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": http_connection_manager(gateway, listener, placement),
        }],
    }));
    let mut rendered = fields(json!({
        "name": listener.name.as_str(),
        "address": socket_address(listener.address, listener.port),
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "filter_chains": [chain],
    }));
    let entrance = placement.entrance.as_ref();
    rendered.extend(entrance.map(edge::listener).unwrap_or_default());
    rendered.into()
}

/// `envoy.config.core.v3.Address`. Left to itself Envoy takes `::` for all of IPv6 alone: who comes by IPv4
/// would find nobody, and each port can be bound once.
pub(crate) fn socket_address(address: BindAddress, port: Port) -> Value {
    let both_families = is_every_address(address).then_some(true);
    let address = fields(json!({
        "address": address.to_string(),
        "port_value": port.get(),
        "ipv4_compat": both_families,
    }));
    json!({ "socket_address": address })
}

/// Whether it is `::`: all addresses of both families.
pub(crate) fn is_every_address(address: BindAddress) -> bool {
    address.0.is_ipv6() && address.0.is_unspecified()
}
