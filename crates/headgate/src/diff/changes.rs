//! The parts of a document that were added, removed or changed.

use std::collections::BTreeMap;

use gateway_model::{Gateway, Route};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::defaults::{self, Written, value};
use super::fields::{FieldChange, Side, compare, whole};
use super::order;
use super::pairs::Pairs;
use super::path::{Path, Segment};
use super::secrets::hidden;

/// A part of a document that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What became of it.
    #[serde(rename = "change")]
    pub kind: Kind,
    /// Which kind of part it is.
    pub part: Part,
    /// What it is called now, or was called when it was there; none for what there is only one of.
    pub name: Option<String>,
    /// Its fields that differ: of what was added or removed all.
    pub fields: Vec<FieldChange>,
    /// Routes that a route now comes before and did not before, where the order decides.
    pub now_before: Vec<String>,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was not there.
    Added,
    /// It is no longer there.
    Removed,
    /// It is not what it was.
    Changed,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// One of `listeners`.
    Listener,
    /// One of `upstreams`.
    Upstream,
    /// One of `routes`.
    Route,
    /// One of `limits`.
    Limit,
    /// Any other field, by its name.
    Field(String),
}

impl Part {
    /// The document's field that it stands in.
    pub fn field(&self) -> &str {
        match self {
            Self::Listener => "listeners",
            Self::Upstream => "upstreams",
            Self::Route => "routes",
            Self::Limit => "limits",
            Self::Field(name) => name,
        }
    }

    /// What one is called: `route`, `cors`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Listener => "listener",
            Self::Upstream => "upstream",
            Self::Route => "route",
            Self::Limit => "limit",
            Self::Field(name) => name,
        }
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl Change {
    /// Where it stands in the document: `listeners[http]`.
    pub fn place(&self) -> Path {
        let field = Path::field(self.part.field());
        match (&self.part, self.name.clone()) {
            (Part::Upstream, Some(name)) => field.and(Segment::Key(name)),
            (_, Some(name)) => field.and(Segment::Item(name)),
            (_, None) => field,
        }
    }

    /// A part that is in either document, or in both; none if it is the same in both.
    fn of(
        part: Part,
        name: Option<String>,
        before: Option<&Written>,
        after: Option<&Written>,
    ) -> Option<Self> {
        let (before, after) = [before, after]
            .map(|part| part.map_or(Side::NOTHING, Written::side))
            .into();
        let (kind, fields) = match (before.written.is_some(), after.written.is_some()) {
            (false, _) => (Kind::Added, whole(before, after)),
            (_, false) => (Kind::Removed, whole(before, after)),
            (true, true) => (Kind::Changed, compare(before, after)),
        };
        (kind != Kind::Changed || !fields.is_empty()).then_some(Self {
            kind,
            part,
            name,
            fields,
            now_before: Vec::new(),
        })
    }
}

/// Everything that differs, in the order of the document.
pub fn changes(before: &Gateway, after: &Gateway, pairs: &Pairs) -> Vec<Change> {
    // All fields but those whose items are held against each other by name. The lists themselves would
    // be large trees, made for nothing.
    let frame = |gateway: &Gateway| {
        let frame = Gateway {
            listeners: Vec::new(),
            upstreams: BTreeMap::new(),
            routes: Vec::new(),
            ..gateway.clone()
        };
        match value(&frame) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    };
    let (was, is) = (frame(before), frame(after));
    let mut changes = Vec::new();
    let new = is.keys().filter(|field| !was.contains_key(*field));
    for field in was.keys().chain(new) {
        match field.as_str() {
            "listeners" => changes.extend(listeners(before, after)),
            "upstreams" => changes.extend(upstreams(before, after)),
            "limits" => changes.extend(limits(before, after)),
            "routes" => changes.extend(routes(before, after, pairs)),
            _ => {
                let side =
                    |fields: &Map<String, Value>| Some(defaults::field(field, fields.get(field)?));
                let part = Part::Field(field.clone());
                let (was, is) = (side(&was), side(&is));
                let change = Change::of(part, None, was.as_ref(), is.as_ref());
                changes.extend(change.map(hidden));
            }
        }
    }
    changes
}

fn listeners(before: &Gateway, after: &Gateway) -> Vec<Change> {
    let by_name = |gateway: &Gateway| {
        let listeners = gateway.listeners.iter();
        let listeners = listeners.map(|one| (one.name.to_string(), defaults::listener(one)));
        listeners.collect()
    };
    of_names(&Part::Listener, &by_name(before), &by_name(after))
}

fn upstreams(before: &Gateway, after: &Gateway) -> Vec<Change> {
    let by_name = |gateway: &Gateway| {
        let upstreams = gateway.upstreams.iter();
        let upstreams = upstreams.map(|(name, one)| (name.to_string(), defaults::upstream(one)));
        upstreams.collect()
    };
    of_names(&Part::Upstream, &by_name(before), &by_name(after))
}

fn limits(before: &Gateway, after: &Gateway) -> Vec<Change> {
    let by_name = |gateway: &Gateway| {
        let limits = gateway.limits.iter();
        let limits = limits.map(|one| (one.name().into_owned(), defaults::limit(one)));
        limits.collect()
    };
    of_names(&Part::Limit, &by_name(before), &by_name(after))
}

/// Parts that are the same if they are called the same; those that are no more come last.
fn of_names(
    part: &Part,
    before: &BTreeMap<String, Written>,
    after: &BTreeMap<String, Written>,
) -> Vec<Change> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let names = after.keys().chain(gone);
    let changes = names.filter_map(|name| {
        let (was, is) = (before.get(name), after.get(name));
        Change::of(part.clone(), Some(name.clone()), was, is)
    });
    changes.collect()
}

fn routes(before: &Gateway, after: &Gateway, pairs: &Pairs) -> Vec<Change> {
    let overtaken = order::overtaken(after, pairs);
    let name = |route: &Route| Some(route.name().into_owned());
    let mut changes = Vec::new();
    for (new, route) in after.routes.iter().enumerate() {
        let was = pairs.was(new).and_then(|old| before.routes.get(old));
        let now_before = overtaken.get(&new).into_iter().flatten();
        let now_before = now_before.filter_map(|other| name(after.routes.get(*other)?));
        let now_before: Vec<String> = now_before.collect();
        if was == Some(route) && now_before.is_empty() {
            continue;
        }
        let change = match was {
            Some(was) => {
                let [was, is] = defaults::routes((before, was), (after, route));
                Change::of(Part::Route, name(route), Some(&was), Some(&is))
            }
            None => {
                let [_, is] = defaults::routes((after, route), (after, route));
                Change::of(Part::Route, name(route), None, Some(&is))
            }
        };
        let moved = (!now_before.is_empty()).then(|| Change {
            kind: Kind::Changed,
            part: Part::Route,
            name: name(route),
            fields: Vec::new(),
            now_before: Vec::new(),
        });
        changes.extend(change.or(moved).map(|change| Change {
            now_before,
            ..change
        }));
    }
    for (old, route) in before.routes.iter().enumerate() {
        if pairs.is(old).is_none() {
            let [was, _] = defaults::routes((before, route), (before, route));
            changes.extend(Change::of(Part::Route, name(route), Some(&was), None));
        }
    }
    changes
}
