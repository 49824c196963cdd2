//! JSON that means one thing to everybody.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep objects and arrays may be within each other.
const DEEPEST: u8 = 32;

/// Why a text is no such object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// No JSON, no object, or too deep.
    Malformed,
    /// An object has two members of one name, of which everybody may take another (RFC 7515 section 4,
    /// RFC 7519 section 4).
    DuplicateMember,
}

/// Reads an object. Its members, and those of all objects in it, are in the order of their names.
pub(crate) fn parse_object(text: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let duplicate = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let strict = Strict {
        depth: 0,
        duplicate: &duplicate,
    };
    let value = strict.deserialize(&mut reader);
    match (value, reader.end()) {
        (Ok(Value::Object(object)), Ok(())) => Ok(object),
        _ if duplicate.get() => Err(JsonFault::DuplicateMember),
        _ => Err(JsonFault::Malformed),
    }
}

/// Reads a value within this many others.
#[derive(Clone, Copy)]
struct Strict<'d> {
    depth: u8,
    duplicate: &'d Cell<bool>,
}

impl Strict<'_> {
    fn within<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEEPEST {
            return Err(E::custom("too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let within = self.within()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(within)? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let within = self.within()?;
        let mut object = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(within)?;
            if object.insert(name, value).is_some() {
                self.duplicate.set(true);
                return Err(de::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(object.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_object_is_read_in_the_order_of_its_names() {
        let object = parse_object(br#" {"b":[1,-2,2.5,null,true,"\u00e9"],"a":{"d":1,"c":{}}} "#);
        let text = serde_json::to_string(&object.unwrap()).unwrap();
        assert_eq!(text, r#"{"a":{"c":{},"d":1},"b":[1,-2,2.5,null,true,"é"]}"#);
    }

    #[test]
    fn two_members_of_one_name_are_none() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"\u0062":2}]}"#,
        ] {
            let fault = parse_object(text.as_bytes());
            assert_eq!(fault, Err(JsonFault::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        let deep = |n| format!("{}{}", "{\"a\":".repeat(n) + "1", "}".repeat(n));
        assert!(parse_object(deep(32).as_bytes()).is_ok());
        for text in [
            "",
            "1",
            "[]",
            "null",
            "{} {}",
            "{",
            "{\"a\"}",
            "{\"a\":1,}",
            "{\"a\":1e999}",
            "{'a':1}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}",
            "\u{feff}{}",
            &deep(33),
            &deep(5000),
        ] {
            assert_eq!(
                parse_object(text.as_bytes()),
                Err(JsonFault::Malformed),
                "{text}"
            );
        }
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}"), Err(JsonFault::Malformed));
    }
}
