//! The workspace as cargo describes it, and what its packages say about themselves under
//! `[package.metadata.headgate]`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::sh;

/// What a module may weigh when its package says nothing: each VM compiles the whole module at
/// start, 1.5 MB of it in well under a second.
const DEFAULT_MAX_BYTES: u64 = 1_500_000;

/// The workspace that the current directory belongs to.
pub struct Workspace {
    /// The directory of the root Cargo.toml.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
    packages: Vec<Package>,
}

/// A package that is shipped, or tested with, as a wasm module.
#[derive(Debug, PartialEq, Eq)]
pub struct Module {
    /// The module's name: `<name>.wasm` in `target/modules/`.
    pub name: String,
    /// The cargo package that it is built from.
    pub package: String,
    /// The same package, as cargo's messages name it.
    pub package_id: String,
    /// The package's version.
    pub version: String,
    /// The most bytes that the module may have.
    pub max_bytes: u64,
    /// Whether the module exists for tests alone and is never shipped.
    pub test_only: bool,
}

impl Workspace {
    /// Asks cargo for the workspace around the current directory.
    pub fn load() -> Result<Self> {
        let metadata = sh::output(
            Command::new(cargo()).args(["metadata", "--no-deps", "--format-version=1"]),
            "call it inside the project, with every member of the workspace in place",
        )?;
        Self::parse(&metadata)
    }

    /// The project-local place of a tool, `.tools/<name>`.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.root.join(".tools").join(name)
    }

    /// Where the built modules are placed.
    pub fn modules_dir(&self) -> PathBuf {
        self.target.join("modules")
    }

    /// The packages that are wasm modules, sorted by the module's name.
    pub fn modules(&self) -> Result<Vec<Module>> {
        let mut modules = Vec::new();
        for package in &self.packages {
            let said = package.said()?;
            let Some(name) = said.module else { continue };
            modules.push(Module {
                name,
                package: package.name.clone(),
                package_id: package.id.clone(),
                version: package.version.clone(),
                max_bytes: said.max_bytes.unwrap_or(DEFAULT_MAX_BYTES),
                test_only: said.test_only,
            });
        }
        modules.sort_by(|a, b| a.name.cmp(&b.name));
        for pair in modules.windows(2) {
            if let [a, b] = pair
                && a.name == b.name
            {
                bail!(
                    "packages {} and {} both name their module {:?}: rename one in its \
                     [package.metadata.headgate]",
                    a.package,
                    b.package,
                    a.name
                );
            }
        }
        Ok(modules)
    }

    /// The names of the library packages whose unit tests also run as wasm under node.
    pub fn node_tested(&self) -> Result<Vec<&str>> {
        let mut packages = Vec::new();
        for package in &self.packages {
            if package.said()?.node_tests {
                packages.push(package.name.as_str());
            }
        }
        Ok(packages)
    }

    /// The version of a dependency in Cargo.lock; none when it is not listed.
    pub fn locked_version(&self, dependency: &str) -> Result<Option<String>> {
        let path = self.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path)
            .with_context(|| format!("{} could not be read", path.display()))?;
        Ok(locked_version(&lock, dependency))
    }

    fn parse(metadata: &str) -> Result<Self> {
        let metadata: Metadata = serde_json::from_str(metadata)
            .context("cargo described the workspace in a way that is not understood")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }
}

/// The cargo that runs this program, or the first on the search path.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| Path::new("cargo").to_owned(), PathBuf::from)
}

/// Cargo.lock writes a package's version in the line after its name.
fn locked_version(lock: &str, dependency: &str) -> Option<String> {
    let name = format!("name = \"{dependency}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    let version = lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')?;
    Some(version.to_owned())
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    metadata: Option<Value>,
}

/// `[package.metadata.headgate]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Said {
    module: Option<String>,
    max_bytes: Option<u64>,
    test_only: bool,
    node_tests: bool,
}

impl Package {
    fn said(&self) -> Result<Said> {
        let Some(said) = self
            .metadata
            .as_ref()
            .and_then(|tools| tools.get("headgate"))
        else {
            return Ok(Said::default());
        };
        Said::deserialize(said).with_context(|| {
            format!(
                "package {}: [package.metadata.headgate] is not understood",
                self.name
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(packages: Value) -> Workspace {
        let metadata = serde_json::json!({
            "workspace_root": "/w",
            "target_directory": "/w/target",
            "packages": packages,
        });
        Workspace::parse(&metadata.to_string()).unwrap()
    }

    fn package(name: &str, headgate: Value) -> Value {
        serde_json::json!({
            "id": format!("path+file:///w/{name}"),
            "name": name,
            "version": "0.1.0",
            "metadata": { "headgate": headgate },
        })
    }

    #[test]
    fn modules_are_sorted_and_carry_their_budget() {
        let workspace = workspace(serde_json::json!([
            package("router-wasm", serde_json::json!({ "module": "router" })),
            package("router", serde_json::json!({ "node-tests": true })),
            package(
                "editor-wasm",
                serde_json::json!({ "module": "editor", "max-bytes": 9, "test-only": true }),
            ),
            { "id": "x", "name": "plain", "version": "0.1.0", "metadata": null },
        ]));
        let modules = workspace.modules().unwrap();
        let budgets: Vec<_> = modules
            .iter()
            .map(|m| (m.name.as_str(), m.max_bytes, m.test_only))
            .collect();
        assert_eq!(
            budgets,
            [("editor", 9, true), ("router", DEFAULT_MAX_BYTES, false)]
        );
        assert_eq!(workspace.node_tested().unwrap(), ["router"]);
    }

    #[test]
    fn two_modules_of_one_name_are_refused() {
        let module = serde_json::json!({ "module": "router" });
        let workspace = workspace(serde_json::json!([
            package("a", module.clone()),
            package("b", module)
        ]));
        assert_eq!(
            workspace.modules().unwrap_err().to_string(),
            "packages a and b both name their module \"router\": rename one in its \
             [package.metadata.headgate]"
        );
    }

    #[test]
    fn a_misspelt_key_names_its_package() {
        let workspace = workspace(serde_json::json!([package(
            "a",
            serde_json::json!({ "modul": "a" })
        )]));
        assert_eq!(
            format!("{:#}", workspace.modules().unwrap_err()),
            "package a: [package.metadata.headgate] is not understood: unknown field `modul`, \
             expected one of `module`, `max-bytes`, `test-only`, `node-tests`"
        );
    }

    #[test]
    fn the_locked_version_is_that_of_the_very_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-test\"\nversion = \"0.3.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.9\"\n";
        assert_eq!(
            locked_version(lock, "wasm-bindgen").as_deref(),
            Some("0.2.9")
        );
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
