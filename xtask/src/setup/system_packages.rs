//! Packages of the system, for what no other registry carries. The only step of set-up that writes
//! outside the project, so it says what and why before it does.

use std::process::Command;

use anyhow::{Result, bail};

use crate::sh;

/// A Debian package and the reason to install it.
pub struct SystemPackage {
    pub name: &'static str,
    pub why: &'static str,
}

/// Installs those of `packages` that are missing. `otherwise` is what a person can do where apt
/// cannot help.
pub fn ensure(packages: &[SystemPackage], otherwise: &str) -> Result<()> {
    if sh::find_program("apt-get").is_none() {
        bail!("this machine has no apt-get: {otherwise}");
    }
    let missing: Vec<_> = packages
        .iter()
        .filter(|package| !package.is_installed())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("These system packages will be installed with apt-get:");
    for package in &missing {
        eprintln!("    {:16} {}", package.name, package.why);
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let by_hand = format!("install {} yourself, or {otherwise}", names.join(" "));
    sh::run(apt_get(&by_hand)?.arg("update"), &by_hand)?;
    sh::run(
        apt_get(&by_hand)?
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&names),
        &by_hand,
    )
}

impl SystemPackage {
    fn is_installed(&self) -> bool {
        let mut query = Command::new("dpkg-query");
        query.args(["--show", "--showformat=${db:Status-Status}", self.name]);
        query
            .output()
            .is_ok_and(|answer| answer.stdout == b"installed")
    }
}

/// `apt-get` with the rights to install, and without questions.
fn apt_get(by_hand: &str) -> Result<Command> {
    let is_root = sh::output(Command::new("id").arg("-u"), by_hand)? == "0";
    if is_root {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(command);
    }
    if sh::find_program("sudo").is_none() {
        bail!("installing system packages needs root, and there is no sudo here: {by_hand}");
    }
    let mut command = Command::new("sudo");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(command)
}
