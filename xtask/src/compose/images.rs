//! The images that docker-compose.yml falls back to: FROM scratch, out of binaries that are here
//! already, so that nothing has to be pulled.
//!
//! A build context is the image's folder in `images/` with the binary, and each library that it
//! links to, added to its `rootfs/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::engine::Engine;
use crate::cargo_artifacts;
use crate::setup::envoy;
use crate::sh;
use crate::workspace::{Workspace, cargo};

/// Where distributions keep the certificates of the authorities that they trust.
const CERTIFICATES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// Builds each image whose place no other takes by `ENVOY_IMAGE` or `SAMPLE_IMAGE`.
pub fn build(engine: &Engine, workspace: &Workspace) -> Result<()> {
    if env::var_os("ENVOY_IMAGE").is_none() {
        let image = Image {
            name: "envoy",
            instead: "ENVOY_IMAGE=envoyproxy/envoy:v1.40.0",
        };
        envoy::ensure(workspace)?;
        let context = image.context(workspace, &envoy::path(workspace)?)?;
        add_certificates(&context)?;
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
    /// Its folder in `images/`, its one binary, and its tag.
    name: &'static str,
    /// The variable that makes this image unnecessary.
    instead: &'static str,
}

impl Image {
    /// Writes the build context, with `binary` in it, to `target/images/<name>`.
    fn context(&self, workspace: &Workspace, binary: &Path) -> Result<PathBuf> {
        let context = workspace.target.join("images").join(self.name);
        if context.exists() {
            fs::remove_dir_all(&context)?;
        }
        copy_tree(&workspace.root.join("images").join(self.name), &context)?;
        let rootfs = context.join("rootfs");
        copy(binary, &rootfs.join("usr/local/bin").join(self.name))?;
        for library in libraries(binary).with_context(|| {
            format!(
                "set {}, which needs no image to be built here",
                self.instead
            )
        })? {
            copy(&library, &within(&rootfs, &library))?;
        }
        Ok(context)
    }

    fn build(&self, engine: &Engine, context: &Path) -> Result<()> {
        sh::run(
            engine
                .docker()
                .args([
                    "build",
                    "--quiet",
                    "--tag",
                    &format!("headgate/{}:local", self.name),
                ])
                .arg(context),
            &format!("see docker's message above, or set {}", self.instead),
        )
    }
}

fn sample_services() -> Result<PathBuf> {
    let artifacts = cargo_artifacts::build(
        Command::new(cargo()).args([
            "build",
            "--package",
            "integration",
            "--bin",
            "sample-services",
        ]),
        "correct what cargo says above",
    )?;
    artifacts
        .iter()
        .flat_map(|artifact| &artifact.filenames)
        .find(|file| file.ends_with("sample-services"))
        .cloned()
        .context("cargo built no sample-services: integration/src/bin/ should have it")
}

fn add_certificates(context: &Path) -> Result<()> {
    let found = CERTIFICATES
        .iter()
        .map(Path::new)
        .find(|file| file.is_file());
    let Some(certificates) = found else {
        bail!("this machine has no CA certificates for Envoy: install ca-certificates");
    };
    copy(
        certificates,
        &context.join("rootfs/etc/ssl/certs/ca-certificates.crt"),
    )
}

/// The libraries that `binary` links to, the loader among them; none when it is linked statically.
fn libraries(binary: &Path) -> Result<Vec<PathBuf>> {
    let answer = Command::new("ldd")
        .arg(binary)
        .output()
        .context("ldd, which comes with glibc, could not be started")?;
    if String::from_utf8_lossy(&answer.stderr).contains("not a dynamic executable") {
        return Ok(Vec::new());
    }
    if !answer.status.success() {
        bail!(
            "ldd cannot read {}: it is no program for this machine",
            binary.display()
        );
    }
    listed(&String::from_utf8_lossy(&answer.stdout))
}

/// Reads what ldd prints, a line for each library: `name => path (address)`, or the loader's
/// `path (address)`. The kernel's linux-vdso has no path.
fn listed(ldd: &str) -> Result<Vec<PathBuf>> {
    let mut libraries = Vec::new();
    for line in ldd.lines() {
        if line.ends_with("=> not found") {
            bail!("a library is missing on this machine: {}", line.trim());
        }
        libraries.extend(
            line.split_whitespace()
                .find(|word| word.starts_with('/'))
                .map(PathBuf::from),
        );
    }
    Ok(libraries)
}

/// The place of an absolute path below another root.
fn within(root: &Path, absolute: &Path) -> PathBuf {
    root.join(absolute.strip_prefix("/").unwrap_or(absolute))
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_tree(&from, &to)?;
        } else {
            copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Copies what a file holds, through links, into a directory that need not exist yet.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_what_ldd_found_and_the_loader() {
        let ldd = "\tlinux-vdso.so.1 (0x00007f7d47300000)\n\
                   \tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f7d40120000)\n\
                   \t/lib64/ld-linux-x86-64.so.2 (0x00007f7d47302000)\n";
        let expected = [
            "/lib/x86_64-linux-gnu/libm.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ]
        .map(PathBuf::from);
        assert_eq!(listed(ldd).unwrap(), expected);
        assert_eq!(listed("\tstatically linked\n").unwrap(), [] as [PathBuf; 0]);
    }

    #[test]
    fn a_library_that_is_missing_is_named() {
        let error = listed("\tlibm.so.6 => not found\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a library is missing on this machine: libm.so.6 => not found"
        );
    }

    #[test]
    fn a_library_keeps_its_place() {
        let place = within(
            Path::new("rootfs"),
            Path::new("/lib64/ld-linux-x86-64.so.2"),
        );
        assert_eq!(place, Path::new("rootfs/lib64/ld-linux-x86-64.so.2"));
    }
}
