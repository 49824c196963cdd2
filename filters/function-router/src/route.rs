//! A compiled route.

use std::net::IpAddr;

use claims::Said;
use filter_api::{ConfigError, Reply};

use crate::conditions::{Conditions, Foreknown, Mismatch, Prospect, header_name};
use crate::config::RouteConfig;
use crate::denial::Denial;
use crate::destinations::{Destination, Destinations};
use crate::pattern::Pattern;
use crate::precedence::{HostRank, MethodRank, Precedence};
use crate::redirect::{Redirect, Respond};
use crate::request::Request;
use crate::rewrite::Rewritten;
use crate::sticky::{Sticky, Ticket};
use crate::tokens::is_token;
use crate::value::Value;

/// What a request must look like beside its host, and what becomes of it.
#[derive(Debug)]
pub struct Route {
    name: Box<str>,
    /// Its place in the document.
    index: usize,
    pub(crate) pattern: Pattern,
    /// Empty: any method.
    methods: Box<[Box<str>]>,
    conditions: Conditions,
    action: Action,
}

/// What becomes of a request.
#[derive(Debug)]
enum Action {
    Forward {
        destinations: Destinations,
        sticky: Option<Sticky>,
        force: Option<Box<str>>,
    },
    Redirect(Redirect),
    Respond(Respond),
}

/// What a route makes of a request.
#[derive(Debug)]
pub enum Decision<'r> {
    /// A function takes it.
    Forward(Forward<'r>),
    /// It is answered here.
    Answer(Reply),
}

/// A request on its way to a function.
#[derive(Debug)]
pub struct Forward<'r> {
    /// The function.
    pub destination: &'r Destination,
    /// Why this one.
    pub reason: Reason,
    /// What the function sees instead of what the client sent.
    pub rewritten: Rewritten,
    /// The `set-cookie` that the client gets with the response, so that it comes back here.
    pub set_cookie: Option<String>,
}

/// Why a destination was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The request named it.
    Forced,
    /// The request meets its conditions.
    Condition,
    /// Its share of the weights.
    Share(Ticket),
}

/// What a choice may need that is not in the request. Each is asked for only when it is needed.
pub struct Circumstances<'c> {
    /// What the request's tokens say, those that were accepted.
    pub said: &'c [Said<'c>],
    /// 64 evenly spread bits that nobody foresees.
    pub random: &'c mut dyn FnMut() -> u64,
    /// The next number of a [`filter_api::Spread`].
    pub spread: &'c mut dyn FnMut() -> u64,
    /// The client's address.
    pub client: &'c mut dyn FnMut() -> Option<IpAddr>,
}

/// Why a route cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No name.
    #[error("must not be empty")]
    Name,
    /// No method of HTTP (RFC 9110 section 9.1).
    #[error("must be a method such as \"GET\", found \"{0}\"")]
    Method(String),
    /// CONNECT asks for a tunnel, not for a resource.
    #[error("must not be \"CONNECT\": tunnels are not routed to functions")]
    Connect,
    /// Several things to do, or none.
    #[error("must have exactly one of \"to\", \"redirect\" and \"respond\"")]
    NotOneAction,
    /// A choice where there is none.
    #[error("must stand beside \"to\", where there is something to choose; leave it out")]
    NothingToChoose,
}

impl Route {
    /// Compiles a route; the path of a fault is relative to it.
    pub(crate) fn compile(config: &RouteConfig, index: usize) -> Result<Self, ConfigError> {
        if config.name.is_empty() {
            return Err(ConfigError::new("name", RouteError::Name));
        }
        let within_match = |error: ConfigError| error.within("match");
        let pattern = Pattern::compile(&config.matches).map_err(within_match)?;
        let conditions = Conditions::compile(&config.matches).map_err(within_match)?;
        for (index, method) in config.matches.methods.iter().enumerate() {
            let fault = |error| ConfigError::new(format!("match.methods[{index}]"), error);
            if method == "CONNECT" {
                return Err(fault(RouteError::Connect));
            }
            if !is_token(method.as_bytes()) {
                return Err(fault(RouteError::Method(method.clone())));
            }
        }
        let methods = config.matches.methods.iter();
        Ok(Self {
            name: config.name.as_str().into(),
            index,
            methods: methods.map(|method| method.as_str().into()).collect(),
            conditions,
            action: Action::compile(config, &pattern)?,
            pattern,
        })
    }

    /// The name in logs and metrics.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its place among the routes that were compiled, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The methods it takes; none means any.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(|method| &**method)
    }

    /// The names of the values in the path, in order.
    pub fn value_names(&self) -> impl Iterator<Item = &str> {
        self.pattern.names().iter().map(|name| &**name)
    }

    /// The values in the path of a request that it takes, decoded, in the order of their names.
    pub fn values<'p>(&self, request: &'p Request<'_>) -> Vec<Value<'p>> {
        self.pattern.values(request)
    }

    /// The functions among which it chooses; none, if it answers by itself.
    pub fn destinations(&self) -> &[Destination] {
        match &self.action {
            Action::Forward { destinations, .. } => destinations.all(),
            Action::Redirect(_) | Action::Respond(_) => &[],
        }
    }

    /// How specific it is, for a host of this rank.
    pub(crate) fn precedence(&self, host: HostRank) -> Precedence {
        Precedence {
            host,
            path: self.pattern.rank(),
            method: match *self.methods {
                [] => MethodRank::Any,
                _ => MethodRank::Named,
            },
            headers: std::cmp::Reverse(self.conditions.header_count()),
            query: std::cmp::Reverse(self.conditions.query_count()),
            place: self.index,
        }
    }

    /// Why it does not take a request whose host and path it matches. A wrong method and a wrong type
    /// of the body are told only when nothing else is wrong, so that they can be told to the client.
    pub(crate) fn mismatch(&self, request: &Request<'_>) -> Option<Mismatch<'_>> {
        if let Some(unmet) = self.conditions.values_unmet(request) {
            return Some(unmet);
        }
        if !self.takes_method(request.method) {
            return Some(Mismatch::Method);
        }
        if !self.conditions.takes_content_type_of(request) {
            return Some(Mismatch::ContentType);
        }
        None
    }

    /// Whether it will take a request that is still to come, whose host and path it matches, if its
    /// method is one of the route's. Of the header fields only that is known what `field` says, and
    /// nobody knows the type of the body.
    pub fn foresee(&self, request: &Request<'_>, field: &dyn Fn(&str) -> Foreknown) -> Prospect {
        self.conditions.foresee(request, field)
    }

    /// Whether a method is one of its own.
    pub fn takes_method(&self, method: &[u8]) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|known| known.as_bytes() == method)
    }

    /// Whether the choice between its functions depends on what the request's tokens say.
    pub fn asks_claims(&self) -> bool {
        match &self.action {
            Action::Forward {
                destinations,
                sticky,
                ..
            } => {
                matches!(sticky, Some(Sticky::Claim { .. }))
                    || destinations.all().iter().any(Destination::asks_claims)
            }
            Action::Redirect(_) | Action::Respond(_) => false,
        }
    }

    /// What becomes of a request that it takes.
    ///
    /// # Errors
    /// When the client asks for an upgrade that the function does not take, or a value of the path
    /// cannot stand where it would be put.
    pub fn decide(
        &self,
        request: &Request<'_>,
        circumstances: &mut Circumstances<'_>,
    ) -> Result<Decision<'_>, Denial> {
        match &self.action {
            Action::Redirect(redirect) => redirect
                .answer(request, &self.pattern)
                .map(Decision::Answer),
            Action::Respond(respond) => Ok(Decision::Answer(respond.answer())),
            Action::Forward {
                destinations,
                sticky,
                force,
            } => {
                let said = circumstances.said;
                let forced = force.as_ref().and_then(|name| request.header(name));
                let (destination, reason, set_cookie) = if let Some(forced) =
                    forced.and_then(|name| destinations.forced(&name, said))
                {
                    (forced, Reason::Forced, None)
                } else if let Some(met) = destinations.conditional(request, said) {
                    (met, Reason::Condition, None)
                } else {
                    let (ticket, set_cookie) = match sticky {
                        Some(sticky) => sticky.ticket(request, circumstances),
                        None => (Ticket::Turn((circumstances.spread)()), None),
                    };
                    let chosen = destinations.weighted(ticket).ok_or(Denial::NoRoute)?;
                    (chosen, Reason::Share(ticket), set_cookie)
                };
                if request.upgrades && !destination.websocket {
                    return Err(Denial::UpgradeNotAllowed);
                }
                Ok(Decision::Forward(Forward {
                    destination,
                    reason,
                    rewritten: destination.rewrite.apply(request, &self.pattern)?,
                    set_cookie,
                }))
            }
        }
    }
}

impl Action {
    fn compile(config: &RouteConfig, pattern: &Pattern) -> Result<Self, ConfigError> {
        let needs_choice = |place: &str| ConfigError::new(place, RouteError::NothingToChoose);
        let answers = config.redirect.is_some() || config.respond.is_some();
        match (&config.redirect, &config.respond) {
            (Some(_), None) | (None, Some(_)) if !config.to.is_empty() => {
                Err(ConfigError::new("", RouteError::NotOneAction))
            }
            (Some(_), Some(_)) => Err(ConfigError::new("", RouteError::NotOneAction)),
            _ if answers && config.sticky.is_some() => Err(needs_choice("sticky")),
            _ if answers && config.force.is_some() => Err(needs_choice("force")),
            (Some(redirect), None) => Redirect::compile(redirect, pattern)
                .map(Self::Redirect)
                .map_err(|error| error.within("redirect")),
            (None, Some(respond)) => Respond::compile(respond)
                .map(Self::Respond)
                .map_err(|error| error.within("respond")),
            (None, None) => {
                let sticky = config.sticky.as_ref().map(Sticky::compile).transpose();
                if let Some(force) = &config.force {
                    header_name(force).map_err(|problem| ConfigError::new("force", problem))?;
                }
                Ok(Self::Forward {
                    destinations: Destinations::compile(&config.to, pattern)?,
                    sticky: sticky.map_err(|error| error.within("sticky"))?,
                    force: config.force.as_deref().map(Into::into),
                })
            }
        }
    }
}
