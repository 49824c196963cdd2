//! Routes that no request can reach, and routes that cannot be told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use crate::document::Route;
use crate::words::quoted;
use function_router::{MatchConfig, ValueConfig};

/// One kind of request that a route takes, no matter what its path variables are called. Routes of
/// different kinds never hide each other: the router knows which is more specific.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    host: Option<String>,
    path: String,
    method: Option<String>,
    conditions: Conditions,
}

/// What else a request must look like, written down. Routes of different conditions never hide each
/// other: there is a request for each, or the more specific one comes first.
type Conditions = BTreeSet<(&'static str, String)>;

/// Routes of more kinds are not compared. Nobody writes them by hand, and the table must stay small.
const MOST_CELLS: usize = 10_000;

impl Check<'_> {
    /// Routes that can be told apart, by what they match and by name.
    pub(super) fn reach(&mut self) {
        let repeated = self.hidden_routes();
        self.route_names(&repeated);
    }

    /// Of routes for the same kind of request the first in the document takes it. Returns the routes
    /// that match just what an earlier one does.
    fn hidden_routes(&mut self) -> BTreeSet<usize> {
        let mut owners: BTreeMap<Cell, usize> = BTreeMap::new();
        let mut sizes = Vec::new();
        let mut repeated = BTreeSet::new();
        for (i, route) in self.gateway.routes.iter().enumerate() {
            let cells = cells(route);
            let earlier: BTreeSet<Option<usize>> =
                cells.iter().map(|cell| owners.get(cell).copied()).collect();
            // All or nothing: one kind of request that no earlier route takes makes this one useful.
            let earlier: Vec<usize> = earlier
                .into_iter()
                .collect::<Option<_>>()
                .unwrap_or_default();
            match earlier.as_slice() {
                [] => {}
                [first] if sizes.get(*first) == Some(&cells.len()) => {
                    self.same_match(i, *first);
                    repeated.insert(i);
                }
                earlier => self.never_reached(i, earlier),
            }
            sizes.push(cells.len());
            for cell in cells {
                owners.entry(cell).or_insert(i);
            }
        }
        repeated
    }

    fn same_match(&mut self, i: usize, first: usize) {
        let line = self.line(&format!("routes[{first}]"));
        let problem =
            format!("the same match as routes[{first}] on line {line}; remove one of the two");
        self.error(format!("routes[{i}].match"), problem);
    }

    fn never_reached(&mut self, i: usize, earlier: &[usize]) {
        let earlier: Vec<String> = earlier
            .iter()
            .map(|first| format!("routes[{first}]"))
            .collect();
        let problem = format!(
            "never reached: all its requests go to {}, which comes first; remove it",
            earlier.join(" or ")
        );
        self.error(format!("routes[{i}].match"), problem);
    }

    /// A name is what tells routes apart in logs and metrics. A repeated route that is called after
    /// its match has the same name too, and needs no second complaint.
    fn route_names(&mut self, repeated: &BTreeSet<usize>) {
        let mut names = BTreeMap::new();
        for (i, route) in self.gateway.routes.iter().enumerate() {
            let name = route.name();
            match names.get(&name) {
                None => {
                    names.insert(name, i);
                }
                Some(_) if repeated.contains(&i) => {}
                Some(first) => self.same_name(i, *first, route),
            }
        }
    }

    fn same_name(&mut self, i: usize, first: usize, route: &Route) {
        let line = self.line(&format!("routes[{first}]"));
        let name = quoted(&route.name());
        let problem =
            format!("routes[{first}] on line {line} is called {name} too; give this another name");
        let own = if route.is_named() { ".name" } else { "" };
        self.error(format!("routes[{i}]{own}"), problem);
    }
}

/// Every kind of request that a route takes; none, if there are too many to compare.
fn cells(route: &Route) -> BTreeSet<Cell> {
    let config = route.matches.to_config();
    if config.hosts.len().saturating_mul(config.methods.len()) > MOST_CELLS {
        return BTreeSet::new();
    }
    let conditions = conditions(&config);
    let path = match (&config.path, &config.prefix, &config.regex) {
        (Some(path), ..) => without_names(path),
        (_, Some(prefix), _) => format!("{}/*", prefix.strip_suffix('/').unwrap_or(prefix)),
        (.., regex) => format!("regex {}", regex.as_deref().unwrap_or_default()),
    };
    let some_or_any = |list: Vec<String>| match list.is_empty() {
        true => vec![None],
        false => list.into_iter().map(Some).collect::<Vec<_>>(),
    };
    let methods = some_or_any(config.methods);
    let hosts = some_or_any(config.hosts);
    hosts
        .into_iter()
        .flat_map(|host| {
            methods
                .iter()
                .map(move |method| (host.clone(), method.clone()))
        })
        .map(|(host, method)| Cell {
            host,
            path: path.clone(),
            method,
            conditions: conditions.clone(),
        })
        .collect()
}

fn conditions(config: &MatchConfig) -> Conditions {
    let value =
        |what| move |(name, value): (&String, &ValueConfig)| (what, format!("{name} {value:?}"));
    let headers = config.headers.iter().map(value("header"));
    let query = config.query.iter().map(value("query"));
    let types = config.content_types.iter();
    let types = types.map(|kind| ("type", kind.to_ascii_lowercase()));
    headers.chain(query).chain(types).collect()
}

/// `/pets/{id}` as `/pets/{}`.
fn without_names(path: &str) -> String {
    let segment = |segment: &str| match segment.starts_with('{') {
        true => "{}".to_owned(),
        false => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}
