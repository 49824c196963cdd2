//! The resources of Istio and of Envoy Gateway that use the images: what their schemas say of them.
//!
//! The schemas are those of the released definitions. Rules in CEL (`x-kubernetes-validations`) are not among
//! what is checked here.

use std::fs;
use std::path::Path;

use filter_api::{Filter, parse_config};
use function_router::FunctionRouter;
use integration::installed;
use jwt_authz::JwtAuthz;
use rate_limiter::RateLimiterFilter;
use serde_json::{Value, json};

/// The filters of which there are examples.
const FILTERS: [&str; 3] = ["function-router", "jwt-authz", "rate-limiter"];

fn example(name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/examples").join(name)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

pub fn wasm_plugin(filter: &str) -> Value {
    example(&format!("{filter}.wasmplugin.yaml"))
}

pub fn envoy_extension_policy(filter: &str) -> Value {
    example(&format!("{filter}.envoyextensionpolicy.yaml"))
}

/// What the filter is configured with, in either.
pub fn filter_configuration(resource: &Value) -> Value {
    let spec = &resource["spec"];
    let places = [&spec["pluginConfig"], &spec["wasm"][0]["config"]];
    places
        .into_iter()
        .find(|one| one.is_object())
        .unwrap()
        .clone()
}

const ISTIO: &str = "istio-crds-1.32.0/customresourcedefinitions.gen.yaml";
const ENVOY_GATEWAY: &str =
    "envoy-gateway-crds-1.9.1/gateway.envoyproxy.io_envoyextensionpolicies.yaml";

/// What is wrong with a resource by the definition of its kind, each with its place.
fn wrong(definitions: &str, resource: &Value) -> Vec<String> {
    let text = fs::read_to_string(installed(definitions)).unwrap();
    let definitions: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let definition = definitions
        .iter()
        .find(|one| one["spec"]["names"]["kind"] == resource["kind"])
        .unwrap();
    let group = definition["spec"]["group"].as_str().unwrap();
    let (of_group, version) = resource["apiVersion"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap();
    assert_eq!(of_group, group);
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let version = versions.iter().find(|one| one["name"] == version).unwrap();
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    // What every resource has, whose schema the API server knows by itself.
    for (name, kind) in [
        ("apiVersion", "string"),
        ("kind", "string"),
        ("metadata", "object"),
    ] {
        let unknown = json!({ "type": kind, "x-kubernetes-preserve-unknown-fields": true });
        schema["properties"][name] = unknown;
    }
    strict(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator
        .iter_errors(resource)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The API server warns of a field that no schema has, and drops it; here it is an error.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let open = fields.contains_key("x-kubernetes-preserve-unknown-fields");
            if fields.get("properties").is_some_and(Value::is_object)
                && fields.contains_key("type")
                && !open
            {
                fields.insert("additionalProperties".to_owned(), false.into());
            }
            fields.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}

#[test]
fn istio_takes_each_wasm_plugin() {
    for filter in FILTERS {
        assert_eq!(wrong(ISTIO, &wasm_plugin(filter)), [""; 0], "{filter}");
    }
}

#[test]
fn envoy_gateway_takes_each_policy() {
    for filter in FILTERS {
        let policy = envoy_extension_policy(filter);
        assert_eq!(wrong(ENVOY_GATEWAY, &policy), [""; 0], "{filter}");
    }
}

/// That these tests can fail.
#[test]
fn a_slip_in_a_resource_is_found() {
    let mut plugin = wasm_plugin("function-router");
    plugin["spec"]["failStratgy"] = "FAIL_OPEN".into();
    plugin["spec"]["phase"] = "LATER".into();
    let wrong_plugin = wrong(ISTIO, &plugin);
    assert_eq!(wrong_plugin.len(), 2, "{wrong_plugin:?}");
    let mut policy = envoy_extension_policy("function-router");
    policy["spec"]["wasm"][0]["code"]["image"]["url"].take();
    policy["spec"]["wasm"][0]["faiOpen"] = true.into();
    let wrong_policy = wrong(ENVOY_GATEWAY, &policy);
    assert_eq!(wrong_policy.len(), 2, "{wrong_policy:?}");
}

#[test]
fn both_configure_a_filter_alike_and_the_filter_takes_it() {
    for filter in FILTERS {
        let config = filter_configuration(&wasm_plugin(filter));
        let of_policy = filter_configuration(&envoy_extension_policy(filter));
        assert_eq!(config, of_policy, "{filter}");
        let config = config.to_string();
        let taken = match filter {
            "function-router" => compile::<FunctionRouter>(&config),
            "jwt-authz" => compile::<JwtAuthz>(&config),
            _ => compile::<RateLimiterFilter>(&config),
        };
        assert_eq!(taken, Ok(()), "{filter}");
    }
}

fn compile<F: Filter>(config: &str) -> Result<(), String> {
    let compiled = parse_config(config.as_bytes()).and_then(F::compile);
    compiled.map(|_| ()).map_err(|error| error.to_string())
}
