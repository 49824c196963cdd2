//! How many requests may come.

use std::collections::BTreeMap;

use rate_limiter::{AnswersConfig, HeaderStyle, LimitConfig, LimitsConfig, TellOn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tls::UpstreamTls;
use super::upstream::Location;
use super::{Gateway, is_default, present};
use crate::scalars::{Period, ServiceDomain};

/// A limit. All limits that a request is subject to must let it pass; what one of them refuses takes nothing
/// from any other.
pub type RateLimit = LimitConfig<Share>;

/// Among how many Envoys a limit is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// Among as many as there can be at most where the document is deployed.
    Replicas,
}

/// What holds for all limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimiting {
    /// By which header fields clients are told of limits, beside `retry-after`; `ietf` if it is not given.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: HeaderStyle,
    /// In which answers; `refusals` if it is not given.
    #[serde(skip_serializing_if = "is_default")]
    pub on: TellOn,
    /// Who holds the limits that have an `engine`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub service: Option<RateLimitService>,
}

/// Envoy's rate-limit service, which counts for all Envoys together. Envoy asks it about each request that a
/// limit with an `engine` is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitService {
    /// Its host and port: `ratelimit:8081`, or `{ service: ratelimit.shop:8081 }` for one of Kubernetes.
    pub grpc: Location,
    /// TLS to it: `{}` for all that is usual. Without TLS, if it is not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub tls: Option<UpstreamTls>,
    /// What the service calls the limits of this gateway; `headgate` if it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub domain: ServiceDomain,
    /// How long it may take to answer; 50 ms if it is not given. To change it takes a restart, as it does to
    /// change what is above and below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout: Option<Period>,
    /// What becomes of a request about which it does not answer in time; `pass` if it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_failure: OnFailure,
}

/// What becomes of a request about which a rate-limit service does not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It passes: what each Envoy holds by itself still limits it.
    #[default]
    Pass,
    /// It is refused with 503.
    Refuse,
}

impl RateLimitService {
    /// How long it may take to answer.
    pub fn timeout(&self) -> Period {
        self.timeout.unwrap_or(Period::from_millis(50))
    }
}

impl Gateway {
    /// How many Envoys there can be at most where a document is deployed: how far the autoscaler goes.
    pub const MOST_REPLICAS: u32 = 10;

    /// Among how many Envoys limits are divided that all of them share: as many as there can be where the
    /// document is deployed, and one if it says nothing of that.
    pub fn most_replicas(&self) -> u32 {
        match self.edge.topology {
            Some(_) => Self::MOST_REPLICAS,
            None => 1,
        }
    }

    /// All limits as the pipeline takes them, where there can be so many Envoys.
    pub fn limits_config(&self, replicas: u32) -> LimitsConfig {
        let all = |limits: &[RateLimit]| -> Vec<LimitConfig> {
            let limits = limits.iter();
            limits
                .map(|limit| limit.shared(|Share::Replicas| replicas))
                .collect()
        };
        let mut config = LimitsConfig {
            answers: AnswersConfig {
                headers: self.rate_limiting.headers,
                on: self.rate_limiting.on,
            },
            gateway: all(&self.limits),
            ..LimitsConfig::default()
        };
        for route in &self.routes {
            let name = route.name().into_owned();
            let limited = route.to.iter().filter(|one| !one.limits.is_empty());
            let functions: BTreeMap<String, Vec<LimitConfig>> = limited
                .map(|one| (one.name().to_string(), all(&one.limits)))
                .collect();
            if !functions.is_empty() {
                config.functions.insert(name.clone(), functions);
            }
            if !route.limits.is_empty() {
                config.routes.insert(name, all(&route.limits));
            }
        }
        config
    }

    /// All limits, each behind its path and the name by which metrics and a rate-limit service know it: behind
    /// the names of the route and of the destination that it belongs to.
    pub fn named_limits(&self) -> impl Iterator<Item = (String, String, &RateLimit)> {
        let all = within("limits".to_owned(), String::new(), &self.limits);
        let routes = self.routes.iter().enumerate();
        let routes = routes.flat_map(move |(i, route)| {
            let before = format!("{}/", route.name());
            let own = within(format!("routes[{i}].limits"), before, &route.limits);
            let destinations = route.to.iter().enumerate();
            own.chain(destinations.flat_map(move |(j, one)| {
                let place = format!("routes[{i}].to[{j}].limits");
                let before = format!("{}/{}/", route.name(), one.name());
                within(place, before, &one.limits)
            }))
        });
        all.chain(routes)
    }

    /// The service that holds limits, if any limit asks it.
    pub fn rate_limit_service(&self) -> Option<&RateLimitService> {
        let service = self.rate_limiting.service.as_ref()?;
        let mut limits = self.named_limits();
        limits
            .any(|(_, _, limit)| limit.engine.is_some())
            .then_some(service)
    }
}

fn within(
    place: String,
    before: String,
    limits: &[RateLimit],
) -> impl Iterator<Item = (String, String, &RateLimit)> {
    let limits = limits.iter().enumerate();
    limits.map(move |(i, limit)| {
        let name = format!("{before}{}", limit.name());
        (format!("{place}[{i}]"), name, limit)
    })
}
