//! What the figures should be, and whether they are.

use serde::Serialize;

use crate::contest::Measured;
use crate::report::Results;
use crate::rows::FLOOR;
use crate::statistics::Summary;

/// A tenth of what 100,000 tokens are by themselves, in megabytes.
pub const MOST_GROWTH: f64 = 6.0;

/// What a million keys may leave behind, in megabytes: a few bytes each would be more.
pub const MOST_OF_KEYS: f64 = 6.0;

/// A figure and its bound.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What is bounded.
    pub what: &'static str,
    /// The most that it should be.
    pub most: f64,
    /// What it is.
    pub measured: Summary,
    /// Its unit; empty for a ratio.
    pub unit: &'static str,
}

impl Figure {
    /// Whether the median keeps the bound.
    pub fn is_met(&self) -> bool {
        self.measured.median <= self.most
    }
}

/// All figures whose rows were measured.
pub fn all(results: &Results) -> Vec<Figure> {
    let ratio = |what, own: &str, other: &str, most| {
        let measured = results.row(own)?.ratio_to(results.row(other)?)?;
        Some(Figure {
            what,
            most,
            measured,
            unit: "",
        })
    };
    let command = |what, name: &str| {
        let taken = results
            .pusher
            .iter()
            .find(|taken| taken.command.ends_with(name))?;
        let measured = taken.milliseconds;
        Some(Figure {
            what,
            most: 1_000.0,
            measured,
            unit: "ms",
        })
    };
    [
        ratio(
            "router, 10,000 routes, to 10",
            "router-10000",
            "router-10",
            1.15,
        ),
        ratio("router, 10 routes, to the floor", "router-10", FLOOR, 1.25),
        ratio(
            "router, 1,000 routes, to Envoy's 1,000 paths",
            "router-path-1000",
            "envoy-path-1000",
            1.0,
        ),
        ratio(
            "router, 1,000 routes, to the last of Envoy's 1,000 paths",
            "router-path-1000",
            "envoy-last-path-1000",
            1.0,
        ),
        ratio(
            "router, 10,000 routes, to Envoy's 10,000 paths",
            "router-10000",
            "envoy-path-10000",
            1.0,
        ),
        ratio(
            "router, 1,000 routes, to Envoy's 1,000 prefixes",
            "router-prefix-1000",
            "envoy-prefix-1000",
            1.0,
        ),
        ratio(
            "router, 1,000 routes, to Envoy's 1,000 regular expressions",
            "router-1000",
            "envoy-regex-1000",
            1.0,
        ),
        ratio(
            "jwt-authz, a token it remembers, to native jwt_authn",
            "jwt-cached",
            "envoy-jwt-cached",
            1.3,
        ),
        ratio(
            "jwt-authz, RS256 each time, to native jwt_authn",
            "jwt-rs256",
            "envoy-jwt-rs256",
            1.3,
        ),
        ratio(
            "jwt-authz, ES256 each time, to native jwt_authn",
            "jwt-es256",
            "envoy-jwt-es256",
            1.3,
        ),
        ratio(
            "jwt-authz, a claim required and two in header fields, to native jwt_authn, rbac and Lua",
            "jwt-claims",
            "envoy-jwt-rbac-lua",
            1.0,
        ),
        beyond(
            results,
            "one limit by address in the pipeline, beyond the pipeline without",
            "pipeline-limit-address",
            "pipeline-user",
        ),
        beyond(
            results,
            "one limit by a header field in the pipeline, beyond the pipeline without",
            "pipeline-limit-header",
            "pipeline-users",
        ),
        ratio(
            "one limit by address in the pipeline, to native local_ratelimit in front of it",
            "pipeline-limit-address",
            "envoy-limit-address",
            1.0,
        ),
        ratio(
            "one limit by a header field in the pipeline, to native local_ratelimit in front of it",
            "pipeline-limit-header",
            "envoy-limit-header",
            1.0,
        ),
        ratio(
            "one limit, 1,000,000 keys, to 1,000",
            "pipeline-limit-million",
            "pipeline-limit-header",
            1.3,
        ),
        keys(results),
        memory(results),
        command("`headgate check`, 10,000 routes", "check"),
        command("`headgate render`, 10,000 routes", "render"),
        readiness(results),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a limit costs beyond the same without it.
fn beyond(results: &Results, what: &'static str, own: &str, other: &str) -> Option<Figure> {
    Some(Figure {
        what,
        most: 3.0,
        measured: results.row(own)?.beyond(results.row(other)?)?,
        unit: "µs",
    })
}

/// What keys leave behind in a table that has room for all of them: two Envoys are compared, of which one
/// has seen a million.
fn keys(results: &Results) -> Option<Figure> {
    let resident = |key: &str| Some(results.row(key)?.resident_bytes as f64);
    let growth = resident("pipeline-limit-million")? - resident("pipeline-limit-header")?;
    Some(Figure {
        what: "resident memory of a limit with 1,000,000 keys, beyond that with 1,000",
        most: MOST_OF_KEYS,
        measured: Summary::of([growth / 1e6])?,
        unit: "MB",
    })
}

fn memory(results: &Results) -> Option<Figure> {
    Some(Figure {
        what: "resident memory with many different tokens, beyond that with the first of them",
        most: MOST_GROWTH,
        measured: Summary::of([results.memory.as_ref()?.growth()])?,
        unit: "MB",
    })
}

fn readiness(results: &Results) -> Option<Figure> {
    let [without, with, ..] = &*results.starts else {
        return None;
    };
    let beyond = |with: f64, without: f64| with - without;
    let (with, without) = (with.milliseconds, without.milliseconds);
    Some(Figure {
        what: "ready with the pipeline, beyond Envoy alone",
        most: 500.0,
        measured: Summary {
            median: beyond(with.median, without.median),
            lower_quartile: beyond(with.lower_quartile, without.lower_quartile),
            upper_quartile: beyond(with.upper_quartile, without.upper_quartile),
            least: beyond(with.least, without.least),
        },
        unit: "ms",
    })
}

/// From how many routes on the router is cheaper than a list of Envoy's, on the line between the two
/// lists next to it. `None` when no list that was measured costs more.
pub fn crossing(results: &Results, list: &str) -> Option<f64> {
    let router = results.row("router-10")?.micros.median;
    let mut lists: Vec<(f64, f64)> = results
        .rows
        .iter()
        .filter_map(|row| of_list(row, list))
        .collect();
    lists.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    lists
        .array_windows()
        .find_map(|&[(fewer, less), (more, dearer)]| {
            let crosses = less <= router && router <= dearer;
            let part = (router - less) / (dearer - less);
            crosses.then_some(fewer + part * (more - fewer))
        })
}

/// The length of a list and what it costs.
fn of_list(row: &Measured, list: &str) -> Option<(f64, f64)> {
    let length = row.key.strip_prefix(list)?.parse().ok()?;
    Some((length, row.micros.median))
}
