//! `headgate image sign`: says with a key that an image is meant.

use std::path::PathBuf;

use clap::Args;
use oci_client::Reference;
use serde::Serialize;

use super::access::Access;
use super::error::Action;
use super::key::SigningKey;
use super::reference;
use super::registry::Registry;
use super::signature::{self, Signature};
use crate::exit_status::ExitStatus;
use crate::output::Output;

/// Sign an image with a key, as cosign does
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_of_images()))]
pub struct Arguments {
    /// The image, REGISTRY/REPOSITORY:TAG or, better, REGISTRY/REPOSITORY@sha256:…
    #[arg(value_name = "IMAGE", value_parser = reference::parse)]
    image: Reference,
    /// The private key: cosign's, with its password in COSIGN_PASSWORD, or one in PKCS #8 (PEM)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// How to tell what was signed
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    access: Access,
}

const LONG_ABOUT: &str = "\
Sign an image with a key, as cosign does: the signature lies beside the image in the registry, under the tag \
sha256-….sig, and `cosign verify --key cosign.pub --insecure-ignore-tlog IMAGE` accepts it. It is written into no \
public log.

What is signed is the digest that the name has now. Signing twice with one key changes nothing. Where something else \
than signatures is under that tag, nothing is written.";

const EXAMPLES: &str = "\
Examples:
  cosign generate-key-pair
  COSIGN_PASSWORD=… headgate image sign registry.example.com/headgate/gateway@sha256:… --key cosign.key

  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
  openssl pkey -in key.pem -pubout -out key.pub
  headgate image sign registry.example.com/headgate/gateway:0.1.0 --key key.pem";

/// What was signed.
#[derive(Serialize)]
struct Signed {
    image: String,
    digest: String,
    signature: String,
    /// Whether there was no signature of this key yet.
    new: bool,
}

/// Signs an image.
///
/// # Errors
/// When there is no key, no such image, or the registry does not take the signature.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let key = SigningKey::read(&arguments.key)?;
    let image = &arguments.image;
    let registry = Registry::open(image, &arguments.access, Action::Push).await?;
    let (_, digest) = registry.manifest(image).await?;
    let kept = signature::read(&registry, &digest).await?;
    let public = key.public();
    let new = !kept
        .signatures
        .iter()
        .any(|one| one.is_of(&public, &digest));
    if new {
        let repository = format!("{}/{}", image.registry(), image.repository());
        let signature = Signature::new(&repository, &digest, &key)?;
        kept.add(&registry, &digest, signature).await?;
    }
    let signed = Signed {
        image: registry.at(&digest).whole(),
        signature: registry.tagged(&signature::tag(&digest)).whole(),
        digest,
        new,
    };
    let text = match new {
        true => format!("signed {}\nsignature {}", signed.image, signed.signature),
        false => format!("{} is signed by this key already", signed.image),
    };
    arguments.output.print(&signed, &text)?;
    Ok(ExitStatus::Ok)
}
