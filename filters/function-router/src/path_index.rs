//! Finds the patterns that a path matches, the most specific first.
//!
//! Patterns are kept in trees of segments, so what a look-up costs depends on the path and on how
//! deeply patterns branch, hardly on how many there are.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::path::{Extent, PathPattern, Segment, split};
use crate::pattern::Pattern;
use crate::regex_index::{RegexIndex, TooManyRegexes};
use crate::router::RouteId;

/// The routes of each pattern.
///
/// Order, first to last: patterns of whole paths, then regular expressions, then prefixes; among whole
/// paths, at the first segment where two differ, literal before variable; among regular expressions
/// and among prefixes, the longest.
#[derive(Debug, Default)]
pub(crate) struct PathIndex {
    whole: Tree,
    regexes: RegexIndex,
    prefix: Tree,
}

impl PathIndex {
    /// The routes of a pattern, in the order in which they are asked.
    pub(crate) fn entry(&mut self, pattern: &Pattern) -> &mut Vec<RouteId> {
        match pattern {
            Pattern::Regex(regex, _) => self.regexes.entry(regex),
            Pattern::Path(pattern) => self.tree_entry(pattern),
        }
    }

    fn tree_entry(&mut self, pattern: &PathPattern) -> &mut Vec<RouteId> {
        let tree = match pattern.extent {
            Extent::Whole => &mut self.whole,
            Extent::Prefix => &mut self.prefix,
        };
        &mut pattern.segments.iter().fold(tree, Tree::child).routes
    }

    /// Makes it ready to be asked, once all patterns are there. `order` puts the routes of one pattern
    /// into the order in which they are asked.
    pub(crate) fn finish(
        &mut self,
        order: &mut dyn FnMut(&mut Vec<RouteId>),
    ) -> Result<(), TooManyRegexes> {
        self.whole.each(order);
        self.prefix.each(order);
        self.regexes.finish(order)
    }

    /// Whether paths are held against regular expressions.
    pub(crate) fn has_regexes(&self) -> bool {
        !self.regexes.is_empty()
    }

    /// Shows the routes of each pattern that the path matches, until one is taken. A path that does
    /// not begin with a slash matches nothing (RFC 9112 section 3.2.4: `OPTIONS *`).
    pub(crate) fn find<'t, B>(
        &'t self,
        path: &[u8],
        visit: &mut dyn FnMut(&'t [RouteId]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        if !path.starts_with(b"/") {
            return ControlFlow::Continue(());
        }
        self.whole.find_whole(split(path), visit)?;
        self.regexes.find(path, visit)?;
        self.prefix.find_prefix(split(path), visit)
    }
}

#[derive(Debug, Default)]
struct Tree {
    literals: BTreeMap<Box<[u8]>, Tree>,
    any: Option<Box<Tree>>,
    routes: Vec<RouteId>,
}

impl Tree {
    fn child(&mut self, segment: &Segment) -> &mut Self {
        match segment {
            Segment::Literal(bytes) => self.literals.entry(bytes.clone()).or_default(),
            Segment::Any => self.any.get_or_insert_default(),
        }
    }

    fn each(&mut self, change: &mut dyn FnMut(&mut Vec<RouteId>)) {
        change(&mut self.routes);
        for child in self.literals.values_mut() {
            child.each(change);
        }
        if let Some(child) = &mut self.any {
            child.each(change);
        }
    }

    /// Each node is visited at most once, and the depth is that of the patterns: a client can make
    /// neither grow.
    fn find_whole<'t, 'p, B>(
        &'t self,
        mut path: impl Iterator<Item = &'p [u8]> + Clone,
        visit: &mut dyn FnMut(&'t [RouteId]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let Some(segment) = path.next() else {
            return if self.routes.is_empty() {
                ControlFlow::Continue(())
            } else {
                visit(&self.routes)
            };
        };
        if let Some(child) = self.literals.get(segment) {
            child.find_whole(path.clone(), visit)?;
        }
        match &self.any {
            Some(child) if !segment.is_empty() => child.find_whole(path, visit),
            _ => ControlFlow::Continue(()),
        }
    }

    fn find_prefix<'t, 'p, B>(
        &'t self,
        mut path: impl Iterator<Item = &'p [u8]>,
        visit: &mut dyn FnMut(&'t [RouteId]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        if let Some(child) = path.next().and_then(|segment| self.literals.get(segment)) {
            child.find_prefix(path, visit)?;
        }
        if self.routes.is_empty() {
            ControlFlow::Continue(())
        } else {
            visit(&self.routes)
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::regex_pattern::WholeRegex;

    const PATTERNS: [&str; 12] = [
        "/",
        "/pets",
        "/pets/",
        "/pets/{id}",
        "/pets/new",
        "/{kind}/new",
        "/pets/{id}/photo",
        "prefix /",
        "prefix /pets",
        "regex /p.*",
        "regex /p.*s",
        "regex /dogs/.*",
    ];

    /// The patterns that a path matches, in order.
    fn matching(path: &str) -> Vec<&'static str> {
        let mut index = PathIndex::default();
        for (id, text) in PATTERNS.iter().enumerate() {
            let pattern = match text.split_once(' ') {
                Some(("prefix", prefix)) => Pattern::Path(PathPattern::prefix(prefix).unwrap()),
                Some((_, regex)) => {
                    let regex = WholeRegex::compile(regex).unwrap();
                    Pattern::Regex(regex, Box::default())
                }
                None => Pattern::Path(PathPattern::template(text).unwrap()),
            };
            index.entry(&pattern).push(RouteId(id));
        }
        index.finish(&mut |_| ()).unwrap();
        let mut found = Vec::new();
        let _: ControlFlow<()> = index.find(path.as_bytes(), &mut |routes| {
            found.extend(routes.iter().map(|id| PATTERNS[id.0]));
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn the_most_specific_pattern_comes_first() {
        for (path, expected) in [
            ("/", &["/", "prefix /"][..]),
            (
                "/pets",
                &[
                    "/pets",
                    "regex /p.*s",
                    "regex /p.*",
                    "prefix /pets",
                    "prefix /",
                ],
            ),
            (
                "/pets/",
                &["/pets/", "regex /p.*", "prefix /pets", "prefix /"],
            ),
            (
                "/pets/7",
                &["/pets/{id}", "regex /p.*", "prefix /pets", "prefix /"],
            ),
            (
                "/pets/new",
                &[
                    "/pets/new",
                    "/pets/{id}",
                    "/{kind}/new",
                    "regex /p.*",
                    "prefix /pets",
                    "prefix /",
                ],
            ),
            ("/dogs/new", &["/{kind}/new", "regex /dogs/.*", "prefix /"]),
            (
                "/pets/7/photo",
                &["/pets/{id}/photo", "regex /p.*", "prefix /pets", "prefix /"],
            ),
            ("/petshop", &["regex /p.*", "prefix /"]),
            ("//photo", &["prefix /"]),
            ("*", &[]),
            ("", &[]),
            ("pets", &[]),
        ] {
            assert_eq!(matching(path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_of_any_length_is_walked_no_deeper_than_the_patterns() {
        assert_eq!(matching(&"/a".repeat(30_000)), ["prefix /"]);
    }
}
