//! What is told to whoever wrote the document.

use std::fmt;

use serde::Serialize;

use crate::yaml::{Fault, Faults};

/// One thing that is wrong, where it is, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether the document can be used in spite of it.
    #[serde(skip)]
    pub severity: Severity,
    /// The file, as it was named by the caller.
    #[serde(skip)]
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The place in the document, `routes[2].to[0].upstream`; empty for the whole of it.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
    /// What to write instead, if that can be said.
    pub help: Option<String>,
}

/// Whether a document can be used in spite of what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, though it may not do what was meant.
    Warning,
}

/// Everything that is wrong with a document, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// Why the document cannot be used; at least one.
    pub errors: Vec<Diagnostic>,
    /// What else deserves a look.
    pub warnings: Vec<Diagnostic>,
    /// Whether there are more errors than are told.
    pub more: bool,
}

impl Diagnostic {
    pub(crate) fn new(severity: Severity, file: &str, fault: Fault) -> Self {
        let (message, help) = split_help(&fault.problem);
        Self {
            severity,
            file: file.to_owned(),
            line: fault.mark.line,
            column: fault.mark.column,
            path: fault.path,
            message: printable(message),
            help: help.map(printable),
        }
    }

    /// What is wrong, on one line: `routes[2].to[0].upstream: no upstream "pet"; did you mean "pets"?`
    pub fn summary(&self) -> String {
        let Self {
            path,
            message,
            help,
            ..
        } = self;
        let colon = if path.is_empty() { "" } else { ": " };
        match help {
            Some(help) => format!("{path}{colon}{message}; {help}"),
            None => format!("{path}{colon}{message}"),
        }
    }

    /// Where it is, as editors and terminals understand it: `gateway.yaml:14:16`.
    pub fn place(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Diagnostics {
    pub(crate) fn new(file: &str, errors: Faults, warnings: Vec<Fault>) -> Self {
        Self {
            more: errors.more,
            errors: in_order(Severity::Error, file, errors.list),
            warnings: in_order(Severity::Warning, file, warnings),
        }
    }
}

/// Diagnostics in the order of the document's lines.
pub(crate) fn in_order(severity: Severity, file: &str, mut faults: Vec<Fault>) -> Vec<Diagnostic> {
    faults.sort_by_key(|fault| fault.mark);
    faults
        .into_iter()
        .map(|fault| Diagnostic::new(severity, file, fault))
        .collect()
}

/// Messages say what was found and expected, and after a semicolon what to write instead. One within
/// quotes belongs to what was found.
fn split_help(problem: &str) -> (&str, Option<&str>) {
    let (mut quoted, mut escaped) = (false, false);
    let mut last = None;
    for (at, c) in problem.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ';' if !quoted => last = Some(at),
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    let split = last.and_then(|at| problem.split_at_checked(at));
    match split.and_then(|(message, rest)| Some((message, rest.strip_prefix("; ")?))) {
        Some((message, help)) => (message, Some(help)),
        None => (problem, None),
    }
}

/// The same text without what would move a terminal's cursor.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}\n  --> {}",
            self.severity,
            self.summary(),
            self.place()
        )
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.errors.iter().chain(&self.warnings);
        if let Some(first) = all.next() {
            first.fmt(f)?;
        }
        all.try_for_each(|diagnostic| write!(f, "\n{diagnostic}"))?;
        if self.more {
            write!(
                f,
                "\nerror: there are more than {} errors",
                self.errors.len()
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Mark;

    #[test]
    fn help_is_what_follows_the_last_semicolon_outside_of_quotes() {
        for (problem, message, help) in [
            (
                "no upstream \"a\"; did you mean \"b\"?",
                "no upstream \"a\"",
                Some("did you mean \"b\"?"),
            ),
            ("found \"a; b\"", "found \"a; b\"", None),
            (
                "found \"a\\\"; b\"; write \"c\"",
                "found \"a\\\"; b\"",
                Some("write \"c\""),
            ),
            (
                "found \"a\"; did you mean \"x; y\"?",
                "found \"a\"",
                Some("did you mean \"x; y\"?"),
            ),
            (
                "found \"a\\\\\"; write \"b\"",
                "found \"a\\\\\"",
                Some("write \"b\""),
            ),
            ("plain", "plain", None),
        ] {
            assert_eq!(split_help(problem), (message, help), "{problem}");
        }
    }

    #[test]
    fn a_diagnostic_is_shown_with_its_place() {
        let fault = Fault {
            mark: Mark {
                line: 14,
                column: 16,
            },
            path: "routes[2].to[0].upstream".to_owned(),
            problem: "no upstream \"pet\u{1b}[2J\"; did you mean \"pets\"?".to_owned(),
        };
        assert_eq!(
            Diagnostic::new(Severity::Error, "gateway.yaml", fault).to_string(),
            "error: routes[2].to[0].upstream: no upstream \"pet\\u{1b}[2J\"; did you mean \"pets\"?\n\
             \x20 --> gateway.yaml:14:16"
        );
    }
}
