//! What differs between two documents.

use filter_api::ConfigError;
use gateway_model::Gateway;
use serde::Serialize;

use super::buckets::{self, Buckets};
use super::changes::{Change, Kind, changes};
use super::pairs::Pairs;
use super::path::Path;
use super::restart;
use super::traffic::{Effect, effects};
use crate::report::count;

/// What differs between two documents in what they mean. Its JSON is what `headgate diff --output json`
/// prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The parts that were added, removed or changed, in the order of the document.
    pub changes: Vec<Change>,
    /// What that does to requests.
    pub traffic: Vec<Effect>,
    /// The limits that are new or not what they were, and what becomes of their buckets.
    pub limits: Vec<Buckets>,
    /// The places of what a running Envoy cannot take up, as it is started with it.
    pub restart: Vec<Path>,
}

impl Difference {
    /// The difference between a document as it was and as it is.
    ///
    /// # Errors
    /// When the router would not take one of them; of documents that were read it does.
    pub fn of(before: &Gateway, after: &Gateway) -> Result<Self, ConfigError> {
        let pairs = Pairs::of(before, after);
        let changes = changes(before, after, &pairs);
        Ok(Self {
            traffic: effects(before, after, &pairs)?,
            limits: buckets::of(before, after)?,
            restart: restart::needed(before, after, &changes),
            changes,
        })
    }

    /// Whether both documents mean the same.
    pub fn is_nothing(&self) -> bool {
        self.changes.is_empty()
    }

    /// How much differs, in a few words: `1 route added, 2 upstreams changed`.
    pub fn summary(&self) -> String {
        let mut parts: Vec<&str> = self.changes.iter().map(|one| one.part.as_str()).collect();
        parts.dedup();
        let mut told = Vec::new();
        for part in parts {
            for (kind, word) in [
                (Kind::Added, "added"),
                (Kind::Removed, "removed"),
                (Kind::Changed, "changed"),
            ] {
                let alike = |one: &&Change| one.kind == kind && one.part.as_str() == part;
                let mut found = self.changes.iter().filter(alike).peekable();
                match found.peek() {
                    None => {}
                    Some(Change { name: None, .. }) => told.push(format!("{part} {word}")),
                    Some(_) => told.push(format!("{} {word}", count(found.count(), part))),
                }
            }
        }
        match told.is_empty() {
            true => "nothing".to_owned(),
            false => told.join(", "),
        }
    }
}
