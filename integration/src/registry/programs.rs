//! What the set-up has installed for images.

use std::path::PathBuf;

use crate::made::installed;

/// go-containerregistry's client: what Istio and Envoy Gateway fetch images with, as a program.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn crane() -> PathBuf {
    installed("crane-0.22.1/crane")
}

/// Sigstore's client.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn cosign() -> PathBuf {
    installed("cosign-3.1.3/cosign")
}

/// The registry that Debian packages.
///
/// # Panics
/// When it is not installed.
pub(super) fn docker_registry() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("docker-registry"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no docker-registry in the PATH: run `make setup`"))
}
