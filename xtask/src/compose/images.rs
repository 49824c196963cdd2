//! The images that docker-compose.yml falls back to, each with one program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo_artifacts;
use crate::docker::{Context, Engine};
use crate::setup::{envoy, rate_limits};
use crate::workspace::{Workspace, cargo};

const ENVOY: Image = Image {
    name: "envoy",
    program: "envoy",
    variable: "ENVOY_IMAGE",
    instead: "envoyproxy/envoy:v1.40.0",
};

const SAMPLE_SERVICES: Image = Image {
    name: "sample-services",
    program: "sample-services",
    variable: "SAMPLE_IMAGE",
    instead: "<an image of yours>",
};

const RATELIMIT: Image = Image {
    name: "ratelimit",
    program: "ratelimit",
    variable: "RATELIMIT_IMAGE",
    instead: "envoyproxy/ratelimit:master",
};

const REDIS: Image = Image {
    name: "redis",
    program: "redis-server",
    variable: "REDIS_IMAGE",
    instead: "redis:7",
};

/// Builds each image whose place no other takes.
pub fn build(engine: &Engine, workspace: &Workspace) -> Result<()> {
    if ENVOY.is_needed() {
        envoy::ensure(workspace)?;
        let context = ENVOY.context(workspace, &envoy::path(workspace)?)?;
        context.add_certificates()?;
        ENVOY.build(engine, &context)?;
    }
    if SAMPLE_SERVICES.is_needed() {
        let context = SAMPLE_SERVICES.context(workspace, &sample_services()?)?;
        SAMPLE_SERVICES.build(engine, &context)?;
    }
    Ok(())
}

/// The same for what the profile `limits` adds.
pub fn build_limits(engine: &Engine, workspace: &Workspace) -> Result<()> {
    if RATELIMIT.is_needed() || REDIS.is_needed() {
        rate_limits::ensure(workspace)?;
    }
    if RATELIMIT.is_needed() {
        let context = RATELIMIT.context(workspace, &rate_limits::service(workspace))?;
        RATELIMIT.build(engine, &context)?;
    }
    if REDIS.is_needed() {
        let context = REDIS.context(workspace, &rate_limits::redis()?)?;
        REDIS.build(engine, &context)?;
    }
    Ok(())
}

struct Image {
    /// Its folder in `images/`, and its tag.
    name: &'static str,
    /// The one program in it.
    program: &'static str,
    /// The variable that names another image, which makes this one unnecessary.
    variable: &'static str,
    /// What it could name.
    instead: &'static str,
}

impl Image {
    fn is_needed(&self) -> bool {
        env::var_os(self.variable).is_none()
    }

    fn context(&self, workspace: &Workspace, binary: &Path) -> Result<Context> {
        let context = Context::of(workspace, self.name)?;
        context.add_program(binary, self.program).with_context(|| {
            format!(
                "set {}, which needs no image to be built here",
                self.other()
            )
        })?;
        Ok(context)
    }

    fn build(&self, engine: &Engine, context: &Context) -> Result<()> {
        let repair = format!("see docker's message above, or set {}", self.other());
        context.build(
            engine,
            &format!("headgate/{}:local", self.name),
            &[],
            &repair,
        )?;
        Ok(())
    }

    fn other(&self) -> String {
        format!("{}={}", self.variable, self.instead)
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
