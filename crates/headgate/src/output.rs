//! How a result is told, by commands that tell one.

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

/// How a result is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// For programs: one object
    Json,
}

impl Output {
    /// Prints a result, in the lines of `text` or as what it is.
    pub fn print(self, result: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let mut out = anstream::stdout();
        match self {
            Self::Text => writeln!(out, "{}", text.trim_end_matches('\n'))?,
            Self::Json => writeln!(out, "{}", serde_json::to_string_pretty(result)?)?,
        }
        Ok(())
    }
}
