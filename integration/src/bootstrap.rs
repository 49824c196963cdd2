//! Hand-written Envoy bootstraps, for tests of what Headgate does not render: the harness itself,
//! and single filters in an Envoy of somebody else's making.

use std::path::Path;

use filter_api::FUNCTION_HEADER;
use serde_json::{Map, Value, json};

use crate::upstream::Upstream;

/// The name of the one listener; [`Envoy::listener`](crate::envoy::Envoy::listener) finds its port.
pub const FRONT: &str = "front";

/// The field that tells why a request was answered here, as the access log has it.
pub const DETAILS: &str = "x-details";

/// The header in which [`Proxy::functions`] tells the upstream what the internal header said.
pub const OBSERVED_FUNCTION: &str = "x-observed-function";

/// What Envoy reads of a connection at once, as Headgate renders it, in bytes. Envoy's default of 1 MiB
/// is more than what some tests let it buffer of a body.
const CONNECTION_BUFFER_BYTES: u32 = 32 * 1024;

/// An Envoy that sends every request to one upstream.
#[derive(Debug, Clone)]
#[must_use]
pub struct Proxy {
    filters: Vec<Value>,
    clusters: Vec<Value>,
    manager: Map<String, Value>,
    route: Map<String, Value>,
    functions: Vec<String>,
    body_buffer_limit: Option<u32>,
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
            functions: Vec::new(),
            body_buffer_limit: None,
        }
    }

    /// Speaks HTTP/1.1 to the upstream.
    pub fn over_http1(mut self) -> Self {
        for cluster in &mut self.clusters {
            if let Some(cluster) = cluster.as_object_mut() {
                cluster.remove(PROTOCOL_OPTIONS);
            }
        }
        self
    }

    /// Adds an HTTP filter (`envoy.config…HttpFilter`) after those that are there, in front of the
    /// router.
    pub fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    /// Adds a cluster of one endpoint, for a filter's callouts.
    pub fn cluster(self, name: &str, upstream: &Upstream) -> Self {
        self.cluster_on(name, upstream.port())
    }

    /// [`cluster`](Self::cluster) on a port where nobody needs to listen yet.
    pub fn cluster_on(mut self, name: &str, port: u16) -> Self {
        self.clusters.push(cluster(name, port));
        self
    }

    /// Sets a field of the `HttpConnectionManager`.
    pub fn manager(mut self, field: &str, value: Value) -> Self {
        self.manager.insert(field.into(), value);
        self
    }

    /// Adds to what Envoy or a filter answers why it does, in [`DETAILS`].
    pub fn refusals_with_details(self) -> Self {
        let any = json!({ "status_code_filter": { "comparison": {
            "op": "GE",
            "value": { "default_value": 0, "runtime_key": "none" },
        } } });
        let details = json!({ "header": { "key": DETAILS, "value": "%RESPONSE_CODE_DETAILS%" } });
        let mapper = json!({ "filter": any, "headers_to_add": [details] });
        self.manager("local_reply_config", json!({ "mappers": [mapper] }))
    }

    /// Sets a field of the route's action, for example its `timeout`.
    pub fn route(mut self, field: &str, value: Value) -> Self {
        self.route.insert(field.into(), value);
        self
    }

    /// Only requests of these functions go to the upstream, each with its function's key in the header
    /// [`OBSERVED_FUNCTION`]; any other is answered with 503. As Headgate renders it: a map from the
    /// internal header to a route, and the internal header taken off on the way out, either way.
    pub fn functions(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        self.functions = keys.into_iter().collect();
        self
    }

    /// What Envoy buffers of a body before there is a function (`request_body_buffer_limit` of the
    /// route that rules then), in bytes.
    pub fn body_buffer_limit(mut self, bytes: u32) -> Self {
        self.body_buffer_limit = Some(bytes);
        self
    }

    fn virtual_host(&self) -> Value {
        let to_upstream = json!({ "match": { "prefix": "/" }, "route": self.route });
        if self.functions.is_empty() {
            let route = self.limited(to_upstream);
            return json!({ "name": "all", "domains": ["*"], "routes": [route] });
        }
        let no_function = self.limited(json!({
            "match": { "prefix": "/" },
            "direct_response": { "status": 503 },
        }));
        let map: Map<String, Value> = self
            .functions
            .iter()
            .map(|key| {
                let observed = json!({ "header": { "key": OBSERVED_FUNCTION, "value": key } });
                let mut route = to_upstream.clone();
                set(&mut route, "request_headers_to_add", json!([observed]));
                (key.clone(), json!({ "action": action(route) }))
            })
            .collect();
        json!({
            "name": "all",
            "domains": ["*"],
            "request_headers_to_remove": [FUNCTION_HEADER],
            "response_headers_to_remove": [FUNCTION_HEADER],
            "matcher": {
                "matcher_tree": {
                    "input": {
                        "name": "function",
                        "typed_config": {
                            "@type": HEADER_INPUT,
                            "header_name": FUNCTION_HEADER,
                        },
                    },
                    "exact_match_map": { "map": map },
                },
                "on_no_match": { "action": action(no_function) },
            },
        })
    }

    fn limited(&self, mut route: Value) -> Value {
        if let Some(bytes) = self.body_buffer_limit {
            set(&mut route, "request_body_buffer_limit", bytes.into());
        }
        route
    }

    /// The bootstrap, for [`Envoy::start`](crate::envoy::Envoy::start). Its listener [`FRONT`] is
    /// on a port that the kernel chooses.
    #[must_use]
    pub fn bootstrap(self) -> Value {
        let virtual_host = self.virtual_host();
        let mut filters = self.filters;
        filters.push(json!({
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": ROUTER },
        }));
        let mut manager = json!({
            "@type": MANAGER,
            "stat_prefix": FRONT,
            "http_filters": filters,
            "route_config": { "virtual_hosts": [virtual_host] },
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
                "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
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
const ROUTE: &str = "type.googleapis.com/envoy.config.route.v3.Route";
const HEADER_INPUT: &str = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput";
const PROTOCOL_OPTIONS: &str = "typed_extension_protocol_options";
const HTTP_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.into(), value);
    }
}

fn action(mut route: Value) -> Value {
    set(&mut route, "@type", ROUTE.into());
    json!({ "name": "route", "typed_config": route })
}

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
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        PROTOCOL_OPTIONS: { HTTP_OPTIONS: http2 },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        },
    })
}
