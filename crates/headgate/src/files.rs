//! Writing what is rendered, so that a watching Envoy never reads half a file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use envoy_render::{Files, Placement, render};
use gateway_model::Gateway;

use crate::authorities;
use crate::modules::Module;

/// Where modules are, below the directory that Envoy watches.
const MODULES: &str = "modules";

/// Where Secrets are, beside the document, if it is not said.
const SECRETS: &str = "secrets";

/// A file or directory that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct WriteError {
    path: PathBuf,
    error: io::Error,
}

/// Where things will be for an Envoy elsewhere that sees the directory at `seen_at`, and below it the
/// files that the document names.
pub fn placement(seen_at: &str, module: &Module) -> Placement {
    let directory = seen_at.trim_end_matches('/');
    Placement {
        module: format!("{directory}/{MODULES}/{}", module.file_name),
        ..Placement::in_directory(directory)
    }
}

/// Where things will be for an Envoy on this machine: the files that the document names where they
/// are, which is below `named_in`, and the Secrets in `secrets`, or in the directory of that name there.
pub fn placement_here(
    directory: &Path,
    named_in: &Path,
    secrets: Option<&Path>,
    module: &Module,
) -> Result<Placement, WriteError> {
    let shown = |path: &Path| {
        std::path::absolute(path)
            .map(|path| path.display().to_string())
            .map_err(|error| WriteError {
                path: path.to_owned(),
                error,
            })
    };
    let secrets = match secrets {
        Some(secrets) => shown(secrets)?,
        None => shown(&named_in.join(SECRETS))?,
    };
    Ok(Placement {
        files: Files::From(shown(named_in)?),
        secrets,
        system_cas: authorities::of_this_machine().to_owned(),
        ..placement(&shown(directory)?, module)
    })
}

/// Writes the module and the files of the render into a directory, which is made if it is not there, for
/// an Envoy that is not running yet. One that is running there would see the files change apart.
pub fn write(
    directory: &Path,
    gateway: &Gateway,
    placement: &Placement,
    module: &Module,
) -> Result<(), WriteError> {
    // The module first: what follows speaks of it.
    write_module(directory, module)?;
    for (file, text) in render(gateway, placement) {
        replace(&directory.join(file), text.as_bytes())?;
    }
    Ok(())
}

/// Writes the module, if it is not there already: its name is that of its content.
pub fn write_module(directory: &Path, module: &Module) -> Result<(), WriteError> {
    let modules = directory.join(MODULES);
    fs::create_dir_all(&modules).map_err(|error| WriteError {
        path: modules.clone(),
        error,
    })?;
    let path = modules.join(&module.file_name);
    if path.is_file() {
        return Ok(());
    }
    replace(&path, &module.bytes)
}

/// The texts of the files in a directory, by name, those apart that are no text.
pub fn read(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let (Some(name), Ok(text)) = (name, fs::read_to_string(&path)) {
            files.insert(name.to_owned(), text);
        }
    }
    Ok(files)
}

/// Writes beside the file, then moves it into place: who reads it finds the old or the new one, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| WriteError {
            path: path.to_owned(),
            error,
        })
}
