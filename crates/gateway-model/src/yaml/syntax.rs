//! What the parser says, in our terms.

use saphyr_parser::{Marker, ScanError};

use super::fault::Fault;
use super::node::Mark;

pub(super) fn mark(marker: &Marker) -> Mark {
    Mark {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// The end of the text, which the parser may count as the beginning of a line that is not there.
pub(super) fn end(text: &str) -> Mark {
    let text = text.replace("\r\n", "\n");
    let lines = text.split(['\n', '\r']);
    let last = lines.clone().next_back().unwrap_or_default();
    Mark {
        line: lines.count(),
        column: last.chars().count() + 1,
    }
}

/// What the parser refuses, in its own words, and what most often helps.
pub(super) fn syntax(error: &ScanError, end: Mark) -> Fault {
    let info = error.info();
    let help = if info
        .split_whitespace()
        .any(|word| matches!(word, "tab" | "tabs"))
    {
        "; indent with spaces"
    } else if info.contains("flow") {
        "; close the bracket or brace that is open"
    } else if info.contains("quoted scalar") && !info.contains("escape") {
        "; close the quote that is open"
    } else if info.contains("mapping values are not allowed") {
        "; put text that holds \": \" in quotes, and look at the indentation"
    } else if info.contains("unknown anchor") {
        "; define it with \"&\" before its first \"*\", or put the text in quotes"
    } else if info.contains("unexpected character") {
        "; put the text in quotes"
    } else if info.contains("indentation") || info.contains("did not find expected key") {
        "; look at the indentation of this line and the one before it"
    } else {
        ""
    };
    Fault {
        mark: mark(error.marker()).min(end),
        path: String::new(),
        problem: format!("not YAML: {info}{help}"),
    }
}
