//! The wasm modules: where they are, and whether they are what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{checkout, hash};

/// What lies beside the modules and says what they are; `make wasm` writes it.
const LIST: &str = "modules.json";

/// The pipeline's module.
const PIPELINE: &str = "gateway";

/// A module that is what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// A file name that no other content has.
    pub file_name: String,
}

/// Why there is no module to run.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// Nowhere to be found.
    #[error(
        "found no modules in {}; run `make wasm` in Headgate's source, or name their directory with \
         --modules or HEADGATE_MODULES",
        shown(.0)
    )]
    NoDirectory(Vec<PathBuf>),
    /// A file that cannot be read.
    #[error("{}: {error}; run `make wasm` again", path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    /// The list is none.
    #[error("{}: {error}; run `make wasm` again", path.display())]
    List {
        path: PathBuf,
        error: serde_json::Error,
    },
    /// The list does not name the module.
    #[error("{} names no module \"{name}\"; run `make wasm` again", list.display())]
    NotListed { list: PathBuf, name: String },
    /// The file is not the one that was built.
    #[error(
        "{} has the SHA-256 {found}, but {LIST} beside it says {expected}: one of them is not of \
         this build; run `make wasm` again",
        path.display()
    )]
    OtherContent {
        path: PathBuf,
        expected: String,
        found: String,
    },
}

fn shown(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

/// What the list says of a module.
#[derive(Debug, Deserialize)]
pub struct Entry {
    /// Its name, `gateway`.
    pub name: String,
    /// The version of its package.
    #[serde(default)]
    pub version: String,
    /// The commit that it was built from.
    #[serde(default)]
    pub revision: String,
    /// Of its file, in hexadecimal digits.
    pub sha256: String,
}

/// Finds the pipeline's module and holds it against the list beside it. `named` is the directory that
/// the user named; without one it is looked for beside the program, and in `target/modules` of the checkout
/// that the program was built in.
pub fn pipeline(named: Option<&Path>) -> Result<Module, ModuleError> {
    let (entry, bytes) = find(named, PIPELINE)?;
    let short: String = entry.sha256.chars().take(12).collect();
    Ok(Module {
        bytes,
        file_name: format!("{PIPELINE}-{short}.wasm"),
    })
}

/// The same for any module: what the list says of it, and its bytes.
pub fn find(named: Option<&Path>, module: &str) -> Result<(Entry, Vec<u8>), ModuleError> {
    let places = match named {
        Some(directory) => vec![directory.to_owned()],
        None => usual_places(),
    };
    let directory = places
        .iter()
        .find(|place| place.join(LIST).is_file())
        .ok_or_else(|| ModuleError::NoDirectory(places.clone()))?;
    let list = directory.join(LIST);
    let entries: Vec<Entry> =
        serde_json::from_slice(&read(&list)?).map_err(|error| ModuleError::List {
            path: list.clone(),
            error,
        })?;
    let entry = entries
        .into_iter()
        .find(|entry| entry.name == module)
        .ok_or_else(|| ModuleError::NotListed {
            list,
            name: module.to_owned(),
        })?;
    let path = directory.join(format!("{module}.wasm"));
    let bytes = read(&path)?;
    let found = hash::sha256(&bytes);
    if found != entry.sha256 {
        return Err(ModuleError::OtherContent {
            path,
            expected: entry.sha256,
            found,
        });
    }
    Ok((entry, bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, ModuleError> {
    fs::read(path).map_err(|error| ModuleError::Unreadable {
        path: path.to_owned(),
        error,
    })
}

fn usual_places() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let beside = program
        .as_deref()
        .and_then(Path::parent)
        .map(|folder| folder.join("modules"));
    let checkout = checkout::root().map(|root| root.join("target/modules"));
    beside.into_iter().chain(checkout).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(list: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(LIST), list).unwrap();
        fs::write(directory.path().join("gateway.wasm"), b"module").unwrap();
        directory
    }

    /// SHA-256 of `module`.
    const SHA256: &str = "120970d812836f19888625587a4606a5ad23cef31c8684e601771552548fc6b9";

    #[test]
    fn a_module_that_fits_its_list_is_named_by_its_content() {
        let directory = directory(&format!(
            r#"[{{"name": "gateway", "sha256": "{SHA256}", "bytes": 6}}]"#
        ));
        let module = pipeline(Some(directory.path())).unwrap();
        assert_eq!(module.file_name, "gateway-120970d81283.wasm");
        assert_eq!(module.bytes, b"module");
    }

    #[test]
    fn a_module_of_another_build_is_refused_by_its_hash() {
        let directory = directory(r#"[{"name": "gateway", "sha256": "00"}]"#);
        let path = directory.path().join("gateway.wasm");
        assert_eq!(
            pipeline(Some(directory.path())).unwrap_err().to_string(),
            format!(
                "{} has the SHA-256 {SHA256}, but modules.json beside it says 00: one of them is \
                 not of this build; run `make wasm` again",
                path.display()
            )
        );
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_to_get_it() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(
            pipeline(Some(empty.path())).unwrap_err().to_string(),
            format!(
                "found no modules in {}; run `make wasm` in Headgate's source, or name their \
                 directory with --modules or HEADGATE_MODULES",
                empty.path().display()
            )
        );
        let without = directory("[]");
        assert_eq!(
            pipeline(Some(without.path())).unwrap_err().to_string(),
            format!(
                "{} names no module \"gateway\"; run `make wasm` again",
                without.path().join(LIST).display()
            )
        );
    }
}
