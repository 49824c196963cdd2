//! Kubernetes' own programs for the tests of `headgate deploy`, and the etcd that they keep everything in,
//! built from the modules that `integration/kubernetes/go.mod` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{have, installing};
use crate::sh;
use crate::workspace::Workspace;

/// The release; `go.mod` names it too, and so does the directory of what is built.
const VERSION: &str = "1.36.3";

/// Where `go.mod` is.
const MODULE: &str = "integration/kubernetes";

/// Each program and its package, the quickest to build first.
const PROGRAMS: &[(&str, &str)] = &[
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    (
        "kube-controller-manager",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
    ),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
];

const REPAIR: &str = "it needs Go 1.26 or newer, https://go.dev/dl, and Go's modules";

/// Builds what is missing, which takes minutes each.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    let dir = workspace.tool(&format!("kubernetes-{VERSION}"));
    for (program, package) in PROGRAMS {
        let path = dir.join(program);
        if path.is_file() {
            have(
                program,
                &format!("of Kubernetes {VERSION}, {}", path.display()),
            );
            continue;
        }
        installing(
            program,
            &format!("of Kubernetes {VERSION}, {}", path.display()),
        );
        fs::create_dir_all(&dir)?;
        build(&workspace.root.join(MODULE), package, &path)?;
    }
    Ok(())
}

/// Builds beside the place and moves the program there, so that half a program is never taken for one.
fn build(module: &Path, package: &str, path: &Path) -> Result<()> {
    let beside: PathBuf = path.with_extension("new");
    let mut go = Command::new("go");
    go.current_dir(module)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false")
        .arg("build")
        .args(["-ldflags", &format!("-s -w {}", versions())])
        .arg("-o")
        .arg(&beside)
        .arg(package);
    sh::run(&mut go, REPAIR)?;
    fs::rename(&beside, path).with_context(|| format!("{} was not built", path.display()))
}

/// What the programs call themselves, which a build outside of Kubernetes' own source does not know.
fn versions() -> String {
    let place = "k8s.io/component-base/version";
    let mut numbers = VERSION.split('.');
    let (major, minor) = (numbers.next(), numbers.next());
    format!(
        "-X {place}.gitVersion=v{VERSION} -X {place}.gitMajor={} -X {place}.gitMinor={} \
         -X {place}.gitTreeState=clean",
        major.unwrap_or_default(),
        minor.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_the_one_that_the_module_names() {
        let module = include_str!("../../../integration/kubernetes/go.mod");
        assert!(module.contains(&format!("k8s.io/kubernetes v{VERSION}\n")));
        assert!(versions().contains("gitMajor=1 "), "{}", versions());
        assert!(versions().contains("gitMinor=36 "), "{}", versions());
    }
}
