//! How a route shares out its requests, and how it did.

use gateway_model::Route;
use serde::Serialize;
use serde_json::Value;

use super::defaults::value;
use super::flow::flow;

/// Someone who gets another share of a route's requests than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receiver {
    /// The destination; for copies the upstream.
    pub name: String,
    /// The upstream.
    pub upstream: String,
    /// What it gets.
    pub gets: Gets,
    /// The condition of those that it gets, in the document's words; none for a share of all others.
    pub when: Option<String>,
    /// How many percent it got.
    pub before: f64,
    /// How many percent it gets.
    pub after: f64,
}

/// What somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gets {
    /// Requests, by weight or by condition.
    Requests,
    /// Copies of them.
    Copies,
}

/// Those who get another share of a route's requests, in the order of the document.
pub fn receivers(before: &Route, after: &Route) -> Vec<Receiver> {
    let mut receivers = all(after);
    for receiver in &mut receivers {
        receiver.before = 0.0;
    }
    for was in all(before) {
        let same = |one: &&mut Receiver| {
            let (one, was) = (&**one, &was);
            (&one.name, &one.upstream, one.gets, &one.when)
                == (&was.name, &was.upstream, was.gets, &was.when)
        };
        match receivers.iter_mut().find(same) {
            Some(one) => one.before = was.before,
            None => receivers.push(Receiver { after: 0.0, ..was }),
        }
    }
    receivers.retain(|one| (one.before - one.after).abs() > 1e-9);
    receivers
}

/// Everybody, with what it gets before and after alike.
fn all(route: &Route) -> Vec<Receiver> {
    let sum: u64 = route.to.iter().map(|one| u64::from(one.weight())).sum();
    let to = route.to.iter().map(|one| {
        let share = match one.when {
            Some(_) => 100.0,
            None => f64::from(one.weight()) * 100.0 / (sum.max(1) as f64),
        };
        Receiver {
            name: one.name().to_string(),
            upstream: one.upstream.to_string(),
            gets: Gets::Requests,
            when: one.when.as_ref().map(|when| conditions(&value(when))),
            before: share,
            after: share,
        }
    });
    let copies = route.mirror.iter().map(|one| {
        let percent = one
            .percent
            .map_or(100.0, |one| f64::from(one.millionths()) / 10_000.0);
        Receiver {
            name: one.upstream.to_string(),
            upstream: one.upstream.to_string(),
            gets: Gets::Copies,
            when: None,
            before: percent,
            after: percent,
        }
    });
    to.chain(copies).collect()
}

/// Conditions in the document's words, without the braces around them.
fn conditions(when: &Value) -> String {
    let fields = when.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| format!("{name}: {}", flow(value)));
    fields.collect::<Vec<_>>().join(", ")
}

/// What a route does with a request, for people: `to pets (95 %) and pets-next (5 %)`.
pub fn what_it_does(route: &Route) -> String {
    if let Some(redirect) = &route.redirect {
        return format!("redirected with {}", redirect.status.unwrap_or(302));
    }
    if let Some(respond) = &route.respond {
        return format!("answered with {}", respond.status);
    }
    let receivers = all(route);
    let receivers = receivers
        .iter()
        .filter(|one| one.gets == Gets::Requests && one.after > 0.0);
    let certain = |one: &&Receiver| one.when.is_none();
    let alone = receivers.clone().filter(certain).count() == 1;
    let told = receivers.map(|one| match one.when {
        Some(_) => format!("{} (by condition)", one.name),
        None if alone => one.name.clone(),
        None => format!("{} ({})", one.name, percent(one.after)),
    });
    format!("to {}", told.collect::<Vec<_>>().join(" and "))
}

/// `95 %`, with at most three digits behind the point.
pub fn percent(percent: f64) -> String {
    format!("{} %", (percent * 1000.0).round() / 1000.0)
}
