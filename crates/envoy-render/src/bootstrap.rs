//! What Envoy is started with.

use gateway_model::Gateway;
use serde_json::{Value, json};

use crate::discovery::{CLUSTERS, source};
use crate::listeners::listeners;
use crate::stats::stats_config;
use crate::{Placement, status};

/// How many clients may be connected at once. Envoy has no bound of its own.
const MOST_CONNECTIONS: u32 = 50_000;

/// `envoy.config.bootstrap.v3.Bootstrap`.
pub(crate) fn bootstrap(gateway: &Gateway, placement: &Placement) -> Value {
    let name = gateway.metadata.name.as_str();
    json!({
        "node": { "id": name, "cluster": name },
        "admin": { "address": { "socket_address": {
            "address": "127.0.0.1",
            "port_value": gateway.admin.port.get(),
        } } },
        "static_resources": static_resources(gateway, placement),
        "dynamic_resources": { "cds_config": source(CLUSTERS, placement) },
        "stats_config": stats_config(),
        "overload_manager": {
            "resource_monitors": [{
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    "max_active_downstream_connections": MOST_CONNECTIONS,
                },
            }],
        },
    })
}

/// What Envoy takes at its start alone. Where a gateway is deployed, it also tells how it is.
fn static_resources(gateway: &Gateway, placement: &Placement) -> Value {
    let mut listeners = listeners(gateway, placement);
    if placement.entrance.is_none() {
        return json!({ "listeners": listeners });
    }
    listeners.push(status::listener(gateway, placement));
    json!({ "listeners": listeners, "clusters": [status::admin(gateway)] })
}
