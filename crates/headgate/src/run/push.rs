//! Carrying a document to an Envoy that is at work, so that no request sees half a change.
//!
//! Envoy takes each file on its own and in no promised order. So a push has steps, each of which every
//! worker has taken before the next one begins:
//!
//! 1. **add**: clusters and functions of all that is in use, and the new ones;
//! 2. **switch**: the new configuration of the pipeline, which names new functions alone;
//! 3. **prune**: what nothing names any more is taken away, once no request is under way to it.
//!
//! After each step the directory is one that Envoy can be started with, and that the next push can go on
//! from: whoever is killed in between leaves nothing broken.

use std::collections::BTreeMap;
use std::time::Duration;

use envoy_render::Resources;
use tokio::time::{sleep, timeout};

use super::stats::{Kind, Stats, active_requests};
use crate::files::WriteError;

/// The Envoy that is pushed to, and the directory that it watches.
pub trait Target {
    /// Moves a file into the directory.
    fn replace(&mut self, file: &str, text: &str) -> Result<(), WriteError>;
    /// Takes away a file that Envoy does not use any more. That it stays does no harm.
    fn remove(&mut self, file: &str);
    /// What Envoy says of the files; nothing, if it does not answer.
    async fn stats(&self) -> Option<Stats>;
    /// What Envoy says of its clusters.
    async fn clusters(&self) -> Option<String>;
    /// The upstreams that Envoy cannot call yet.
    async fn warming(&self) -> Vec<String>;
    /// Why it refused a file, since the last one was moved; nothing, if it did not say so.
    fn refusal(&self) -> Option<String>;
}

/// Why a push was not carried out. What ran before runs on.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Envoy does not take it.
    #[error("Envoy refuses {kind}: {reason}")]
    Refused { kind: Kind, reason: String },
    /// A new cluster would come without its certificates, and refuse every request.
    #[error("Envoy cannot use what is in {}: {reason}", .files.join(", "))]
    Unusable { files: Vec<String>, reason: String },
    /// Not every worker has it in time.
    #[error("Envoy has not taken {kind} within {limit:?}{}", known(.warming))]
    Late {
        kind: Kind,
        limit: Duration,
        /// The upstreams that it cannot call yet.
        warming: Vec<String>,
    },
    /// It does not answer.
    #[error("Envoy's admin endpoint does not answer")]
    NoAnswer,
    /// The directory cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn known(warming: &[String]) -> String {
    match warming {
        [] => String::new(),
        _ => format!(
            "; it still looks for the addresses or certificates of {}",
            warming.join(", ")
        ),
    }
}

/// How long a step may take. What Envoy itself waits for, certificates and names, it waits for 15 s.
const LIMIT: Duration = Duration::from_secs(20);

/// How often Envoy is asked. Its admin endpoint has no way to wait.
const PAUSE: Duration = Duration::from_millis(5);

/// How often what is not named any more may be asked for before it goes in any case, and how often in a
/// row it must be idle: between two tries of a request it looks so, for 25 ms the first time.
const MOST_LOOKS: u32 = 40;
const IDLE_LOOKS: u32 = 2;

/// How far apart these looks are to be.
pub const LOOK: Duration = Duration::from_millis(250);

/// What an Envoy has, and what carries the next to it.
#[derive(Debug)]
pub struct Pusher<T> {
    target: T,
    current: Resources,
    /// What requests may still be under way to, the oldest first.
    retired: Vec<Retired>,
    /// The files that are in the directory.
    files: BTreeMap<String, String>,
    limit: Duration,
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
    /// For an Envoy that has taken what is in the directory.
    pub fn new(target: T, current: Resources) -> Self {
        let files = current.files();
        Self {
            target,
            current,
            retired: Vec::new(),
            files,
            limit: LIMIT,
        }
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
    /// When Envoy does not take it, which is undone, or does not answer.
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
    /// When Envoy does not take that, or does not answer.
    pub async fn prune(&mut self) -> Result<(), PushError> {
        let said = self.target.clusters().await.ok_or(PushError::NoAnswer)?;
        for retired in &mut self.retired {
            let clusters: Vec<&str> = retired.resources.clusters_without(&self.current).collect();
            let is_idle = active_requests(&said, &clusters) == 0;
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
        for file in gone {
            self.target.remove(&file);
            self.files.remove(&file);
        }
        Ok(())
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

    /// Moves the files that change, and waits until every worker has those of these kinds.
    async fn step(&mut self, to: &Resources, kinds: &[Kind]) -> Result<(), PushError> {
        let before = self.target.stats().await.ok_or(PushError::NoAnswer)?;
        let files = to.files().into_iter();
        let files = files.filter(|(file, text)| self.files.get(file) != Some(text));
        // Certificates first: a cluster whose files are not there is refused.
        let is_of_a_kind = |file: &str| Kind::ALL.iter().any(|kind| kind.file() == file);
        let (changed, secrets): (Vec<_>, Vec<_>) = files.partition(|(file, _)| is_of_a_kind(file));
        let names: Vec<String> = changed.iter().map(|(file, _)| file.clone()).collect();
        for (file, text) in secrets.into_iter().chain(changed) {
            self.target.replace(&file, &text)?;
            self.files.insert(file, text);
        }
        let awaited = kinds.iter().copied();
        for kind in awaited.filter(|kind| names.iter().any(|file| file == kind.file())) {
            self.taken(kind, to, &before).await?;
        }
        Ok(())
    }

    /// Waits until every worker has a file.
    async fn taken(&self, kind: Kind, to: &Resources, before: &Stats) -> Result<(), PushError> {
        let text = self.files.get(kind.file()).map(String::as_str);
        let version = text.and_then(envoy_render::version).unwrap_or_default();
        let known = before.refused_secrets();
        let waiting = async {
            loop {
                let stats = self.target.stats().await.ok_or(PushError::NoAnswer)?;
                let refused = stats.refused_secrets().into_iter();
                let refused: Vec<String> = refused.filter(|name| !known.contains(name)).collect();
                if !refused.is_empty() {
                    let files = to.secret_files(&refused).into_iter();
                    return Err(PushError::Unusable {
                        files: files.map(ToOwned::to_owned).collect(),
                        reason: self.reason(),
                    });
                }
                if stats.refusals(kind) > before.refusals(kind) {
                    let reason = self.reason();
                    return Err(PushError::Refused { kind, reason });
                }
                let with_workers = match kind {
                    Kind::Clusters => !stats.warming(),
                    Kind::Routes => true,
                    // What was refused in between has changed nothing.
                    Kind::Pipeline => {
                        stats.pipelines() > before.pipelines() || before.has(kind, version)
                    }
                };
                if stats.has(kind, version) && with_workers {
                    return Ok(());
                }
                sleep(PAUSE).await;
            }
        };
        match timeout(self.limit, waiting).await {
            Ok(taken) => taken,
            Err(_) => Err(PushError::Late {
                kind,
                limit: self.limit,
                warming: self.target.warming().await,
            }),
        }
    }

    /// Why Envoy refused what was moved last.
    fn reason(&self) -> String {
        let said = self.target.refusal();
        said.unwrap_or_else(|| "its log says why".to_owned())
    }

    /// Puts back what was there. That this fails too is not told: the reason for it was.
    async fn undo(&mut self, to: &Resources, kinds: &[Kind]) {
        let _ = self.step(to, kinds).await;
    }
}

#[cfg(test)]
mod tests;
