//! What is mounted into the gateway's image: a committed render for a cluster.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::sh;
use crate::workspace::Workspace;

/// Of a gateway that no balancer stands before.
const RENDERED: &str = "crates/envoy-render/tests/deployed/cluster-ip-clear";

const BOOTSTRAP: &str = "bootstrap.yaml";

/// The pipeline's configuration.
const PIPELINE: &str = "ecds.yaml";

/// The module that committed renders name: of no content.
const ANY_MODULE: &str = "gateway-0123456789ab.wasm";

/// The mounts of a pod.
pub struct Config {
    /// The directory of the bootstrap.
    pub bootstrap: PathBuf,
    /// The directory that Envoy watches.
    pub watched: PathBuf,
}

impl Config {
    /// For an image with this module.
    pub fn for_module(workspace: &Workspace, module: &str) -> Result<Self> {
        Self::place(workspace, "taken", |text| text.replace(ANY_MODULE, module))
    }

    /// One whose pipeline is of another version than the module of this name, which refuses it.
    pub fn refused_by(workspace: &Workspace, module: &str) -> Result<Self> {
        Self::place(workspace, "refused", |text| {
            let text = text.replace(ANY_MODULE, module);
            text.replace(r#"{"routes":["#, r#"{"pathways":["#)
        })
    }

    fn place(workspace: &Workspace, name: &str, pipeline: impl Fn(&str) -> String) -> Result<Self> {
        let place = workspace.target.join("images/config").join(name);
        let config = Self {
            bootstrap: place.join("bootstrap"),
            watched: place.join("config"),
        };
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        // Envoy reads through the link that a kubelet moves.
        let data = config.watched.join("..data");
        for directory in [&config.bootstrap, &data] {
            fs::create_dir_all(directory)?;
        }
        let rendered = workspace.root.join(RENDERED);
        let entries = fs::read_dir(&rendered);
        for entry in entries.with_context(|| format!("cannot read {RENDERED}"))? {
            let file = entry?.path();
            let text = fs::read_to_string(&file)?;
            let name = file.file_name().unwrap_or_default();
            let (directory, text) = match name.to_str() {
                Some(BOOTSTRAP) => (&config.bootstrap, text),
                Some(PIPELINE) => (&data, pipeline(&text)),
                _ => (&data, text),
            };
            fs::write(directory.join(name), text)?;
        }
        sh::make_readable(&place)?;
        Ok(config)
    }
}
