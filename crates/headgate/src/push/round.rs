//! What Envoys say at one moment of a step.

use std::collections::BTreeMap;
use std::time::Duration;

use envoy_render::Resources;
use futures_util::future::join_all;

use super::error::{Late, PushError, Refusal};
use super::stats::{Kind, Stats};
use super::target::{Envoy, Reader};

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub kind: Kind,
    /// The version of its file.
    pub version: &'a str,
    /// What that file belongs to.
    pub to: &'a Resources,
    /// What each Envoy said before the step, by its id; nothing of those that came since.
    pub before: &'a BTreeMap<String, Stats>,
}

/// Which Envoys have it, and which have not.
#[derive(Debug, Default)]
pub struct Round {
    pub taken: Vec<String>,
    pub late: Vec<Late>,
}

/// What one says.
enum Said {
    Taken,
    NotYet {
        warming: Vec<String>,
    },
    /// Nothing, and requests come to it.
    Silent,
    Refused(Refusal),
    /// Nothing that matters, since no request comes to it.
    Nothing,
}

impl Round {
    /// Asks all of them at once.
    ///
    /// # Errors
    /// When one of them refuses it.
    pub async fn of<E: Envoy>(
        readers: &[Reader<E>],
        wanted: Wanted<'_>,
    ) -> Result<Self, PushError> {
        let mut round = Self::default();
        let mut by = Vec::new();
        let said = join_all(readers.iter().map(|reader| wanted.said_by(reader))).await;
        for (reader, said) in readers.iter().zip(said) {
            let who = reader.name.clone();
            match said {
                Said::Taken => round.taken.push(who),
                Said::NotYet { warming } => round.late.push(Late {
                    who,
                    answers: true,
                    warming,
                }),
                Said::Silent => round.late.push(Late {
                    who,
                    answers: false,
                    warming: Vec::new(),
                }),
                Said::Refused(refusal) => by.push(refusal),
                Said::Nothing => {}
            }
        }
        match by.is_empty() {
            true => Ok(round),
            false => Err(PushError::Refused {
                kind: wanted.kind,
                by,
                taken: round.taken,
            }),
        }
    }

    /// The error that it has come to.
    pub fn too_late(self, kind: Kind, limit: Duration) -> PushError {
        PushError::Late {
            kind,
            limit,
            late: self.late,
            taken: self.taken,
        }
    }
}

impl Wanted<'_> {
    async fn said_by<E: Envoy>(self, reader: &Reader<E>) -> Said {
        let Some(stats) = reader.envoy.stats().await else {
            return match reader.serves {
                true => Said::Silent,
                false => Said::Nothing,
            };
        };
        let before = self.before.get(&reader.id);
        let known = before.map(Stats::refused_secrets).unwrap_or_default();
        let refused = stats.refused_secrets().into_iter();
        let refused: Vec<String> = refused.filter(|name| !known.contains(name)).collect();
        let has_it = stats.has(self.kind, self.version) && self.is_with_workers(&stats, before);
        if refused.is_empty() && has_it {
            return Said::Taken;
        }
        let refusals = before.map_or(0, |before| before.refusals(self.kind));
        // No request comes to it, so it is in nobody's way: whoever starts pods tells of it.
        if !reader.serves && (!refused.is_empty() || stats.refusals(self.kind) > 0) {
            return Said::Nothing;
        }
        if !refused.is_empty() || stats.refusals(self.kind) > refusals {
            let files = self.to.secret_files(&refused).into_iter();
            let said = reader.envoy.refusal().await;
            return Said::Refused(Refusal {
                who: reader.name.clone(),
                files: files.map(ToOwned::to_owned).collect(),
                reason: said.unwrap_or_else(|| "its log says why".to_owned()),
            });
        }
        let warming = match stats.warming() {
            true => reader.envoy.warming().await,
            false => Vec::new(),
        };
        Said::NotYet { warming }
    }

    fn is_with_workers(self, stats: &Stats, before: Option<&Stats>) -> bool {
        match self.kind {
            Kind::Clusters => !stats.warming(),
            Kind::Routes => true,
            // What was refused in between has changed nothing.
            Kind::Pipeline => {
                let had_it = before.is_some_and(|before| before.has(self.kind, self.version));
                let before = before.map_or(0, Stats::pipelines);
                had_it || stats.pipelines() > before
            }
        }
    }
}
