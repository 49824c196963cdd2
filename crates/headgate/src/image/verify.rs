//! `headgate image verify`: whether a key has signed an image.

use std::path::{Path, PathBuf};

use clap::Args;
use oci_client::Reference;
use serde::Serialize;

use super::access::Access;
use super::error::{Action, RegistryError};
use super::public_key::PublicKey;
use super::registry::Registry;
use super::{bundle, reference, signature};
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::report;

/// Verify that an image is signed by a key
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_of_images()))]
pub struct Arguments {
    /// The image, REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…
    #[arg(value_name = "IMAGE", value_parser = reference::parse)]
    image: Reference,
    /// The public key (PEM), such as cosign.pub
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    access: Access,
}

const LONG_ABOUT: &str = "\
Verify that an image is signed by a key: by `headgate image sign`, or by `cosign sign --key`. What was written into a \
public log is not asked about.

The digest that is told is the one that was verified: deploy that, since a tag can mean something else a moment later.";

const EXAMPLES: &str = "\
Examples:
  headgate image verify registry.example.com/headgate/gateway:0.1.0 --key cosign.pub
  headgate image verify registry.example.com/headgate/gateway:0.1.0 --key cosign.pub --output json | jq -r .image";

/// No signature is of the key.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// By nobody.
    #[error("{image} is not signed; sign it with `headgate image sign {image} --key FILE`")]
    ByNobody { image: String },
    /// By others.
    #[error("{image} is not signed by the key {}; it has {found}, of other keys or of other images", key.display())]
    ByOthers {
        image: String,
        key: PathBuf,
        found: String,
    },
}

/// What was verified.
#[derive(Serialize)]
struct Verified {
    /// By the digest.
    image: String,
    digest: String,
    key: String,
    /// How many signatures are of this key.
    signatures: usize,
}

/// How many signatures of the image of this digest are of the key, and at least one; else why none is.
///
/// # Errors
/// When the registry does not answer.
pub async fn signed(
    registry: &Registry,
    digest: &str,
    key: &PublicKey,
    path: &Path,
) -> Result<Result<usize, NotSigned>, RegistryError> {
    let simple = signature::read(registry, digest).await?.signatures;
    let bundles = bundle::read(registry, digest).await?;
    let all = simple.len() + bundles.len();
    let of_key = simple.iter().filter(|one| one.is_of(key, digest)).count()
        + bundles.iter().filter(|one| one.is_of(key, digest)).count();
    let image = registry.at(digest).whole();
    Ok(match (of_key, all) {
        (0, 0) => Err(NotSigned::ByNobody { image }),
        (0, all) => Err(NotSigned::ByOthers {
            image,
            key: path.to_owned(),
            found: report::count(all, "signature"),
        }),
        (of_key, _) => Ok(of_key),
    })
}

/// Verifies an image.
///
/// # Errors
/// When there is no key, no such image, or the registry does not answer.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let key = PublicKey::read(&arguments.key)?;
    let image = &arguments.image;
    let registry = Registry::open(image, &arguments.access, Action::Pull).await?;
    let (_, digest) = registry.manifest(image).await?;
    let signatures = match signed(&registry, &digest, &key, &arguments.key).await? {
        Ok(signatures) => signatures,
        Err(not_signed) => return Ok(report::not_signed(&not_signed)),
    };
    let verified = Verified {
        image: registry.at(&digest).whole(),
        digest,
        key: arguments.key.display().to_string(),
        signatures,
    };
    let text = format!("{} is signed by the key {}", verified.image, verified.key);
    arguments.output.print(&verified, &text)?;
    Ok(ExitStatus::Ok)
}
