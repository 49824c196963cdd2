//! What serde says about a value, put into the words of YAML.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::node::{Node, Value};
use super::scalar::{Core, resolve};
use crate::words::{proposal, quoted};

/// How a field could look in the document.
pub(crate) type Example = fn(field: &str) -> Option<&'static str>;

/// Why a value could not be read.
#[derive(Debug)]
pub(crate) enum Error {
    /// It, or something in it, is in the list of faults already.
    Reported,
    /// It is not of the kind that is wanted.
    Mismatch { expected: String },
    /// It is a mapping without a field that must be there.
    Missing(&'static str),
    /// It is none of the words that are known.
    UnknownWord {
        found: String,
        known: &'static [&'static str],
    },
    /// Anything else, told by the type that was read.
    Other(String),
}

impl Error {
    pub(crate) fn mismatch(expected: &dyn Expected) -> Self {
        Self::Mismatch {
            expected: in_yaml(&expected.to_string()),
        }
    }

    /// What is wrong with this node.
    pub(crate) fn problem(&self, node: &Node, example: Example) -> String {
        match self {
            Self::Reported => String::new(),
            Self::Mismatch { expected } => {
                let found = node.describe();
                let repair = repair(node, expected).map(|text| format!("; {text}"));
                format!(
                    "expected {expected}, found {found}{}",
                    repair.unwrap_or_default()
                )
            }
            Self::Missing(field) => match example(field) {
                Some(example) => format!("missing field {field:?}; add it, such as {example}"),
                None => format!("missing field {field:?}"),
            },
            Self::UnknownWord { found, known } => match known {
                [known] => format!("expected {known:?}, found {}", quoted(found)),
                _ => {
                    let proposal = proposal(found, known.iter().copied());
                    format!("unknown word {}; {proposal}", quoted(found))
                }
            },
            Self::Other(problem) => problem.clone(),
        }
    }
}

/// How the value would have to be written, if only its writing is wrong.
fn repair(node: &Node, expected: &str) -> Option<String> {
    let scalar = match &node.value {
        Value::Scalar(scalar) => scalar,
        Value::Mapping(_) if expected == "a list" => {
            return Some("put it into a list: [{ … }]".to_owned());
        }
        Value::Mapping(_) | Value::Sequence(_) => return None,
    };
    let text = &*scalar.text;
    match (scalar.core(), expected) {
        (_, "a list") if !text.is_empty() => Some(format!(
            "write [{}]",
            if scalar.plain {
                text.to_owned()
            } else {
                quoted(text)
            }
        )),
        (Core::Text(text), "true or false") => match text.to_lowercase().as_str() {
            "yes" | "on" | "true" => Some("write true".to_owned()),
            "no" | "off" | "false" => Some("write false".to_owned()),
            _ => None,
        },
        (Core::Text(text), _) if !scalar.plain && resolve(text) != Core::Text(text) => {
            let expects_number = expected != "text" && !text.is_empty();
            expects_number.then(|| format!("write {text} without quotes"))
        }
        (Core::Text(_), _) => None,
        (_, "text") if !text.is_empty() => Some(format!("write {} in quotes", quoted(text))),
        _ => None,
    }
}

/// serde names Rust's types.
fn in_yaml(expected: &str) -> String {
    let yaml = match expected {
        "a string" | "a character" => "text",
        "a boolean" => "true or false",
        "u16" => "a whole number from 0 to 65535",
        "u8" | "u32" | "u64" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "a mapping",
        other if other.starts_with("struct ") => "a mapping",
        other if other.starts_with("enum ") => "text",
        other => other,
    };
    yaml.to_owned()
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::Other(problem.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::Other(format!(
            "expected {}, found {length} items",
            in_yaml(&expected.to_string())
        ))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownWord {
            found: variant.to_owned(),
            known: expected,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let proposal = proposal(field, expected.iter().copied());
        Self::Other(format!("unknown field; {proposal}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that could not be read")
    }
}

impl std::error::Error for Error {}
