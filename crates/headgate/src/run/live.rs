//! The Envoy of this machine, as pushes see it.

use std::fs;
use std::path::PathBuf;

use super::admin::Admin;
use super::log;
use super::push::Target;
use super::state::State;
use super::stats::Stats;
use crate::files::{self, WriteError};

/// An Envoy that watches a directory of this machine.
#[derive(Debug)]
pub struct Live {
    admin: Admin,
    directory: PathBuf,
    log: PathBuf,
    /// How long the log was when the latest file was moved, in bytes.
    said_before: u64,
}

impl Live {
    pub fn new(state: &State, admin: Admin) -> Self {
        Self {
            admin,
            directory: state.config(),
            log: state.log(),
            said_before: 0,
        }
    }
}

impl Target for Live {
    fn replace(&mut self, file: &str, text: &str) -> Result<(), WriteError> {
        self.said_before = fs::metadata(&self.log).map_or(0, |log| log.len());
        files::replace(&self.directory.join(file), text.as_bytes())
    }

    fn remove(&mut self, file: &str) {
        let _ = fs::remove_file(self.directory.join(file));
    }

    async fn stats(&self) -> Option<Stats> {
        self.admin.stats().await
    }

    async fn clusters(&self) -> Option<String> {
        self.admin.get("/clusters").await
    }

    async fn warming(&self) -> Vec<String> {
        self.admin.warming().await
    }

    fn refusal(&self) -> Option<String> {
        log::refusal_behind(&self.log, self.said_before)
    }
}
