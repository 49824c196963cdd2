//! Which routes of two documents are the same route.

use std::collections::BTreeMap;

use gateway_model::{Gateway, Route};
use serde_json::Value;

use super::defaults::value;
use super::fields::sorted;

/// Which routes are the same, by their places in the two documents.
#[derive(Debug)]
pub struct Pairs {
    /// Of each route of the later document, which it was.
    was: Vec<Option<usize>>,
    /// Of each route of the earlier document, which it is.
    is: Vec<Option<usize>>,
}

/// What two routes may have in common that makes them one, the surest first.
const KEYS: [fn(&Route) -> String; 4] = [
    |route| route.name().into_owned(),
    |route| canonical(&value(&route.matches)).to_string(),
    |route| part_of_match(route, &["path", "prefix", "regex", "grpc", "hosts"]),
    |route| part_of_match(route, &["path", "prefix", "regex", "grpc", "methods"]),
];

impl Pairs {
    /// Routes belong together by their names; else by what they match, as when a name is given; else by
    /// path with host or methods, where each document has one such route left.
    pub fn of(before: &Gateway, after: &Gateway) -> Self {
        let mut pairs = Self {
            was: vec![None; after.routes.len()],
            is: vec![None; before.routes.len()],
        };
        for key in KEYS {
            let old = left(&before.routes, &pairs.is, key);
            let new = left(&after.routes, &pairs.was, key);
            for (key, old) in &old {
                let ([old], Some([new])) = (old.as_slice(), new.get(key).map(Vec::as_slice)) else {
                    continue;
                };
                let routes = before.routes.get(*old).zip(after.routes.get(*new));
                if routes.is_some_and(|(old, new)| share_a_method(old, new)) {
                    pairs.pair(*old, *new);
                }
            }
        }
        pairs
    }

    fn pair(&mut self, old: usize, new: usize) {
        if let (Some(is), Some(was)) = (self.is.get_mut(old), self.was.get_mut(new)) {
            (*is, *was) = (Some(new), Some(old));
        }
    }

    /// What a route of the later document was.
    pub fn was(&self, new: usize) -> Option<usize> {
        self.was.get(new).copied().flatten()
    }

    /// What a route of the earlier document is.
    pub fn is(&self, old: usize) -> Option<usize> {
        self.is.get(old).copied().flatten()
    }
}

/// The routes that belong to none yet, by a key.
fn left(
    routes: &[Route],
    taken: &[Option<usize>],
    key: fn(&Route) -> String,
) -> BTreeMap<String, Vec<usize>> {
    let mut left = BTreeMap::<String, Vec<usize>>::new();
    for (index, (route, taken)) in routes.iter().zip(taken).enumerate() {
        if taken.is_none() {
            left.entry(key(route)).or_default().push(index);
        }
    }
    left
}

/// Some of a match's fields, written alike if they mean the same.
fn part_of_match(route: &Route, keys: &[&str]) -> String {
    let matches = canonical(&value(&route.matches));
    let parts = keys.iter().map(|key| matches.get(key).cloned());
    Value::Array(parts.map(Option::unwrap_or_default).collect()).to_string()
}

/// A match with its lists, which are sets, in order.
fn canonical(matches: &Value) -> Value {
    let mut matches = matches.clone();
    for field in matches
        .as_object_mut()
        .into_iter()
        .flat_map(|fields| fields.values_mut())
    {
        if let Value::Array(items) = field {
            *field = sorted(items).into();
        }
    }
    matches
}

/// Whether any method is taken by both. One that shares none with another was not made of it.
fn share_a_method(one: &Route, other: &Route) -> bool {
    let (one_takes, other_takes) = (&one.matches.methods, &other.matches.methods);
    let any = one_takes.is_empty() || other_takes.is_empty();
    let named = one.name() == other.name();
    named || any || one_takes.iter().any(|method| other_takes.contains(method))
}
