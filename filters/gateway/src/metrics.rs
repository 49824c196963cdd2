//! What is counted: requests and their duration, and refusals.
//!
//! The ABI knows no labels, so they are in a metric's name, each as `;label=value;`. Envoy takes them
//! out again by the regular expressions in its bootstrap (`stats_tags`, rendered from [`LABELS`]), so
//! that Prometheus sees labels.
//!
//! Names come from the configuration alone, never from a request. A series is made when it is first
//! needed and kept; after that a request costs no text. Each thread makes at most [`MOST_SERIES`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use filter_api::{CounterId, HistogramId, HostError, Metrics as Host, label_value};

/// Requests by route, function and class of the response: a counter.
pub const REQUESTS: &str = "headgate_requests_total";
/// How long requests took by route and function, in microseconds: a histogram.
pub const DURATION: &str = "headgate_request_duration_microseconds";
/// Refused requests by route and reason: a counter.
pub const REFUSALS: &str = "headgate_refusals_total";

/// All labels that metrics have.
pub const LABELS: [&str; 4] = ["route", "function", "class", "reason"];

/// How many series one thread makes; what would need more is counted with the route [`OTHER`]. A
/// histogram costs Envoy several kilobytes in each thread.
pub const MOST_SERIES: usize = 10_000;

/// The route's label of what has no series of its own.
pub const OTHER: &str = "other";

/// A longer label is cut. Names that the document gives are shorter; those that a match says may not
/// be.
const MOST_LABEL_BYTES: usize = 256;

/// How far a request got: its route, and among the route's destinations the one that it went to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The route's index.
    pub route: Option<usize>,
    /// The destination's index.
    pub destination: Option<usize>,
}

/// The hundreds of a status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// 1xx to 5xx.
    Status(u8),
    /// There was no response.
    None,
}

impl Class {
    /// Reads `:status`.
    pub fn of(status: Option<&[u8]>) -> Self {
        match status {
            Some([hundreds @ b'1'..=b'5', _, _]) => Self::Status(hundreds - b'0'),
            _ => Self::None,
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Status(hundreds) => usize::from(hundreds),
            Self::None => 0,
        }
    }

    fn label(self) -> &'static str {
        let labels = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];
        labels.get(self.index()).copied().unwrap_or("none")
    }
}

/// The metrics of one thread.
#[derive(Debug)]
pub struct Metrics {
    routes: Box<[RouteLabels]>,
    series: RefCell<Series>,
}

/// The labels of a route, as they stand in a metric's name.
#[derive(Debug)]
struct RouteLabels {
    route: String,
    functions: Box<[String]>,
    /// The place of the route without a function; those with one follow.
    first_place: usize,
}

/// What was made so far.
#[derive(Debug)]
struct Series {
    /// How many more may be made.
    room: usize,
    /// By place; the first is that of no route.
    places: Box<[OfPlace]>,
    refusals: BTreeMap<(Option<usize>, &'static str), Option<CounterId>>,
    /// What has none of its own.
    other: OfPlace,
    other_refusals: BTreeMap<&'static str, Option<CounterId>>,
}

/// The series of one place.
#[derive(Debug, Clone, Default)]
struct OfPlace {
    /// By [`Class::index`].
    requests: [Option<CounterId>; 6],
    duration: Option<HistogramId>,
}

impl Metrics {
    /// Metrics for these routes: the name of each, and those of its destinations.
    pub fn new<'n, D: Iterator<Item = &'n str>>(
        routes: impl IntoIterator<Item = (&'n str, D)>,
    ) -> Self {
        Self::with_room(routes, MOST_SERIES)
    }

    fn with_room<'n, D: Iterator<Item = &'n str>>(
        routes: impl IntoIterator<Item = (&'n str, D)>,
        room: usize,
    ) -> Self {
        let mut places = 1;
        let labels = |(route, functions): (&str, D)| {
            let functions: Box<[String]> = functions.map(escaped).collect();
            let first_place = places;
            places += 1 + functions.len();
            RouteLabels {
                route: escaped(route),
                functions,
                first_place,
            }
        };
        let routes = routes.into_iter().map(labels).collect();
        Self {
            routes,
            series: RefCell::new(Series {
                room,
                places: vec![OfPlace::default(); places].into(),
                refusals: BTreeMap::new(),
                other: OfPlace::default(),
                other_refusals: BTreeMap::new(),
            }),
        }
    }

    /// Counts a request that is over, and how long it took.
    pub fn request<H: Host + ?Sized>(&self, host: &mut H, at: Place, class: Class, took: Duration) {
        let mut series = self.series.borrow_mut();
        let Series {
            room,
            places,
            other,
            ..
        } = &mut *series;
        let own = places.get_mut(self.index(at));
        let Some(own) = own else { return };

        let [own_counter, other_counter] = [&mut own.requests, &mut other.requests]
            .map(|by_class| by_class.get_mut(class.index()));
        if let (Some(own), Some(other)) = (own_counter, other_counter) {
            let label = ("class", class.label());
            let define =
                |labels: &[Label<'_>]| host.define_counter(&name(REQUESTS, labels, Some(label)));
            if let Some(counter) = self.own_or_other(at, room, own, other, define) {
                host.count(counter, 1);
            }
        }

        let define = |labels: &[Label<'_>]| host.define_histogram(&name(DURATION, labels, None));
        let (own, other) = (&mut own.duration, &mut other.duration);
        if let Some(histogram) = self.own_or_other(at, room, own, other, define) {
            host.record(
                histogram,
                u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            );
        }
    }

    /// Counts a request that was refused.
    pub fn refusal<H: Host + ?Sized>(
        &self,
        host: &mut H,
        route: Option<usize>,
        reason: &'static str,
    ) {
        let mut series = self.series.borrow_mut();
        let Series {
            room,
            refusals,
            other_refusals,
            ..
        } = &mut *series;
        let at = Place {
            route,
            destination: None,
        };
        let own = refusals.entry((route, reason)).or_default();
        let other = other_refusals.entry(reason).or_default();
        let label = ("reason", reason);
        let define =
            |labels: &[Label<'_>]| host.define_counter(&name(REFUSALS, labels, Some(label)));
        if let Some(counter) = self.own_or_other(at, room, own, other, define) {
            host.count(counter, 1);
        }
    }

    /// The id of a series: its own, as long as there is room to make it, or the one that it shares.
    /// `None` when the host refuses, which costs no request.
    fn own_or_other<I: Copy>(
        &self,
        at: Place,
        room: &mut usize,
        own: &mut Option<I>,
        other: &mut Option<I>,
        mut define: impl FnMut(&[Label<'_>]) -> Result<I, HostError>,
    ) -> Option<I> {
        if own.is_none() && *room > 0 {
            *own = define(&self.labels(at)).ok();
            *room -= usize::from(own.is_some());
        }
        if own.is_none() && other.is_none() {
            *other = define(&[("route", OTHER)]).ok();
        }
        own.or(*other)
    }

    fn index(&self, at: Place) -> usize {
        let route = at.route.and_then(|route| self.routes.get(route));
        let destination = at.destination.map_or(0, |destination| destination + 1);
        route.map_or(0, |route| route.first_place + destination)
    }

    fn labels(&self, at: Place) -> Vec<Label<'_>> {
        let Some(route) = at.route.and_then(|route| self.routes.get(route)) else {
            return Vec::new();
        };
        let function = at.destination.and_then(|index| route.functions.get(index));
        let function = function.map(|function| ("function", function.as_str()));
        let route = ("route", route.route.as_str());
        std::iter::once(route).chain(function).collect()
    }
}

/// A label's name and value.
type Label<'a> = (&'static str, &'a str);

/// A metric's name with its labels in it.
fn name(metric: &str, labels: &[Label<'_>], last: Option<Label<'_>>) -> String {
    let mut name = metric.to_owned();
    for (label, value) in labels.iter().copied().chain(last) {
        let _ = write!(name, ";{label}={value};"); // a String takes all
    }
    name
}

/// A route's or a function's name as a label's value.
fn escaped(name: &str) -> String {
    let mut value = label_value(name);
    value.truncate(MOST_LABEL_BYTES);
    value
}

#[cfg(test)]
mod tests;
