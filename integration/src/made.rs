//! What was made before a test: the wasm modules, programs, and the tools that the set-up installs.

use std::path::{Path, PathBuf};

/// A file under the workspace's root, or under one around it.
fn above(path: &str) -> Option<PathBuf> {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.find_map(|directory| Some(directory.join(path)).filter(|path| path.is_file()))
}

/// The module of a filter, by the name that its package gives it: `gateway`, `body-editor`.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn module(name: &str) -> PathBuf {
    let path = format!("target/modules/{name}.wasm");
    above(&path).unwrap_or_else(|| panic!("no module {path}: run `make wasm`"))
}

/// What the set-up has put into `.tools/`: `envoy-1.40.0/envoy`.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn installed(path: &str) -> PathBuf {
    let path = format!(".tools/{path}");
    let help = "run `make setup`, or `cargo xtask setup kubernetes` for Kubernetes' programs";
    above(&path).unwrap_or_else(|| panic!("no {path}: {help}"))
}

/// A program of the workspace, as cargo has built it beside this test.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let built = test.ancestors().nth(2).map(|debug| debug.join(name));
    let built = built.filter(|path| path.is_file());
    built.unwrap_or_else(|| panic!("no {name} beside {}: run `make build`", test.display()))
}

/// A program of the system that the set-up installs: `redis-server`.
///
/// # Panics
/// When it is not in the PATH.
#[must_use]
pub(crate) fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|directory| directory.join(name));
    let found = places.find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no {name} in the PATH: run `make setup`"))
}
