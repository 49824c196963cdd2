//! `headgate image pull`: an image becomes a module.

use std::path::PathBuf;

use clap::Args;
use oci_client::Reference;
use oci_client::manifest::OciManifest;
use serde::Serialize;

use super::access::Access;
use super::error::Action;
use super::format::Format;
use super::public_key::PublicKey;
use super::registry::Registry;
use super::said::MODULE_SHA256;
use super::save::save;
use super::{layer, reference, verify};
use crate::exit_status::ExitStatus;
use crate::hash::sha256;
use crate::output::Output;
use crate::report;

/// Pull the module of an image into a file
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_of_images()))]
pub struct Arguments {
    /// The image, REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…
    #[arg(value_name = "IMAGE", value_parser = reference::parse)]
    image: Reference,
    /// The file to write; without it the repository's last word, with .wasm
    #[arg(short, long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only if it is signed by this public key (PEM)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// How to tell what was pulled
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    access: Access,
}

const LONG_ABOUT: &str = "\
Pull the module of an image into a file, from any of the formats that `headgate image push` writes, and from images \
that others built with plugin.wasm in their last layer.

Every byte is held against its digest. The file is written whole or not at all.";

const EXAMPLES: &str = "\
Examples:
  headgate image pull registry.example.com/headgate/gateway:0.1.0
  headgate image pull registry.example.com/headgate/gateway:0.1.0 --file filter.wasm --key cosign.pub";

/// The image holds no module, or another one than it says.
#[derive(Debug, thiserror::Error)]
pub enum NoModule {
    /// Several images behind one name.
    #[error("{0} is an index of {1} images, and a module is one; name it by its digest")]
    Index(String, usize),
    /// Something else than a module.
    #[error(
        "{image} is not a wasm image: its layers are of the type {types}; `headgate image push` makes wasm \
         images"
    )]
    OtherLayers { image: String, types: String },
    /// A container's image.
    #[error("{0} is not a wasm image: its last layer holds no {file}", file = layer::FILE)]
    NoFile(String),
    /// No archive.
    #[error("{0} is not a wasm image: its last layer cannot be unpacked: {1}")]
    NoArchive(String, std::io::Error),
    /// Bytes that are no module.
    #[error("{0} is not a wasm image: what it holds as a module does not begin with \\0asm")]
    NoWasm(String),
    /// The annotation says otherwise.
    #[error(
        "{image} says that its module has the SHA-256 {said}, and it has {found}; it was put together \
         wrongly: push it again"
    )]
    OtherModule {
        image: String,
        said: String,
        found: String,
    },
}

/// An image that holds a module.
pub struct Found {
    /// Its manifest's digest.
    pub digest: String,
    /// How it is laid out.
    pub format: Format,
    /// Which layer has the module.
    pub place: usize,
    /// Its manifest.
    pub manifest: oci_client::manifest::OciImageManifest,
}

/// Looks an image up.
///
/// # Errors
/// When it does not come or holds no module.
pub async fn find(registry: &Registry, image: &Reference) -> anyhow::Result<Found> {
    let (manifest, digest) = registry.manifest(image).await?;
    let manifest = match manifest {
        OciManifest::Image(manifest) => manifest,
        OciManifest::ImageIndex(index) => {
            return Err(NoModule::Index(image.whole(), index.manifests.len()).into());
        }
    };
    let Some((format, place)) = Format::of(&manifest) else {
        let types: Vec<&str> = manifest
            .layers
            .iter()
            .map(|layer| layer.media_type.as_str())
            .collect();
        let error = NoModule::OtherLayers {
            image: image.whole(),
            types: types.join(", "),
        };
        return Err(error.into());
    };
    Ok(Found {
        digest,
        format,
        place,
        manifest,
    })
}

/// What was pulled.
#[derive(Serialize)]
struct Pulled {
    image: String,
    digest: String,
    format: Format,
    file: String,
    module_sha256: String,
    module_bytes: usize,
}

/// Pulls a module.
///
/// # Errors
/// When it does not come, holds no module, or cannot be written.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let image = &arguments.image;
    let key = arguments.key.as_deref().map(PublicKey::read).transpose()?;
    let registry = Registry::open(image, &arguments.access, Action::Pull).await?;
    let found = find(&registry, image).await?;
    if let (Some(key), Some(path)) = (&key, &arguments.key)
        && let Err(not_signed) = verify::signed(&registry, &found.digest, key, path).await?
    {
        return Ok(report::not_signed(&not_signed));
    }
    let module = module(&registry, image, &found).await?;
    let file = match &arguments.file {
        Some(file) => file.clone(),
        None => usual_file(image),
    };
    save(&file, &module)?;
    let pulled = Pulled {
        image: registry.at(&found.digest).whole(),
        digest: found.digest,
        format: found.format,
        file: file.display().to_string(),
        module_sha256: sha256(&module),
        module_bytes: module.len(),
    };
    let text = format!(
        "pulled {} into {}\ndigest {}",
        image.whole(),
        pulled.file,
        pulled.digest
    );
    arguments.output.print(&pulled, &text)?;
    Ok(ExitStatus::Ok)
}

fn usual_file(image: &Reference) -> PathBuf {
    let name = image.repository().rsplit('/').next();
    format!("{}.wasm", name.unwrap_or("module")).into()
}

async fn module(registry: &Registry, image: &Reference, found: &Found) -> anyhow::Result<Vec<u8>> {
    let name = || image.whole();
    let layer = found
        .manifest
        .layers
        .get(found.place)
        .ok_or_else(|| NoModule::NoFile(name()))?;
    let blob = registry.blob(layer, layer::MOST_BYTES).await?;
    let module = match found.format {
        Format::Compat => layer::unpack(&blob)
            .map_err(|error| NoModule::NoArchive(name(), error))?
            .ok_or_else(|| NoModule::NoFile(name()))?,
        Format::Oci | Format::Cncf => blob,
    };
    if !module.starts_with(b"\0asm") {
        return Err(NoModule::NoWasm(name()).into());
    }
    let annotations = found.manifest.annotations.as_ref();
    let said = annotations.and_then(|all| all.get(MODULE_SHA256));
    let has = sha256(&module);
    match said {
        Some(said) if *said != has => Err(NoModule::OtherModule {
            image: name(),
            said: said.clone(),
            found: has,
        }
        .into()),
        _ => Ok(module),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_file_has_the_whole_last_word() {
        for (image, file) in [
            ("registry.example.com/a/filter:1.0", "filter.wasm"),
            ("registry.example.com/a/filter.v1:1.0", "filter.v1.wasm"),
        ] {
            let image = reference::parse(image).unwrap();
            assert_eq!(usual_file(&image), PathBuf::from(file));
        }
    }
}
