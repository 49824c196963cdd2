//! From a request to its route.

use std::ops::ControlFlow;

use filter_api::{ConfigError, HeaderList};

use crate::conditions::Mismatch;
use crate::config::RouteConfig;
use crate::denial::Denial;
use crate::hosts::HostTable;
use crate::normal::is_normal;
use crate::path::{PathError, PathPattern};
use crate::path_index::PathIndex;
use crate::precedence::{HostRank, Precedence};
use crate::regex_pattern::LONGEST_TEXT;
use crate::request::Request;
use crate::route::Route;

/// A route's place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RouteId(pub(crate) usize);

/// Compiled routes.
///
/// Of the routes that match a request the one of the least [`Precedence`] takes it. A host or path that
/// matches but whose routes refuse the method, a header or anything else does not hide a less specific
/// route that takes it.
#[derive(Debug)]
pub struct Router {
    routes: Vec<Route>,
    hosts: HostTable<PathIndex>,
    /// What is taken off the beginning of each path; empty for nothing.
    stage: Box<[u8]>,
}

/// A route whose host and path a request matches.
#[derive(Debug)]
pub struct Candidate<'r> {
    /// The route.
    pub route: &'r Route,
    /// How specific it is for this request.
    pub precedence: Precedence,
    /// Why it does not take the request, if it does not.
    pub mismatch: Option<Mismatch<'r>>,
}

impl Router {
    /// Compiles routes. `stage_prefix` is what somebody in front puts before every path.
    ///
    /// # Errors
    /// The first fault, its path beginning at `routes[…]` or `stage_prefix`.
    pub fn compile(
        configs: &[RouteConfig],
        stage_prefix: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut routes = Vec::with_capacity(configs.len());
        let mut hosts = HostTable::<PathIndex>::new();
        for (index, config) in configs.iter().enumerate() {
            let place = format!("routes[{index}]");
            let route = Route::compile(config, index).map_err(|error| error.within(&place))?;
            if config.matches.hosts.is_empty() {
                hosts.any_mut().entry(&route.pattern).push(RouteId(index));
            }
            for (host_index, host) in config.matches.hosts.iter().enumerate() {
                let paths = hosts.entry(host).map_err(|error| {
                    ConfigError::new(format!("{place}.match.hosts[{host_index}]"), error)
                })?;
                paths.entry(&route.pattern).push(RouteId(index));
            }
            routes.push(route);
        }
        let precedence = |id: &RouteId| {
            // Within one list host and path are the same.
            routes
                .get(id.0)
                .map(|route| route.precedence(HostRank::Any))
        };
        for paths in hosts.tables_mut() {
            paths
                .finish(&mut |ids| ids.sort_by_cached_key(precedence))
                .map_err(|error| ConfigError::new("routes", error))?;
        }
        Ok(Self {
            routes,
            hosts,
            stage: stage(stage_prefix)?,
        })
    }

    /// Reads the header fields of a request, as this router looks at them.
    pub fn request<'a>(&self, headers: &'a HeaderList) -> Request<'a> {
        let request = Request::of(headers);
        match *self.stage {
            [] => request,
            ref stage => request.without_stage(stage),
        }
    }

    /// All routes, in the order of the document.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route that takes the request.
    ///
    /// # Errors
    /// Why none does.
    pub fn route(&self, request: &Request<'_>) -> Result<&Route, Denial> {
        if !is_normal(request.path) {
            return Err(Denial::PathNotNormalised);
        }
        if request.path.len() > LONGEST_TEXT && self.has_regexes(&request.host) {
            return Err(Denial::PathTooLong);
        }
        let mut of_other_methods = Vec::new();
        let mut of_other_types = false;
        let found = self.walk(request, &mut |route, _| match route.mismatch(request) {
            None => ControlFlow::Break(route),
            Some(mismatch) => {
                match mismatch {
                    Mismatch::Method => of_other_methods.push(route),
                    Mismatch::ContentType => of_other_types = true,
                    Mismatch::Header(_) | Mismatch::Query(_) | Mismatch::Claims => {}
                }
                ControlFlow::Continue(())
            }
        });
        if let ControlFlow::Break(route) = found {
            return Ok(route);
        }
        if of_other_types {
            return Err(Denial::UnsupportedMediaType);
        }
        // CONNECT has no path, so no route sees it; it is no wrong address but a wrong method.
        if of_other_methods.is_empty() && request.method != b"CONNECT" {
            return Err(Denial::NoRoute);
        }
        let mut methods: Vec<&str> = of_other_methods
            .into_iter()
            .flat_map(Route::methods)
            .collect();
        methods.sort_unstable();
        methods.dedup();
        Err(Denial::MethodNotAllowed {
            allow: methods.join(", "),
        })
    }

    /// The most specific route whose host and path the request matches, whether or not it takes it.
    pub fn nearest(&self, request: &Request<'_>) -> Option<&Route> {
        self.walk(request, &mut |route, _| ControlFlow::Break(route))
            .break_value()
    }

    /// All routes whose host and path the request matches, the most specific first. The first without
    /// a mismatch is the one that takes it.
    pub fn candidates(&self, request: &Request<'_>) -> Vec<Candidate<'_>> {
        let mut candidates = Vec::new();
        let _: ControlFlow<()> = self.walk(request, &mut |route, host| {
            candidates.push(Candidate {
                route,
                precedence: route.precedence(host),
                mismatch: route.mismatch(request),
            });
            ControlFlow::Continue(())
        });
        candidates
    }

    /// Whether paths of this host are held against regular expressions.
    fn has_regexes(&self, host: &[u8]) -> bool {
        let mut matching = self.hosts.matching(host);
        matching.any(|(_, paths)| paths.has_regexes())
    }

    /// Shows the routes whose host and path match, the most specific first, until one is taken.
    fn walk<'r, B>(
        &'r self,
        request: &Request<'_>,
        visit: &mut dyn FnMut(&'r Route, HostRank) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        for (rank, paths) in self.hosts.matching(&request.host) {
            paths.find(&request.matched_path, &mut |ids| {
                ids.iter()
                    .filter_map(|id| self.routes.get(id.0))
                    .try_for_each(|route| visit(route, rank))
            })?;
        }
        ControlFlow::Continue(())
    }
}

/// What is taken off, without a slash at its end.
fn stage(prefix: Option<&str>) -> Result<Box<[u8]>, ConfigError> {
    let Some(prefix) = prefix else {
        return Ok(Box::default());
    };
    let fault = |error: PathError| ConfigError::new("stage_prefix", error);
    let no_stage = || fault(PathError::NoStage(prefix.to_owned()));
    let pattern = PathPattern::prefix(prefix).map_err(|error| match error {
        PathError::VariableInPrefix(_) => no_stage(),
        error => fault(error),
    })?;
    if pattern.segments.is_empty() {
        return Err(no_stage());
    }
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    Ok(prefix.as_bytes().into())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::config::{DestinationConfig, MatchConfig};

    /// `"api.example.com GET,PUT /pets/{id}"` or `"* * prefix /"`.
    fn config(text: &str) -> RouteConfig {
        let mut words = text.splitn(3, ' ');
        let mut list = || match words.next().unwrap() {
            "*" => Vec::new(),
            list => list.split(',').map(str::to_owned).collect::<Vec<_>>(),
        };
        let (hosts, methods) = (list(), list());
        let path = words.next().unwrap();
        let prefix = path.strip_prefix("prefix ").map(str::to_owned);
        RouteConfig {
            name: text.to_owned(),
            matches: MatchConfig {
                hosts,
                methods,
                path: prefix.is_none().then(|| path.to_owned()),
                prefix,
                ..MatchConfig::default()
            },
            to: vec![to("f")],
            ..RouteConfig::default()
        }
    }

    fn to(function: &str) -> DestinationConfig {
        DestinationConfig {
            function: function.to_owned(),
            ..DestinationConfig::default()
        }
    }

    fn router(routes: &[&str]) -> Router {
        let configs: Vec<RouteConfig> = routes.iter().map(|text| config(text)).collect();
        Router::compile(&configs, None).unwrap()
    }

    fn route<'r>(
        router: &'r Router,
        host: &str,
        method: &str,
        path: &str,
    ) -> Result<&'r str, Denial> {
        let headers: HeaderList = [(":method", method), (":authority", host), (":path", path)]
            .into_iter()
            .collect();
        router.route(&router.request(&headers)).map(Route::name)
    }

    #[test]
    fn host_comes_before_path_and_path_before_method() {
        let router = router(&[
            "* * /a",
            "* GET /a",
            "h.example.com * prefix /",
            "*.example.com * /a",
            "h.example.com PUT /a",
        ]);
        for (host, method, path, expected) in [
            ("h.example.com", "PUT", "/a", "h.example.com PUT /a"),
            ("h.example.com", "GET", "/a", "h.example.com * prefix /"),
            ("i.example.com", "GET", "/a", "*.example.com * /a"),
            ("example.com", "GET", "/a", "* GET /a"),
            ("example.com", "PUT", "/a", "* * /a"),
        ] {
            assert_eq!(
                route(&router, host, method, path),
                Ok(expected),
                "{host} {method} {path}"
            );
        }
    }

    #[test]
    fn a_route_that_refuses_the_method_hides_no_other() {
        let router = router(&["h.example.com GET /a", "* POST /{x}", "* PUT prefix /"]);
        assert_eq!(
            route(&router, "h.example.com", "POST", "/a"),
            Ok("* POST /{x}")
        );
        assert_eq!(
            route(&router, "h.example.com", "PUT", "/a"),
            Ok("* PUT prefix /")
        );
        let allow = "GET, POST, PUT".to_owned();
        assert_eq!(
            route(&router, "h.example.com", "DELETE", "/a"),
            Err(Denial::MethodNotAllowed { allow })
        );
    }

    #[test]
    fn what_no_route_takes_is_denied() {
        let router = router(&["* GET /a"]);
        assert_eq!(route(&router, "", "GET", "/b"), Err(Denial::NoRoute));
        assert_eq!(route(&router, "", "GET", "a"), Err(Denial::NoRoute));
        assert_eq!(
            route(&router, "", "get", "/a").unwrap_err(),
            Denial::MethodNotAllowed {
                allow: "GET".to_owned()
            }
        );
        assert_eq!(
            route(&router, "", "CONNECT", "").unwrap_err(),
            Denial::MethodNotAllowed {
                allow: String::new()
            }
        );
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let with = |change: &dyn Fn(&mut RouteConfig)| {
            let mut faulty = config("* GET /a");
            change(&mut faulty);
            Router::compile(&[config("* GET /ok"), faulty], None)
                .unwrap_err()
                .to_string()
        };
        for (message, change) in [
            (
                "routes[1].name: must not be empty",
                (&|r: &mut RouteConfig| r.name.clear()) as &dyn Fn(&mut RouteConfig),
            ),
            (
                "routes[1].match: must have exactly one of \"path\", \"prefix\" and \"regex\"",
                &|r| r.matches.path = None,
            ),
            (
                "routes[1].match: must have exactly one of \"path\", \"prefix\" and \"regex\"",
                &|r| r.matches.prefix = Some("/".to_owned()),
            ),
            (
                "routes[1].match.path: must begin with \"/\", found \"a\"",
                &|r| {
                    r.matches.path = Some("a".to_owned());
                },
            ),
            (
                "routes[1].match.methods[0]: must be a method such as \"GET\", found \"G T\"",
                &|r| {
                    r.matches.methods = vec!["G T".to_owned()];
                },
            ),
            (
                "routes[1].match.methods[0]: must not be \"CONNECT\": tunnels are not routed to \
                 functions",
                &|r| r.matches.methods = vec!["CONNECT".to_owned()],
            ),
            (
                "routes[1].match.hosts[1]: must be in lower case, found \"B\"",
                &|r| {
                    r.matches.hosts = vec!["a".to_owned(), "B".to_owned()];
                },
            ),
            (
                "routes[1].to: must hold one with a weight above 0 and without \"when\", which takes what no other takes",
                &|r| r.to.clear(),
            ),
            (
                "routes[1].to[0].function: must be a key of letters, digits and \"-_.\", found \"a b\"",
                &|r| {
                    r.to = vec![to("a b")];
                },
            ),
        ] {
            assert_eq!(with(change), message);
        }
    }
}
