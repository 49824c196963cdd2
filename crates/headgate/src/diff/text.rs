//! A difference for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use gateway_model::printable;
use serde_json::Value;

use super::buckets::{Buckets, State};
use super::changes::{Change, Kind};
use super::difference::Difference;
use super::fields::FieldChange;
use super::flow::{flow, quoted};
use super::shares::{Gets, Receiver, percent};
use super::traffic::{Effect, Requests, Taker};

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const TITLE: Style = Style::new().bold();

/// The most hosts of requests that are named; of the others the number is.
const MOST_HOSTS: usize = 3;

/// The difference with a line end, coloured; empty if there is none.
pub fn text(difference: &Difference) -> String {
    let mut lines = Lines::default();
    for change in &difference.changes {
        lines.change(change);
    }
    if !difference.traffic.is_empty() {
        lines.title("traffic");
        for effect in &difference.traffic {
            lines.within(&told(effect));
        }
    }
    if !difference.limits.is_empty() {
        lines.title("limits");
        for Buckets { limit, buckets } in &difference.limits {
            let become_of = match buckets {
                State::Kept => "keeps its buckets",
                State::Anew => "begins anew: its buckets are full",
                State::New => "is new: its buckets are full",
            };
            lines.within(&format!("{} {become_of}", quoted(limit)));
        }
    }
    if !difference.restart.is_empty() {
        lines.title("restart: Envoy takes these up only when it starts");
        for place in &difference.restart {
            lines.within(&match place.is_whole() {
                true => "the document".to_owned(),
                false => place.to_string(),
            });
        }
    }
    lines.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn title(&mut self, title: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{TITLE}{title}{TITLE:#}");
    }

    fn within(&mut self, line: &str) {
        let _ = writeln!(self.0, "    {line}");
    }

    fn change(&mut self, change: &Change) {
        let (style, sign) = match change.kind {
            Kind::Added => (ADDED, '+'),
            Kind::Removed => (REMOVED, '-'),
            Kind::Changed => (CHANGED, '~'),
        };
        let mut title = format!("{style}{sign} {}{style:#}", change.part.as_str());
        if let Some(name) = &change.name {
            let _ = write!(title, " {}", quoted(name));
        }
        if let [field] = change.fields.as_slice()
            && field.path.is_whole()
        {
            let _ = writeln!(self.0, "{title}: {}", values(field));
            return;
        }
        let _ = writeln!(self.0, "{title}");
        for field in &change.fields {
            self.field(field);
        }
        for other in &change.now_before {
            let place = "order: now before";
            self.within(&format!("{CHANGED}~{CHANGED:#} {place} {}", quoted(other)));
        }
    }

    fn field(&mut self, field: &FieldChange) {
        let (style, sign) = match (&field.before, &field.after) {
            (None, _) => (ADDED, '+'),
            (_, None) => (REMOVED, '-'),
            (Some(_), Some(_)) => (CHANGED, '~'),
        };
        let (path, values) = (&field.path, values(field));
        self.within(&format!("{style}{sign}{style:#} {path}: {values}"));
    }
}

/// `15s (default) -> 2s`.
fn values(field: &FieldChange) -> String {
    let (by_default, is_by_default) = (field.before_is_default, field.after_is_default);
    let shown = |value: &Value, is_default| match is_default {
        true => format!("{} (default)", flow(value)),
        false => flow(value),
    };
    match (&field.before, &field.after) {
        (Some(before), Some(after)) if by_default && is_by_default => {
            format!("{} -> {} (both by default)", flow(before), flow(after))
        }
        (Some(before), Some(after)) => {
            format!(
                "{} -> {}",
                shown(before, by_default),
                shown(after, is_by_default)
            )
        }
        (Some(one), None) | (None, Some(one)) => flow(one),
        (None, None) => String::new(),
    }
}

/// What is done to requests, in one line.
fn told(effect: &Effect) -> String {
    match effect {
        Effect::Shares { route, receivers } => {
            let receivers: Vec<String> = receivers.iter().map(share).collect();
            format!("{}: {}", printable(route), receivers.join("; "))
        }
        Effect::Answer {
            route,
            before,
            after,
        } => {
            format!("{}: {after}, before {before}", printable(route))
        }
        Effect::Taken {
            requests,
            before,
            after,
        } => {
            let named = !matches!(
                (before, after),
                (Taker::Refused { .. }, _) | (_, Taker::Refused { .. })
            );
            let (before, after) = (taker(before, named), taker(after, named));
            format!("such as {}: {after}, before {before}", these(requests))
        }
        Effect::Unknown { route } => {
            let route = quoted(route);
            format!("route {route}: no request was found to tell who takes its requests otherwise")
        }
        Effect::Stage { before, after } => match (before, after) {
            (Some(before), Some(after)) => {
                format!("{after} is taken off paths before they are matched, before {before} was")
            }
            (None, Some(after)) => format!("{after} is taken off paths before they are matched"),
            (Some(before), None) => {
                format!("{before} is no longer taken off paths before they are matched")
            }
            (None, None) => String::new(),
        },
    }
}

/// `pets-next gets 10 %, before 5 %`.
fn share(receiver: &Receiver) -> String {
    let mut name = receiver.name.clone();
    if receiver.upstream != receiver.name {
        let _ = write!(name, " (upstream {})", receiver.upstream);
    }
    if let Some(when) = &receiver.when {
        return match receiver.after > 0.0 {
            true => format!("{name} gets requests with {when}"),
            false => format!("{name} no longer gets requests with {when}"),
        };
    }
    let (before, after) = (receiver.before, receiver.after);
    let share = |share: f64, of: &str, none: &str| match share > 0.0 {
        true => format!("{of}{}", percent(share)),
        false => none.to_owned(),
    };
    match receiver.gets {
        Gets::Requests => {
            let (after, before) = (share(after, "", "nothing"), share(before, "", "nothing"));
            format!("{name} gets {after}, before {before}")
        }
        Gets::Copies => {
            let after = share(after, "copies of ", "no copies");
            format!(
                "{name} gets {after}, before {}",
                share(before, "of ", "none")
            )
        }
    }
}

/// `GET api.example.com/pets/any with x-env: prod`.
fn these(requests: &Requests) -> String {
    let mut these = match requests.methods.is_empty() {
        true => String::new(),
        false => format!("{} ", requests.methods.join(",")),
    };
    these += &match requests.hosts.as_slice() {
        [one] => one.clone(),
        hosts if hosts.len() <= MOST_HOSTS => hosts.join(","),
        [one, ..] => format!("{one} and {} other hosts, ", requests.hosts.len() - 1),
        [] => String::new(),
    };
    these += &requests.path;
    let headers: Vec<String> = requests
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    if !headers.is_empty() {
        let _ = write!(these, " with {}", headers.join(", "));
    }
    printable(&these)
}

/// What becomes of requests. `named`: also by which route, as both documents have one for them.
fn taker(taker: &Taker, named: bool) -> String {
    match taker {
        Taker::Route { name, does } if named => format!("{does} by route {}", quoted(name)),
        Taker::Route { does, .. } => does.clone(),
        Taker::Refused { status, reason } => format!("refused with {status} {reason}"),
    }
}
