//! serde's data model over a tree of nodes.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::error::Error;
use super::node::{Entry, Node, Value};
use super::path::Path;
use super::scalar::{Core, Scalar};
use super::session::Session;

/// Reads one node.
pub(super) struct Deserializer<'de, 'p> {
    node: &'de Node,
    path: &'p Path<'p>,
    session: &'p Session,
}

impl<'de, 'p> Deserializer<'de, 'p> {
    pub(super) fn new(node: &'de Node, path: &'p Path<'p>, session: &'p Session) -> Self {
        Self {
            node,
            path,
            session,
        }
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self {
            node,
            path,
            session,
        } = self;
        match &node.value {
            Value::Scalar(scalar) => visit_scalar(scalar, visitor),
            Value::Sequence(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
                path,
                session,
            }),
            Value::Mapping(entries) => visitor.visit_map(Map {
                entries: entries.iter(),
                value: None,
                is_of_many: false,
                path,
                session,
            }),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Mapping(entries) = &self.node.value else {
            return self.deserialize_any(visitor);
        };
        visitor.visit_map(Map {
            entries: entries.iter(),
            value: None,
            is_of_many: true,
            path: self.path,
            session: self.session,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Scalar(scalar) if scalar.core() == Core::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Self {
            node,
            path,
            session,
        } = self;
        // A derived visitor would take a list too, field by field.
        let Value::Mapping(entries) = &node.value else {
            return Err(Error::mismatch(&"a mapping"));
        };
        visitor.visit_map(Fields {
            known,
            entries: entries.iter(),
            value: None,
            path,
            session,
        })
    }

    /// Enums are words; variants with content are no part of a document.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Scalar(Scalar { text, .. }) => visitor.visit_enum(as_text(text)),
            _ => Err(Error::mismatch(&"text")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier
    }
}

fn visit_scalar<'de, V: Visitor<'de>>(scalar: &'de Scalar, visitor: V) -> Result<V::Value, Error> {
    match scalar.core() {
        Core::Null => visitor.visit_unit(),
        Core::Bool(value) => visitor.visit_bool(value),
        Core::Unsigned(value) => visitor.visit_u64(value),
        Core::Signed(value) => visitor.visit_i64(value),
        Core::Float(value) => visitor.visit_f64(value),
        Core::Text(text) => visitor.visit_borrowed_str(text),
    }
}

fn as_text(text: &str) -> StrDeserializer<'_, Error> {
    text.into_deserializer()
}

/// The items of a list.
struct Items<'de, 'p> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
    path: &'p Path<'p>,
    session: &'p Session,
}

impl<'de> de::SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let session = self.session;
        let Some((index, node)) = self.items.find(|(_, node)| !session.is_left_out(node)) else {
            return Ok(None);
        };
        session
            .read_one_of_many(node, Path::Index(self.path, index), seed)
            .map(Some)
    }
}

/// The entries of a mapping whose keys the type does not tell beforehand.
struct Map<'de, 'p> {
    entries: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
    /// Whether each entry stands for itself, under a name that the document chose. Else they are parts
    /// of one value, such as `{ regex: … }`, and make sense only together.
    is_of_many: bool,
    path: &'p Path<'p>,
    session: &'p Session,
}

impl<'de> de::MapAccess<'de> for Map<'de, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let (session, is_of_many) = (self.session, self.is_of_many);
        let is_read = |entry: &&Entry| match is_of_many {
            true => !session.is_left_out(&entry.value),
            false => !session.is_struck(&entry.value),
        };
        let Some(entry) = self.entries.find(is_read) else {
            return Ok(None);
        };
        self.value = Some(entry);
        seed.deserialize(as_text(&entry.key))
            .map(Some)
            .map_err(|error| {
                session.report_key(entry, &Path::Key(self.path, &entry.key), &error);
                Error::Reported
            })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let entry = self.value.take().ok_or_else(value_before_key)?;
        let path = Path::Key(self.path, &entry.key);
        match self.is_of_many {
            true => self.session.read_one_of_many(&entry.value, path, seed),
            false => self.session.read(&entry.value, path, seed),
        }
    }
}

/// The fields of a struct, whose names the type knows.
struct Fields<'de, 'p> {
    known: &'static [&'static str],
    entries: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
    path: &'p Path<'p>,
    session: &'p Session,
}

impl<'de> de::MapAccess<'de> for Fields<'de, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        for entry in self.entries.by_ref() {
            if !self.known.contains(&&*entry.key) {
                let path = Path::Key(self.path, &entry.key);
                self.session.report_unknown(entry, &path, self.known);
            } else if !self.session.is_struck(&entry.value) {
                self.value = Some(entry);
                return seed.deserialize(as_text(&entry.key)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let entry = self.value.take().ok_or_else(value_before_key)?;
        self.session
            .read(&entry.value, Path::Key(self.path, &entry.key), seed)
    }
}

/// A visitor that breaks serde's contract.
fn value_before_key() -> Error {
    Error::Other("a value was asked for before its key".to_owned())
}
