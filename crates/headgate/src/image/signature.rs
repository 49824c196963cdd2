//! Signatures beside an image, as cosign keeps them: under the tag `sha256-….sig` of the same repository an
//! image whose layers are payloads, each with its signature in an annotation.
//!
//! The form of the payload is "simple signing" (containers/image, `containers-signature.5.md`, "JSON data
//! format"); where it is kept is cosign's `SIGNATURE_SPEC.md`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use oci_client::manifest::{OciDescriptor, OciImageManifest, OciManifest};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::artefact::{Artefact, Blob};
use super::digest;
use super::error::RegistryError;
use super::format::media_type;
use super::key::SigningKey;
use super::public_key::PublicKey;
use super::registry::Registry;

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const KIND: &str = "cosign container image signature";

/// More than anybody has, so that a registry cannot keep us busy.
pub const MOST_SIGNATURES: usize = 64;

/// A payload has some hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// What is signed.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Identity {
    /// Where it was signed; not verified, since images are copied to other registries.
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// What says that an image is what somebody meant.
#[derive(Debug, Clone)]
pub struct Signature {
    descriptor: OciDescriptor,
    payload: Vec<u8>,
}

impl Signature {
    /// Signs an image.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(repository: &str, image: &str, key: &SigningKey) -> anyhow::Result<Self> {
        let payload = Payload {
            critical: Critical {
                identity: Identity {
                    reference: repository.to_owned(),
                },
                image: Image {
                    digest: image.to_owned(),
                },
                kind: KIND.to_owned(),
            },
            optional: serde_json::Value::Null,
        };
        let payload = serde_json::to_vec(&payload)?;
        let signature = BASE64_STANDARD.encode(key.sign(&payload)?);
        let mut blob = Blob::new(PAYLOAD, payload.clone());
        let annotations = BTreeMap::from([(SIGNATURE.to_owned(), signature)]);
        blob.descriptor.annotations = Some(annotations);
        Ok(Self {
            descriptor: blob.descriptor,
            payload,
        })
    }

    /// Whether this key says by it that the image of this digest is meant.
    pub fn is_of(&self, key: &PublicKey, image: &str) -> bool {
        let annotations = self.descriptor.annotations.as_ref();
        let signature = annotations.and_then(|all| all.get(SIGNATURE));
        let signature = signature.and_then(|text| BASE64_STANDARD.decode(text).ok());
        // The payload is looked into only once it is known whose it is.
        signature.is_some_and(|signature| key.has_signed(&self.payload, &signature))
            && serde_json::from_slice::<Payload>(&self.payload).is_ok_and(|payload| {
                payload.critical.kind == KIND && payload.critical.image.digest == image
            })
    }

    fn blob(self) -> Blob {
        Blob {
            descriptor: self.descriptor,
            data: self.payload.into(),
        }
    }
}

/// The tag that cosign keeps the signatures of an image under.
pub fn tag(image: &str) -> String {
    format!("{}.sig", image.replace(':', "-"))
}

/// What is kept for an image.
#[derive(Debug, Default)]
pub struct Kept {
    /// As many signatures as are read.
    pub signatures: Vec<Signature>,
    /// Why none can be added.
    full: Option<Full>,
}

/// What is kept beside the signatures, or that there are many: what [`Kept::add`] would not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Full {
    #[error("is an index of images")]
    Index,
    #[error("has a layer that is no signature")]
    OtherLayers,
    #[error("has annotations, a subject or a type, as signatures have not")]
    OtherFields,
    #[error("has {MOST_SIGNATURES} signatures already, and no more are read")]
    Number,
}

/// Nothing can be added to the signatures without losing something.
#[derive(Debug, thiserror::Error)]
#[error(
    "{image} is not signed: {tag} {full}; nothing was changed, since something would be lost; move that to another \
     tag first"
)]
pub struct NotAdded {
    image: String,
    tag: String,
    full: Full,
}

impl Full {
    fn of(manifest: &OciImageManifest) -> Option<Self> {
        let layers = &manifest.layers;
        let has_others = layers.iter().any(|one| one.media_type != PAYLOAD);
        let has_fields = manifest
            .annotations
            .as_ref()
            .is_some_and(|all| !all.is_empty())
            || manifest.subject.is_some()
            || manifest.artifact_type.is_some();
        match (has_others, has_fields) {
            (true, _) => Some(Self::OtherLayers),
            (_, true) => Some(Self::OtherFields),
            _ if layers.len() >= MOST_SIGNATURES => Some(Self::Number),
            _ => None,
        }
    }
}

/// What is kept for an image.
///
/// # Errors
/// When the registry does not answer.
pub async fn read(registry: &Registry, image: &str) -> Result<Kept, RegistryError> {
    let manifest = match registry.manifest(&registry.tagged(&tag(image))).await {
        Ok((OciManifest::Image(manifest), _)) => manifest,
        Ok((OciManifest::ImageIndex(_), _)) => {
            return Ok(Kept {
                full: Some(Full::Index),
                ..Kept::default()
            });
        }
        Err(RegistryError::NoSuchImage { .. }) => return Ok(Kept::default()),
        Err(error) => return Err(error),
    };
    let full = Full::of(&manifest);
    let mut signatures = Vec::new();
    let layers = manifest.layers.into_iter();
    let payloads = layers.filter(|one| one.media_type == PAYLOAD);
    for descriptor in payloads.take(MOST_SIGNATURES) {
        let payload = registry.blob(&descriptor, MOST_BYTES).await?;
        signatures.push(Signature {
            descriptor,
            payload,
        });
    }
    Ok(Kept { signatures, full })
}

impl Kept {
    /// Adds a signature to those that are kept for an image.
    ///
    /// # Errors
    /// When something else would be lost, or the registry does not take it.
    pub async fn add(
        self,
        registry: &Registry,
        image: &str,
        signature: Signature,
    ) -> anyhow::Result<()> {
        let tag = registry.tagged(&tag(image));
        if let Some(full) = self.full {
            let (image, tag) = (registry.at(image).whole(), tag.whole());
            return Err(NotAdded { image, tag, full }.into());
        }
        let mut signatures = self.signatures;
        signatures.push(signature);
        registry.push(&tag, &laid_out(signatures)?).await?;
        Ok(())
    }
}

fn laid_out(signatures: Vec<Signature>) -> anyhow::Result<Artefact> {
    let payloads = signatures.iter().map(|one| digest(&one.payload));
    let config = json!({
        "architecture": "",
        "os": "",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": payloads.collect::<Vec<_>>() },
    });
    let config = Blob::new(media_type::IMAGE_CONFIG, serde_json::to_vec(&config)?);
    let layers = signatures.into_iter().map(Signature::blob).collect();
    Artefact::with(config, layers, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const IMAGE: &str = "sha256:fbf977dc2efd0e30c16ab4c5a657cda72ac12444aab367e743cc84b3eb7fc2df";

    /// What cosign signed: see `fixtures/README.md`.
    fn of_cosign() -> Signature {
        let payload = include_bytes!("fixtures/payload.json");
        let mut blob = Blob::new(PAYLOAD, payload.as_slice());
        let signature = "MEUCIFf2fxHXeWnqF4BIktx3RVk14WOu5luLbt+QR5PREM6mAiEA1Wb7rzj4OQCehq2jn7ZPlIH38cjG6DNAfNI7wjDp\
                         UOs=";
        let annotations = BTreeMap::from([(SIGNATURE.to_owned(), signature.to_owned())]);
        blob.descriptor.annotations = Some(annotations);
        Signature {
            descriptor: blob.descriptor,
            payload: payload.to_vec(),
        }
    }

    fn cosigns_key() -> PublicKey {
        PublicKey::read(Path::new("src/image/fixtures/cosign.pub")).unwrap()
    }

    #[test]
    fn what_cosign_signed_is_of_its_key_and_of_its_image_alone() {
        assert!(of_cosign().is_of(&cosigns_key(), IMAGE));
        let other_image = IMAGE.replace("fbf9", "0000");
        assert!(!of_cosign().is_of(&cosigns_key(), &other_image));
        let mut changed = of_cosign();
        changed.payload = String::from_utf8(changed.payload)
            .unwrap()
            .replace("fbf9", "0000")
            .into_bytes();
        assert!(!changed.is_of(&cosigns_key(), &other_image));
    }

    #[test]
    fn what_is_signed_with_cosigns_key_is_of_it() {
        let key = SigningKey::read_with(Path::new("src/image/fixtures/cosign.key"), Some("secret"));
        let key = key.unwrap();
        let signature = Signature::new("registry.example.com/a", IMAGE, &key).unwrap();
        assert!(signature.is_of(&cosigns_key(), IMAGE));
        assert_eq!(
            String::from_utf8(signature.payload).unwrap(),
            r#"{"critical":{"identity":{"docker-reference":"registry.example.com/a"},"image":{"docker-manifest-digest":"sha256:fbf977dc2efd0e30c16ab4c5a657cda72ac12444aab367e743cc84b3eb7fc2df"},"type":"cosign container image signature"},"optional":null}"#
        );
    }

    #[test]
    fn nothing_is_added_where_something_would_be_lost() {
        let laid_out = |number: usize| -> OciImageManifest {
            let signatures = vec![of_cosign(); number];
            serde_json::from_slice(&laid_out(signatures).unwrap().manifest).unwrap()
        };
        assert_eq!(Full::of(&laid_out(1)), None);
        assert_eq!(Full::of(&laid_out(MOST_SIGNATURES - 1)), None);
        assert_eq!(Full::of(&laid_out(MOST_SIGNATURES)), Some(Full::Number));
        let mut other = laid_out(2);
        other.layers[1].media_type = media_type::TAR_GZIP.to_owned();
        assert_eq!(Full::of(&other), Some(Full::OtherLayers));
        let mut other = laid_out(2);
        other.annotations = Some(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
        assert_eq!(Full::of(&other), Some(Full::OtherFields));
    }

    #[test]
    fn signatures_are_kept_where_cosign_looks() {
        assert_eq!(
            tag(IMAGE),
            "sha256-fbf977dc2efd0e30c16ab4c5a657cda72ac12444aab367e743cc84b3eb7fc2df.sig"
        );
    }
}
