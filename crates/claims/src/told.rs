//! What predicates come to, part by part, for who asks why.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::Claims;
use crate::predicate::{Predicate, Test};

/// What a predicate comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredicateTold {
    /// What it demands: `tier equals "gold"`; `any`, `all` or `not` of its parts.
    pub demand: String,
    /// Whether it holds.
    pub holds: bool,
    /// The claim that it is about, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Value>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PredicateTold>,
}

impl Predicate {
    /// What it comes to with these claims. Every part is told, also where another has decided already.
    pub fn tell(&self, claims: &Claims) -> PredicateTold {
        let (demand, found, parts) = match self {
            Self::Claim(selector, tests) => {
                let tests: Vec<String> = tests.iter().map(ToString::to_string).collect();
                let demand = format!("{selector} {}", tests.join(" and "));
                (demand, selector.find(claims).cloned(), Vec::new())
            }
            Self::Any(parts) => ("any".to_owned(), None, all(parts, claims)),
            Self::All(parts) => ("all".to_owned(), None, all(parts, claims)),
            Self::Not(part) => ("not".to_owned(), None, vec![part.tell(claims)]),
        };
        PredicateTold {
            demand,
            holds: self.holds(claims),
            found,
            parts,
        }
    }
}

fn all(parts: &[Predicate], claims: &Claims) -> Vec<PredicateTold> {
    parts.iter().map(|part| part.tell(claims)).collect()
}

/// In the words of the configuration.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "equals {value}"),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(f, "in [{}]", values.join(", "))
            }
            Self::Contains(value) => write!(f, "contains {value}"),
            Self::Matches(regex) => write!(f, "matches {:?}", as_written(regex.as_str())),
            Self::Exists(exists) => write!(f, "exists {exists}"),
            Self::AtLeast(number) => write!(f, "at_least {number}"),
            Self::AtMost(number) => write!(f, "at_most {number}"),
        }
    }
}

/// An expression without what makes it one for the whole of a text.
fn as_written(regex: &str) -> &str {
    let within = regex.strip_prefix("^(?:");
    let within = within.and_then(|rest| rest.strip_suffix(")$"));
    within.unwrap_or(regex)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::PredicateConfig;

    #[test]
    fn every_part_is_told() {
        let configs: Vec<PredicateConfig> = serde_json::from_value(json!([
            { "claim": "tier", "in": ["gold", 1], "matches": "g.*" },
            { "any": [
                { "claim": "level", "at_least": 3, "at_most": 4.5 },
                { "not": { "claim": ["a.b"], "exists": true } },
            ] },
            { "claim": "roles", "contains": "admin" },
        ]))
        .unwrap();
        let predicate = Predicate::compile_all(&configs, "").unwrap();
        let claims = json!({ "tier": "gold", "level": 2, "a.b": 1 });
        let told = predicate.tell(claims.as_object().unwrap());
        assert_eq!(
            serde_json::to_value(told).unwrap(),
            json!({ "demand": "all", "holds": false, "parts": [
                { "demand": "tier in [\"gold\", 1] and matches \"g.*\"", "holds": true, "found": "gold" },
                { "demand": "any", "holds": false, "parts": [
                    { "demand": "level at_least 3 and at_most 4.5", "holds": false, "found": 2 },
                    { "demand": "not", "holds": false, "parts": [
                        { "demand": "[\"a.b\"] exists true", "holds": true, "found": 1 },
                    ] },
                ] },
                { "demand": "roles contains \"admin\"", "holds": false },
            ] })
        );
    }
}
