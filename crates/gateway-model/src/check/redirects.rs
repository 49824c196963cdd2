//! Redirects that lead to where the client is.

use super::Check;
use crate::document::{Match, Pattern, Route};
use function_router::RedirectConfig;

impl Check<'_> {
    pub(super) fn redirect(&mut self, path: &str, route: &Route) {
        let Some(redirect) = &route.redirect else {
            return;
        };
        if leads_to_itself(&route.matches, redirect) {
            let problem = "leads the client to where it is, again and again; change the host, the path or \
                           the scheme";
            self.error(format!("{path}.redirect"), problem);
        }
    }
}

/// Whether it is sure that some request leads to one that this route takes just so.
fn leads_to_itself(matches: &Match, redirect: &RedirectConfig) -> bool {
    let (host, path, prefix) = (&redirect.host, &redirect.path, &redirect.prefix);
    // A scheme may lead to another listener, a port surely does.
    if redirect.scheme.is_some() || redirect.port.is_some() {
        return false;
    }
    if host.is_none() && path.is_none() && prefix.is_none() {
        return false; // it changes nothing, which the router tells
    }
    // Of a route for any host another may take those of the one that is given.
    let mut hosts = matches.hosts.iter();
    let same_host = host.as_ref();
    let same_host = same_host.is_none_or(|host| hosts.any(|own| own.as_str() == host));
    let same_path = match (&matches.pattern, path, prefix) {
        (_, None, None) => true,
        (Pattern::Path(own), Some(path), None) => own == path,
        (Pattern::Prefix(own), None, Some(prefix)) => {
            own.trim_end_matches('/') == prefix.trim_end_matches('/')
        }
        _ => false,
    };
    // With 301, 302 and 303 what was no GET or HEAD may come back as one (RFC 9110 section 15.4).
    let methods = matches.methods();
    let same_method = methods.is_empty()
        || methods.contains(&"GET")
        || methods.contains(&"HEAD")
        || matches!(redirect.status, Some(307 | 308));
    same_host && same_path && same_method
}
