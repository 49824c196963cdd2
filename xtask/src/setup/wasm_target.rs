//! A compiler for wasm32-unknown-unknown, by the first of three ways that works: the compiler in use
//! has the target; rustup can add it; Debian's compiler, for which we build the standard library.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::system_packages::{self, SystemPackage};
use super::{have, installing};
use crate::cargo_artifacts;
use crate::sh;
use crate::wasm_toolchain::{
    DEBIAN_CARGO, DEBIAN_RUSTC, PrivateSysroot, TARGET, WasmToolchain, debian_rustc_version,
};
use crate::workspace::Workspace;

const ITEM: &str = "wasm32 target";

const DEBIAN_PACKAGES: &[SystemPackage] = &[
    SystemPackage {
        name: "rustc-web",
        why: "a compiler that can build for wasm32",
    },
    SystemPackage {
        name: "cargo-web",
        why: "the cargo that fits that compiler",
    },
    SystemPackage {
        name: "rust-web-src",
        why: "the standard library's source, built for wasm32",
    },
    SystemPackage {
        name: "rust-web-clippy",
        why: "lints for the code that is wasm only",
    },
    SystemPackage {
        name: "lld",
        why: "wasm-ld, which links the modules",
    },
];

const BY_RUSTUP: &str = "run `rustup target add wasm32-unknown-unknown` where rustup can download";

/// Puts a wasm compiler in place when none is.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    if let Some(toolchain) = WasmToolchain::find(workspace)? {
        have(ITEM, &toolchain.describe());
        return Ok(());
    }
    installing(ITEM, "with rustup, else with Debian's compiler");
    if sh::find_program("rustup").is_some()
        && sh::try_run(Command::new("rustup").args(["target", "add", TARGET]))
    {
        return Ok(());
    }
    system_packages::ensure(DEBIAN_PACKAGES, BY_RUSTUP)?;
    build_sysroot(workspace, &PrivateSysroot::of(workspace))
}

/// Builds the standard library with Debian's compiler and lays out the sysroot around it.
fn build_sysroot(workspace: &Workspace, sysroot: &PrivateSysroot) -> Result<()> {
    let scratch = workspace.tool("rust-wasm-build");
    let libraries = build_std(&scratch)?;
    lay_out(sysroot, &libraries).with_context(|| {
        format!(
            "{} could not be written: delete it and try again",
            sysroot.dir.display()
        )
    })?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// Compiles `std` and what it stands on; returns the libraries' paths inside `scratch`.
fn build_std(scratch: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(scratch)?;
    // Cargo builds std for the sake of some crate; this one is empty.
    fs::write(scratch.join("lib.rs"), "")?;
    fs::write(
        scratch.join("Cargo.toml"),
        "[package]\nname = \"std-for-wasm\"\nedition = \"2024\"\n\n\
         [lib]\npath = \"lib.rs\"\n\n\
         [workspace]\n\n\
         [profile.release]\nopt-level = 3\ncodegen-units = 16\n",
    )?;
    let mut command = Command::new(DEBIAN_CARGO);
    command
        .current_dir(scratch)
        .args(["build", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,test") // `test` for the unit tests under node
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1") // -Zbuild-std is not stable
        .env("RUSTFLAGS", "-Cembed-bitcode=yes") // without it `lto = "fat"` finds no bitcode
        .env("CARGO_TARGET_DIR", scratch.join("target"));
    let artifacts = cargo_artifacts::build(&mut command, BY_RUSTUP)?;
    let for_wasm = scratch.join("target").join(TARGET);
    Ok(artifacts
        .iter()
        .filter(|artifact| !artifact.package_id.contains("std-for-wasm"))
        .filter_map(|artifact| artifact.file("rlib"))
        .filter(|library| library.starts_with(&for_wasm))
        .cloned()
        .collect())
}

fn lay_out(sysroot: &PrivateSysroot, libraries: &[PathBuf]) -> Result<()> {
    if sysroot.dir.exists() {
        fs::remove_dir_all(&sysroot.dir)?;
    }
    let rustlib = sysroot.dir.join("lib/rustlib");
    let wasm = rustlib.join(TARGET).join("lib");
    fs::create_dir_all(&wasm)?;
    for library in libraries {
        let name = library.file_name().context("a library without a name")?;
        fs::copy(library, wasm.join(name))?;
    }

    // Build scripts and proc macros are native: they use Debian's own standard library.
    let version = debian_rustc_version()?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .with_context(|| format!("{DEBIAN_RUSTC} -vV names no host"))?;
    symlink(Path::new("/usr/lib/rustlib").join(host), rustlib.join(host))?;

    let rustc = sysroot.rustc();
    fs::create_dir_all(sysroot.dir.join("bin"))?;
    fs::write(
        &rustc,
        format!("#!/bin/sh\nexec {DEBIAN_RUSTC} --sysroot \"${{0%/*}}/..\" \"$@\"\n"),
    )?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
    fs::write(sysroot.stamp(), version)?;
    Ok(())
}
