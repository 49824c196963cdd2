//! Why a push was not carried out. What ran before runs on.

use std::fmt::Write;
use std::time::Duration;

use super::stats::Kind;

/// What carries the files failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CarryError(Box<dyn std::error::Error + Send + Sync>);

impl CarryError {
    /// With this reason.
    pub fn new(reason: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(reason))
    }
}

/// Why a push was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Envoys do not take it.
    #[error("{}", refused_by(*.kind, .by, .taken))]
    Refused {
        kind: Kind,
        by: Vec<Refusal>,
        /// Those that have taken it.
        taken: Vec<String>,
    },
    /// Not every worker has it in time.
    #[error("{}", not_in_time(*.kind, *.limit, .late, .taken))]
    Late {
        kind: Kind,
        limit: Duration,
        late: Vec<Late>,
        /// Those that have taken it.
        taken: Vec<String>,
    },
    /// An Envoy does not answer.
    #[error("{who}'s admin endpoint does not answer")]
    NoAnswer { who: String },
    /// The files cannot be carried.
    #[error(transparent)]
    Carry(#[from] CarryError),
}

/// An Envoy that refuses what was carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub who: String,
    /// The files of certificates that it cannot use; with them a new cluster would refuse every request.
    pub files: Vec<String>,
    /// What it says.
    pub reason: String,
}

/// An Envoy that has not taken what was carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Which.
    pub who: String,
    /// Whether it answers at all.
    pub answers: bool,
    /// The upstreams that it cannot call yet.
    pub warming: Vec<String>,
}

fn refused_by(kind: Kind, by: &[Refusal], taken: &[String]) -> String {
    let by = by.iter().map(|one| {
        let (who, reason) = (&one.who, &one.reason);
        match one.files.is_empty() {
            true => format!("{who} refuses {kind}: {reason}"),
            false => format!(
                "{who} cannot use what is in {}: {reason}",
                one.files.join(", ")
            ),
        }
    });
    with_taken(by.collect(), taken)
}

fn not_in_time(kind: Kind, limit: Duration, late: &[Late], taken: &[String]) -> String {
    let late = late.iter().map(|one| {
        let mut text = match one.answers {
            true => format!("{} has not taken {kind} within {limit:?}", one.who),
            false => format!("{}'s admin endpoint did not answer for {limit:?}", one.who),
        };
        if !one.warming.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(
                text,
                "; it still looks for the addresses or certificates of {}",
                one.warming.join(", ")
            );
        }
        text
    });
    with_taken(late.collect(), taken)
}

fn with_taken(mut parts: Vec<String>, taken: &[String]) -> String {
    if !taken.is_empty() {
        parts.push(format!("it was taken by {}", taken.join(", ")));
    }
    parts.join("; ")
}
