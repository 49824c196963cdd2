//! Hand-written Envoy bootstraps, for tests of what Headgate does not render: the harness itself,
//! and single filters in an Envoy of somebody else's making.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::upstream::Upstream;

/// The name of the one listener; [`Envoy::listener`](crate::envoy::Envoy::listener) finds its port.
pub const FRONT: &str = "front";

/// An Envoy that sends every request to one upstream.
#[derive(Debug, Clone)]
#[must_use]
pub struct Proxy {
    filters: Vec<Value>,
    clusters: Vec<Value>,
    manager: Map<String, Value>,
    route: Map<String, Value>,
}

impl Proxy {
    /// Everything goes to `upstream`, over HTTP/2 so that trailers arrive; its cluster is called
    /// `upstream`.
    pub fn to(upstream: &Upstream) -> Self {
        Self {
            filters: Vec::new(),
            clusters: vec![cluster("upstream", upstream.port())],
            manager: Map::new(),
            route: Map::from_iter([("cluster".to_owned(), "upstream".into())]),
        }
    }

    /// Adds an HTTP filter (`envoy.config…HttpFilter`) after those that are there, in front of the
    /// router.
    pub fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    /// Adds a cluster of one endpoint, for a filter's callouts.
    pub fn cluster(mut self, name: &str, upstream: &Upstream) -> Self {
        self.clusters.push(cluster(name, upstream.port()));
        self
    }

    /// Sets a field of the `HttpConnectionManager`.
    pub fn manager(mut self, field: &str, value: Value) -> Self {
        self.manager.insert(field.into(), value);
        self
    }

    /// Sets a field of the route's action, for example its `timeout`.
    pub fn route(mut self, field: &str, value: Value) -> Self {
        self.route.insert(field.into(), value);
        self
    }

    /// The bootstrap, for [`Envoy::start`](crate::envoy::Envoy::start). Its listener [`FRONT`] is
    /// on a port that the kernel chooses.
    #[must_use]
    pub fn bootstrap(self) -> Value {
        let route = json!({ "match": { "prefix": "/" }, "route": self.route });
        let mut filters = self.filters;
        filters.push(json!({
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": ROUTER },
        }));
        let mut manager = json!({
            "@type": MANAGER,
            "stat_prefix": FRONT,
            "http_filters": filters,
            "route_config": {
                "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [route] }],
            },
        });
        if let Some(manager) = manager.as_object_mut() {
            manager.extend(self.manager);
        }
        let front = json!({
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        });
        json!({ "static_resources": {
            "listeners": [{
                "name": FRONT,
                "address": loopback(0),
                "filter_chains": [{ "filters": [front] }],
            }],
            "clusters": self.clusters,
        } })
    }
}

/// An HTTP filter that runs the wasm `module` with `configuration` as JSON. `plugin` holds further
/// fields of the `PluginConfig`, for example `{ "allow_on_headers_stop_iteration": true }`.
#[must_use]
pub fn wasm_filter(name: &str, module: &Path, configuration: &Value, plugin: Value) -> Value {
    let mut config = json!({
        "name": name,
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": configuration.to_string(),
        },
        "vm_config": {
            "vm_id": name,
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": module } },
        },
        "failure_policy": "FAIL_RELOAD",
    });
    if let (Some(config), Value::Object(plugin)) = (config.as_object_mut(), plugin) {
        config.extend(plugin);
    }
    json!({ "name": name, "typed_config": { "@type": WASM, "config": config } })
}

const MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const HTTP_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

fn loopback(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

fn cluster(name: &str, port: u16) -> Value {
    let endpoint = json!({ "endpoint": { "address": loopback(port) } });
    let http2 = json!({
        "@type": format!("type.googleapis.com/{HTTP_OPTIONS}"),
        "explicit_http_config": { "http2_protocol_options": {} },
    });
    json!({
        "name": name,
        "typed_extension_protocol_options": { HTTP_OPTIONS: http2 },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        },
    })
}
