//! What claims must say.

use filter_api::ConfigError;
use regex::bytes::{Regex, RegexBuilder};
use serde_json::{Number, Value};

use crate::Claims;
use crate::config::PredicateConfig;
use crate::selector::Selector;

/// What a compiled expression may take, in bytes.
const MOST_COMPILED: usize = 256 * 1024;

/// How deep predicates may be within each other.
const DEEPEST: usize = 16;

/// Something that holds of claims, or does not.
#[derive(Debug)]
pub enum Predicate {
    /// All that is said of one claim holds.
    Claim(Selector, Box<[Test]>),
    /// One holds at least.
    Any(Box<[Predicate]>),
    /// All hold.
    All(Box<[Predicate]>),
    /// It does not hold.
    Not(Box<Predicate>),
}

/// Something that holds of a value.
#[derive(Debug)]
pub enum Test {
    /// It is this.
    Equals(Value),
    /// It is one of these.
    OneOf(Box<[Value]>),
    /// It is an array with this element, or a text with this word.
    Contains(Value),
    /// It is a text that this matches.
    Matches(Regex),
    /// It is there.
    Exists(bool),
    /// It is a number of at least this.
    AtLeast(f64),
    /// It is a number of at most this.
    AtMost(f64),
}

impl Predicate {
    /// Checks a list, all of which must hold. `place` is where it stands.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile_all(configs: &[PredicateConfig], place: &str) -> Result<Self, ConfigError> {
        Ok(Self::All(Self::list(configs, place, 0)?))
    }

    fn list(
        configs: &[PredicateConfig],
        place: &str,
        depth: usize,
    ) -> Result<Box<[Self]>, ConfigError> {
        let compile = |(index, config)| {
            Self::within(config, depth)
                .map_err(|error: ConfigError| error.within(&format!("{place}[{index}]")))
        };
        configs.iter().enumerate().map(compile).collect()
    }

    fn within(config: &PredicateConfig, depth: usize) -> Result<Self, ConfigError> {
        if depth == DEEPEST {
            let problem = format!("must not be within {DEEPEST} others");
            return Err(ConfigError::new("", problem));
        }
        let some = |configs: &[PredicateConfig], place| match configs {
            [] => Err(ConfigError::new(place, "must not be empty")),
            _ => Self::list(configs, place, depth + 1),
        };
        let tests = tests(config)?;
        let of_claim = config.claim.is_some() || !tests.is_empty();
        match (of_claim, &config.any, &config.all, &config.not) {
            (true, None, None, None) => {
                let Some(claim) = &config.claim else {
                    return Err(ConfigError::new(
                        "",
                        "must name the \"claim\" that it is about",
                    ));
                };
                let selector = Selector::compile(claim).map_err(|error| error.within("claim"))?;
                if tests.is_empty() {
                    let problem = "must say something of the claim: \"equals\", \"in\", \
                                   \"contains\", \"matches\", \"exists\", \"at_least\" or \"at_most\"";
                    return Err(ConfigError::new("", problem));
                }
                Ok(Self::Claim(selector, tests.into()))
            }
            (false, Some(any), None, None) => Ok(Self::Any(some(any, "any")?)),
            (false, None, Some(all), None) => Ok(Self::All(some(all, "all")?)),
            (false, None, None, Some(not)) => {
                let not = Self::within(not, depth + 1).map_err(|error| error.within("not"))?;
                Ok(Self::Not(not.into()))
            }
            _ => {
                let problem = "must speak of a claim, or have exactly one of \"any\", \"all\" and \
                               \"not\"";
                Err(ConfigError::new("", problem))
            }
        }
    }

    /// Whether it holds.
    pub fn holds(&self, claims: &Claims) -> bool {
        match self {
            Self::Claim(selector, tests) => {
                let value = selector.find(claims);
                tests.iter().all(|test| test.holds(value))
            }
            Self::Any(predicates) => predicates.iter().any(|one| one.holds(claims)),
            Self::All(predicates) => predicates.iter().all(|one| one.holds(claims)),
            Self::Not(predicate) => !predicate.holds(claims),
        }
    }
}

impl Test {
    /// Whether it holds of a claim; none is one that is not there.
    pub(crate) fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Exists(false));
        };
        match self {
            Self::Equals(other) => is_equal(value, other),
            Self::OneOf(others) => others.iter().any(|other| is_equal(value, other)),
            Self::Contains(part) => match (value, part) {
                (Value::Array(elements), _) => elements.iter().any(|one| is_equal(one, part)),
                (Value::String(text), Value::String(word)) => {
                    text.split(' ').any(|one| one == word)
                }
                _ => false,
            },
            Self::Matches(regex) => value
                .as_str()
                .is_some_and(|text| regex.is_match(text.as_bytes())),
            Self::Exists(exists) => *exists,
            Self::AtLeast(least) => value.as_f64().is_some_and(|number| number >= *least),
            Self::AtMost(most) => value.as_f64().is_some_and(|number| number <= *most),
        }
    }
}

/// 1 and 1.0 are one number (RFC 8259 section 6).
fn is_equal(one: &Value, other: &Value) -> bool {
    let is_float = |value: &Value| value.is_f64();
    match (one, other) {
        (Value::Number(_), Value::Number(_)) if is_float(one) || is_float(other) => {
            one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn tests(config: &PredicateConfig) -> Result<Vec<Test>, ConfigError> {
    if config.equals == Some(Value::Null) {
        let problem = "must not be null, which counts as no claim at all; write exists: false";
        return Err(ConfigError::new("equals", problem));
    }
    let regex = config.matches.as_deref().map(whole).transpose();
    let regex = regex.map_err(|problem| ConfigError::new("matches", problem))?;
    let tests = [
        config.equals.clone().map(Test::Equals),
        config
            .one_of
            .clone()
            .map(|values| Test::OneOf(values.into())),
        config.contains.clone().map(Test::Contains),
        regex.map(Test::Matches),
        config.exists.map(Test::Exists),
        number(config.at_least.as_ref()).map(Test::AtLeast),
        number(config.at_most.as_ref()).map(Test::AtMost),
    ];
    Ok(tests.into_iter().flatten().collect())
}

fn number(number: Option<&Number>) -> Option<f64> {
    number.and_then(Number::as_f64)
}

/// An expression for the whole of a text, of octets and in linear time, as the router's.
fn whole(text: &str) -> Result<Regex, String> {
    let build = |text: &str| {
        RegexBuilder::new(text)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(MOST_COMPILED)
            .dfa_size_limit(MOST_COMPILED)
            .build()
    };
    // By itself first: what is around it must not make it one.
    build(text)
        .and_then(|_| build(&format!("^(?:{text})$")))
        .map_err(|_| {
            format!(
                "must be a regular expression that compiles to at most {} KiB, found \"{text}\"",
                MOST_COMPILED / 1024
            )
        })
}

#[cfg(test)]
mod tests;
