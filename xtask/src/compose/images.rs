//! The images that docker-compose.yml falls back to, each with one program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo_artifacts;
use crate::docker::{Context, Engine};
use crate::setup::envoy;
use crate::workspace::{Workspace, cargo};

/// Builds each image whose place no other takes by `ENVOY_IMAGE` or `SAMPLE_IMAGE`.
pub fn build(engine: &Engine, workspace: &Workspace) -> Result<()> {
    if env::var_os("ENVOY_IMAGE").is_none() {
        let image = Image {
            name: "envoy",
            instead: "ENVOY_IMAGE=envoyproxy/envoy:v1.40.0",
        };
        envoy::ensure(workspace)?;
        let context = image.context(workspace, &envoy::path(workspace)?)?;
        context.add_certificates()?;
        image.build(engine, &context)?;
    }
    if env::var_os("SAMPLE_IMAGE").is_none() {
        let image = Image {
            name: "sample-services",
            instead: "SAMPLE_IMAGE=<an image of yours>",
        };
        let context = image.context(workspace, &sample_services()?)?;
        image.build(engine, &context)?;
    }
    Ok(())
}

struct Image {
    /// Its folder in `images/`, its one program, and its tag.
    name: &'static str,
    /// The variable that makes this image unnecessary.
    instead: &'static str,
}

impl Image {
    fn context(&self, workspace: &Workspace, binary: &Path) -> Result<Context> {
        let context = Context::of(workspace, self.name)?;
        context.add_program(binary, self.name).with_context(|| {
            format!(
                "set {}, which needs no image to be built here",
                self.instead
            )
        })?;
        Ok(context)
    }

    fn build(&self, engine: &Engine, context: &Context) -> Result<()> {
        let repair = format!("see docker's message above, or set {}", self.instead);
        context.build(
            engine,
            &format!("headgate/{}:local", self.name),
            &[],
            &repair,
        )?;
        Ok(())
    }
}

fn sample_services() -> Result<PathBuf> {
    let build = [
        "build",
        "--package",
        "integration",
        "--bin",
        "sample-services",
    ];
    cargo_artifacts::program(Command::new(cargo()).args(build), "sample-services")
}
