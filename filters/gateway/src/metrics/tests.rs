#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// Notes names by id, and what was counted.
#[derive(Default)]
struct Noted {
    names: Vec<String>,
    counts: BTreeMap<String, u64>,
}

impl Noted {
    fn define(&mut self, name: &str) -> u32 {
        assert!(
            !self.names.iter().any(|known| known == name),
            "{name} again"
        );
        self.names.push(name.to_owned());
        u32::try_from(self.names.len() - 1).unwrap()
    }

    fn add(&mut self, id: u32, value: u64) {
        let name = self.names[usize::try_from(id).unwrap()].clone();
        *self.counts.entry(name).or_default() += value;
    }
}

impl Host for Noted {
    fn define_counter(&mut self, name: &str) -> Result<CounterId, HostError> {
        Ok(CounterId(self.define(name)))
    }

    fn count(&mut self, counter: CounterId, by: u32) {
        self.add(counter.0, by.into());
    }

    fn define_histogram(&mut self, name: &str) -> Result<HistogramId, HostError> {
        Ok(HistogramId(self.define(name)))
    }

    fn record(&mut self, histogram: HistogramId, value: u64) {
        self.add(histogram.0, value);
    }

    fn define_gauge(&mut self, name: &str) -> Result<filter_api::GaugeId, HostError> {
        Ok(filter_api::GaugeId(self.define(name)))
    }

    fn set_gauge(&mut self, gauge: filter_api::GaugeId, value: u64) {
        self.add(gauge.0, value);
    }
}

fn metrics(room: usize) -> Metrics {
    let routes: [(&str, &[&str]); 3] = [
        ("GET /pets/{id}", &["current", "next"]),
        ("moved; 100%", &[]),
        ("last", &["current"]),
    ];
    let routes = routes.map(|(route, to)| (route, to.iter().copied()));
    Metrics::with_room(routes, room)
}

fn at(route: usize, destination: impl Into<Option<usize>>) -> Place {
    Place {
        route: Some(route),
        destination: destination.into(),
    }
}

fn counts(noted: &Noted) -> Vec<String> {
    let line = |(name, count): (&String, &u64)| format!("{name} {count}");
    noted.counts.iter().map(line).collect()
}

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn a_request_is_counted_where_it_went() {
    let (metrics, mut host) = (metrics(MOST_SERIES), Noted::default());
    for (place, status) in [
        (at(0, 0), Some(&b"200"[..])),
        (at(0, 0), Some(b"204")),
        (at(0, 1), Some(b"503")),
        (at(1, None), Some(b"301")),
        (at(2, 0), Some(b"101")),
        (at(2, 0), None),
        (Place::default(), Some(b"404")),
    ] {
        metrics.request(&mut host, place, Class::of(status), MILLI);
    }
    assert_eq!(
        counts(&host),
        [
            "headgate_request_duration_microseconds 1000",
            "headgate_request_duration_microseconds;route=GET /pets/{id};;function=current; 2000",
            "headgate_request_duration_microseconds;route=GET /pets/{id};;function=next; 1000",
            "headgate_request_duration_microseconds;route=last;;function=current; 2000",
            "headgate_request_duration_microseconds;route=moved%3B 100%25; 1000",
            "headgate_requests_total;class=4xx; 1",
            "headgate_requests_total;route=GET /pets/{id};;function=current;;class=2xx; 2",
            "headgate_requests_total;route=GET /pets/{id};;function=next;;class=5xx; 1",
            "headgate_requests_total;route=last;;function=current;;class=1xx; 1",
            "headgate_requests_total;route=last;;function=current;;class=none; 1",
            "headgate_requests_total;route=moved%3B 100%25;;class=3xx; 1",
        ]
    );
}

#[test]
fn refusals_are_counted_by_reason() {
    let (metrics, mut host) = (metrics(MOST_SERIES), Noted::default());
    for (route, reason) in [
        (None, "no_route"),
        (None, "no_route"),
        (Some(0), "upgrade_not_allowed"),
    ] {
        metrics.refusal(&mut host, route, reason);
    }
    assert_eq!(
        counts(&host),
        [
            "headgate_refusals_total;reason=no_route; 2",
            "headgate_refusals_total;route=GET /pets/{id};;reason=upgrade_not_allowed; 1",
        ]
    );
}

#[test]
fn beyond_the_bound_everything_is_other() {
    let (metrics, mut host) = (metrics(2), Noted::default());
    for _ in 0..2 {
        metrics.request(&mut host, at(0, 0), Class::Status(2), MILLI);
        metrics.request(&mut host, at(0, 1), Class::Status(2), MILLI);
        metrics.request(&mut host, at(2, 0), Class::Status(2), MILLI);
        metrics.refusal(&mut host, Some(0), "closed");
    }
    assert_eq!(
        counts(&host),
        [
            "headgate_refusals_total;route=other;;reason=closed; 2",
            "headgate_request_duration_microseconds;route=GET /pets/{id};;function=current; 2000",
            "headgate_request_duration_microseconds;route=other; 4000",
            "headgate_requests_total;route=GET /pets/{id};;function=current;;class=2xx; 2",
            "headgate_requests_total;route=other;;class=2xx; 4",
        ]
    );
}

#[test]
fn a_label_is_cut_before_it_is_endless() {
    let route = "\u{e9}".repeat(500);
    let metrics = Metrics::new([(route.as_str(), std::iter::empty())]);
    let mut host = Noted::default();
    metrics.refusal(&mut host, Some(0), "closed");
    let [name] = &host.names[..] else { panic!() };
    assert!(
        name.starts_with("headgate_refusals_total;route=%C3%A9%C3"),
        "{name}"
    );
    assert!(name.len() < 320, "{}", name.len());
}
