//! Where Envoys read their files, and what they say of them.

use std::time::Duration;

use super::error::CarryError;
use super::stats::{self, Kind, Stats, values};

/// What carries files to Envoys.
pub trait Target {
    /// One of them.
    type Envoy: Envoy;

    /// How long a step may take.
    fn limit(&self) -> Duration;

    /// How often Envoys are asked. Their admin endpoints have no way to wait.
    fn pause(&self) -> Duration;

    /// Puts these files where the Envoys read them, in this order if not at once.
    async fn carry(&mut self, files: &[(String, String)]) -> Result<(), CarryError>;

    /// Takes away files that no Envoy uses any more. That they stay does no harm.
    async fn remove(&mut self, files: &[String]);

    /// The Envoys that read them now. Others may come, and these may go.
    async fn readers(&mut self) -> Result<Vec<Reader<Self::Envoy>>, CarryError>;

    /// Told each time the Envoys were asked: which have what was carried, and which have not.
    async fn looked(&mut self, _kind: Kind, _taken: &[String], _late: &[&str]) {}
}

/// An Envoy that reads the files.
#[derive(Debug)]
pub struct Reader<E> {
    /// What it is called, at the beginning of a sentence.
    pub name: String,
    /// What no other has, itself not after a restart.
    pub id: String,
    /// Whether requests come to it, so that it must have each step before the next one.
    pub serves: bool,
    pub envoy: E,
}

/// An Envoy that can be asked.
pub trait Envoy {
    /// What its admin endpoint answers; nothing, if it does not.
    async fn get(&self, path: &str) -> Option<String>;

    /// Why it refused a file, since the last ones were carried; nothing, if it did not say so.
    async fn refusal(&self) -> Option<String>;

    /// What it says of the files.
    async fn stats(&self) -> Option<Stats> {
        let path = format!("/stats?filter={}", stats::FILTER);
        Some(Stats::new(self.get(&path).await?))
    }

    /// What it says of its clusters.
    async fn clusters(&self) -> Option<String> {
        self.get("/clusters").await
    }

    /// The upstreams that it cannot call yet.
    async fn warming(&self) -> Vec<String> {
        let stats = self.get("/stats?filter=warming_state$").await;
        let stats = stats.unwrap_or_default();
        let warming = values(&stats).filter(|&(_, state)| state > 0);
        let upstream = |name: &str| {
            let name = name.strip_prefix("cluster.")?;
            Some(name.strip_suffix(".warming_state")?.to_owned())
        };
        warming.filter_map(|(name, _)| upstream(name)).collect()
    }
}
