//! What Envoy reads.

use std::collections::BTreeMap;

use envoy_render::{Placement, Resources};
use gateway_model::Gateway;
use k8s_openapi::api::core::v1::ConfigMap;
use sha2::{Digest, Sha256};

use super::Options;
use super::names::Names;

/// Where Envoy finds what it takes while it runs: a directory that it watches.
const WATCHED: &str = "/etc/headgate/config";
/// Where the image has the modules.
const MODULES: &str = "/etc/headgate/modules";

/// What Envoy reads.
pub(super) struct ConfigMaps {
    /// At its start. Named by its content, and never changed: pods that are there keep theirs.
    pub(super) bootstrap: ConfigMap,
    /// While it runs. Named by the module that takes it, so that a pod of an older image never reads what
    /// it does not know.
    pub(super) resources: ConfigMap,
}

pub(super) fn of(gateway: &Gateway, options: &Options, names: &Names<'_>) -> ConfigMaps {
    let placement = placement(options);
    let bootstrap = envoy_render::bootstrap(gateway, &placement);
    let hash = short_hash(&bootstrap);
    let file = envoy_render::BOOTSTRAP.to_owned();
    ConfigMaps {
        bootstrap: ConfigMap {
            metadata: names.metadata_with(&format!("bootstrap-{hash}")),
            data: Some(BTreeMap::from([(file, bootstrap)])),
            immutable: Some(true),
            ..ConfigMap::default()
        },
        resources: ConfigMap {
            metadata: names.metadata_with(module_version(&options.module)),
            data: Some(Resources::of(gateway, &placement).files()),
            ..ConfigMap::default()
        },
    }
}

/// Where things are in a pod.
fn placement(options: &Options) -> Placement {
    Placement {
        module: format!("{MODULES}/{}", options.module),
        ..Placement::in_directory(WATCHED)
    }
}

/// The hash in a module's file name.
fn module_version(file_name: &str) -> &str {
    let stem = file_name.strip_suffix(".wasm").unwrap_or(file_name);
    stem.rsplit('-').next().unwrap_or(stem)
}

/// 40 bits of SHA-256, in hexadecimal.
fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
