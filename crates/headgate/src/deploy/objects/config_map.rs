//! What Envoy reads.

use std::collections::BTreeMap;

use envoy_render::{Placement, Resources};
use k8s_openapi::api::core::v1::ConfigMap;

use super::capacity::{TooLarge, fit};
use super::volumes::secrets;
use super::{Deployed, ObjectsError, short_hash};

/// What Envoy reads.
pub(super) struct ConfigMaps {
    /// At its start. Named by its content, and never changed: pods that are there keep theirs.
    pub(super) bootstrap: ConfigMap,
    /// While it runs. Named by the module that takes it, so that a pod of an older image never reads what
    /// it does not know, and by what else a pod has from its start: while pods are replaced the old ones go on
    /// as they were, and never read of a Secret that they do not mount.
    pub(super) resources: ConfigMap,
}

impl ConfigMaps {
    pub(super) fn of(of: &Deployed<'_>) -> Result<Self, ObjectsError> {
        let bootstrap = envoy_render::bootstrap(of.gateway, &of.placement);
        let mut metadata = of
            .names
            .metadata_with(&format!("bootstrap-{}", short_hash(&bootstrap)));
        let file = envoy_render::BOOTSTRAP.to_owned();
        let started_with = started_with(of, &bootstrap);
        let bootstrap = ConfigMap {
            data: Some(fitted(&metadata.name, BTreeMap::from([(file, bootstrap)]))?),
            metadata,
            immutable: Some(true),
            ..ConfigMap::default()
        };
        let module = module_version(&of.options.module);
        metadata = of.names.metadata_with(&format!("{module}-{started_with}"));
        let mut files = Resources::of(of.gateway, &of.placement).files();
        files.extend(authorities(of)?);
        let resources = ConfigMap {
            data: Some(fitted(&metadata.name, files)?),
            metadata,
            ..ConfigMap::default()
        };
        Ok(Self {
            bootstrap,
            resources,
        })
    }
}

/// A hash of what a pod has from its start: its bootstrap, and what it mounts.
fn started_with(of: &Deployed<'_>, bootstrap: &str) -> String {
    let secrets = secrets(of.gateway).into_iter();
    let secrets: String = secrets.map(|secret| format!("\n{secret}")).collect();
    short_hash(&format!("{bootstrap}{secrets}"))
}

fn fitted(
    name: &Option<String>,
    files: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, TooLarge> {
    fit(name.as_deref().unwrap_or_default(), files)
}

/// The files of authorities that upstreams are held against: they are no secrets.
fn authorities(of: &Deployed<'_>) -> Result<BTreeMap<String, String>, ObjectsError> {
    let files = of.gateway.authorities().map(|(place, file)| {
        let text = of.options.authorities.get(file).cloned();
        let text = text.ok_or_else(|| ObjectsError::Authorities {
            place,
            file: file.clone(),
        })?;
        Ok((Placement::key_of(file), text))
    });
    files.collect()
}

/// The hash in a module's file name.
fn module_version(file_name: &str) -> &str {
    let stem = file_name.strip_suffix(".wasm").unwrap_or(file_name);
    stem.rsplit('-').next().unwrap_or(stem)
}
