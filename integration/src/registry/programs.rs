//! What the set-up has installed for images.

use std::path::PathBuf;

use crate::made::{installed, on_path};

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
    on_path("docker-registry")
}
