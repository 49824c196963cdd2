//! Demands that no claims can meet.
//!
//! What is found is sure; what is not found may be contradictory all the same. A predicate is taken
//! apart into the ways to meet it, each a list of tests that must hold or must not; a way is closed when
//! the tests of one claim cannot be met together.

use serde_json::Value;

use crate::predicate::{Predicate, Test};
use crate::selector::Selector;

/// Of predicates with more ways to be met it is not said whether they can be.
const MOST_WAYS: usize = 256;

/// A test of a claim that must hold, or must not.
#[derive(Debug, Clone, Copy)]
struct Demand<'p> {
    selector: &'p Selector,
    test: &'p Test,
    holds: bool,
}

type Way<'p> = Vec<Demand<'p>>;

impl Predicate {
    /// A claim of which all of these together demand what cannot be; none, if they can all hold, or if
    /// that cannot be said.
    pub fn contradiction<'p>(all: &[&'p Self]) -> Option<&'p Selector> {
        let mut ways: Vec<Way<'p>> = vec![Vec::new()];
        for one in all {
            ways = product(&ways, &one.ways(true)?)?;
        }
        let mut found = None;
        for way in &ways {
            found = found.or(Some(closed(way)?));
        }
        found
    }

    /// The ways in which it holds, or does not; none if there are too many.
    fn ways(&self, holds: bool) -> Option<Vec<Way<'_>>> {
        match (self, holds) {
            (Self::Claim(selector, tests), holds) => {
                let demands = tests.iter().map(|test| Demand {
                    selector,
                    test,
                    holds,
                });
                match holds {
                    true => Some(vec![demands.collect()]),
                    false => bounded(demands.map(|one| vec![one]).collect()),
                }
            }
            (Self::Any(parts), true) | (Self::All(parts), false) => {
                let mut ways = Vec::new();
                for part in parts {
                    ways.extend(part.ways(holds)?);
                }
                bounded(ways)
            }
            (Self::All(parts), true) | (Self::Any(parts), false) => {
                let mut ways = vec![Vec::new()];
                for part in parts {
                    ways = product(&ways, &part.ways(holds)?)?;
                }
                Some(ways)
            }
            (Self::Not(part), holds) => part.ways(!holds),
        }
    }
}

fn bounded(ways: Vec<Way<'_>>) -> Option<Vec<Way<'_>>> {
    (ways.len() <= MOST_WAYS).then_some(ways)
}

/// Each of these with each of those.
fn product<'p>(these: &[Way<'p>], those: &[Way<'p>]) -> Option<Vec<Way<'p>>> {
    if these.len().saturating_mul(those.len()) > MOST_WAYS {
        return None;
    }
    let with = |one: &Way<'p>| {
        let one = one.clone();
        let ways = those.iter();
        ways.map(move |other| one.iter().chain(other).copied().collect())
    };
    Some(these.iter().flat_map(with).collect())
}

/// A claim of which this way demands what cannot be.
fn closed<'p>(way: &Way<'p>) -> Option<&'p Selector> {
    let selectors = way.iter().map(|demand| demand.selector);
    selectors
        .into_iter()
        .find(|selector| cannot_be(way.iter().filter(|one| one.selector == *selector)))
}

/// Whether no value meets these demands on one claim, nor its absence.
fn cannot_be<'d, 'p: 'd>(demands: impl Iterator<Item = &'d Demand<'p>> + Clone) -> bool {
    let met = |value: Option<&Value>| {
        let mut demands = demands.clone();
        demands.all(|demand| demand.test.holds(value) == demand.holds)
    };
    if met(None) {
        return false;
    }
    // It must be there, then. Where values are named, it is one of them.
    let wanted = || demands.clone().filter(|demand| demand.holds);
    if wanted().any(|demand| matches!(demand.test, Test::Exists(false)))
        || demands
            .clone()
            .any(|demand| !demand.holds && matches!(demand.test, Test::Exists(true)))
    {
        return true;
    }
    let named = wanted().find_map(|demand| match demand.test {
        Test::Equals(value) => Some(std::slice::from_ref(value)),
        Test::OneOf(values) => Some(&**values),
        _ => None,
    });
    if let Some(values) = named {
        return !values
            .iter()
            .any(|value| !value.is_null() && met(Some(value)));
    }
    has_no_kind(wanted().map(|demand| demand.test)) || has_no_number(wanted().map(|one| one.test))
}

/// Whether these tests hold of no kind of value: of numbers, texts and arrays some hold alone.
fn has_no_kind<'t>(tests: impl Iterator<Item = &'t Test>) -> bool {
    let (mut number, mut text, mut array) = (true, true, true);
    for test in tests {
        let (of_number, of_text, of_array) = match test {
            Test::AtLeast(_) | Test::AtMost(_) => (true, false, false),
            Test::Matches(_) => (false, true, false),
            Test::Contains(Value::String(_)) => (false, true, true),
            Test::Contains(_) => (false, false, true),
            Test::Equals(_) | Test::OneOf(_) | Test::Exists(_) => continue,
        };
        number &= of_number;
        text &= of_text;
        array &= of_array;
    }
    !(number || text || array)
}

/// Whether no number is between these bounds.
fn has_no_number<'t>(tests: impl Iterator<Item = &'t Test>) -> bool {
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    for test in tests {
        match test {
            Test::AtLeast(bound) => least = least.max(*bound),
            Test::AtMost(bound) => most = most.min(*bound),
            _ => {}
        }
    }
    least > most
}

#[cfg(test)]
mod tests;
