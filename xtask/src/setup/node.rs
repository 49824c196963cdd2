//! Node runs the unit tests as wasm. It is the machine's own: only its presence is checked.

use std::process::Command;

use anyhow::{Result, bail};

use super::have;
use crate::sh;

const OLDEST: u32 = 18;

const REPAIR: &str = "install Node.js 18 or newer, https://nodejs.org (on Debian 12 and newer: \
     `apt-get install nodejs`)";

/// Says which node is there; fails when it is missing or too old.
pub fn ensure() -> Result<()> {
    have("node", &require()?);
    Ok(())
}

/// Node's version; an error when it is missing or too old.
pub fn require() -> Result<String> {
    let version = sh::output(Command::new("node").arg("--version"), REPAIR)?;
    if major(&version).is_none_or(|major| major < OLDEST) {
        bail!("node is {version}, and the unit tests as wasm need {OLDEST}: {REPAIR}");
    }
    Ok(version)
}

/// The 20 of `v20.1.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.1.2"), Some(20));
        assert_eq!(major("nightly"), None);
    }
}
