//! What checks of something built have found.

use std::fmt;

use anyhow::{Result, bail};

/// What a check found: a detail to show, or what is wrong.
pub struct Outcome {
    pub what: String,
    pub found: Result<String>,
}

impl Outcome {
    /// Whether something is wrong.
    pub fn is_failure(&self) -> bool {
        self.found.is_err()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Ok(detail) => write!(f, "ok      {} ({detail})", self.what),
            Err(error) => write!(f, "FAILED  {}: {error:#}", self.what),
        }
    }
}

/// Shows them, and fails if one has.
pub fn report(of: &str, outcomes: &[Outcome]) -> Result<()> {
    for outcome in outcomes {
        println!("{outcome}");
    }
    let failed = outcomes.iter().filter(|one| one.is_failure()).count();
    println!("{of}: {} passed, {failed} failed", outcomes.len() - failed);
    if failed > 0 {
        bail!("{failed} of the checks of {of} failed");
    }
    Ok(())
}
