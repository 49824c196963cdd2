//! From a request to its route.

use std::ops::ControlFlow;

use filter_api::ConfigError;

use crate::config::RouteConfig;
use crate::denial::Denial;
use crate::hosts::HostTable;
use crate::path_index::PathIndex;
use crate::request::Request;
use crate::route::Route;

/// A route's place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RouteId(pub(crate) usize);

/// Compiled routes.
///
/// Of the routes that match a request the most specific one takes it: by host (exact, then wildcards
/// from the longest), then by path (see `PathIndex`), then routes that name the method before those
/// that take any, then in the order of the document. A host or path that matches but whose routes
/// refuse the method does not hide a less specific route that takes it.
#[derive(Debug)]
pub struct Router {
    routes: Vec<Route>,
    hosts: HostTable<PathIndex>,
}

impl Router {
    /// Compiles routes.
    ///
    /// # Errors
    /// The first fault, its path beginning at `routes[…]`.
    pub fn compile(configs: &[RouteConfig]) -> Result<Self, ConfigError> {
        let mut routes = Vec::with_capacity(configs.len());
        let mut hosts = HostTable::<PathIndex>::new();
        for (index, config) in configs.iter().enumerate() {
            let within = |place: &str| format!("routes[{index}].{place}");
            let (route, pattern) = Route::compile(config)
                .map_err(|(place, error)| ConfigError::new(within(&place), error))?;
            routes.push(route);
            if config.matches.hosts.is_empty() {
                hosts.any_mut().entry(&pattern).push(RouteId(index));
            }
            for (host_index, host) in config.matches.hosts.iter().enumerate() {
                let paths = hosts.entry(host).map_err(|error| {
                    ConfigError::new(within(&format!("match.hosts[{host_index}]")), error)
                })?;
                paths.entry(&pattern).push(RouteId(index));
            }
        }
        let mut router = Self { routes, hosts };
        router.order();
        Ok(router)
    }

    /// Puts the routes of one pattern into the order in which they are asked.
    fn order(&mut self) {
        let routes = &self.routes;
        let precedence =
            |id: &RouteId| (routes.get(id.0).is_some_and(Route::takes_any_method), *id);
        self.hosts
            .each_mut(|paths| paths.entries_mut(&mut |ids| ids.sort_by_key(precedence)));
    }

    /// The route that takes the request.
    ///
    /// # Errors
    /// Why none does.
    pub fn route(&self, request: &Request<'_>) -> Result<&Route, Denial> {
        let mut refusing = Vec::new();
        for paths in self.hosts.matching(&request.host) {
            let found = paths.find(request.path, &mut |ids| {
                for route in ids.iter().filter_map(|id| self.routes.get(id.0)) {
                    if route.takes(request.method) {
                        return ControlFlow::Break(route);
                    }
                    refusing.push(route);
                }
                ControlFlow::Continue(())
            });
            if let ControlFlow::Break(route) = found {
                return Ok(route);
            }
        }
        // CONNECT has no path, so no route sees it; it is no wrong address but a wrong method.
        if refusing.is_empty() && request.method != b"CONNECT" {
            return Err(Denial::NoRoute);
        }
        let mut methods: Vec<&str> = refusing.into_iter().flat_map(Route::methods).collect();
        methods.sort_unstable();
        methods.dedup();
        Err(Denial::MethodNotAllowed {
            allow: methods.join(", "),
        })
    }
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
            },
            to: vec![DestinationConfig {
                function: "f".to_owned(),
                weight: 1,
                websocket: false,
            }],
        }
    }

    fn router(routes: &[&str]) -> Router {
        let configs: Vec<RouteConfig> = routes.iter().map(|text| config(text)).collect();
        Router::compile(&configs).unwrap()
    }

    fn route<'r>(
        router: &'r Router,
        host: &str,
        method: &str,
        path: &str,
    ) -> Result<&'r str, Denial> {
        let request = Request {
            method: method.as_bytes(),
            host: host.as_bytes().into(),
            path: path.as_bytes(),
            upgrades: false,
        };
        router.route(&request).map(Route::name)
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
            Router::compile(&[config("* GET /ok"), faulty])
                .unwrap_err()
                .to_string()
        };
        for (message, change) in [
            (
                "routes[1].name: must not be empty",
                (&|r: &mut RouteConfig| r.name.clear()) as &dyn Fn(&mut RouteConfig),
            ),
            (
                "routes[1].match: must have exactly one of \"path\" and \"prefix\"",
                &|r| r.matches.path = None,
            ),
            (
                "routes[1].match: must have exactly one of \"path\" and \"prefix\"",
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
                "routes[1].to: must name at least one function with a weight above 0",
                &|r| r.to.clear(),
            ),
            (
                "routes[1].to[0].function: must be a key of letters, digits and \"-_.\", found \"a b\"",
                &|r| {
                    r.to = vec![DestinationConfig {
                        function: "a b".to_owned(),
                        weight: 1,
                        websocket: false,
                    }]
                },
            ),
        ] {
            assert_eq!(with(change), message);
        }
    }
}
