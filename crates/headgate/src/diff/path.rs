//! Places in a document.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A place in a document, in the words of its errors: `to[pets-next].weight`. Items that have names are
/// called by them, so that a place stays what it is when others come before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

/// A step towards a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A field.
    Key(String),
    /// An item of a list that has a name.
    Item(String),
    /// An item of a list that has none, from 0.
    Index(usize),
    /// The order of the items of a list.
    Order,
}

impl Path {
    /// The place of a field of the document itself.
    pub fn field(name: &str) -> Self {
        Self::default().and(Segment::Key(name.to_owned()))
    }

    /// A place within this one.
    pub fn and(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The place that is this one, seen from there.
    pub fn join(&self, within: &Self) -> Self {
        Self([&*self.0, &*within.0].concat())
    }

    /// What is there in a document; none if nothing is. Items are found by their `name`.
    pub fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0
            .iter()
            .try_fold(document, |value, segment| match segment {
                Segment::Key(key) => value.get(key),
                Segment::Index(index) => value.get(index),
                Segment::Item(name) => value.as_array()?.iter().find(|item| is_called(item, name)),
                Segment::Order => None,
            })
    }

    /// The same document with something else there, or nothing; none if the way there is not.
    pub fn replace(&self, document: &Value, with: Option<Value>) -> Option<Value> {
        let mut replaced = document.clone();
        let (last, way) = self.0.split_last()?;
        let mut place = &mut replaced;
        for segment in way {
            place = match segment {
                Segment::Key(key) => place.get_mut(key)?,
                Segment::Index(index) => place.get_mut(index)?,
                Segment::Item(name) => place
                    .as_array_mut()?
                    .iter_mut()
                    .find(|item| is_called(item, name))?,
                Segment::Order => return None,
            };
        }
        match (last, place, with) {
            (Segment::Key(key), Value::Object(fields), Some(value)) => {
                fields.insert(key.clone(), value);
            }
            (Segment::Key(key), Value::Object(fields), None) => {
                fields.remove(key)?;
            }
            (Segment::Item(name), Value::Array(items), with) => {
                items.retain(|item| !is_called(item, name));
                items.extend(with);
            }
            (Segment::Index(index), Value::Array(items), Some(value)) => {
                *items.get_mut(*index)? = value;
            }
            _ => return None,
        }
        Some(replaced)
    }

    /// The field that it is, or that it is an item of.
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Item(_) | Segment::Index(_) | Segment::Order => None,
        })
    }

    /// Whether it is the whole.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if !is_plain(key) => write!(f, "[{key:?}]"),
                Segment::Key(key) if at == 0 => f.write_str(key),
                Segment::Key(key) => write!(f, ".{key}"),
                Segment::Item(name) => write!(f, "[{}]", name.escape_debug()),
                Segment::Index(index) => write!(f, "[{index}]"),
                Segment::Order => f.write_str(" (order)"),
            }?;
        }
        Ok(())
    }
}

fn is_called(item: &Value, name: &str) -> bool {
    item.get("name").and_then(Value::as_str) == Some(name)
}

/// Whether a key needs no quotes.
fn is_plain(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !key.is_empty() && key.chars().all(plain)
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
