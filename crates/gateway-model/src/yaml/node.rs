//! The tree that a YAML text stands for.

use super::scalar::{Core, Scalar};

/// A place in the text, counted from 1. Columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mark {
    /// Where a fault of the whole text is shown.
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// Where to look for it. A value that begins on a later line than its key is found by its key.
    pub(crate) mark: Mark,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key and its value. Keys are text.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Box<str>,
    pub(crate) key_mark: Mark,
    pub(crate) value: Node,
}

impl Node {
    /// What belongs to a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Mapping(entries) => entries
                .iter()
                .find(|entry| &*entry.key == key)
                .map(|entry| &entry.value),
            Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    /// The item at an index, if this is a sequence that long.
    pub(crate) fn item(&self, index: usize) -> Option<&Self> {
        match &self.value {
            Value::Sequence(items) => items.get(index),
            Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    /// Whether there is nothing at all.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.plain && scalar.text.is_empty())
    }

    /// The nodes directly below.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        let (items, entries): (&[Self], &[Entry]) = match &self.value {
            Value::Scalar(_) => (&[], &[]),
            Value::Sequence(items) => (items, &[]),
            Value::Mapping(entries) => (&[], entries),
        };
        items.iter().chain(entries.iter().map(|entry| &entry.value))
    }

    /// The number of nodes in this tree, counted no further than one above `limit`.
    pub(crate) fn count_up_to(&self, limit: usize) -> usize {
        let mut waiting = vec![self];
        let mut count = 0;
        while let Some(node) = waiting.pop() {
            count += 1;
            if count > limit {
                break;
            }
            waiting.extend(node.children());
        }
        count
    }

    /// The number of collections around each other in this tree.
    pub(crate) fn depth(&self) -> usize {
        match &self.value {
            Value::Scalar(_) => 0,
            Value::Sequence(_) | Value::Mapping(_) => {
                1 + self.children().map(Self::depth).max().unwrap_or(0)
            }
        }
    }

    /// What stands here, in the words of YAML: `the text "abc"`, `the number 8080`, `a list`.
    pub(crate) fn describe(&self) -> String {
        let scalar = match &self.value {
            Value::Sequence(_) => return "a list".to_owned(),
            Value::Mapping(_) => return "a mapping".to_owned(),
            Value::Scalar(scalar) => scalar,
        };
        match scalar.core() {
            Core::Null if scalar.text.is_empty() => "nothing".to_owned(),
            Core::Null | Core::Bool(_) => scalar.text.to_string(),
            Core::Unsigned(_) | Core::Signed(_) | Core::Float(_) => {
                format!("the number {}", scalar.text)
            }
            Core::Text(text) => format!("the text {}", crate::words::quoted(text)),
        }
    }
}
