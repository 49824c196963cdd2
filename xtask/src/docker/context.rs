//! What an image is built from: its folder in `images/` with what is built or installed here added to its
//! `rootfs/`. Everything is FROM scratch or from an image of the user's, so that nothing has to be pulled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::engine::Engine;
use crate::sh;
use crate::workspace::Workspace;

/// Where distributions keep the certificates of the authorities that they trust.
const CERTIFICATES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// Where every image has them, as Debian and Alpine do.
pub const CERTIFICATES_IN_IMAGE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A build context in `target/images/`.
pub struct Context {
    directory: PathBuf,
}

impl Context {
    /// Copies the image's folder.
    pub fn of(workspace: &Workspace, image: &str) -> Result<Self> {
        let directory = workspace.target.join("images").join(image);
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        copy_tree(&workspace.root.join("images").join(image), &directory)?;
        Ok(Self { directory })
    }

    /// Adds a program to the search path, and each library that it links to.
    pub fn add_program(&self, binary: &Path, name: &str) -> Result<()> {
        self.add(binary, &Path::new("/usr/local/bin").join(name))?;
        for library in libraries(binary)? {
            self.add(&library, &library)?;
        }
        Ok(())
    }

    /// Adds the authorities that this machine trusts.
    pub fn add_certificates(&self) -> Result<()> {
        let mut places = CERTIFICATES.iter().map(Path::new);
        let Some(certificates) = places.find(|file| file.is_file()) else {
            bail!("this machine has no CA certificates for Envoy: install ca-certificates");
        };
        self.add(certificates, Path::new(CERTIFICATES_IN_IMAGE))
    }

    /// Adds what a file holds, at an absolute path of the image.
    pub fn add(&self, file: &Path, at: &Path) -> Result<()> {
        copy(file, &within(&self.rootfs(), at))
    }

    /// Adds what a directory holds, below an absolute path of the image.
    pub fn add_all(&self, directory: &Path, at: &Path) -> Result<()> {
        copy_tree(directory, &within(&self.rootfs(), at))
    }

    /// Builds the image; returns its size in bytes.
    pub fn build(
        &self,
        engine: &Engine,
        tag: &str,
        arguments: &[String],
        repair: &str,
    ) -> Result<u64> {
        // It runs as any user, and a strict umask would keep the files from it.
        sh::make_readable(&self.rootfs())?;
        sh::run(
            engine
                .docker()
                .args(["build", "--quiet", "--tag", tag])
                .args(arguments)
                .arg(&self.directory),
            repair,
        )?;
        let mut inspect = engine.docker();
        inspect.args(["image", "inspect", "--format", "{{.Size}}", tag]);
        let size = sh::output(&mut inspect, repair)?;
        size.parse()
            .with_context(|| format!("docker says of the size of {tag}: {size:?}"))
    }

    fn rootfs(&self) -> PathBuf {
        self.directory.join("rootfs")
    }
}

/// The libraries that `binary` links to, the loader among them; none when it is linked statically.
pub fn libraries(binary: &Path) -> Result<Vec<PathBuf>> {
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
