//! Carrying a document to Envoys that are at work, so that no request sees half a change.
//!
//! Envoy takes each file on its own and in no promised order. So a push has steps, each of which every
//! worker of every Envoy has taken before the next one begins:
//!
//! 1. **add**: clusters and functions of all that is in use, and the new ones;
//! 2. **switch**: the new configuration of the pipeline, which names new functions alone;
//! 3. **prune**: what nothing names any more is taken away, once no request is under way to it.
//!
//! After each step what the Envoys read is what they can be started with, and what the next push can go on
//! from: whoever is killed in between leaves nothing broken.
//!
//! What carries the files is a [`Target`]: a directory of this machine, or a ConfigMap that the pods of a
//! fleet mount.

mod error;
pub mod refusal;
mod round;
pub mod stats;
mod target;

use std::collections::BTreeMap;
use std::time::Duration;

use envoy_render::Resources;
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

pub use error::{CarryError, PushError};
use round::{Round, Wanted};
use stats::{Kind, Stats, active_requests};
pub use target::{Envoy, Reader, Target};

/// How often what is not named any more may be asked for before it goes in any case, and how often in a
/// row it must be idle: between two tries of a request it looks so, for 25 ms the first time.
const MOST_LOOKS: u32 = 40;
const IDLE_LOOKS: u32 = 2;

/// How far apart these looks are to be.
pub const LOOK: Duration = Duration::from_millis(250);

/// What Envoys have, and what carries the next to them.
#[derive(Debug)]
pub struct Pusher<T> {
    target: T,
    current: Resources,
    /// What requests may still be under way to, the oldest first.
    retired: Vec<Retired>,
    /// The files that are there.
    files: BTreeMap<String, String>,
}

/// A version that is not in use any more.
#[derive(Debug)]
struct Retired {
    resources: Resources,
    looks: u32,
    idle: u32,
}

impl Retired {
    fn is_due(&self) -> bool {
        self.idle >= IDLE_LOOKS || self.looks >= MOST_LOOKS
    }
}

impl<T: Target> Pusher<T> {
    /// For Envoys that read these files, which hold what `current` says.
    pub fn new(target: T, current: Resources) -> Self {
        let files = current.files();
        Self {
            target,
            current,
            retired: Vec::new(),
            files,
        }
    }

    /// The same where the files say it in another way, or say more.
    #[must_use]
    pub fn with_files(mut self, files: BTreeMap<String, String>) -> Self {
        self.files = files;
        self
    }

    /// The same, where the Envoys are known to run by this.
    #[must_use]
    pub fn going_on_from(mut self, current: Resources) -> Self {
        self.current = current;
        self
    }

    /// Waits until every worker has what is there of these kinds: for Envoys of which that is not known.
    ///
    /// # Errors
    /// When an Envoy has refused it, does not take it or does not answer.
    pub async fn settle(&mut self, kinds: &[Kind]) -> Result<(), PushError> {
        let to = self.current.clone();
        for kind in kinds {
            // What was said before does not matter: it has the version, or not.
            self.taken(*kind, &to, &BTreeMap::new()).await?;
        }
        Ok(())
    }

    /// What carries the files.
    pub fn target(&mut self) -> &mut T {
        &mut self.target
    }

    /// Whether it means what is in use already.
    pub fn has(&self, next: &Resources) -> bool {
        self.current == *next
    }

    /// Whether something waits to be taken away.
    pub fn has_retired(&self) -> bool {
        !self.retired.is_empty()
    }

    /// Adds and switches. Every worker answers by the new document when it returns.
    ///
    /// # Errors
    /// When an Envoy does not take it, which is undone, or does not answer.
    pub async fn push(&mut self, next: Resources) -> Result<(), PushError> {
        let before = self.in_use();
        let tables = [Kind::Clusters, Kind::Routes];
        if let Err(error) = self.step(&before.union(&next), &tables).await {
            self.undo(&before, &tables).await;
            return Err(error);
        }
        let switched = next.union(&before);
        if let Err(error) = self.step(&switched, &[Kind::Pipeline]).await {
            // A worker may have it all the same, so what it names stays for now.
            self.undo(&before.union(&next), &[Kind::Pipeline]).await;
            self.retire(next);
            return Err(error);
        }
        let before = std::mem::replace(&mut self.current, next);
        self.retire(before);
        Ok(())
    }

    /// Looks whether something can be taken away, and does so.
    ///
    /// # Errors
    /// When an Envoy does not take that, or does not answer.
    pub async fn prune(&mut self) -> Result<(), PushError> {
        let said = self.clusters().await?;
        for retired in &mut self.retired {
            let clusters: Vec<&str> = retired.resources.clusters_without(&self.current).collect();
            let active = said.iter().map(|said| active_requests(said, &clusters));
            let is_idle = active.sum::<u64>() == 0;
            retired.looks += 1;
            retired.idle = if is_idle { retired.idle + 1 } else { 0 };
        }
        if !self.retired.iter().any(Retired::is_due) {
            return Ok(());
        }
        self.retired.retain(|retired| !retired.is_due());
        let left = self.in_use();
        self.step(&left, &[Kind::Clusters, Kind::Routes]).await?;
        let kept = left.files();
        let gone = self.files.keys().filter(|file| !kept.contains_key(*file));
        let gone: Vec<String> = gone.cloned().collect();
        if !gone.is_empty() {
            self.target.remove(&gone).await;
            self.files = kept;
        }
        Ok(())
    }

    /// What each Envoy says of its clusters. One that says nothing may have requests under way.
    async fn clusters(&mut self) -> Result<Vec<String>, PushError> {
        let readers = self.target.readers().await?;
        let said = join_all(readers.iter().map(|reader| reader.envoy.clusters())).await;
        let all = readers.into_iter().zip(said);
        all.map(|(reader, said)| said.ok_or(PushError::NoAnswer { who: reader.name }))
            .collect()
    }

    /// All that a request may be under way to.
    fn in_use(&self) -> Resources {
        let retired = self.retired.iter().rev();
        retired.fold(self.current.clone(), |all, one| all.union(&one.resources))
    }

    fn retire(&mut self, resources: Resources) {
        self.retired.push(Retired {
            resources,
            looks: 0,
            idle: 0,
        });
    }

    /// Carries the files that change, and waits until every worker has those of these kinds.
    async fn step(&mut self, to: &Resources, kinds: &[Kind]) -> Result<(), PushError> {
        let before = self.before().await?;
        let files = to.files().into_iter();
        let files = files.filter(|(file, text)| self.files.get(file) != Some(text));
        // Certificates first: a cluster whose files are not there is refused.
        let is_of_a_kind = |file: &str| Kind::ALL.iter().any(|kind| kind.file() == file);
        let (changed, secrets): (Vec<_>, Vec<_>) = files.partition(|(file, _)| is_of_a_kind(file));
        let names: Vec<String> = changed.iter().map(|(file, _)| file.clone()).collect();
        let changed: Vec<(String, String)> = secrets.into_iter().chain(changed).collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.target.carry(&changed).await?;
        self.files.extend(changed);
        let awaited = kinds.iter().copied();
        for kind in awaited.filter(|kind| names.iter().any(|file| file == kind.file())) {
            self.taken(kind, to, &before).await?;
        }
        Ok(())
    }

    /// What each Envoy says before a step, by its id.
    async fn before(&mut self) -> Result<BTreeMap<String, Stats>, PushError> {
        let readers = self.target.readers().await?;
        let said = join_all(readers.iter().map(|reader| reader.envoy.stats())).await;
        let mut before = BTreeMap::new();
        for (reader, said) in readers.into_iter().zip(said) {
            match said {
                Some(stats) => {
                    before.insert(reader.id, stats);
                }
                None if reader.serves => return Err(PushError::NoAnswer { who: reader.name }),
                None => {}
            }
        }
        Ok(before)
    }

    /// Waits until every worker has a file.
    async fn taken(
        &mut self,
        kind: Kind,
        to: &Resources,
        before: &BTreeMap<String, Stats>,
    ) -> Result<(), PushError> {
        let text = self.files.get(kind.file()).map(String::as_str);
        let version = text.and_then(envoy_render::version).unwrap_or_default();
        let wanted = Wanted {
            kind,
            version,
            to,
            before,
        };
        let (limit, pause) = (self.target.limit(), self.target.pause());
        let target = &mut self.target;
        let mut last = Round::default();
        let waiting = async {
            loop {
                let readers = target.readers().await?;
                let round = Round::of(&readers, wanted).await?;
                let late: Vec<&str> = round.late.iter().map(|one| one.who.as_str()).collect();
                target.looked(kind, &round.taken, &late).await;
                if round.late.is_empty() {
                    return Ok(());
                }
                last = round;
                sleep(pause).await;
            }
        };
        match timeout(limit, waiting).await {
            Ok(taken) => taken,
            Err(_) => Err(last.too_late(kind, limit)),
        }
    }

    /// Puts back what was there. That this fails too is not told: the reason for it was.
    async fn undo(&mut self, to: &Resources, kinds: &[Kind]) {
        let _ = self.step(to, kinds).await;
    }
}

#[cfg(test)]
mod tests;
