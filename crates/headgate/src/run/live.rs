//! The Envoy of this machine, as pushes see it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::admin::Admin;
use super::log;
use super::state::State;
use crate::files;
use crate::push::{CarryError, Envoy, Reader, Target};

/// A directory of this machine, that one Envoy watches.
#[derive(Debug)]
pub struct Live {
    envoy: Asked,
    directory: PathBuf,
}

/// That Envoy.
#[derive(Debug, Clone)]
pub struct Asked {
    admin: Admin,
    log: PathBuf,
    /// How long the log was when the latest file was moved, in bytes.
    said_before: u64,
}

/// How long a step may take. What Envoy itself waits for, certificates and names, it waits for 15 s.
const LIMIT: Duration = Duration::from_secs(20);

/// How often Envoy is asked.
const PAUSE: Duration = Duration::from_millis(5);

impl Live {
    pub fn new(state: &State, admin: Admin) -> Self {
        Self {
            envoy: Asked {
                admin,
                log: state.log(),
                said_before: 0,
            },
            directory: state.config(),
        }
    }
}

impl Target for Live {
    type Envoy = Asked;

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    async fn carry(&mut self, changed: &[(String, String)]) -> Result<(), CarryError> {
        for (file, text) in changed {
            self.envoy.said_before = fs::metadata(&self.envoy.log).map_or(0, |log| log.len());
            let moved = files::replace(&self.directory.join(file), text.as_bytes());
            moved.map_err(CarryError::new)?;
        }
        Ok(())
    }

    async fn remove(&mut self, gone: &[String]) {
        for file in gone {
            let _ = fs::remove_file(self.directory.join(file));
        }
    }

    async fn readers(&mut self) -> Result<Vec<Reader<Asked>>, CarryError> {
        Ok(vec![Reader {
            name: "Envoy".to_owned(),
            id: String::new(),
            serves: true,
            envoy: self.envoy.clone(),
        }])
    }
}

impl Envoy for Asked {
    async fn get(&self, path: &str) -> Option<String> {
        self.admin.get(path).await
    }

    async fn refusal(&self) -> Option<String> {
        log::refusal_behind(&self.log, self.said_before)
    }
}
