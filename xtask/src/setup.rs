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
mod kubernetes;
pub mod node;
pub mod rate_limits;
pub mod system_packages;
pub mod wasm_bindgen;
mod wasm_target;

#[derive(clap::Args)]
pub struct Args {
    /// Only these; when none is named all of them but cosign and kubernetes, which take minutes to build
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
    /// Envoy's rate-limit service, and the Redis in which it counts
    RateLimits,
    /// The cosign that signatures are tested with
    Cosign,
    /// Kubernetes' API server and what belongs to it, which only the tests of `deploy` need
    Kubernetes,
}

/// What is installed when nothing is named: what is there within a minute or two.
const USUAL: &[Item] = &[
    Item::WasmTarget,
    Item::Envoy,
    Item::CargoDeny,
    Item::NodeTests,
    Item::Images,
    Item::RateLimits,
];

/// Installs what `args` names, in the order of [`Item`].
pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let items = if args.items.is_empty() {
        USUAL
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
            Item::RateLimits => rate_limits::ensure(workspace)?,
            Item::Cosign => images::ensure_cosign(workspace)?,
            Item::Kubernetes => kubernetes::ensure(workspace)?,
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
