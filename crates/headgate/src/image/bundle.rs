//! Signatures that refer to an image, as cosign 3 makes them if it is not told otherwise: a Sigstore bundle
//! (`application/vnd.dev.sigstore.bundle.v0.3+json`) with an in-toto statement in a DSSE envelope.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use oci_client::manifest::OciManifest;
use serde::Deserialize;

use super::error::RegistryError;
use super::public_key::PublicKey;
use super::registry::Registry;
use super::signature::MOST_SIGNATURES;

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const STATEMENT: &str = "application/vnd.in-toto+json";

/// More than any has.
const MOST_BYTES: u64 = 1024 * 1024;

/// What a statement is about that says no more than that an image is meant. Others (what is in it, who
/// built it) are no reason to run it.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    dsse_envelope: Envelope,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: SubjectDigest,
}

#[derive(Deserialize)]
struct SubjectDigest {
    sha256: String,
}

impl Bundle {
    /// Whether this key says by it that the image of this digest is meant.
    pub fn is_of(&self, key: &PublicKey, image: &str) -> bool {
        let envelope = &self.dsse_envelope;
        let Ok(payload) = BASE64_STANDARD.decode(&envelope.payload) else {
            return false;
        };
        let message = pre_authentication_encoding(&envelope.payload_type, &payload);
        let is_signed = envelope
            .signatures
            .iter()
            .take(MOST_SIGNATURES)
            .filter_map(|one| BASE64_STANDARD.decode(&one.sig).ok())
            .any(|signature| key.has_signed(&message, &signature));
        is_signed
            && envelope.payload_type == STATEMENT
            && serde_json::from_slice::<Statement>(&payload).is_ok_and(|statement| {
                let subjects = &statement.subject;
                statement.predicate_type == SIGNED
                    && subjects
                        .iter()
                        .any(|one| image.strip_prefix("sha256:") == Some(&one.digest.sha256))
            })
    }
}

/// What is signed of an envelope (DSSE 1.0.2, "protocol.md").
fn pre_authentication_encoding(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The bundles that refer to an image, as many as are read.
///
/// # Errors
/// When the registry does not answer.
pub async fn read(registry: &Registry, image: &str) -> Result<Vec<Bundle>, RegistryError> {
    let index = registry.referrers(image, BUNDLE).await?;
    let mut bundles = Vec::new();
    let mut left = MOST_SIGNATURES;
    for entry in index.manifests.iter().take(MOST_SIGNATURES) {
        let (manifest, _) = registry.manifest(&registry.at(&entry.digest)).await?;
        let OciManifest::Image(manifest) = manifest else {
            continue;
        };
        let layers = manifest.layers.iter();
        for layer in layers.filter(|one| one.media_type == BUNDLE).take(left) {
            left -= 1;
            let bytes = registry.blob(layer, MOST_BYTES).await?;
            // What is no bundle of this kind is no signature of the key.
            bundles.extend(serde_json::from_slice::<Bundle>(&bytes));
        }
    }
    Ok(bundles)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const IMAGE: &str = "sha256:095063a17f9b2cf75bd1ad73ea8d14287523149ce5fe29284c9fc64322a5b0a9";

    /// What cosign signed: see `fixtures/README.md`.
    #[test]
    fn what_cosign_signed_is_of_its_key_and_of_its_image_alone() {
        let key = PublicKey::read(Path::new("src/image/fixtures/cosign.pub")).unwrap();
        let bytes = include_str!("fixtures/bundle.json");
        let bundle: Bundle = serde_json::from_str(bytes).unwrap();
        assert!(bundle.is_of(&key, IMAGE));
        assert!(!bundle.is_of(&key, &IMAGE.replace("0950", "0000")));
        let of_other_type = bytes.replace("application/vnd.in-toto+json", "application/json");
        let bundle: Bundle = serde_json::from_str(&of_other_type).unwrap();
        assert!(!bundle.is_of(&key, IMAGE));
    }

    /// The protocol's own example.
    #[test]
    fn what_is_signed_names_its_type_and_lengths() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            encoded,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
