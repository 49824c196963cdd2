//! Paths such as `routes[2].to[0].upstream`: written from where a reader stands, and walked back.

use std::fmt;

use super::node::{Mark, Node};

/// The way from the root to a node.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Key(parent, key) if !is_simple(key) => write!(f, "{parent}[{key:?}]"),
            Self::Key(Path::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
        }
    }
}

/// Whether a key stands in a path without quotes.
fn is_simple(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// Where the path leads, or as far on the way there as the document goes.
pub(crate) fn locate(root: &Node, path: &str) -> Mark {
    let (mut node, mut rest) = (root, path);
    while let Some((next, after)) = step(node, rest) {
        (node, rest) = (next, after);
    }
    node.mark
}

/// One step along the path: the child that it names, and the rest. Keys that the document may have
/// hold no quotes, so a quoted one ends at the next.
fn step<'n, 'p>(node: &'n Node, path: &'p str) -> Option<(&'n Node, &'p str)> {
    if let Some(quoted) = path.strip_prefix("[\"") {
        let (key, after) = quoted.split_once("\"]")?;
        return Some((node.get(key)?, after));
    }
    if let Some(bracketed) = path.strip_prefix('[') {
        let (index, after) = bracketed.split_once(']')?;
        return Some((node.item(index.parse().ok()?)?, after));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, after) = path.split_at_checked(end)?;
    Some((node.get(key)?, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    #[test]
    fn a_path_is_written_as_a_reader_would() {
        let routes = Path::Key(&Path::Root, "routes");
        let route = Path::Index(&routes, 2);
        assert_eq!(Path::Key(&route, "match").to_string(), "routes[2].match");
        let upstreams = Path::Key(&Path::Root, "upstreams");
        let upstream = Path::Key(&upstreams, "v1.pets");
        assert_eq!(
            Path::Key(&upstream, "http").to_string(),
            "upstreams[\"v1.pets\"].http"
        );
        assert_eq!(Path::Key(&Path::Root, "a\"b").to_string(), "[\"a\\\"b\"]");
    }

    #[test]
    fn a_path_is_walked_as_far_as_it_goes() {
        let text = "routes:\n- match: { path: /a }\nupstreams:\n  v1.pets:\n    http: a:1\n";
        let root = parse(text).unwrap().root;
        for (path, line, column) in [
            ("", 1, 1),
            ("routes", 1, 1), // the list begins on the next line, so its key is shown
            ("routes[0]", 2, 3),
            ("routes[0].match", 2, 10),
            ("routes[0].match.path", 2, 18),
            ("routes[0].match.methods[3]", 2, 10),
            ("upstreams[\"v1.pets\"].http", 5, 11),
            ("upstreams[\"v1.pets\"]", 4, 3),
            ("nowhere.at[all", 1, 1),
        ] {
            assert_eq!(locate(&root, path), Mark { line, column }, "{path}");
        }
    }
}
