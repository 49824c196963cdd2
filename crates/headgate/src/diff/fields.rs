//! The fields that differ between two values.
//!
//! Values are compared as the trees that they are written as, so that no field can be left out: what
//! this file does not know is compared too. What it knows are the lists whose items have names, and
//! those whose order says nothing.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::path::{Path, Segment};

/// A field that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where it is.
    pub path: Path,
    /// What it was; none if it was not there.
    pub before: Option<Value>,
    /// Whether the document did not say so, and it was so all the same.
    pub before_is_default: bool,
    /// What it is; none if it is no longer there.
    pub after: Option<Value>,
    /// Whether the document does not say so, and it is so all the same.
    pub after_is_default: bool,
}

/// A part of a document: as it is written, and with what holds where nothing is written.
#[derive(Debug, Clone, Copy)]
pub struct Side<'v> {
    /// As it is written; none for what is not.
    pub written: Option<&'v Value>,
    /// What holds; none for what is not there at all.
    pub holds: Option<&'v Value>,
}

impl<'v> Side<'v> {
    /// What is not there.
    pub const NOTHING: Self = Self {
        written: None,
        holds: None,
    };

    /// A part for which nothing holds but what is written.
    pub fn written(value: Option<&'v Value>) -> Self {
        Self {
            written: value,
            holds: value,
        }
    }

    fn key(self, key: &str) -> Self {
        Self {
            written: self.written.and_then(|value| value.get(key)),
            holds: self.holds.and_then(|value| value.get(key)),
        }
    }

    fn index(self, index: usize) -> Self {
        Self {
            written: self.written.and_then(|value| value.get(index)),
            holds: self.holds.and_then(|value| value.get(index)),
        }
    }

    /// The item of this name, where the items are called so.
    fn named(self, names: &[String], name: &str) -> Self {
        let index = names.iter().position(|one| one == name);
        index.map_or(Self::NOTHING, |index| self.index(index))
    }

    fn is_default(self) -> bool {
        self.written.is_none() && self.holds.is_some()
    }
}

/// Lists whose order says nothing, by the names of their fields.
const SETS: [&str; 14] = [
    "addresses",
    "algorithms",
    "audiences",
    "content_types",
    "expose",
    "headers",
    "hosts",
    "listeners",
    "methods",
    "on",
    "origins",
    "required_claims",
    "scopes",
    "types",
];

/// What an item of a list is called by, where items have names.
fn identity(list: &str) -> Option<&'static str> {
    match list {
        "to" | "limits" => Some("name"),
        "mirror" => Some("upstream"),
        _ => None,
    }
}

/// Every field in which two parts differ, in the order of the document.
pub fn compare(before: Side<'_>, after: Side<'_>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    walk(&Path::default(), before, after, &mut changes);
    changes
}

/// Each field of a part that is there or not there as a whole.
pub fn whole(before: Side<'_>, after: Side<'_>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let value = before.written.or(after.written);
    match value.and_then(Value::as_object) {
        Some(fields) if !fields.is_empty() => {
            for key in fields.keys() {
                let path = Path::field(key);
                push(&path, before.key(key), after.key(key), &mut changes);
            }
        }
        _ => push(&Path::default(), before, after, &mut changes),
    }
    changes
}

fn walk(path: &Path, before: Side<'_>, after: Side<'_>, changes: &mut Vec<FieldChange>) {
    match (before.holds, after.holds) {
        (Some(was), Some(is)) if was == is => {}
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            let new = is.keys().filter(|key| !was.contains_key(*key));
            for key in was.keys().chain(new) {
                let path = path.and(Segment::Key(key.clone()));
                walk(&path, before.key(key), after.key(key), changes);
            }
        }
        (Some(Value::Array(was)), Some(Value::Array(is))) => {
            list(path, (before, was), (after, is), changes);
        }
        // What holds by itself comes and goes with what it belongs to.
        (None, _) if after.is_default() => {}
        (_, None) if before.is_default() => {}
        (None, None) => {}
        _ => push(path, before, after, changes),
    }
}

fn list(
    path: &Path,
    (before, was): (Side<'_>, &[Value]),
    (after, is): (Side<'_>, &[Value]),
    changes: &mut Vec<FieldChange>,
) {
    let key = path.last_key().unwrap_or_default();
    let names = |items: &[Value]| names(items, identity(key)?);
    if let (Some(old), Some(new)) = (names(was), names(is)) {
        return named(path, (before, &old), (after, &new), changes);
    }
    if SETS.contains(&key) && sorted(was) == sorted(is) {
        return;
    }
    let is_object = |value: &Value| value.is_object();
    if was.len() == is.len() && was.iter().chain(is).all(is_object) {
        for index in 0..was.len() {
            let path = path.and(Segment::Index(index));
            walk(&path, before.index(index), after.index(index), changes);
        }
        return;
    }
    push(path, before, after, changes);
}

/// Items that have names, each held against the one of its name.
fn named(
    path: &Path,
    (before, old): (Side<'_>, &[String]),
    (after, new): (Side<'_>, &[String]),
    changes: &mut Vec<FieldChange>,
) {
    for name in old
        .iter()
        .chain(new.iter().filter(|name| !old.contains(name)))
    {
        let path = path.and(Segment::Item(name.clone()));
        walk(
            &path,
            before.named(old, name),
            after.named(new, name),
            changes,
        );
    }
    // Of several with conditions the first takes a request.
    let in_order = |side: Side<'_>, names: &[String], others: &[String]| {
        let conditional = |name: &&String| side.named(names, name).key("when").holds.is_some();
        let names = names.iter().filter(|name| others.contains(name));
        let names = names.filter(conditional).map(|name| name.as_str().into());
        Value::Array(names.collect())
    };
    let (was, is) = (in_order(before, old, new), in_order(after, new, old));
    if was != is && sorted_items(&was) == sorted_items(&is) {
        let path = path.and(Segment::Order);
        let (was, is) = (Side::written(Some(&was)), Side::written(Some(&is)));
        push(&path, was, is, changes);
    }
}

/// The names of items; none, if not each has one of its own.
fn names(items: &[Value], field: &str) -> Option<Vec<String>> {
    let name = |item: &Value| item.get(field)?.as_str().map(str::to_owned);
    let names: Vec<String> = items.iter().map(name).collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = names.iter().collect();
    (distinct.len() == names.len()).then_some(names)
}

/// The items in an order that is the same for the same items.
pub fn sorted(items: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}

fn sorted_items(list: &Value) -> Vec<String> {
    sorted(list.as_array().map_or(&[][..], Vec::as_slice))
}

fn push(path: &Path, before: Side<'_>, after: Side<'_>, changes: &mut Vec<FieldChange>) {
    let told = |side: Side<'_>| side.written.or(side.holds).cloned();
    changes.push(FieldChange {
        path: path.clone(),
        before: told(before),
        before_is_default: before.is_default(),
        after: told(after),
        after_is_default: after.is_default(),
    });
}
