//! Where Envoy takes connections.

use gateway_model::{Gateway, Listener};
use serde_json::{Value, json};

use crate::Placement;
use crate::http_connection_manager::http_connection_manager;

/// What Envoy buffers of a connection before it stops reading, in bytes.
pub(crate) const CONNECTION_BUFFER_BYTES: u32 = 32 * 1024;

/// `envoy.config.listener.v3.Listener`, one for each of the document's.
pub(crate) fn listeners(gateway: &Gateway, placement: &Placement) -> Vec<Value> {
    gateway
        .listeners
        .iter()
        .map(|listener| render(listener, placement))
        .collect()
}

fn render(listener: &Listener, placement: &Placement) -> Value {
    json!({
        "name": listener.name.as_str(),
        "address": { "socket_address": {
            "address": listener.address.to_string(),
            "port_value": listener.port.get(),
        } },
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": http_connection_manager(listener, placement),
        }] }],
    })
}
