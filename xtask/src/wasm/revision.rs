//! Which commit the modules are built from.

use std::env;
use std::process::Command;

use anyhow::Result;

use crate::sh;

/// A commit, and whether the tree differs from it.
pub struct Revision {
    /// The short name of the commit.
    pub commit: String,
    dirty: bool,
}

impl Revision {
    /// The checked-out commit. `HEADGATE_REVISION` overrides it, for builds without a repository
    /// around them (an image, a source archive).
    pub fn of_head() -> Result<Self> {
        if let Ok(commit) = env::var("HEADGATE_REVISION") {
            return Ok(Self {
                commit,
                dirty: false,
            });
        }
        let repair = "build inside a git checkout with a commit, or set HEADGATE_REVISION";
        // A fixed length: git's own choice grows with the repository, and differs between clones.
        let commit = sh::output(
            Command::new("git").args(["rev-parse", "--short=12", "HEAD"]),
            repair,
        )?;
        let changes = sh::output(Command::new("git").args(["status", "--porcelain"]), repair)?;
        Ok(Self {
            commit,
            dirty: !changes.is_empty(),
        })
    }

    /// `<commit>`, or `<commit>-dirty` when the tree holds changes.
    pub fn with_state_of_tree(&self) -> String {
        let state = if self.dirty { "-dirty" } else { "" };
        format!("{}{state}", self.commit)
    }
}
