//! What a request must look like beside host, path and method.

use std::collections::BTreeMap;
use std::fmt::Display;

use filter_api::ConfigError;

use crate::config::{MatchConfig, ValueConfig};
use crate::media_range::MediaRange;
use crate::regex_pattern::WholeRegex;
use crate::request::Request;
use crate::tokens::{is_field_name, is_field_value};

/// Conditions on header fields, query parameters and the body's type.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    headers: Box<[(Box<str>, Value)]>,
    query: Box<[(Box<str>, Value)]>,
    /// None means any.
    content_types: Box<[MediaRange]>,
}

/// What a value must be.
#[derive(Debug)]
enum Value {
    Exact(Box<[u8]>),
    Regex(WholeRegex),
    Present(bool),
}

/// Why a route does not take a request whose host and path it matches, or a destination one that its
/// route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch<'r> {
    /// A header field is not as it must be.
    Header(&'r str),
    /// A query parameter is not as it must be.
    Query(&'r str),
    /// No token says what one must say. Only destinations ask.
    Claims,
    /// The method is none of the route's.
    Method,
    /// The body is of another type.
    ContentType,
}

/// What is known of a header field of a request that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreknown {
    /// It will not be there.
    Absent,
    /// It will be there, with a value that nobody knows.
    Present,
    /// Nothing.
    Unknown,
}

/// Whether a route will take a request that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prospect {
    /// It will not.
    Never,
    /// It depends on what is not known.
    Perhaps,
    /// It will.
    Surely,
}

impl Conditions {
    pub(crate) fn compile(config: &MatchConfig) -> Result<Self, ConfigError> {
        let content_types = config.content_types.iter().enumerate();
        let content_types = content_types.map(|(index, text)| {
            MediaRange::parse(text)
                .map_err(|error| ConfigError::new(format!("content_types[{index}]"), error))
        });
        Ok(Self {
            content_types: content_types.collect::<Result<_, _>>()?,
            ..Self::of_values(&config.headers, &config.query)?
        })
    }

    /// Conditions on headers and query alone.
    pub(crate) fn of_values(
        headers: &BTreeMap<String, ValueConfig>,
        query: &BTreeMap<String, ValueConfig>,
    ) -> Result<Self, ConfigError> {
        let mut compiled = Vec::new();
        for (name, value) in headers {
            let fault = |problem: &dyn Display| ConfigError::new(place("headers", name), problem);
            header_name(name).map_err(|problem| fault(&problem))?;
            if let ValueConfig::Exact(text) = value
                && !is_field_value(text.as_bytes())
            {
                return Err(fault(
                    &"must be text that a header can hold, without spaces around it",
                ));
            }
            compiled.push((
                name.as_str().into(),
                Value::compile(value).map_err(|e| fault(&e))?,
            ));
        }
        let mut parameters = Vec::new();
        for (name, value) in query {
            let fault = |problem: &dyn Display| ConfigError::new(place("query", name), problem);
            if name.is_empty() {
                return Err(fault(&"must be the name of a query parameter, found \"\""));
            }
            parameters.push((
                name.as_str().into(),
                Value::compile(value).map_err(|e| fault(&e))?,
            ));
        }
        Ok(Self {
            headers: compiled.into(),
            query: parameters.into(),
            content_types: Box::default(),
        })
    }

    /// How many conditions there are on header fields. The types of the body are one of them.
    pub(crate) fn header_count(&self) -> usize {
        self.headers.len() + usize::from(!self.content_types.is_empty())
    }

    /// How many conditions there are on query parameters.
    pub(crate) fn query_count(&self) -> usize {
        self.query.len()
    }

    /// The first header field or query parameter that is not as it must be.
    pub(crate) fn values_unmet(&self, request: &Request<'_>) -> Option<Mismatch<'_>> {
        for (name, value) in &self.headers {
            if !value.is_met_by(request.header(name).as_deref()) {
                return Some(Mismatch::Header(name));
            }
        }
        for (name, value) in &self.query {
            if !value.is_met_by(request.parameter(name).as_deref()) {
                return Some(Mismatch::Query(name));
            }
        }
        None
    }

    /// Whether a request that is to come will meet them: of its header fields only that is known what
    /// `field` says, the query is that of `request`, and nobody knows the type of its body.
    pub(crate) fn foresee(
        &self,
        request: &Request<'_>,
        field: &dyn Fn(&str) -> Foreknown,
    ) -> Prospect {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| value.foresee(field(name)));
        let mut query = self.query.iter();
        if !query.all(|(name, value)| value.is_met_by(request.parameter(name).as_deref())) {
            return Prospect::Never;
        }
        let body = match *self.content_types {
            [] => Prospect::Surely,
            _ => Prospect::Perhaps,
        };
        headers.fold(body, Prospect::min)
    }

    /// Whether whatever meets these meets the others too, as far as it is easy to tell.
    pub(crate) fn imply(&self, others: &Self) -> bool {
        let all = |own: &[(Box<str>, Value)], others: &[(Box<str>, Value)]| {
            others.iter().all(|(name, other)| {
                let mut own = own.iter();
                own.any(|(known, value)| known == name && value.implies(other))
            })
        };
        let types = others.content_types.is_empty()
            || !self.content_types.is_empty()
                && self.content_types.iter().all(|own| {
                    let mut others = others.content_types.iter();
                    others.any(|other| own.is_within(other))
                });
        types && all(&self.headers, &others.headers) && all(&self.query, &others.query)
    }

    pub(crate) fn takes_content_type_of(&self, request: &Request<'_>) -> bool {
        self.content_types.is_empty()
            || request
                .header("content-type")
                .is_some_and(|value| self.content_types.iter().any(|range| range.takes(&value)))
    }
}

impl Value {
    fn compile(config: &ValueConfig) -> Result<Self, crate::regex_pattern::RegexError> {
        Ok(match config {
            ValueConfig::Exact(text) => Self::Exact(text.as_bytes().into()),
            ValueConfig::Regex(regex) => Self::Regex(WholeRegex::compile(regex)?),
            ValueConfig::Present(present) => Self::Present(*present),
        })
    }

    /// Whether whatever is so is as the other says, too.
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present(own), Self::Present(other)) => own == other,
            (Self::Exact(_) | Self::Regex(_), Self::Present(other)) => *other,
            (Self::Exact(own), Self::Exact(other)) => own == other,
            (Self::Exact(own), Self::Regex(other)) => other.is_match(own),
            (Self::Regex(own), Self::Regex(other)) => own.text() == other.text(),
            (Self::Regex(_), Self::Exact(_)) | (Self::Present(_), _) => false,
        }
    }

    fn is_met_by(&self, found: Option<&[u8]>) -> bool {
        match (self, found) {
            (Self::Present(expected), found) => *expected == found.is_some(),
            (_, None) => false,
            (Self::Exact(expected), Some(found)) => **expected == *found,
            (Self::Regex(regex), Some(found)) => regex.is_match(found),
        }
    }

    fn foresee(&self, field: Foreknown) -> Prospect {
        let certain = |met| match met {
            true => Prospect::Surely,
            false => Prospect::Never,
        };
        match (self, field) {
            (_, Foreknown::Unknown) => Prospect::Perhaps,
            (_, Foreknown::Absent) => certain(self.is_met_by(None)),
            (Self::Present(expected), Foreknown::Present) => certain(*expected),
            (Self::Exact(_) | Self::Regex(_), Foreknown::Present) => Prospect::Perhaps,
        }
    }
}

/// The place of an entry, written as `headers.x-env`, or `headers["x.env"]` where that would mislead.
fn place(map: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        format!("{map}.{name}")
    } else {
        format!("{map}[{name:?}]")
    }
}

/// Whether a name can be one of a request's fields to which a condition, stickiness or force refers.
///
/// # Errors
/// What is wrong with it.
pub fn header_name(name: &str) -> Result<(), String> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let lower = name.to_ascii_lowercase();
        return Err(format!(
            "must be in lower case, found \"{name}\"; write \"{lower}\""
        ));
    }
    if name.contains('_') {
        let dashed = name.replace('_', "-");
        return Err(format!(
            "must not hold \"_\", found \"{name}\": to many servers it is \"{dashed}\", so requests with \
             such a field are refused; write \"{dashed}\""
        ));
    }
    let instead = match name {
        ":authority" | "host" => "match \"hosts\"",
        ":method" => "match \"methods\"",
        ":path" => "match \"path\", \"prefix\" or \"regex\"",
        filter_api::FUNCTION_HEADER => "it is what the router writes",
        _ if is_field_name(name.as_bytes()) => return Ok(()),
        _ => {
            return Err(format!(
                "must be the name of a header field, found \"{name}\""
            ));
        }
    };
    Err(format!("must not be \"{name}\"; {instead}"))
}

#[cfg(test)]
mod tests {
    use filter_api::HeaderList;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn exact(text: &str) -> ValueConfig {
        ValueConfig::Exact(text.to_owned())
    }

    fn map(entries: &[(&str, ValueConfig)]) -> BTreeMap<String, ValueConfig> {
        let owned = entries.iter().cloned();
        owned
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn each_value_is_held_against_what_the_request_has() {
        let conditions = |value: ValueConfig| {
            Conditions::of_values(&map(&[("x-v", value.clone())]), &map(&[("v", value)])).unwrap()
        };
        let regex = ValueConfig::Regex("v[0-9]+".to_owned());
        for (value, header, query, expected) in [
            (exact("a b"), Some("a b"), "?v=a+b", None),
            (exact("a b"), Some("a b"), "?w=1&v=a%20b&v=2", None),
            (
                exact("a b"),
                Some("a B"),
                "?v=a+b",
                Some(Mismatch::Header("x-v")),
            ),
            (
                exact("a"),
                Some("a"),
                "?v=b&v=a",
                Some(Mismatch::Query("v")),
            ),
            (exact(""), Some(""), "?v", None),
            (exact("a"), None, "?v=a", Some(Mismatch::Header("x-v"))),
            (regex.clone(), Some("v12"), "?v=v3", None),
            (regex, Some("v12x"), "?v=v3", Some(Mismatch::Header("x-v"))),
            (ValueConfig::Present(true), Some("x"), "?v=", None),
            (
                ValueConfig::Present(true),
                Some("x"),
                "",
                Some(Mismatch::Query("v")),
            ),
            (ValueConfig::Present(false), None, "?w=v", None),
            (
                ValueConfig::Present(false),
                None,
                "?v",
                Some(Mismatch::Query("v")),
            ),
        ] {
            let path = format!("/{query}");
            let mut fields = vec![(":path", path.as_str())];
            fields.extend(header.map(|value| ("x-v", value)));
            let headers: HeaderList = fields.into_iter().collect();
            let conditions = conditions(value);
            let unmet = conditions.values_unmet(&Request::of(&headers));
            assert_eq!(unmet, expected, "{header:?} {query}");
        }
    }

    #[test]
    fn each_condition_is_foreseen_from_what_is_known_of_its_field() {
        use Foreknown::{Absent, Present, Unknown};
        use Prospect::{Never, Perhaps, Surely};
        let there = ValueConfig::Present;
        let regex = || ValueConfig::Regex("v[0-9]+".to_owned());
        for (value, field, expected) in [
            (exact("a"), Absent, Never),
            (exact("a"), Present, Perhaps),
            (exact("a"), Unknown, Perhaps),
            (regex(), Absent, Never),
            (regex(), Present, Perhaps),
            (there(true), Absent, Never),
            (there(true), Present, Surely),
            (there(true), Unknown, Perhaps),
            (there(false), Absent, Surely),
            (there(false), Present, Never),
            (there(false), Unknown, Perhaps),
        ] {
            let foreseen = |query: &[(&str, ValueConfig)], other: Foreknown| {
                let headers = map(&[("x-v", value.clone()), ("x-w", there(true))]);
                let conditions = Conditions::of_values(&headers, &map(query)).unwrap();
                let headers: HeaderList = [(":path", "/?v=a")].into_iter().collect();
                let known = |name: &str| if name == "x-v" { field } else { other };
                conditions.foresee(&Request::of(&headers), &known)
            };
            assert_eq!(foreseen(&[], Present), expected, "{value:?} {field:?}");
            assert_eq!(foreseen(&[("v", exact("a"))], Present), expected);
            assert_eq!(foreseen(&[("v", exact("b"))], Present), Never);
            // Conditions on other fields count as well.
            assert_eq!(foreseen(&[], Absent), Never);
            assert_eq!(foreseen(&[], Unknown), expected.min(Perhaps));
        }
    }

    #[test]
    fn lines_of_one_field_are_one_value() {
        let conditions = Conditions::of_values(&map(&[("x-v", exact("a, b"))]), &map(&[])).unwrap();
        let headers: HeaderList = [("x-v", "a"), ("x-v", "b")].into_iter().collect();
        assert_eq!(conditions.values_unmet(&Request::of(&headers)), None);
    }

    #[test]
    fn names_that_no_field_has_are_refused_with_what_to_write() {
        for (name, message) in [
            (
                "X-Env",
                "headers.X-Env: must be in lower case, found \"X-Env\"; write \"x-env\"",
            ),
            (
                ":path",
                "headers[\":path\"]: must not be \":path\"; match \"path\", \"prefix\" or \"regex\"",
            ),
            (
                "host",
                "headers.host: must not be \"host\"; match \"hosts\"",
            ),
            (
                "x_env",
                "headers.x_env: must not hold \"_\", found \"x_env\": to many servers it is \"x-env\", so \
                 requests with such a field are refused; write \"x-env\"",
            ),
            (
                "a b",
                "headers[\"a b\"]: must be the name of a header field, found \"a b\"",
            ),
            (
                "",
                "headers[\"\"]: must be the name of a header field, found \"\"",
            ),
        ] {
            let error = Conditions::of_values(&map(&[(name, exact("x"))]), &map(&[])).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let error = Conditions::of_values(&map(&[("x-a", exact(" x"))]), &map(&[])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "headers.x-a: must be text that a header can hold, without spaces around it"
        );
    }
}
