//! Finds the regular expressions that a path matches.

use regex::bytes::{RegexSet, RegexSetBuilder};

use std::ops::ControlFlow;

use crate::regex_pattern::{WholeRegex, whole};
use crate::router::RouteId;

/// The routes of each expression, the longest expression first, and those of one length in the order
/// of the document. All expressions are tried in one pass over the path, so what a look-up costs hardly
/// depends on how many there are.
#[derive(Debug, Default)]
pub(crate) struct RegexIndex {
    entries: Vec<(Box<str>, Vec<RouteId>)>,
    set: Option<RegexSet>,
}

/// What all expressions of a host compile to, in bytes.
const MOST_COMPILED: usize = 4 * 1024 * 1024;

/// The expressions together are too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must not hold regular expressions that together compile to more than {} MiB; use \"path\" or \
     \"prefix\" where it is enough",
    MOST_COMPILED / 1024 / 1024
)]
pub struct TooManyRegexes;

impl RegexIndex {
    /// The routes of an expression.
    pub(crate) fn entry(&mut self, regex: &WholeRegex) -> &mut Vec<RouteId> {
        let text = regex.text();
        let known = self.entries.iter().position(|(known, _)| **known == *text);
        let index = known.unwrap_or(self.entries.len());
        if known.is_none() {
            self.entries.push((text.into(), Vec::new()));
        }
        match self.entries.get_mut(index) {
            Some((_, routes)) => routes,
            None => unreachable!("it was there, or was put there just now"),
        }
    }

    pub(crate) fn finish(
        &mut self,
        order: &mut dyn FnMut(&mut Vec<RouteId>),
    ) -> Result<(), TooManyRegexes> {
        if self.entries.is_empty() {
            return Ok(());
        }
        for (_, routes) in &mut self.entries {
            order(routes);
        }
        // Stable: those of one length stay in the order of the document.
        self.entries
            .sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let texts = self.entries.iter().map(|(text, _)| whole(text));
        let set = RegexSetBuilder::new(texts)
            .unicode(false)
            .size_limit(MOST_COMPILED)
            .dfa_size_limit(MOST_COMPILED)
            .build();
        self.set = Some(set.map_err(|_| TooManyRegexes)?);
        Ok(())
    }

    /// Shows the routes of each expression that the path matches, until one is taken.
    pub(crate) fn find<'t, B>(
        &'t self,
        path: &[u8],
        visit: &mut dyn FnMut(&'t [RouteId]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let Some(set) = &self.set else {
            return ControlFlow::Continue(());
        };
        for index in set.matches(path) {
            if let Some((_, routes)) = self.entries.get(index) {
                visit(routes)?;
            }
        }
        ControlFlow::Continue(())
    }
}
