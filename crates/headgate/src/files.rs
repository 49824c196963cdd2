//! Writing what is rendered, so that a watching Envoy never reads half a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use envoy_render::{Placement, render};
use gateway_model::Gateway;

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

/// Where things will be for an Envoy that sees the directory at `seen_at`.
pub fn placement(seen_at: &str, module: &Module) -> Placement {
    let directory = seen_at.trim_end_matches('/').to_owned();
    let module = format!("{directory}/{MODULES}/{}", module.file_name);
    Placement { directory, module }
}

/// Writes the module and the four files into a directory, which is made if it is not there. Each file
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
