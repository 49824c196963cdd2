//! Routes that no request can reach, and routes that cannot be told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use crate::document::{Match, Route};
use crate::scalars::HostPattern;
use crate::words::quoted;
use function_router::{Demands, PathDemand};

/// One kind of request that a route takes. Routes of different kinds do not hide each other: the one does
/// not take all that the other does, or the router knows which is more specific. (A regular expression
/// that takes all paths of a template hides it from nobody, as a template comes first; the other way
/// round it is not seen.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell<'d> {
    host: Option<&'d HostPattern>,
    path: &'d PathDemand,
    method: Option<&'d str>,
}

/// What a route takes. Of routes of one cell the one with more conditions comes first. So an earlier one
/// hides a later one if all the later one's requests meet its conditions, and it has as many of them.
#[derive(Debug)]
struct Taken<'d> {
    demands: Demands,
    matches: &'d Match,
}

/// Routes of more kinds are not compared. Nobody writes them by hand, and the table must stay small.
const MOST_CELLS: usize = 10_000;

/// How many routes of one cell are compared with each that comes later, so that time does not grow with
/// the square of their number.
const MOST_COMPARED: usize = 5_000;

impl Check<'_> {
    /// Routes that can be told apart, by what they match and by name.
    pub(super) fn reach(&mut self) {
        let repeated = self.hidden_routes();
        self.route_names(&repeated);
    }

    /// Of routes for the same kind of request and of as many conditions the first in the document takes
    /// it. Returns the routes that match just what an earlier one does.
    fn hidden_routes(&mut self) -> BTreeSet<usize> {
        let gateway = self.gateway;
        // What the router refuses is told elsewhere, and takes nothing here.
        let taken = gateway.routes.iter().map(|route| Taken::by(&route.matches));
        let taken: Vec<Option<Taken<'_>>> = taken.collect();
        let mut earlier: BTreeMap<Cell<'_>, Vec<(usize, &Taken<'_>)>> = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        for (i, own) in taken.iter().enumerate() {
            let Some(own) = own else { continue };
            let cells = own.cells();
            let owners = cells.iter().map(|cell| {
                let mut earlier = earlier.get(cell).into_iter().flatten();
                let owner = earlier.find(|(_, other)| own.demands.imply_as_many(&other.demands));
                owner.map(|(owner, _)| *owner)
            });
            // All or nothing: one kind of request that no earlier route takes makes this one useful.
            let owners: Option<BTreeSet<usize>> = owners.collect();
            let owners: Vec<usize> = owners.unwrap_or_default().into_iter().collect();
            let same = |first: usize| {
                let first = taken.get(first).and_then(Option::as_ref);
                first.is_some_and(|first| first.is_same(own))
            };
            match owners.as_slice() {
                [] => {}
                [first] if same(*first) => {
                    self.same_match(i, *first);
                    repeated.insert(i);
                }
                owners => self.never_reached(i, owners),
            }
            for cell in cells {
                let routes = earlier.entry(cell).or_default();
                if routes.len() < MOST_COMPARED {
                    routes.push((i, own));
                }
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
            "never reached: all its requests go to {}, which comes first; remove it, or move it up",
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

impl<'d> Taken<'d> {
    /// Nothing, if the router would refuse the match.
    fn by(matches: &'d Match) -> Option<Self> {
        let demands = Demands::compile(&matches.to_config()).ok()?;
        Some(Self { demands, matches })
    }

    /// Every kind of request that is taken; none, if there are too many to compare.
    fn cells(&self) -> BTreeSet<Cell<'_>> {
        let (hosts, methods) = (&self.matches.hosts, self.matches.methods());
        if hosts.len().saturating_mul(methods.len()) > MOST_CELLS {
            return BTreeSet::new();
        }
        let methods = some_or_any(methods);
        let hosts = some_or_any(hosts.iter().collect());
        let cells = hosts.iter().flat_map(|host| {
            methods.iter().map(|method| Cell {
                host: *host,
                path: self.demands.path(),
                method: *method,
            })
        });
        cells.collect()
    }

    /// Whether both take just the same.
    fn is_same(&self, other: &Self) -> bool {
        self.cells() == other.cells()
            && self.demands.imply_as_many(&other.demands)
            && other.demands.imply_as_many(&self.demands)
    }
}

/// A list, of which none means any.
fn some_or_any<T>(list: Vec<T>) -> Vec<Option<T>> {
    match list.is_empty() {
        true => vec![None],
        false => list.into_iter().map(Some).collect(),
    }
}
