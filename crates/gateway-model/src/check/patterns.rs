//! Regular expressions that cannot be meant.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::Check;
use crate::document::{Pattern, Route};
use crate::words::quoted;

impl Check<'_> {
    /// `path` is that of the route's match.
    pub(super) fn pattern(&mut self, path: &str, route: &Route) {
        let Pattern::Regex(regex) = &route.matches.pattern else {
            return;
        };
        let path = format!("{path}.regex");
        if cannot_begin_a_path(regex) {
            let problem = format!(
                "must match paths, which begin with \"/\", found {}, which matches none; begin it with \"/\"",
                quoted(regex)
            );
            self.error(path, problem);
        } else if let Some(escape) = escape(regex) {
            let octet = escape.get(1..).unwrap_or_default();
            let problem = format!(
                "paths are matched decoded, so {} stands for these three characters; write \"\\x{octet}\", \
                 or the character itself",
                quoted(escape)
            );
            self.warning(path, problem);
        }
    }
}

/// Whether it is sure that whatever the expression matches begins with something else than a slash.
fn cannot_begin_a_path(regex: &str) -> bool {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    let Ok(parsed) = parser.parse(regex) else {
        return false; // the router says what is wrong with it
    };
    // All ways in which a match can begin; none, if they are too many to tell.
    let mut extractor = Extractor::new();
    let extractor = extractor
        .kind(ExtractKind::Prefix)
        .limit_class(256)
        .limit_total(1_000);
    let beginnings = extractor.extract(&parsed);
    let beginnings = beginnings.literals();
    beginnings.is_some_and(|all| {
        all.iter().all(|one| match one.as_bytes().first() {
            Some(first) => *first != b'/',
            None => one.is_exact(),
        })
    })
}

/// The first `%` with two hexadecimal digits behind it.
fn escape(regex: &str) -> Option<&str> {
    let escapes = regex.match_indices('%');
    let mut escapes = escapes.filter_map(|(at, _)| regex.get(at..at + 3));
    escapes.find(|escape| escape.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit()))
}
