//! The layouts of a module as an OCI image, and who reads them.

use clap::ValueEnum;
use oci_client::manifest::OciImageManifest;
use serde::Serialize;

/// The media types of manifests, configurations and layers.
pub mod media_type {
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    pub const DOCKER_TAR_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    pub const MODULE_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
    pub const MODULE_CONTENT: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
    pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
    pub const WASM: &str = "application/wasm";
}

/// How a module is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// An image like any other, with plugin.wasm in its one layer: what Istio, Envoy Gateway, docker and
    /// every registry read (the Wasm image specification's "compat" variant)
    Compat,
    /// The bare module in a layer, a runtime configuration beside it: what Istio and Envoy Gateway read
    /// too (the Wasm image specification's "oci" variant)
    Oci,
    /// The bare module in the one layer of a wasm artefact: what wasm runtimes read, and neither Istio nor
    /// Envoy Gateway does (CNCF TAG Runtime, "Wasm OCI Artifact layout")
    Cncf,
}

impl Format {
    /// How messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compat => "compat",
            Self::Oci => "oci",
            Self::Cncf => "cncf",
        }
    }

    /// The format of an image, and the place of the layer with its module: read in the order in which
    /// Istio and Envoy Gateway do (`pkg/wasm/imagefetcher.go`). None if it is no format of a module.
    pub fn of(manifest: &OciImageManifest) -> Option<(Self, usize)> {
        let types: Vec<&str> = manifest
            .layers
            .iter()
            .map(|layer| layer.media_type.as_str())
            .collect();
        let last = types.len().checked_sub(1)?;
        match types.as_slice() {
            [.., media_type::TAR_GZIP | media_type::DOCKER_TAR_GZIP] => Some((Self::Compat, last)),
            [media_type::MODULE_CONTENT, _] => Some((Self::Oci, 0)),
            [_, media_type::MODULE_CONTENT] => Some((Self::Oci, 1)),
            [media_type::WASM] => Some((Self::Cncf, 0)),
            _ => None,
        }
    }
}
