//! Envoy's log: a file, since Envoy gives up its log for good when nobody reads a pipe.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::lines;
use crate::push::refusal;

/// The task that shows the log's lines as they come.
#[derive(Debug)]
pub struct Log {
    /// Dropped when no more will come.
    more: Option<oneshot::Sender<()>>,
    shown: JoinHandle<()>,
}

/// How often the file is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// A file that has grown larger than this, in bytes, is emptied when all of it was shown.
const MOST_BYTES: u64 = 1024 * 1024;

impl Log {
    /// Shows all that is in the file, and what comes.
    pub fn from_start(path: &Path) -> io::Result<Self> {
        Self::show(path, SeekFrom::Start(0))
    }

    /// Shows what comes.
    pub fn from_end(path: &Path) -> io::Result<Self> {
        Self::show(path, SeekFrom::End(0))
    }

    fn show(path: &Path, from: SeekFrom) -> io::Result<Self> {
        let mut file = File::options().read(true).write(true).open(path)?;
        file.seek(from)?;
        let mut lines = Lines::default();
        let (more, mut no_more) = oneshot::channel::<()>();
        let shown = tokio::spawn(async move {
            while timeout(PAUSE, &mut no_more).await.is_err() {
                lines.show(&mut file);
                empty(&mut file);
            }
            lines.show(&mut file);
        });
        Ok(Self {
            more: Some(more),
            shown,
        })
    }

    /// Shows what is left, when Envoy has ended.
    pub async fn said_all(&mut self) {
        if self.more.take().is_some() {
            let _ = (&mut self.shown).await;
        }
    }
}

/// A line is of use when it is whole, and the same once: each thread's VM says it.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    before: Vec<u8>,
}

impl Lines {
    fn show(&mut self, file: &mut File) {
        // What cannot be read is not shown.
        let _ = file.read_to_end(&mut self.begun);
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            let mut line = std::mem::replace(&mut self.begun, rest);
            line.pop();
            if line != self.before
                && let Some(shown) = lines::log(&String::from_utf8_lossy(&line))
            {
                let _ = writeln!(anstream::stderr(), "{shown}");
            }
            self.before = line;
        }
    }
}

/// Envoy appends, and so begins again at the start.
fn empty(file: &mut File) {
    if file.stream_position().is_ok_and(|at| at > MOST_BYTES) && file.set_len(0).is_ok() {
        let _ = file.rewind();
    }
}

/// Why Envoy refused a file, as it says in what was added to its log behind this place; the pipeline's own
/// words, where it has any.
pub fn refusal_behind(path: &Path, place: u64) -> Option<String> {
    let log = std::fs::read(path).ok()?;
    let place = usize::try_from(place).ok()?;
    // It may have been emptied meanwhile.
    refusal::first(&String::from_utf8_lossy(log.get(place..).unwrap_or(&log)))
}
