//! What the build has made: the wasm modules, and programs.

use std::path::{Path, PathBuf};

/// Where the build places them, under the workspace's root.
const BUILT: &str = "target/modules";

/// The module of a filter, by the name that its package gives it: `gateway`, `body-editor`.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn module(name: &str) -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above
        .map(|directory| directory.join(BUILT).join(format!("{name}.wasm")))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no module {BUILT}/{name}.wasm: run `make wasm`"))
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
