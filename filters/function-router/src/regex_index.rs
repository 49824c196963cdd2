//! Finds the regular expressions that a path matches.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::regex_pattern::{WholeRegex, whole};
use crate::router::RouteId;

/// The routes of each expression, the longest expression first. Expressions of one length are equally
/// specific, so between their routes something else decides, and they are asked by turns. All
/// expressions are tried in one pass over the path, so what a look-up costs hardly depends on how many
/// there are.
#[derive(Debug, Default)]
pub(crate) struct RegexIndex {
    expressions: BTreeMap<Box<str>, Vec<RouteId>>,
    set: Option<RegexSet>,
    /// Routes in the order in which they are asked, each list with the place of its expression.
    asked: Vec<(usize, Vec<RouteId>)>,
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
        self.expressions.entry(regex.text().into()).or_default()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.expressions.is_empty()
    }

    pub(crate) fn finish(
        &mut self,
        order: &mut dyn FnMut(&mut Vec<RouteId>),
    ) -> Result<(), TooManyRegexes> {
        if self.expressions.is_empty() {
            return Ok(());
        }
        let mut by_length = BTreeMap::<Reverse<usize>, BTreeMap<RouteId, usize>>::new();
        for (index, (text, routes)) in self.expressions.iter().enumerate() {
            let alike = by_length.entry(Reverse(text.len())).or_default();
            alike.extend(routes.iter().map(|&route| (route, index)));
        }
        for alike in by_length.into_values() {
            let mut routes = alike.keys().copied().collect();
            order(&mut routes);
            for route in routes {
                let Some(&index) = alike.get(&route) else {
                    continue;
                };
                match self.asked.last_mut() {
                    Some((last, list)) if *last == index => list.push(route),
                    _ => self.asked.push((index, vec![route])),
                }
            }
        }
        let texts = self.expressions.keys().map(|text| whole(text));
        let set = RegexSetBuilder::new(texts)
            .unicode(false)
            .dot_matches_new_line(true)
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
        let matches = set.matches(path);
        if !matches.matched_any() {
            return ControlFlow::Continue(());
        }
        let mut asked = self.asked.iter();
        asked.try_for_each(|(index, routes)| match matches.matched(*index) {
            true => visit(routes),
            false => ControlFlow::Continue(()),
        })
    }
}
