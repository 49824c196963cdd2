//! Which cargo, compiler and environment build for wasm32-unknown-unknown. Whoever builds wasm
//! asks here, and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::sh;
use crate::workspace::{Workspace, cargo};

/// The target of every module and of the tests under node.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's cargo and compiler by their paths: the names alone would find rustup's.
pub const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_CARGO_CLIPPY: &str = "/usr/bin/cargo-clippy";
/// See [`DEBIAN_CARGO`].
pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A cargo and a compiler that can build for [`TARGET`].
pub enum WasmToolchain {
    /// The compiler that builds everything else has the target too.
    Ambient,
    /// Debian's compiler with a standard library of our own.
    Private(PrivateSysroot),
}

impl WasmToolchain {
    /// The toolchain that is in place, the ambient one first; none when set-up has yet to run.
    pub fn find(workspace: &Workspace) -> Result<Option<Self>> {
        if ambient_has_target()? {
            return Ok(Some(Self::Ambient));
        }
        let private = PrivateSysroot::of(workspace);
        Ok(private.is_current()?.then_some(Self::Private(private)))
    }

    /// Like [`find`](Self::find), but an error names the repair when there is none.
    pub fn require(workspace: &Workspace) -> Result<Self> {
        match Self::find(workspace)? {
            Some(toolchain) => Ok(toolchain),
            None => bail!("no compiler here builds for {TARGET}: run `make setup` first"),
        }
    }

    /// `cargo <subcommand> --target wasm32-unknown-unknown`, ready for more arguments.
    ///
    /// It has a target directory of its own: the compiler may be another one than that of the
    /// native builds, and two builds at once would wait for each other.
    pub fn cargo(&self, workspace: &Workspace, subcommand: &str) -> Command {
        let mut command = match self {
            Self::Ambient => ambient_cargo(subcommand),
            Self::Private(sysroot) => sysroot.cargo(subcommand),
        };
        command.args(["--target", TARGET]);
        command.env("CARGO_TARGET_DIR", workspace.target.join("wasm-build"));
        command
    }

    /// What the toolchain is, in a few words.
    pub fn describe(&self) -> String {
        match self {
            Self::Ambient => "of the compiler in use".to_owned(),
            Self::Private(sysroot) => {
                format!("{DEBIAN_RUSTC} with {}", sysroot.dir.display())
            }
        }
    }
}

/// Debian's rustc has no wasm32 standard library and its own sysroot is not ours to write to: this
/// is a sysroot inside the project that borrows Debian's native half and adds the wasm32 half, with
/// a `bin/rustc` that selects it.
pub struct PrivateSysroot {
    /// `.tools/rust-wasm`.
    pub dir: PathBuf,
}

impl PrivateSysroot {
    /// The workspace's one, built or not.
    pub fn of(workspace: &Workspace) -> Self {
        Self {
            dir: workspace.tool("rust-wasm"),
        }
    }

    /// The wrapper that calls Debian's compiler with this sysroot.
    pub fn rustc(&self) -> PathBuf {
        self.dir.join("bin/rustc")
    }

    /// The file that says which compiler the standard library was built by: no other can read it.
    /// Written last, so an interrupted build counts as none.
    pub fn stamp(&self) -> PathBuf {
        self.dir.join("built-by")
    }

    /// Whether the standard library is there and fits Debian's present compiler.
    fn is_current(&self) -> Result<bool> {
        let complete = [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_CARGO_CLIPPY]
            .iter()
            .all(|program| Path::new(program).is_file());
        let Ok(built_by) = fs::read_to_string(self.stamp()) else {
            return Ok(false);
        };
        Ok(complete && built_by == debian_rustc_version()?)
    }

    fn cargo(&self, subcommand: &str) -> Command {
        // `cargo clippy` would pick whichever cargo-clippy the search path has, and with it another
        // compiler's lints, so Debian's is called by its path.
        let program = if subcommand == "clippy" {
            DEBIAN_CARGO_CLIPPY
        } else {
            DEBIAN_CARGO
        };
        let mut command = Command::new(program);
        command.arg(subcommand);
        command.env("CARGO", DEBIAN_CARGO);
        command.env("RUSTC", self.rustc());
        command.env("SYSROOT", &self.dir); // clippy's driver stands in for RUSTC and asks this
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
        command
    }
}

/// `rustc -vV` of Debian's compiler.
pub fn debian_rustc_version() -> Result<String> {
    sh::output(
        Command::new(DEBIAN_RUSTC).arg("-vV"),
        "reinstall Debian's package rustc-web",
    )
}

fn ambient_cargo(subcommand: &str) -> Command {
    let mut command = Command::new(cargo());
    command.arg(subcommand);
    command
}

/// Whether the standard library for [`TARGET`] lies where the compiler in use looks for it.
/// However it came there: by rustup, or by a distribution's package.
fn ambient_has_target() -> Result<bool> {
    let libdir = sh::output(
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]),
        "install Rust, https://rustup.rs",
    )?;
    let Ok(entries) = fs::read_dir(libdir) else {
        return Ok(false);
    };
    Ok(entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
}
