//! Reading a type from a tree until every mistake is found.
//!
//! serde stops at the first error. So what was wrong is struck out, and the tree is read again
//! without it, until nothing new turns up. After the first mistake no value will come of it, so the
//! later readings also leave out list items and map entries that were read before: that makes the
//! whole as good as linear.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use serde::de::{DeserializeOwned, DeserializeSeed};

use super::deserializer::Deserializer;
use super::error::{Error, Example};
use super::fault::{Fault, Faults, MOST_FAULTS};
use super::node::{Entry, Node, Value};
use super::path::Path;
use super::scalar::Scalar;
use crate::words::{nearest, proposal};

/// What became of a tree.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    /// The value, when nothing of it is missing: unknown fields alone take nothing away.
    pub(crate) value: Option<T>,
    pub(crate) faults: Faults,
}

/// Reads a value, and finds everything that is wrong with it. `example` shows what to write for a
/// field that is missing.
pub(crate) fn deserialize<T: DeserializeOwned>(root: &Node, example: Example) -> Reading<T> {
    let session = Session::new(example);
    let value = loop {
        match session.read(root, Path::Root, std::marker::PhantomData::<T>) {
            Ok(value) => break session.struck.borrow().is_empty().then_some(value),
            Err(_) if session.is_done(root) => break None,
            Err(_) => session.repeated.set(true),
        }
    };
    Reading {
        value,
        faults: session.faults.into_inner(),
    }
}

/// Nodes are told apart by where they are in memory; the tree does not change meanwhile.
type NodeSet = RefCell<HashSet<*const Node>>;

/// What is known about the tree so far.
pub(super) struct Session {
    example: Example,
    faults: RefCell<Faults>,
    /// Wrong in itself, or not to be read without what is wrong in it.
    struck: NodeSet,
    /// Values of keys that the type does not know.
    unknown: NodeSet,
    /// Items and entries that were read, kept from the second reading on.
    sound: NodeSet,
    repeated: Cell<bool>,
}

impl Session {
    fn new(example: Example) -> Self {
        Self {
            example,
            faults: RefCell::default(),
            struck: NodeSet::default(),
            unknown: NodeSet::default(),
            sound: NodeSet::default(),
            repeated: Cell::new(false),
        }
    }

    /// Reads one node, and reports what is wrong with it.
    pub(super) fn read<'de, S: DeserializeSeed<'de>>(
        &self,
        node: &'de Node,
        path: Path<'_>,
        seed: S,
    ) -> Result<S::Value, Error> {
        seed.deserialize(Deserializer::new(node, &path, self))
            .map_err(|error| {
                if !matches!(error, Error::Reported) {
                    if !self.is_consequence(&error, node) {
                        self.report(node, &path, error.problem(node, self.example));
                    }
                    self.strike(node);
                }
                Error::Reported
            })
    }

    /// Reads one of many: an item of a list or an entry of a map.
    pub(super) fn read_one_of_many<'de, S: DeserializeSeed<'de>>(
        &self,
        node: &'de Node,
        path: Path<'_>,
        seed: S,
    ) -> Result<S::Value, Error> {
        let value = self.read(node, path, seed)?;
        if self.repeated.get() {
            self.sound.borrow_mut().insert(node);
        }
        Ok(value)
    }

    /// Whether a field is left out of this reading.
    pub(super) fn is_struck(&self, node: &Node) -> bool {
        contains(&self.struck, node)
    }

    /// Whether one of many is left out of this reading.
    pub(super) fn is_left_out(&self, node: &Node) -> bool {
        self.repeated.get() && (contains(&self.struck, node) || contains(&self.sound, node))
    }

    /// Reports what is wrong with a key, and strikes out its value.
    pub(super) fn report_key(&self, entry: &Entry, path: &Path<'_>, error: &Error) {
        let key = Node {
            value: Value::Scalar(Scalar {
                text: entry.key.clone(),
                plain: false,
            }),
            mark: entry.key_mark,
        };
        self.report(&key, path, error.problem(&key, self.example));
        self.strike(&entry.value);
    }

    /// Reports a field that is not one of the known ones, once.
    pub(super) fn report_unknown(&self, entry: &Entry, path: &Path<'_>, known: &[&'static str]) {
        if self.unknown.borrow_mut().insert(&entry.value) {
            let proposal = proposal(&entry.key, known.iter().copied());
            self.faults.borrow_mut().push(Fault {
                mark: entry.key_mark,
                path: path.to_string(),
                problem: format!("unknown field; {proposal}"),
            });
        }
    }

    fn report(&self, node: &Node, path: &Path<'_>, problem: String) {
        let fault = Fault {
            mark: node.mark,
            path: path.to_string(),
            problem,
        };
        self.faults.borrow_mut().push(fault);
    }

    fn strike(&self, node: &Node) {
        self.struck.borrow_mut().insert(node);
    }

    /// Whether an error may be there only because something below the node was left out.
    fn is_consequence(&self, error: &Error, node: &Node) -> bool {
        let left_out = |node: &Node| {
            [&self.struck, &self.unknown, &self.sound]
                .into_iter()
                .any(|set| contains(set, node))
        };
        match (error, &node.value) {
            (Error::Missing(field), Value::Mapping(entries)) => entries
                .iter()
                .filter(|entry| left_out(&entry.value))
                .any(|entry| nearest(&entry.key, [*field]).is_some()),
            _ => node.children().any(left_out),
        }
    }

    /// Whether another reading would find nothing new.
    fn is_done(&self, root: &Node) -> bool {
        self.is_struck(root) || self.faults.borrow().list.len() >= MOST_FAULTS
    }
}

fn contains(set: &NodeSet, node: &Node) -> bool {
    set.borrow().contains(&std::ptr::from_ref(node))
}
