//! Routes that nearly take a request.

use std::collections::BTreeSet;

use filter_api::ConfigError;
use function_router::{
    Candidate, MatchConfig, Mismatch, Request, RouteConfig, Router, ValueConfig,
};
use gateway_model::Route;

use crate::destinations::pattern_alone;
use crate::explanation::NearMiss;
use crate::octets::Octets;

/// The most that are told of.
const MOST: usize = 10;

/// The most paths that are compared by their letters: those of a longer document are not all of
/// interest, and comparing takes time.
const MOST_COMPARED: usize = 2000;

/// The routes with one of their conditions each, to see which conditions a request meets.
#[derive(Debug)]
pub(crate) struct NearMisses {
    /// Each with its path alone.
    by_path: Router,
    /// Each with its hosts alone.
    by_host: Router,
}

impl NearMisses {
    pub(crate) fn compile(
        routes: &[RouteConfig],
        stage: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let by = |of: &dyn Fn(&MatchConfig) -> MatchConfig| {
            let routes = routes.iter().map(|route| RouteConfig {
                matches: of(&route.matches),
                ..route.clone()
            });
            routes.collect::<Vec<_>>()
        };
        let by_host = |matches: &MatchConfig| MatchConfig {
            hosts: matches.hosts.clone(),
            prefix: Some("/".to_owned()),
            ..MatchConfig::default()
        };
        // What a route does may name values of its path.
        let mut by_host = by(&by_host);
        for route in &mut by_host {
            answer_nothing(route);
        }
        let mut by_path = by(&pattern_alone);
        by_path.iter_mut().for_each(answer_nothing);
        Ok(Self {
            by_path: Router::compile(&by_path, stage)?,
            by_host: Router::compile(&by_host, stage)?,
        })
    }

    /// Those of a request that `taken` takes, if one does. `candidates` are those whose host and path
    /// it matches, and `routes` are all of the document.
    pub(crate) fn of(
        &self,
        request: &Request<'_>,
        candidates: &[Candidate<'_>],
        taken: Option<usize>,
        routes: &[Route],
    ) -> Vec<NearMiss> {
        let mut told = BTreeSet::new();
        let mut misses = Vec::new();
        let mut tell = |index: usize, why: String| {
            if misses.len() < MOST && told.insert(index) && taken != Some(index) {
                let name = routes.get(index).map(Route::name).unwrap_or_default();
                let name = name.into_owned();
                misses.push(NearMiss { name, index, why });
            }
        };
        for candidate in candidates {
            let index = candidate.route.index();
            if let (Some(mismatch), Some(route)) = (&candidate.mismatch, routes.get(index)) {
                tell(index, mismatched(mismatch, request, route));
            }
        }
        let of_host = indices(&self.by_host, request);
        let of_path = indices(&self.by_path, request);
        for &index in of_path.difference(&of_host) {
            let hosts = routes.get(index).map(|route| &route.matches.hosts);
            let hosts: Vec<&str> = hosts
                .into_iter()
                .flatten()
                .map(|host| host.as_str())
                .collect();
            let host = Octets(request.host.to_vec());
            tell(
                index,
                format!("the host is {host}; it takes {}", hosts.join(", ")),
            );
        }
        if taken.is_none() {
            let path = String::from_utf8_lossy(request.path);
            let others = of_host.difference(&of_path).take(MOST_COMPARED);
            let mut nearest: Vec<_> = others
                .filter_map(|&index| Some((distance(&path, routes.get(index)?)?, index)))
                .collect();
            nearest.sort_unstable();
            for (_, index) in nearest {
                let expected = routes.get(index).map(pattern).unwrap_or_default().0;
                tell(index, format!("the path is {path}; it takes {expected}"));
            }
        }
        misses
    }
}

fn answer_nothing(route: &mut RouteConfig) {
    *route = RouteConfig {
        name: std::mem::take(&mut route.name),
        matches: std::mem::take(&mut route.matches),
        respond: Some(function_router::RespondConfig {
            status: 204,
            content_type: None,
            body: None,
        }),
        ..RouteConfig::default()
    };
}

fn indices(router: &Router, request: &Request<'_>) -> BTreeSet<usize> {
    let candidates = router.candidates(request);
    candidates.iter().map(|one| one.route.index()).collect()
}

/// Why a route does not take a request whose host and path it matches.
fn mismatched(mismatch: &Mismatch<'_>, request: &Request<'_>, route: &Route) -> String {
    match mismatch {
        Mismatch::Method => {
            let method = Octets(request.method.to_vec());
            let methods = route.matches.to_config().methods.join(", ");
            format!("the method is {method}; it takes {methods}")
        }
        Mismatch::ContentType => {
            let found = request.header("content-type");
            let found = found.map_or("none".to_owned(), |value| {
                Octets(value.to_vec()).to_string()
            });
            let types = route.matches.to_config().content_types.join(", ");
            format!("the content type is {found}; it takes {types}")
        }
        Mismatch::Header(name) => {
            let expected = route.matches.headers.get(*name);
            unmet("header", name, request.header(name).as_deref(), expected)
        }
        Mismatch::Query(name) => {
            let expected = route.matches.query.get(*name);
            let found = request.parameter(name);
            unmet("query parameter", name, found.as_deref(), expected)
        }
        Mismatch::Claims => "its tokens do not say what they must".to_owned(),
    }
}

/// What a header field or a query parameter is, and what it must be.
pub(crate) fn unmet(
    what: &str,
    name: &str,
    found: Option<&[u8]>,
    expected: Option<&ValueConfig>,
) -> String {
    let found = match found {
        Some(value) => format!("is \"{}\"", Octets(value.to_vec())),
        None => "is not there".to_owned(),
    };
    let expected = match expected {
        Some(ValueConfig::Exact(text)) => format!("; it must be \"{text}\""),
        Some(ValueConfig::Regex(regex)) => format!("; it must match {regex}"),
        Some(ValueConfig::Present(true)) => "; it must be there".to_owned(),
        Some(ValueConfig::Present(false)) => "; it must not be there".to_owned(),
        None => String::new(),
    };
    format!("{what} {name} {found}{expected}")
}

/// What a route's path must look like, as the document has it.
fn pattern(route: &Route) -> (String, bool) {
    let matches = route.matches.to_config();
    let is_prefix = matches.prefix.is_some();
    let pattern = matches.path.or(matches.prefix).or(matches.regex);
    (pattern.unwrap_or_default(), is_prefix)
}

/// How far a path is from a route's; none if they have nothing to do with each other.
fn distance(path: &str, route: &Route) -> Option<usize> {
    let (pattern, is_prefix) = pattern(route);
    let mut expected = pattern.split('/');
    let segments = path.split('/').map(|segment| match expected.next() {
        // A variable is what stands in its place.
        Some(variable) if variable.starts_with('{') && !segment.is_empty() => variable,
        // What follows a prefix does not matter.
        None if is_prefix => "",
        _ => segment,
    });
    let comparable = segments.collect::<Vec<_>>().join("/");
    let comparable = if is_prefix {
        comparable.trim_end_matches('/')
    } else {
        &comparable
    };
    let distance = strsim::levenshtein(comparable, &pattern);
    (distance <= pattern.len().max(6) / 2).then_some(distance)
}
