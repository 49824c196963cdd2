//! Whether the files that a document names are there, asked before Envoy starts: it would start without
//! them, and refuse connections.

use std::fs::File;

use envoy_render::Placement;
use gateway_model::Gateway;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{named}: cannot read {path}: {error}; put the file there, or name another")]
pub struct FileError {
    /// Where in the document.
    named: String,
    path: String,
    error: std::io::Error,
}

/// Whether each file that the document names can be read.
pub fn require_readable(gateway: &Gateway, placement: &Placement) -> Result<(), FileError> {
    for (named, file) in gateway.files() {
        let path = placement.path_of(file);
        File::open(&path).map_err(|error| FileError { named, path, error })?;
    }
    Ok(())
}
