//! Which limits a request is subject to.

use std::collections::{BTreeMap, BTreeSet};

use filter_api::ConfigError;
use function_router::Route;

use crate::config::{LimitConfig, LimitsConfig};
use crate::limit::{Holder, Limit, Owner};

/// All limits of a configuration, and of which requests they are.
pub(crate) struct Plans {
    pub(crate) limits: Vec<Limit>,
    /// Of requests that no route takes.
    pub(crate) unrouted: Plan,
    /// By the route's index.
    pub(crate) routes: Box<[Plan]>,
}

/// Which limits a route's requests are subject to, by their indices: first those of its function, then its
/// own, then those of all requests; but those with a bucket for all come last, so that who is over a limit of
/// its own does not get at them.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Those that are asked before anybody knows who the client is.
    pub(crate) early: Box<[usize]>,
    /// Those that are asked when claims are known, of requests that no function takes.
    late: Box<[usize]>,
    /// The same of requests that a function takes, by the function's index.
    functions: Box<[Box<[usize]>]>,
}

impl Plans {
    /// Compiles the limits of these routes. `asks_tokens` says whether tokens are looked at of requests that a
    /// route takes, or none.
    pub(crate) fn compile(
        config: &LimitsConfig,
        routes: &[Route],
        asks_tokens: impl Fn(Option<&Route>) -> bool,
    ) -> Result<Self, ConfigError> {
        let mut all = All::default();
        let of_gateway = all.add(&config.gateway, "gateway", Owner::Gateway)?;
        let mut by_name = BTreeMap::<&str, Vec<&Route>>::new();
        for route in routes {
            by_name.entry(route.name()).or_default().push(route);
        }
        let routes_named = |name: &str, place: &str| {
            let named = by_name.get(name).map(Vec::as_slice);
            named.ok_or_else(|| ConfigError::new(place, "must be the name of a route"))
        };
        // By the route's index, and by the function's.
        let mut of_routes = BTreeMap::<usize, Vec<usize>>::new();
        let mut of_functions = BTreeMap::<(usize, usize), Vec<usize>>::new();
        for (name, configs) in &config.routes {
            let place = format!("routes[{name:?}]");
            for route in routes_named(name, &place)? {
                let own = all.add(configs, &place, Owner::Route(route))?;
                of_routes.insert(route.index(), own);
            }
        }
        for (name, functions) in &config.functions {
            let place = format!("functions[{name:?}]");
            for (function, configs) in functions {
                let place = format!("{place}[{function:?}]");
                for route in routes_named(name, &place)? {
                    let mut destinations = route.destinations().iter();
                    let Some(destination) = destinations.find(|one| *one.name == **function) else {
                        let problem = "must be the name of a function of the route";
                        return Err(ConfigError::new(place, problem));
                    };
                    let own = all.add(configs, &place, Owner::Function(route, function))?;
                    of_functions.insert((route.index(), destination.index), own);
                }
            }
        }
        let All { limits, .. } = all;
        let is_of_claims =
            |index: &usize| limits.get(*index).is_some_and(|limit| limit.is_of_claims);
        let asks_claims = |index: &usize| limits.get(*index).is_some_and(|limit| limit.asks_claims);
        let ordered = |mut indices: Vec<usize>| -> Box<[usize]> {
            let is_for_all =
                |index: &usize| limits.get(*index).is_none_or(|one| one.key.is_empty());
            indices.sort_by_key(is_for_all);
            indices.into()
        };
        // Of requests that this route takes, or none.
        let plan = |route: Option<&Route>| {
            let of = |own: Option<&Vec<usize>>| own.cloned().unwrap_or_default().into_iter();
            let index = route.map_or(usize::MAX, Route::index);
            let asks_tokens = asks_tokens(route);
            let of_all = of_gateway.iter().copied();
            let of_all = of_all.filter(|index| asks_tokens || !is_of_claims(index));
            let own = of(of_routes.get(&index)).chain(of_all);
            let (late, early): (Vec<usize>, Vec<usize>) =
                own.partition(|index| asks_tokens && asks_claims(index));
            let with_late = |function| {
                let own = of(of_functions.get(&(index, function)));
                ordered(own.chain(late.iter().copied()).collect())
            };
            let functions = route.map_or(0, |route| route.destinations().len());
            Plan {
                early: ordered(early),
                functions: (0..functions).map(with_late).collect(),
                late: ordered(late),
            }
        };
        Ok(Self {
            unrouted: plan(None),
            routes: routes.iter().map(|route| plan(Some(route))).collect(),
            limits,
        })
    }
}

/// What is compiled so far.
#[derive(Default)]
struct All {
    limits: Vec<Limit>,
    names: BTreeSet<Box<str>>,
}

impl All {
    /// Adds limits; their indices.
    fn add(
        &mut self,
        configs: &[LimitConfig],
        place: &str,
        owner: Owner<'_>,
    ) -> Result<Vec<usize>, ConfigError> {
        let mut indices = Vec::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            let within = |error: ConfigError| error.within(&format!("{place}[{index}]"));
            let limit = Limit::compile(config, owner).map_err(within)?;
            if !self.names.insert(limit.full_name.clone()) {
                let problem = format!(
                    "must be another name than that of a limit before it, found \"{}\" again; tell them apart \
                     with \"name\"",
                    limit.name
                );
                return Err(within(ConfigError::new("name", problem)));
            }
            indices.push(self.limits.len());
            self.limits.push(limit);
        }
        Ok(indices)
    }
}

impl Plan {
    /// Those that are asked when claims and function are known.
    pub(crate) fn late(&self, function: Option<usize>) -> &[usize] {
        let of_function = function.and_then(|function| self.functions.get(function));
        of_function.unwrap_or(&self.late)
    }

    /// The most limits that a rate-limit service is asked about for one request.
    pub(crate) fn most_asked(&self, limits: &[Limit]) -> usize {
        let of_service = |index: &&usize| {
            let limit = limits.get(**index);
            limit.is_some_and(|limit| matches!(limit.holder, Holder::Service { .. }))
        };
        let count = |indices: &[usize]| indices.iter().filter(of_service).count();
        let functions = self.functions.iter().map(|late| count(late));
        count(&self.early) + functions.max().unwrap_or_else(|| count(&self.late))
    }
}
