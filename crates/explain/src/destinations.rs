//! Each destination of a route, as if it were the only one.

use std::net::IpAddr;

use claims::Said;
use filter_api::{Caller, ConfigError, Refusal, Reply};
use function_router::{
    Circumstances, Decision, Denial, DestinationConfig, Forward, MatchConfig, Request, Rewritten,
    Route, RouteConfig, Router,
};

use crate::explanation::{Refused, RefusedBy};

/// The destinations of a route: the choice among them apart from what each makes of the request, so
/// that everything can be told of those, too, whose turn it is not.
#[derive(Debug)]
pub(crate) struct Destinations {
    /// The route without what its destinations write anew, and with upgrades taken by each: it refuses
    /// nothing.
    choice: Router,
    /// Each destination as the only one.
    alone: Vec<Router>,
}

impl Destinations {
    /// Of a route that has any.
    pub(crate) fn compile(route: &RouteConfig, stage: Option<&str>) -> Result<Self, ConfigError> {
        let with = |to: Vec<DestinationConfig>| RouteConfig {
            matches: pattern_alone(&route.matches),
            to,
            ..route.clone()
        };
        let alone = route.to.iter().map(|destination| {
            let alone = DestinationConfig {
                weight: None,
                when: None,
                ..destination.clone()
            };
            let (sticky, force) = (None, None);
            let alone = RouteConfig {
                sticky,
                force,
                ..with(vec![alone])
            };
            Router::compile(&[alone], stage)
        });
        let plain = route.to.iter().map(|destination| DestinationConfig {
            path: None,
            prefix: None,
            query: None,
            host: None,
            method: None,
            websocket: true,
            ..destination.clone()
        });
        Ok(Self {
            choice: Router::compile(&[with(plain.collect())], stage)?,
            alone: alone.collect::<Result<_, _>>()?,
        })
    }

    /// Which one takes a request. Where chance decides, one of those that may.
    pub(crate) fn choose(
        &self,
        request: &Request<'_>,
        said: &[Said<'_>],
        client: Option<IpAddr>,
    ) -> Option<Forward<'_>> {
        match decide(self.choice.routes().first()?, request, said, client) {
            Ok(Decision::Forward(forward)) => Some(forward),
            _ => None, // not of a route that has destinations
        }
    }

    /// What a destination receives of a request that its route takes.
    pub(crate) fn receives(
        &self,
        index: usize,
        request: &Request<'_>,
    ) -> Result<Rewritten, Denial> {
        let router = self.alone.get(index).ok_or(Denial::NoRoute)?;
        let route = router.routes().first().ok_or(Denial::NoRoute)?;
        match decide(route, request, &[], None)? {
            Decision::Forward(forward) => Ok(forward.rewritten),
            Decision::Answer(_) => Err(Denial::NoRoute),
        }
    }
}

/// The path of a match, without its other conditions.
pub(crate) fn pattern_alone(matches: &MatchConfig) -> MatchConfig {
    MatchConfig {
        path: matches.path.clone(),
        prefix: matches.prefix.clone(),
        regex: matches.regex.clone(),
        ..MatchConfig::default()
    }
}

/// What a route makes of a request. Where chance would decide, the first is taken.
pub(crate) fn decide<'r>(
    route: &'r Route,
    request: &Request<'_>,
    said: &[Said<'_>],
    client: Option<IpAddr>,
) -> Result<Decision<'r>, Denial> {
    route.decide(
        request,
        &mut Circumstances {
            said,
            random: &mut || 0,
            spread: &mut || 0,
            client: &mut || client,
        },
    )
}

/// A refusal of the pipeline, as this caller reads it.
pub(crate) fn refused(denial: &dyn Refusal, caller: Caller) -> Refused {
    let reply = Reply::refusal(denial, caller);
    Refused {
        by: RefusedBy::Pipeline,
        status: Some(denial.status()),
        grpc_status: reply
            .header("grpc-status")
            .and_then(|status| status.parse().ok()),
        reason: reply.label.to_owned(),
        detail: denial.detail().into_owned(),
        allow: reply.header("allow").map(str::to_owned),
    }
}
