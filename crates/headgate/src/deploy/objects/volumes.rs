//! What a pod reads, and where it finds it.

use std::collections::BTreeSet;
use std::path::Path;

use envoy_render::{IMAGE_BOOTSTRAP, Placement};
use gateway_model::{Certificate, Gateway, SecretName};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, SecretVolumeSource, Volume, VolumeMount,
};

use super::config_map::ConfigMaps;

const BOOTSTRAP: &str = "bootstrap";
const CONFIG: &str = "config";

/// For whom the process runs as, and its group, to read.
const OF_THE_GROUP: i32 = 0o440;

/// The Secrets of a document. They are in the namespace already; nothing that is made holds a key.
pub(super) fn secrets(gateway: &Gateway) -> BTreeSet<&SecretName> {
    let certificates = gateway.certificates().map(|(_, certificate)| certificate);
    let secrets = certificates.filter_map(|certificate| match certificate {
        Certificate::Secret(name) => Some(name),
        Certificate::Files { .. } => None,
    });
    secrets.collect()
}

/// Names of Secrets may be longer than those of volumes.
fn secret_volume(index: usize) -> String {
    format!("secret-{index}")
}

pub(super) fn volumes(gateway: &Gateway, config: &ConfigMaps) -> Vec<Volume> {
    let of_config_map = |(volume, config): (&str, &ConfigMap)| Volume {
        name: volume.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: config.metadata.name.clone().unwrap_or_default(),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    let config_maps = [(BOOTSTRAP, &config.bootstrap), (CONFIG, &config.resources)];
    let secrets = secrets(gateway).into_iter().enumerate();
    let secrets = secrets.map(|(i, name)| Volume {
        name: secret_volume(i),
        secret: Some(SecretVolumeSource {
            secret_name: Some(name.to_string()),
            default_mode: Some(OF_THE_GROUP),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    });
    config_maps
        .map(of_config_map)
        .into_iter()
        .chain(secrets)
        .collect()
}

/// Each a directory of its own, and none of a single file: those are never renewed in a running pod.
pub(super) fn mounts(gateway: &Gateway, placement: &Placement) -> Vec<VolumeMount> {
    let mount = |name: &str, path: String| VolumeMount {
        name: name.to_owned(),
        mount_path: path,
        read_only: Some(true),
        ..VolumeMount::default()
    };
    let bootstrap = Path::new(IMAGE_BOOTSTRAP)
        .parent()
        .unwrap_or(Path::new("/"));
    let config = [
        mount(BOOTSTRAP, bootstrap.display().to_string()),
        mount(CONFIG, placement.watched.clone()),
    ];
    let secrets = secrets(gateway).into_iter().enumerate();
    let secrets =
        secrets.map(|(i, name)| mount(&secret_volume(i), format!("{}/{name}", placement.secrets)));
    config.into_iter().chain(secrets).collect()
}
