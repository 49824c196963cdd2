//! A module laid out as an image: the blobs and the manifest, as bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use oci_client::manifest::{OciDescriptor, OciImageManifest};
use serde_json::json;

use super::digest;
use super::format::{Format, media_type};
use super::layer;
use super::said::{Said, TITLE};
use super::source::Module;

/// What goes to the registry. The same module and the same that is said of it give the same bytes.
pub struct Artefact {
    /// Each once, the configuration first.
    pub blobs: Vec<Blob>,
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The manifest's digest, which names the image.
    pub digest: String,
}

/// A blob and what the manifest says of it.
#[derive(Clone)]
pub struct Blob {
    /// What the manifest says of it.
    pub descriptor: OciDescriptor,
    /// Its bytes.
    pub data: Bytes,
}

impl Blob {
    /// Describes these bytes.
    pub fn new(media_type: &str, data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self {
            descriptor: OciDescriptor {
                media_type: media_type.to_owned(),
                digest: digest(&data),
                // A size beyond i64 does not fit into memory.
                size: i64::try_from(data.len()).unwrap_or(i64::MAX),
                ..OciDescriptor::default()
            },
            data,
        }
    }

    fn titled(mut self, title: &str) -> Self {
        let annotations = BTreeMap::from([(TITLE.to_owned(), title.to_owned())]);
        self.descriptor.annotations = Some(annotations);
        self
    }
}

/// Architecture and system of a module, in every configuration that has to name them: what the CNCF's
/// layout has for plain wasm.
const ARCHITECTURE: &str = "wasm";
const OS: &str = "wasip1";

/// The CNCF's configuration must have a time; this is the one for "not said".
const NO_TIME: &str = "1970-01-01T00:00:00Z";

impl Artefact {
    /// Lays a module out.
    ///
    /// # Errors
    /// None that happen: it writes to memory.
    pub fn of(module: &Module, format: Format) -> anyhow::Result<Self> {
        let said = &module.said;
        let mut annotations = said.annotations();
        let (config, layers) = match format {
            Format::Compat => {
                annotations.insert("module.wasm.image/variant".into(), "compat".into());
                compat(&module.bytes, said)?
            }
            Format::Oci => oci(module)?,
            Format::Cncf => cncf(&module.bytes, said)?,
        };
        Self::with(config, layers, Some(annotations))
    }

    /// An image of these blobs.
    ///
    /// # Errors
    /// None that happen: it writes to memory.
    pub fn with(
        config: Blob,
        layers: Vec<Blob>,
        annotations: Option<BTreeMap<String, String>>,
    ) -> anyhow::Result<Self> {
        let manifest = OciImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.to_owned()),
            config: config.descriptor.clone(),
            layers: layers.iter().map(|blob| blob.descriptor.clone()).collect(),
            subject: None,
            artifact_type: None,
            annotations,
        };
        let manifest = serde_json::to_vec(&manifest)?;
        let mut blobs = vec![config];
        for layer in layers {
            if !blobs.iter().any(|blob| blob.data == layer.data) {
                blobs.push(layer);
            }
        }
        Ok(Self {
            digest: digest(&manifest),
            blobs,
            manifest,
        })
    }
}

fn compat(module: &[u8], said: &Said) -> anyhow::Result<(Blob, Vec<Blob>)> {
    let layer = layer::pack(module)?;
    let mut config = json!({
        "architecture": ARCHITECTURE,
        "os": OS,
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer.tar_digest] },
    });
    if let (Some(created), Some(fields)) = (&said.created, config.as_object_mut()) {
        fields.insert("created".into(), created.as_str().into());
    }
    let config = Blob::new(media_type::IMAGE_CONFIG, serde_json::to_vec(&config)?);
    Ok((config, vec![Blob::new(media_type::TAR_GZIP, layer.packed)]))
}

/// Readers want exactly two layers, of which the configuration is one; the manifest has it as its
/// configuration too, since every manifest needs some.
fn oci(module: &Module) -> anyhow::Result<(Blob, Vec<Blob>)> {
    let runtime = json!({
        "type": "envoy_proxy",
        "abiVersions": [module.abi],
        "config": { "rootIds": [] },
    });
    let config = Blob::new(media_type::MODULE_CONFIG, serde_json::to_vec(&runtime)?);
    let layers = vec![
        config.clone().titled("runtime-config.json"),
        Blob::new(media_type::MODULE_CONTENT, module.bytes.clone()).titled("filter.wasm"),
    ];
    Ok((config, layers))
}

fn cncf(module: &Bytes, said: &Said) -> anyhow::Result<(Blob, Vec<Blob>)> {
    let layer = Blob::new(media_type::WASM, module.clone());
    let config = json!({
        "created": said.created.as_deref().unwrap_or(NO_TIME),
        "architecture": ARCHITECTURE,
        "os": OS,
        "layerDigests": [layer.descriptor.digest],
    });
    let config = Blob::new(media_type::WASM_CONFIG, serde_json::to_vec(&config)?);
    Ok((config, vec![layer]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module() -> Module {
        Module {
            bytes: Bytes::from_static(b"\0asm\x01\0\0\0 proxy_abi_version_0_2_1"),
            abi: "0.2.1".to_owned(),
            said: Said {
                title: Some("pets".to_owned()),
                sha256: "00".to_owned(),
                ..Said::default()
            },
        }
    }

    /// Stated, so that a change of the compressor or of the layout does not go unseen: it would give
    /// every module that was ever pushed another digest.
    #[test]
    fn the_same_module_has_the_same_digest_today_and_tomorrow() {
        let digests = [Format::Compat, Format::Oci, Format::Cncf]
            .map(|format| Artefact::of(&module(), format).unwrap().digest);
        assert_eq!(digests, DIGESTS);
    }

    const DIGESTS: [&str; 3] = [
        "sha256:303bca901a34498aecc0c28ad0fc0ab68146111272ff06bc7b16bc5b31ade6f0",
        "sha256:c6a2c4cd95adebf59dd99b535b452a140d0d3bbc15f70137a8571e46ee4fd9ce",
        "sha256:e96e1f0624ca57c127c15f6752b80352b886f2edf1fa1d5c1decbe00b310fabb",
    ];

    #[test]
    fn each_format_is_known_by_its_manifest() {
        for (format, place) in [(Format::Compat, 0), (Format::Oci, 1), (Format::Cncf, 0)] {
            let artefact = Artefact::of(&module(), format).unwrap();
            let manifest = serde_json::from_slice(&artefact.manifest).unwrap();
            assert_eq!(Format::of(&manifest), Some((format, place)));
        }
    }

    #[test]
    fn a_blob_that_is_named_twice_is_there_once() {
        let artefact = Artefact::of(&module(), Format::Oci).unwrap();
        assert_eq!(artefact.blobs.len(), 2);
    }

    #[test]
    fn a_time_is_said_only_if_it_is_given() {
        let manifest = |module: &Module| {
            let artefact = Artefact::of(module, Format::Compat).unwrap();
            let config = artefact.blobs.first().unwrap().data.clone();
            String::from_utf8(artefact.manifest).unwrap() + std::str::from_utf8(&config).unwrap()
        };
        let mut module = module();
        assert!(!manifest(&module).contains("created"));
        module.said.created = Some("2025-11-26T00:00:00Z".to_owned());
        let timed = manifest(&module);
        assert_eq!(timed.matches("2025-11-26T00:00:00Z").count(), 2, "{timed}");
    }
}
