//! How a kubelet writes what a pod mounts, step by step as `pkg/volume/util/atomic_writer.go` of Kubernetes
//! does it: what a pod sees changes at once, by the move of one link; links of new files come after that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The link that is moved.
const DATA: &str = "..data";
const NEW_DATA: &str = "..data_tmp";

/// How long new files have no links of their own yet.
const BUSY: Duration = Duration::from_millis(30);

/// A mounted ConfigMap or Secret.
#[derive(Debug)]
pub(super) struct Volume {
    directory: PathBuf,
    /// How often it was written.
    times: u32,
    files: Option<BTreeMap<String, String>>,
}

impl Volume {
    pub(super) fn new(directory: PathBuf) -> Self {
        fs::create_dir_all(&directory).expect("a directory");
        Self {
            directory,
            times: 0,
            files: None,
        }
    }

    /// Writes these files, if they are others than those that are there.
    pub(super) fn write(&mut self, files: BTreeMap<String, String>) {
        if self.files.as_ref() == Some(&files) {
            return;
        }
        self.times += 1;
        let data = self.directory.join(DATA);
        let old = fs::read_link(&data).ok();
        let new = format!("..{}", self.times);
        let place = self.directory.join(&new);
        fs::create_dir(&place).expect("a directory");
        for (name, text) in &files {
            fs::write(place.join(name), text).expect("a file");
        }
        let beside = self.directory.join(NEW_DATA);
        symlink(&new, &beside).expect("a link");
        fs::rename(&beside, &data).expect("a link");
        // On a busy node something else may run here.
        std::thread::sleep(BUSY);
        let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect();
        let now: BTreeSet<String> = names(&files);
        let before: BTreeSet<String> = self.files.as_ref().map(names).unwrap_or_default();
        for name in now.difference(&before) {
            let link = self.directory.join(name);
            symlink(Path::new(DATA).join(name), link).expect("a link");
        }
        for name in before.difference(&now) {
            fs::remove_file(self.directory.join(name)).expect("a link");
        }
        if let Some(old) = old {
            fs::remove_dir_all(self.directory.join(old)).expect("a directory");
        }
        self.files = Some(files);
    }
}
