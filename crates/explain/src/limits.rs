//! Which limits a request is subject to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use claims::Said;
use filter_api::{Client, HostError};
use function_router::{Request, Route};
use gateway_model::{Gateway, RateLimit};
use rate_limiter::{Facts, Inspected, RateLimiter, Stage, Subject};
use serde::Serialize;

/// A limit, and what it is to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitTold {
    /// What metrics call it.
    pub name: String,
    /// Where the document has it: `routes[0].limits[1]`.
    pub place: String,
    /// When it is asked.
    pub asked: Asked,
    /// How fast tokens come: `100/s`.
    pub rate: String,
    /// How many tokens there can be in a bucket of an Envoy; none, if a service alone holds the limit.
    pub burst: Option<u32>,
    /// Whether rate and burst are divided among the replicas that there can be where the document is deployed.
    /// Here they are told as they are for one.
    pub shared: bool,
    /// Whether a rate-limit service holds it for all Envoys together.
    pub service: bool,
    /// Whether it refuses nothing.
    pub dry_run: bool,
    /// What the request's bucket goes by, each part with the request's value; `-` is one that it has not.
    pub key: Vec<(String, String)>,
    /// How many tokens the request takes.
    pub cost: u32,
    /// The name by which the request is exempt, if it is.
    pub exempt: Option<String>,
    /// What the request does not look like, if the limit is not about it.
    pub unmet: Option<String>,
}

/// When a limit is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Before tokens are looked at.
    BeforeTokens,
    /// Behind them, and behind the choice of the function.
    AfterTokens,
}

/// The limits of a document, compiled as the pipeline does.
#[derive(Debug)]
pub(crate) struct Limits<'a> {
    limiter: RateLimiter,
    /// Where they stand, by their full names.
    document: BTreeMap<String, (String, &'a RateLimit)>,
}

impl<'a> Limits<'a> {
    pub(crate) fn new(gateway: &'a Gateway, limiter: RateLimiter) -> Self {
        let named = gateway.named_limits();
        let document = named.map(|(place, name, limit)| (name, (place, limit)));
        Self {
            limiter,
            document: document.collect(),
        }
    }

    /// Those that need nobody's identity.
    pub(crate) fn early(
        &self,
        request: &Request<'_>,
        route: Option<&Route>,
        client: Option<IpAddr>,
    ) -> Vec<LimitTold> {
        self.told(request, route, &[], client, Stage::Early)
    }

    /// Those by claim, and those of functions, of which some may take the request.
    pub(crate) fn late(
        &self,
        (request, said): (&Request<'_>, &[Said<'_>]),
        route: &Route,
        functions: &[usize],
        client: Option<IpAddr>,
    ) -> Vec<LimitTold> {
        let mut all = Vec::new();
        let stages = functions.iter().map(|function| Some(*function));
        for function in stages.chain(functions.is_empty().then_some(None)) {
            let stage = Stage::Late(function);
            for told in self.told(request, Some(route), said, client, stage) {
                if !all.contains(&told) {
                    all.push(told);
                }
            }
        }
        all
    }

    fn told(
        &self,
        request: &Request<'_>,
        route: Option<&Route>,
        said: &[Said<'_>],
        client: Option<IpAddr>,
        stage: Stage,
    ) -> Vec<LimitTold> {
        let mut facts = Facts::new(request, route, said);
        let inspected = self.limiter.inspect(&mut At(client), &mut facts, stage);
        let inspected = inspected.unwrap_or_default().into_iter();
        let told = inspected.filter_map(|one| self.one(&one, stage));
        told.collect()
    }

    fn one(&self, inspected: &Inspected<'_>, stage: Stage) -> Option<LimitTold> {
        let name = inspected.limit.full_name();
        let (place, limit) = self.document.get(name)?;
        let parts = limit.by.iter().map(ToString::to_string);
        let (exempt, unmet) = match &inspected.subject {
            Subject::Yes => (None, None),
            Subject::Exempt(name) => (Some(name.clone()), None),
            Subject::No(unmet) => (None, Some(unmet.clone())),
        };
        Some(LimitTold {
            name: name.to_owned(),
            place: place.clone(),
            asked: match stage {
                Stage::Early => Asked::BeforeTokens,
                Stage::Late(_) => Asked::AfterTokens,
            },
            rate: limit.rate.to_string(),
            burst: inspected.bucket.map(|bucket| bucket.burst()),
            shared: limit.share.is_some(),
            service: inspected.asks_service,
            dry_run: limit.dry_run,
            key: parts.zip(inspected.key.iter().cloned()).collect(),
            cost: inspected.cost,
            exempt,
            unmet,
        })
    }
}

/// A client at this address.
struct At(Option<IpAddr>);

impl Client for At {
    fn client_address(&mut self) -> Result<Option<IpAddr>, HostError> {
        Ok(self.0.map(|address| address.to_canonical()))
    }
}
