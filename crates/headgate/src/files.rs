//! Writing what is rendered, so that a watching Envoy never reads half a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use envoy_render::{Placement, render};
use gateway_model::Gateway;

use crate::authorities;
use crate::modules::Module;

/// Where modules are, below the directory that Envoy watches.
const MODULES: &str = "modules";

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
/// are, which is below `named_in`.
pub fn placement_here(
    directory: &Path,
    named_in: &Path,
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
    Ok(Placement {
        files: shown(named_in)?,
        system_cas: authorities::of_this_machine().to_owned(),
        ..placement(&shown(directory)?, module)
    })
}

/// Writes the module and the files of the render into a directory, which is made if it is not there. Each file
/// is moved into place whole, but one after the other: an Envoy that is running there sees them change
/// apart, and may refuse requests meanwhile.
pub fn write(
    directory: &Path,
    gateway: &Gateway,
    placement: &Placement,
    module: &Module,
) -> Result<(), WriteError> {
    let modules = directory.join(MODULES);
    fs::create_dir_all(&modules).map_err(|error| WriteError {
        path: modules.clone(),
        error,
    })?;
    // The module first: what follows speaks of it.
    replace(&modules.join(&module.file_name), &module.bytes)?;
    for (file, text) in render(gateway, placement) {
        replace(&directory.join(file), text.as_bytes())?;
    }
    Ok(())
}

/// Writes beside the file, then moves it into place.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| WriteError {
            path: path.to_owned(),
            error,
        })
}
