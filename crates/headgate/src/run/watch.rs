//! Seeing that the document was saved.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::input::Source;

/// Watches the directories that the document and its files of keys are in: for each that of its name, and
/// that of the file which the name leads to. A file itself is not watched, since editors put another in its place, and so does a mounted
/// ConfigMap.
#[derive(Debug)]
pub struct Watch {
    document: Option<PathBuf>,
    /// The files of keys that it names.
    files: Vec<PathBuf>,
    watcher: RecommendedWatcher,
    watched: Vec<PathBuf>,
    changed: mpsc::Receiver<()>,
    /// Something has happened, and who waited for it gave up before it was quiet.
    noticed: bool,
}

/// How long nothing must have happened: editors save in several steps.
const QUIET: Duration = Duration::from_millis(20);

/// How often at most that is waited for, where the directory never is quiet.
const MOST_WAITS: usize = 5;

impl Watch {
    /// Watches a document. One that is piped in never changes.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub fn new(source: &Source) -> anyhow::Result<Self> {
        let (change, changed) = mpsc::channel(1);
        let tell = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| changes(event.kind)) {
                // One that is not looked at yet is as good as two.
                let _ = change.try_send(());
            }
        };
        let document = match source {
            Source::Stdin => None,
            Source::File(path) => Some(path.clone()),
        };
        let watcher = notify::recommended_watcher(tell);
        let mut watch = Self {
            document,
            files: Vec::new(),
            watcher: watcher.context("files cannot be watched")?,
            watched: Vec::new(),
            changed,
            noticed: false,
        };
        watch.follow().context("the document cannot be watched")?;
        Ok(watch)
    }

    /// Watches these files too, instead of those of before. Where one cannot be watched its change is seen
    /// when the document is saved.
    pub fn follow_files(&mut self, files: Vec<PathBuf>) {
        self.files = files;
        let _ = self.follow();
    }

    /// Waits until something has happened where the document is. Who gives up waiting and waits again
    /// misses nothing.
    pub async fn changed(&mut self) {
        if !self.noticed {
            // The watcher holds the other end, so this waits and never ends.
            self.changed.recv().await;
            self.noticed = true;
        }
        for _ in 0..MOST_WAITS {
            if timeout(QUIET, self.changed.recv()).await.is_err() {
                break;
            }
        }
        self.noticed = false;
        // A link may lead elsewhere now. Where that cannot be watched the name's own directory still is.
        let _ = self.follow();
    }

    fn follow(&mut self) -> notify::Result<()> {
        let named = self.document.iter().chain(&self.files);
        let names = named.flat_map(|name| [Some(name.clone()), fs::canonicalize(name).ok()]);
        let directories: Vec<PathBuf> = names.flatten().map(|name| above(&name)).collect();
        for directory in directories {
            if !self.watched.contains(&directory) {
                self.watcher
                    .watch(&directory, RecursiveMode::NonRecursive)?;
                self.watched.push(directory);
            }
        }
        Ok(())
    }
}

/// The directory of a file.
fn above(path: &Path) -> PathBuf {
    let above = path.parent();
    let above = above.filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new(".")).to_owned()
}

/// Whether something is other than before: to read is an event too.
fn changes(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    async fn sees(watch: &mut Watch, change: impl FnOnce()) {
        change();
        let seen = timeout(LONG, watch.changed()).await;
        assert!(seen.is_ok(), "not seen");
    }

    #[tokio::test]
    async fn a_document_is_seen_to_change_however_it_is_saved() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("gateway.yaml");
        fs::write(&path, "1").unwrap();
        let mut watch = Watch::new(&Source::File(path.clone())).unwrap();
        sees(&mut watch, || fs::write(&path, "2").unwrap()).await;
        let beside = place.path().join("gateway.yaml.new");
        sees(&mut watch, || {
            fs::write(&beside, "3").unwrap();
            fs::rename(&beside, &path).unwrap();
        })
        .await;
        // To read it is no change.
        fs::read(&path).unwrap();
        let seen = timeout(QUIET * 3, watch.changed()).await;
        assert!(seen.is_err(), "seen, though nothing was saved");
    }

    #[tokio::test]
    async fn a_change_is_not_missed_by_who_gives_up_and_waits_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("gateway.yaml");
        fs::write(&path, "1").unwrap();
        let mut watch = Watch::new(&Source::File(path.clone())).unwrap();
        fs::write(&path, "2").unwrap();
        // Until the first sign of it has been taken.
        while !watch.noticed {
            let _ = timeout(Duration::from_millis(1), watch.changed()).await;
        }
        sees(&mut watch, || {}).await;
    }

    /// As a kubelet does it: the name is a link through a link that is moved.
    #[tokio::test]
    async fn a_mounted_configmap_is_seen_to_change() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for version in ["1", "2"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("gateway.yaml"), version).unwrap();
        }
        symlink("1", at("..data")).unwrap();
        symlink("..data/gateway.yaml", at("gateway.yaml")).unwrap();
        let mut watch = Watch::new(&Source::File(at("gateway.yaml"))).unwrap();
        sees(&mut watch, || {
            symlink("2", at("..new")).unwrap();
            fs::rename(at("..new"), at("..data")).unwrap();
        })
        .await;
        assert_eq!(fs::read_to_string(at("gateway.yaml")).unwrap(), "2");
        // And what the name leads to now is watched as well.
        sees(&mut watch, || {
            fs::write(at("2").join("gateway.yaml"), "3").unwrap();
        })
        .await;
    }
}
