//! Whether Envoy will load a module: what it imports, what it exports, what it weighs.
//!
//! Envoy says the same at start, but late and in few words: "Failed to load Wasm module due to a
//! missing import". Here the error names the module, the item and the repair, at build time.

use std::fs;

use anyhow::{Context, Result, bail};
use wasmparser::{Export, ExternalKind, Import, Parser, Payload, TypeRef, Validator};

use crate::workspace::{Module, Workspace};

mod abi;
mod fault;

use fault::Fault;

/// Checks every module in `target/modules/`.
pub fn run(workspace: &Workspace) -> Result<()> {
    for module in workspace.modules()? {
        let path = workspace
            .modules_dir()
            .join(&module.name)
            .with_extension("wasm");
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "{} could not be read: run `make wasm` first",
                path.display()
            )
        })?;
        require(&module, &bytes)?;
    }
    Ok(())
}

/// Fails with everything that is wrong with a module; prints its size when nothing is.
pub fn require(module: &Module, bytes: &[u8]) -> Result<()> {
    let faults = faults(bytes, module.max_bytes)
        .with_context(|| format!("module {} is no valid WebAssembly", module.name))?;
    if !faults.is_empty() {
        let lines: String = faults
            .iter()
            .map(|fault| format!("\n  - {fault}"))
            .collect();
        bail!(
            "module {} (package {}) cannot ship:{lines}",
            module.name,
            module.package
        );
    }
    eprintln!(
        "checked     {}.wasm ({} kB of {} kB)",
        module.name,
        bytes.len() / 1000,
        module.max_bytes / 1000
    );
    Ok(())
}

/// Everything that keeps `bytes` from being a module that Envoy loads, within `max_bytes`.
fn faults(bytes: &[u8], max_bytes: u64) -> Result<Vec<Fault>> {
    Validator::new().validate_all(bytes)?;
    let mut faults = Vec::new();
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    faults.extend(import_fault(&import?));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export?);
                }
            }
            _ => {}
        }
    }
    faults.extend(export_faults(&exports));
    let bytes = bytes.len() as u64;
    if bytes > max_bytes {
        faults.push(Fault::OverBudget { bytes, max_bytes });
    }
    Ok(faults)
}

fn import_fault(import: &Import<'_>) -> Option<Fault> {
    let offered = match import.ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => abi::offers(import.module, import.name),
        _ => false,
    };
    if offered {
        return None;
    }
    let (module, name) = (import.module.to_owned(), import.name.to_owned());
    Some(if abi::is_javascript(import.module, import.name) {
        Fault::JavaScriptImport { module, name }
    } else {
        Fault::ForeignImport { module, name }
    })
}

fn export_faults(exports: &[Export<'_>]) -> Vec<Fault> {
    let has = |kind, name: &str| {
        exports
            .iter()
            .any(|export| export.kind == kind && export.name == name)
    };
    let mut faults = Vec::new();
    for alternatives in abi::REQUIRED_FUNCTIONS {
        if !alternatives
            .iter()
            .any(|name| has(ExternalKind::Func, name))
        {
            faults.push(Fault::MissingFunction { alternatives });
        }
    }
    if !has(ExternalKind::Memory, "memory") {
        faults.push(Fault::MissingMemory);
    }
    faults
}

#[cfg(test)]
mod tests;
