//! `cargo xtask setup`: what the build and the tests need beyond cargo, placed in `.tools/` inside
//! the project. Each item asks first whether it is there, so a second run only looks.
//!
//! System packages are the one thing that goes elsewhere; `system_packages` names them, and the
//! reason for each, before it installs any.

use anyhow::Result;
use clap::ValueEnum;

use crate::workspace::Workspace;

pub mod cargo_deny;
pub mod cargo_fuzz;
mod cargo_tool;
pub mod envoy;
mod go_tool;
mod images;
pub mod node;
pub mod system_packages;
pub mod wasm_bindgen;
mod wasm_target;

#[derive(clap::Args)]
pub struct Args {
    /// Only these; all of them but cosign when none is named
    items: Vec<Item>,
}

/// One thing to have in place.
#[derive(Clone, Copy, ValueEnum)]
enum Item {
    /// A compiler for wasm32-unknown-unknown
    WasmTarget,
    /// The Envoy that the demo and the tests run
    Envoy,
    /// The check of the dependencies' licences
    CargoDeny,
    /// The runner of unit tests as wasm, and node for it
    NodeTests,
    /// The registry and the client that images are tested with
    Images,
    /// The cosign that signatures are tested with: minutes to build
    Cosign,
}

impl Item {
    /// All that `make test` needs.
    const NEEDED: [Self; 5] = [
        Self::WasmTarget,
        Self::Envoy,
        Self::CargoDeny,
        Self::NodeTests,
        Self::Images,
    ];
}

/// Installs what `args` names, in the order of [`Item`].
pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let items = if args.items.is_empty() {
        Item::NEEDED.as_slice()
    } else {
        &args.items
    };
    for item in items {
        match item {
            Item::WasmTarget => wasm_target::ensure(workspace)?,
            Item::Envoy => envoy::ensure(workspace)?,
            Item::CargoDeny => cargo_deny::ensure(workspace)?,
            Item::NodeTests => {
                wasm_bindgen::ensure(workspace)?;
                node::ensure()?;
            }
            Item::Images => images::ensure(workspace)?,
            Item::Cosign => images::ensure_cosign(workspace)?,
        }
    }
    Ok(())
}

fn have(item: &str, detail: &str) {
    eprintln!("have        {item} ({detail})");
}

fn installing(item: &str, detail: &str) {
    eprintln!("installing  {item} ({detail})");
}
