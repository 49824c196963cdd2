//! Where a running gateway keeps what the next `headgate run` of the same document needs, should this one
//! be killed: a directory of the user alone, for each document.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::fixed::Fixed;
use crate::input::Source;
use crate::overrides::Overrides;
use crate::{files, hash};

/// How Envoy was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// Its program.
    pub binary: PathBuf,
    /// How many threads handle requests.
    pub concurrency: u16,
    /// Whether it says all that it can.
    pub verbose: bool,
    /// What of the document it keeps until it ends.
    pub fixed: Fixed,
}

impl Launch {
    /// Whether both were asked for in the same way, whatever the documents were.
    pub fn is_alike(&self, other: &Self) -> bool {
        let how = |one: &Self| (one.binary.clone(), one.concurrency, one.verbose);
        how(self) == how(other)
    }
}

/// The directory, held as long as this lives: two of one gateway would carry different documents to
/// one Envoy.
#[derive(Debug)]
pub struct State {
    directory: PathBuf,
    _held: File,
}

/// Why there is no such directory.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "found no place for the gateway's files: none of XDG_RUNTIME_DIR, XDG_STATE_HOME and HOME is set \
         to an absolute path; set one"
    )]
    NoPlace,
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "{} must be a directory that belongs to you and that nobody else can enter; remove it, or \
         set XDG_RUNTIME_DIR to another place",
        .0.display()
    )]
    NotPrivate(PathBuf),
    #[error(
        "another headgate run has this document, with the same listeners and admin port; end it, or move \
         this one with --listener and --admin-port"
    )]
    InUse,
}

/// Where the directories of all documents are.
fn place() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_RUNTIME_DIR")
        .or_else(|| absolute("XDG_STATE_HOME"))
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .map(|place| place.join("headgate"))
}

/// What tells gateways apart: the document, and the ports that are moved on this machine.
fn key(source: &Source, overrides: &Overrides) -> String {
    let document = match source {
        // One that is piped in is known by where that was done.
        Source::Stdin => std::env::current_dir().unwrap_or_default().join("-"),
        Source::File(path) => fs::canonicalize(path).unwrap_or_else(|_| path.clone()),
    };
    let mut key = OsString::from(document);
    key.push(format!("\n{}", overrides.ports()));
    hash::short(key.as_encoded_bytes(), 16)
}

impl State {
    /// The directory of a document, made if it is not there.
    ///
    /// # Errors
    /// When there is no place for it, others can enter it, or another `headgate run` has it.
    pub fn open(source: &Source, overrides: &Overrides) -> Result<Self, StateError> {
        let place = place().ok_or(StateError::NoPlace)?;
        Self::open_in(&place, &key(source, overrides))
    }

    fn open_in(place: &Path, key: &str) -> Result<Self, StateError> {
        make_private(place)?;
        let directory = place.join(key);
        let failed = |error| StateError::Io {
            path: directory.clone(),
            error,
        };
        loop {
            make_private(&directory)?;
            let held = File::open(&directory).map_err(failed)?;
            match flock(&held, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(StateError::InUse),
                Err(error) => return Err(failed(error.into())),
            }
            // Who had it before may have removed it in between.
            let inode = held.metadata().map_err(failed)?.ino();
            if fs::metadata(&directory).is_ok_and(|found| found.ino() == inode) {
                return Ok(Self {
                    directory,
                    _held: held,
                });
            }
        }
    }

    /// What Envoy is started with, and watches.
    pub fn config(&self) -> PathBuf {
        self.directory.join("config")
    }

    /// The pipe that Envoy tells of requests through. What it tells while nobody listens is lost, and
    /// keeps nothing waiting.
    pub fn requests(&self) -> PathBuf {
        self.directory.join("requests")
    }

    /// Envoy's log.
    pub fn log(&self) -> PathBuf {
        self.directory.join("envoy.log")
    }

    /// How the Envoy was started that was left here.
    pub fn launch(&self) -> Option<Launch> {
        let text = fs::read(self.launch_file()).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Writes that down; before Envoy starts, so that none is left of which nothing is known.
    pub fn keep(&self, launch: &Launch) -> anyhow::Result<()> {
        let text = serde_json::to_vec(launch)?;
        Ok(files::replace(&self.launch_file(), &text)?)
    }

    fn launch_file(&self) -> PathBuf {
        self.directory.join("launch.json")
    }

    /// Takes it away, when no Envoy uses it.
    ///
    /// # Errors
    /// When something stays.
    pub fn remove(self) -> Result<(), StateError> {
        self.clear()?;
        fs::remove_dir(&self.directory).map_err(|error| StateError::Io {
            path: self.directory.clone(),
            error,
        })
    }

    /// Takes away what is in it, when no Envoy uses it.
    ///
    /// # Errors
    /// When something stays.
    pub fn clear(&self) -> Result<(), StateError> {
        let failed = |error| StateError::Io {
            path: self.directory.clone(),
            error,
        };
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let removed = match path.is_dir() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            removed.map_err(|error| StateError::Io { path, error })?;
        }
        Ok(())
    }
}

/// Makes a directory that only this user can enter, or holds one that is there to that.
fn make_private(path: &Path) -> Result<(), StateError> {
    let failed = |error| StateError::Io {
        path: path.to_owned(),
        error,
    };
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    // Not of what a link leads to: the link may be another's.
    let found = fs::symlink_metadata(path).map_err(failed)?;
    let is_own = found.uid() == rustix::process::geteuid().as_raw();
    if found.is_dir() && is_own && found.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(StateError::NotPrivate(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_directory_is_of_one_headgate_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().join("headgate");
        let first = State::open_in(&place, "a").unwrap();
        assert!(matches!(
            State::open_in(&place, "a"),
            Err(StateError::InUse)
        ));
        State::open_in(&place, "b").unwrap();
        fs::create_dir(first.config()).unwrap();
        fs::write(first.log(), "").unwrap();
        first.clear().unwrap();
        assert_eq!(fs::read_dir(place.join("a")).unwrap().count(), 0);
        first.remove().unwrap();
        assert!(!place.join("a").exists());
        State::open_in(&place, "a").unwrap();
    }

    #[test]
    fn nobody_else_can_enter_it() {
        let place = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        let own = place.path().join("own");
        let state = State::open_in(&own, "a").unwrap();
        assert_eq!((mode(&own), mode(&state.directory)), (0o700, 0o700));

        let open = place.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o711)).unwrap();
        let link = place.path().join("link");
        symlink(&own, &link).unwrap();
        for wrong in [open, link] {
            let refused = State::open_in(&wrong, "a");
            assert!(
                matches!(refused, Err(StateError::NotPrivate(_))),
                "{refused:?}"
            );
        }
    }
}
