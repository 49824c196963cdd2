//! Text in which values of the match stand.

use filter_api::escapes::{encode, in_query_value};

use crate::value::Value;

/// Text with `{name}` for values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Box<[Part]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<[u8]>),
    /// The value of this number.
    Value(usize),
}

/// Why a text with values cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its like.
    #[error("must close each \"{{\" with a \"}}\" and have no other, found \"{0}\"")]
    Braces(String),
    /// A name that the match does not have.
    #[error("must name a value of the match, found \"{{{name}}}\"; {}", known_values(.known))]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

fn known_values(known: &[String]) -> String {
    match known {
        [] => "it has none".to_owned(),
        known => format!("it has {}", known.join(", ")),
    }
}

impl Template {
    /// Reads a text. `names` are those of the values, in order.
    pub(crate) fn parse(text: &str, names: &[Box<str>]) -> Result<Self, TemplateError> {
        let braces = || TemplateError::Braces(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
            if before.contains('}') {
                return Err(braces());
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.as_bytes().into()));
            }
            if before.len() == rest.len() {
                break;
            }
            let (name, after) = after.split_once('}').ok_or_else(braces)?;
            let index = names.iter().position(|known| **known == *name);
            parts.push(Part::Value(index.ok_or_else(|| {
                TemplateError::Unknown {
                    name: name.to_owned(),
                    known: names.iter().map(ToString::to_string).collect(),
                }
            })?));
            rest = after;
        }
        Ok(Self {
            parts: parts.into(),
        })
    }

    /// What stands between the values.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(&**text),
            Part::Value(_) => None,
        })
    }

    /// Those of the values that stand in it.
    pub(crate) fn values_in<'v>(&self, values: &[Value<'v>]) -> impl Iterator<Item = Value<'v>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(index) => values.get(*index).copied(),
        })
    }

    /// Whether it holds no value, or its end is a text that begins with this.
    pub(crate) fn ends_in_text_with(&self, begin: u8) -> bool {
        let holds_value = self.parts.iter().any(|part| matches!(part, Part::Value(_)));
        !holds_value
            || matches!(self.parts.last(), Some(Part::Text(text)) if text.first() == Some(&begin))
    }

    /// The same with another text for each value, to be looked at.
    pub(crate) fn with(&self, value: &[u8]) -> Vec<u8> {
        self.write(|_, written| written.extend_from_slice(value))
    }

    /// A path.
    pub(crate) fn path(&self, values: &[Value<'_>]) -> Vec<u8> {
        self.write(|index, written| {
            if let Some(value) = values.get(index) {
                value.write_in_path(written);
            }
        })
    }

    /// A query: values are encoded as values of parameters.
    pub(crate) fn query(&self, values: &[Value<'_>]) -> Vec<u8> {
        self.write(|index, written| {
            if let Some(value) = values.get(index) {
                encode(&value.octets(), in_query_value, written);
            }
        })
    }

    /// The text with the octets of the values as they are.
    pub(crate) fn plain(&self, values: &[Value<'_>]) -> Vec<u8> {
        self.write(|index, written| {
            if let Some(value) = values.get(index) {
                written.extend_from_slice(&value.octets());
            }
        })
    }

    fn write(&self, put: impl Fn(usize, &mut Vec<u8>)) -> Vec<u8> {
        let mut written = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => written.extend_from_slice(text),
                Part::Value(index) => put(*index, &mut written),
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn names() -> [Box<str>; 2] {
        ["id".into(), "kind".into()]
    }

    #[test]
    fn values_are_encoded_for_the_place_where_they_stand() {
        let template = Template::parse("{kind}/a{id}{id}b", &names()).unwrap();
        let values = [Value::Segment(b"x%20&+%2F"), Value::Caught(b"k\xff")];
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(text(template.path(&values)), "k%FF/ax%20&+%2Fx%20&+%2Fb");
        assert_eq!(
            text(template.query(&values)),
            "k%FF/ax%20%26%2B/x%20%26%2B/b"
        );
        assert_eq!(template.plain(&values), b"k\xff/ax &+/x &+/b");
    }

    #[test]
    fn what_is_no_template_is_named() {
        for (text, message) in [
            (
                "a{id",
                "must close each \"{\" with a \"}\" and have no other, found \"a{id\"",
            ),
            (
                "a}b",
                "must close each \"{\" with a \"}\" and have no other, found \"a}b\"",
            ),
            (
                "{size}",
                "must name a value of the match, found \"{size}\"; it has id, kind",
            ),
        ] {
            let error = Template::parse(text, &names()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        assert_eq!(
            Template::parse("{id}", &[]).unwrap_err().to_string(),
            "must name a value of the match, found \"{id}\"; it has none"
        );
    }
}
