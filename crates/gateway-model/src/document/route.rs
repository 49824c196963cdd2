//! Which requests go where.

use std::borrow::Cow;

use filter_api::Duration;
use function_router::{
    ConditionConfig, DestinationConfig, RedirectConfig, RespondConfig, RouteConfig, StickyConfig,
};
use gateway::cors::CorsConfig;
use jwt_authz::RequirementConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::RateLimit;
use super::matches::Match;
use super::upstream::Retries;
use crate::scalars::{Percent, RouteName, UpstreamName, Weight};

/// What a request looks like, and what becomes of it. A route has exactly one of `to`, `redirect` and
/// `respond`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["to"] },
    { "required": ["redirect"] },
    { "required": ["respond"] },
]))]
pub struct Route {
    /// The name in logs and metrics; each route has its own. The match says it if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<RouteName>,
    /// What a request must look like.
    #[serde(rename = "match")]
    pub matches: Match,
    /// The upstreams among which requests are shared out; at least one without `when` and with a
    /// weight above 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Destination>,
    /// What keeps a client at the upstream that it once got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<StickyConfig>,
    /// The request header whose value names the destination that takes the request, whatever weights
    /// and conditions say. A value that names none changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<String>,
    /// Upstreams that get a copy of some requests; what they answer is dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirror: Vec<Mirror>,
    /// Which pages of other origins may read answers. It replaces what the gateway says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<CorsConfig>,
    /// What is required of the tokens of requests; `none` for nothing. It replaces what the gateway says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<RequirementConfig>,
    /// How many requests of the route may come. They hold beside those of all requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<RateLimit>,
    /// Sends the client elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<RedirectConfig>,
    /// Answers without asking anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<RespondConfig>,
}

impl Route {
    /// The route's name in logs and metrics. Not given, it is said by the match: `GET /pets/{id}`,
    /// `POST,PUT api.example.com prefix /x`, `stock.v1.Stock/Reserve`.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => Cow::Borrowed(name.as_str()),
            None => Cow::Owned(self.matches.to_string()),
        }
    }

    /// Whether the document itself gives the route its name.
    pub(crate) fn is_named(&self) -> bool {
        self.name.is_some()
    }

    /// The same for the router, which knows functions by their keys. `function` says the key of a
    /// destination, of which it is given the index, and whether it takes WebSocket upgrades.
    pub fn to_config(
        &self,
        mut function: impl FnMut(usize, &Destination) -> (String, bool),
    ) -> RouteConfig {
        let destinations = self.to.iter().enumerate().map(|(index, destination)| {
            let (function, websocket) = function(index, destination);
            destination.to_config(function, websocket)
        });
        RouteConfig {
            name: self.name().into_owned(),
            matches: self.matches.to_config(),
            to: destinations.collect(),
            sticky: self.sticky.clone(),
            force: self.force.clone(),
            redirect: self.redirect.clone(),
            respond: self.respond.clone(),
        }
    }
}

/// An upstream, its share of a route's requests, and what it sees instead of what the client sent. In
/// `path`, `query` and `host`, `{name}` stands for a value of the match's path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// One of the names under `upstreams`.
    pub upstream: UpstreamName,
    /// What metrics and `force` call it; each of a route has its own. The upstream's name if it is not
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<UpstreamName>,
    /// Its share, 0 to 1,000,000, in relation to the sum of the route's weights; 0 means none, and 1
    /// holds if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<Weight>,
    /// It takes the requests that look like this, before weights are asked, and no others. Of several
    /// such destinations the first takes it. It has no weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionConfig>,
    /// The path that the upstream sees, without query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the upstream sees instead of the prefix that was matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The query that the upstream sees, instead of the request's own; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The host that the upstream sees, perhaps with a port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The method that the upstream sees. HEAD stays HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// As of the upstream, which says it if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// As of the upstream, which says it if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Duration>,
    /// As of the upstream, which says it if it is not given; without `budget`, which is the upstream's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// How many of the requests that it takes may come. They hold beside those of the route and of all requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<RateLimit>,
}

impl Destination {
    /// What metrics and `force` call it.
    pub fn name(&self) -> &UpstreamName {
        self.name.as_ref().unwrap_or(&self.upstream)
    }

    /// Its share of the requests that no condition takes, in relation to the sum of the route's.
    pub fn weight(&self) -> u32 {
        match self.when {
            Some(_) => 0,
            None => self.weight.unwrap_or_default().get(),
        }
    }

    fn to_config(&self, function: String, websocket: bool) -> DestinationConfig {
        DestinationConfig {
            function,
            name: Some(self.name().to_string()),
            weight: self.weight.map(Weight::get),
            when: self.when.clone(),
            path: self.path.clone(),
            prefix: self.prefix.clone(),
            query: self.query.clone(),
            host: self.host.clone(),
            method: self.method.clone(),
            websocket,
        }
    }
}

/// An upstream that gets a copy of some requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// One of the names under `upstreams`.
    pub upstream: UpstreamName,
    /// The share of requests that it gets a copy of, in percent; all, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
}
