//! A compiled route.

use crate::config::RouteConfig;
use crate::denial::Denial;
use crate::destinations::{Destination, Destinations};
use crate::hosts::HostError;
use crate::path::{PathError, PathPattern};
use crate::request::Request;

/// What a request must look like beside host and path, and where it goes.
#[derive(Debug)]
pub struct Route {
    name: Box<str>,
    /// Empty: any method.
    methods: Box<[Box<str>]>,
    destinations: Destinations,
}

/// Why a route cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No name.
    #[error("must not be empty")]
    Name,
    /// Of a host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Of the path or prefix.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No method of HTTP (RFC 9110 section 9.1).
    #[error("must be a method such as \"GET\", found \"{0}\"")]
    Method(String),
    /// CONNECT asks for a tunnel, not for a resource.
    #[error("must not be \"CONNECT\": tunnels are not routed to functions")]
    Connect,
    /// Nowhere to go.
    #[error("must name at least one function with a weight above 0")]
    NoDestination,
    /// A function that cannot stand in a header.
    #[error("must be a key of letters, digits and \"-_.\", found \"{0}\"")]
    Function(String),
}

impl Route {
    /// A route, its path pattern apart; or the place of the fault in its configuration, and the fault.
    pub(crate) fn compile(
        config: &RouteConfig,
    ) -> Result<(Self, PathPattern), (String, RouteError)> {
        let at = |place: &str| {
            let place = place.to_owned();
            move |error: PathError| (place, RouteError::from(error))
        };
        if config.name.is_empty() {
            return Err(("name".to_owned(), RouteError::Name));
        }
        let pattern = match (&config.matches.path, &config.matches.prefix) {
            (Some(path), None) => PathPattern::template(path).map_err(at("match.path"))?,
            (None, Some(prefix)) => PathPattern::prefix(prefix).map_err(at("match.prefix"))?,
            _ => return Err(at("match")(PathError::NotOne)),
        };
        for (index, method) in config.matches.methods.iter().enumerate() {
            let place = || format!("match.methods[{index}]");
            if method == "CONNECT" {
                return Err((place(), RouteError::Connect));
            }
            if method.is_empty() || !method.bytes().all(is_token) {
                return Err((place(), RouteError::Method(method.clone())));
            }
        }
        for (index, destination) in config.to.iter().enumerate() {
            let key = &destination.function;
            if key.is_empty()
                || !key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            {
                let place = format!("to[{index}].function");
                return Err((place, RouteError::Function(key.clone())));
            }
        }
        let destinations =
            Destinations::new(&config.to).ok_or(("to".to_owned(), RouteError::NoDestination))?;
        let methods = config
            .matches
            .methods
            .iter()
            .map(|method| method.as_str().into())
            .collect();
        Ok((
            Self {
                name: config.name.as_str().into(),
                methods,
                destinations,
            },
            pattern,
        ))
    }

    /// The name in logs and metrics.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The methods it takes; none means any.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(|method| &**method)
    }

    /// One of its functions, by weight. All 64 bits of `random` count.
    ///
    /// # Errors
    /// When the client asks for an upgrade that the function does not take.
    pub fn choose(&self, request: &Request<'_>, random: u64) -> Result<&Destination, Denial> {
        let destination = self.destinations.choose(random);
        if request.upgrades && !destination.websocket {
            return Err(Denial::UpgradeNotAllowed);
        }
        Ok(destination)
    }

    pub(crate) fn takes(&self, method: &[u8]) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|known| known.as_bytes() == method)
    }

    pub(crate) fn takes_any_method(&self) -> bool {
        self.methods.is_empty()
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
