//! How Envoy finds what may change: files in a directory that it watches.

use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Placement, yaml};

/// What Envoy is started with.
pub const BOOTSTRAP: &str = "bootstrap.yaml";
/// The clusters (CDS).
pub const CLUSTERS: &str = "cds.yaml";
/// The routes (RDS).
pub const ROUTES: &str = "rds.yaml";
/// The pipeline's configuration (ECDS).
pub const PIPELINE: &str = "ecds.yaml";

/// A `ConfigSource` for one file. Envoy looks at it again whenever something is moved into the
/// directory, which is what an atomic rename does, and the symlink swap of a mounted ConfigMap too.
pub(crate) fn source(file: &str, placement: &Placement) -> Value {
    json!({
        "resource_api_version": "V3",
        "path_config_source": {
            "path": format!("{}/{file}", placement.directory),
            "watched_directory": { "path": placement.watched },
        },
    })
}

/// A file of resources: a `DiscoveryResponse` whose version is their hash.
pub(crate) fn response(resources: &[&Value]) -> String {
    let resources: Value = resources.iter().copied().cloned().collect();
    let version = short_hash(resources.to_string().as_bytes());
    yaml::write(&json!({ "version_info": version, "resources": resources }))
}

/// The version of a file of resources, as it stands in it and as Envoy tells it.
pub fn version(file: &str) -> Option<&str> {
    let version = file
        .lines()
        .find_map(|line| line.strip_prefix("version_info: "))?;
    Some(version.trim_matches(['"', '\'']))
}

/// The same file without blanks: each resource is JSON, which is YAML, on a line of its own. Of what is no
/// file of resources none.
pub fn compact(file: &str) -> Option<String> {
    let version = version(file)?;
    let read: Value = serde_saphyr::from_str(file).ok()?;
    let resources = read.get("resources")?.as_array()?;
    let mut compact = format!("version_info: {}\nresources:\n", json!(version));
    for resource in resources {
        // Writing to a String does not fail.
        let _ = writeln!(compact, "- {resource}");
    }
    Some(compact)
}

/// 48 bits of SHA-256, in hexadecimal.
pub(crate) fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
