//! What a change does to requests.
//!
//! Who takes a request is asked of the router that runs in Envoy, with requests made from what each
//! route matches; so it is told of requests such as those, not of all.

use std::collections::BTreeSet;

use filter_api::{ConfigError, Refusal};
use function_router::{MatchConfig, RouteConfig, Router};
use gateway_model::{Gateway, Route};
use serde::Serialize;

use super::pairs::Pairs;
use super::samples::{METHODS, Sample, taken_by};
use super::shares::{Receiver, receivers, what_it_does};

/// Something that a change does to requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A route shares out its requests in another way.
    Shares {
        /// The route.
        route: String,
        /// Those that get another share.
        receivers: Vec<Receiver>,
    },
    /// A route does something else with its requests.
    Answer {
        /// The route.
        route: String,
        /// What it did.
        before: String,
        /// What it does.
        after: String,
    },
    /// Another route takes some requests, or none does.
    Taken {
        /// Which.
        requests: Requests,
        /// Who took them.
        before: Taker,
        /// Who takes them.
        after: Taker,
    },
    /// Nobody knows which requests a route takes or took.
    Unknown {
        /// The route.
        route: String,
    },
    /// Paths that begin so are matched with it, or no longer.
    Stage {
        /// What was taken off before paths were matched.
        before: Option<String>,
        /// What is.
        after: Option<String>,
    },
}

/// Some requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// Their methods; none for any.
    pub methods: Vec<String>,
    /// Their hosts; none for any.
    pub hosts: Vec<String>,
    /// A path of one of them, with its query.
    pub path: String,
    /// Other header fields that they have, for conditions.
    pub headers: Vec<(String, String)>,
}

/// Who takes requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taker {
    /// A route.
    Route {
        /// Its name.
        name: String,
        /// What it does with them.
        does: String,
    },
    /// None: they are refused.
    Refused {
        /// With this status.
        status: u16,
        /// As logs and metrics have it.
        reason: String,
    },
}

/// One of the two documents.
struct Document<'d> {
    gateway: &'d Gateway,
    configs: Vec<MatchConfig>,
    router: Router,
}

/// Who takes a request in one document, to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Route(usize),
    Refused(u16, &'static str),
}

impl<'d> Document<'d> {
    fn new(gateway: &'d Gateway) -> Result<Self, ConfigError> {
        let configs = gateway.routes.iter();
        let configs =
            configs.map(|route| route.to_config(|at, _| (format!("function-{at}"), false)));
        let configs: Vec<RouteConfig> = configs.collect();
        // A stage that differs is told once, not for each route.
        let router = Router::compile(&configs, None)?;
        let configs = configs.into_iter().map(|config| config.matches).collect();
        Ok(Self {
            gateway,
            configs,
            router,
        })
    }

    fn taken_by(&self, index: usize) -> Vec<Sample> {
        let matches = self.configs.get(index);
        matches.map_or_else(Vec::new, |matches| taken_by(&self.router, index, matches))
    }

    fn find(&self, sample: &Sample) -> Found {
        let headers = sample.header_list();
        match self.router.route(&self.router.request(&headers)) {
            Ok(route) => Found::Route(route.index()),
            Err(denial) => Found::Refused(denial.status(), denial.label()),
        }
    }

    fn tell(&self, found: &Found) -> Taker {
        match found {
            Found::Route(index) => {
                let route = self.gateway.routes.get(*index);
                Taker::Route {
                    name: route
                        .map(|route| route.name().into_owned())
                        .unwrap_or_default(),
                    does: route.map(what_it_does).unwrap_or_default(),
                }
            }
            Found::Refused(status, reason) => Taker::Refused {
                status: *status,
                reason: (*reason).to_owned(),
            },
        }
    }
}

/// What a change does to requests, by route: first those that are, in the order of the document, then
/// those that are no longer.
///
/// # Errors
/// When the router would not take a document; of one that was read it does.
pub fn effects(
    before: &Gateway,
    after: &Gateway,
    pairs: &Pairs,
) -> Result<Vec<Effect>, ConfigError> {
    let mut effects = Vec::new();
    let stage = |gateway: &Gateway| gateway.edge.stage_prefix.clone();
    if stage(before) != stage(after) {
        let (before, after) = (stage(before), stage(after));
        effects.push(Effect::Stage { before, after });
    }
    if before.routes == after.routes {
        return Ok(effects);
    }
    let mut told = BTreeSet::new();
    let documents = (&Document::new(before)?, &Document::new(after)?);
    for (new, route) in after.routes.iter().enumerate() {
        let old = pairs.was(new);
        let was = old.and_then(|old| before.routes.get(old));
        effects.extend(was.and_then(|was| of_route(was, route)));
        let mut samples = documents.1.taken_by(new);
        if samples.is_empty() && was.is_none_or(|was| was.matches != route.matches) {
            let route = route.name().into_owned();
            effects.push(Effect::Unknown { route });
        }
        if let (Some(old), Some(was)) = (old, was)
            && was.matches != route.matches
        {
            let others = documents.0.taken_by(old);
            let others = others.into_iter().filter(|other| !samples.contains(other));
            let others: Vec<Sample> = others.collect();
            samples.extend(others);
        }
        taken_otherwise(documents, pairs, &samples, &mut told, &mut effects);
    }
    for (old, route) in before.routes.iter().enumerate() {
        let is = pairs.is(old).and_then(|new| after.routes.get(new));
        // One that only its order or a neighbour lets take less is found by its own requests.
        if is.is_none_or(|is| is.matches == route.matches) {
            let samples = documents.0.taken_by(old);
            if samples.is_empty() && is.is_none() {
                let route = route.name().into_owned();
                effects.push(Effect::Unknown { route });
            }
            taken_otherwise(documents, pairs, &samples, &mut told, &mut effects);
        }
    }
    Ok(effects)
}

/// What a route does otherwise with the requests that it takes.
fn of_route(before: &Route, after: &Route) -> Option<Effect> {
    let route = after.name().into_owned();
    if before.to.is_empty() || after.to.is_empty() {
        let (before, after) = (what_it_does(before), what_it_does(after));
        return (before != after).then_some(Effect::Answer {
            route,
            before,
            after,
        });
    }
    let receivers = receivers(before, after);
    (!receivers.is_empty()).then_some(Effect::Shares { route, receivers })
}

/// Tells of those samples that another route takes than before.
fn taken_otherwise(
    (before, after): (&Document<'_>, &Document<'_>),
    pairs: &Pairs,
    samples: &[Sample],
    told: &mut BTreeSet<String>,
    effects: &mut Vec<Effect>,
) {
    let mut groups: Vec<((Found, Found), Vec<&Sample>)> = Vec::new();
    for sample in samples {
        let found = (before.find(sample), after.find(sample));
        let same = match &found {
            (Found::Route(old), Found::Route(new)) => pairs.was(*new) == Some(*old),
            (was, is) => was == is,
        };
        // Requests of one path and with one set of fields are told together.
        let alike =
            |other: &Sample| other.target == sample.target && other.headers == sample.headers;
        let group = groups.iter_mut().find(|(of, members)| {
            *of == found && members.first().is_some_and(|other| alike(other))
        });
        match group {
            _ if same => {}
            Some((_, members)) => members.push(sample),
            None => groups.push((found, vec![sample])),
        }
    }
    for ((was, is), members) in groups {
        let effect = Effect::Taken {
            requests: Requests::of(&members),
            before: before.tell(&was),
            after: after.tell(&is),
        };
        if told.insert(format!("{effect:?}")) {
            effects.push(effect);
        }
    }
}

impl Requests {
    fn of(samples: &[&Sample]) -> Self {
        let distinct = |of: fn(&Sample) -> &String| {
            let mut seen = BTreeSet::new();
            let all = samples.iter().map(|sample| of(sample));
            let all = all.filter(|one| seen.insert(*one));
            all.cloned().collect::<Vec<String>>()
        };
        let mut methods = distinct(|sample| &sample.method);
        if METHODS
            .iter()
            .all(|method| methods.iter().any(|one| one == method))
        {
            methods.clear();
        }
        let mut hosts = distinct(|sample| &sample.host);
        hosts.retain(|host| !host.ends_with(".invalid"));
        let first = samples.first();
        Self {
            methods,
            hosts,
            path: first
                .map(|sample| sample.target.clone())
                .unwrap_or_default(),
            headers: first
                .map(|sample| sample.headers.clone())
                .unwrap_or_default(),
        }
    }
}
