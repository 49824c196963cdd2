//! The configuration as it travels in JSON. `gateway.yaml` uses the same types wherever it says the same.

mod cost;
mod key;

use std::borrow::Cow;
use std::collections::BTreeMap;

use claims::PredicateConfig;
use function_router::{MatchConfig, ValueConfig};
use serde::{Deserialize, Serialize};

pub use cost::CostConfig;
pub use key::{AddressConfig, KeyConfig};

use crate::rate::Rate;

/// The configuration of the single-filter module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How clients are told.
    #[serde(default, skip_serializing_if = "AnswersConfig::is_default")]
    pub answers: AnswersConfig,
    /// Limits of all requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitConfig>,
    /// Limits of some requests. Of the routes that match a request the most specific one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<LimitedConfig>,
    /// Lets CORS preflights pass that no filter in front of this one has answered.
    #[serde(default)]
    pub pass_preflights: bool,
}

/// Limits of some requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitedConfig {
    /// The name in metrics.
    pub name: String,
    /// Which requests.
    #[serde(rename = "match")]
    pub matches: MatchConfig,
    /// Their limits; all of them hold, and those of all requests too.
    pub limits: Vec<LimitConfig>,
}

/// The limits of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// How clients are told.
    #[serde(default, skip_serializing_if = "AnswersConfig::is_default")]
    pub answers: AnswersConfig,
    /// Limits of all requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateway: Vec<LimitConfig>,
    /// Limits of routes, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, Vec<LimitConfig>>,
    /// Limits of functions, by the names of their routes and their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, BTreeMap<String, Vec<LimitConfig>>>,
}

impl LimitsConfig {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.gateway.is_empty() && self.routes.is_empty() && self.functions.is_empty()
    }
}

/// How clients are told of limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswersConfig {
    /// By which header fields, beside `retry-after`.
    #[serde(default)]
    pub headers: HeaderStyle,
    /// In which answers.
    #[serde(default)]
    pub on: TellOn,
}

impl AnswersConfig {
    /// Whether it is what holds when nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// By which header fields clients are told of limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HeaderStyle {
    /// `ratelimit` and `ratelimit-policy` (draft-ietf-httpapi-ratelimit-headers-10).
    #[default]
    Ietf,
    /// `x-ratelimit-limit`, `x-ratelimit-remaining` and `x-ratelimit-reset`.
    XRatelimit,
    /// None.
    None,
}

/// In which answers clients are told of limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TellOn {
    /// In those that refuse.
    #[default]
    Refusals,
    /// In all.
    Responses,
}

/// A limit. All limits that a request is subject to must let it pass; what one of them refuses takes nothing
/// from any other.
///
/// `S` is how it is said among how many Envoys it is divided: here by their number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitConfig<S = u32> {
    /// What answers, metrics and logs call it; made of its rate and its keys, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How fast tokens come: `100/s`, `30/m`, `1000/h`, `5000/d`. A request takes one.
    pub rate: Rate,
    /// How many tokens there can be, which is how many requests can come at once; as many as the rate has
    /// in its period, if it is not given: 100 of `100/m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// How many tokens a request takes, if not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostConfig>,
    /// What has a bucket of its own: each combination of these values. Without any there is one bucket
    /// for all.
    #[serde(
        default = "Vec::<KeyConfig>::new",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub by: Vec<KeyConfig>,
    /// It is a limit of these requests alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionsConfig>,
    /// Who is exempt, by a name for it.
    #[serde(
        default = "BTreeMap::<String, ConditionsConfig>::new",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub exempt: BTreeMap<String, ConditionsConfig>,
    /// It refuses nothing, and counts what it would refuse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The HTTP status of what it refuses, if not 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// For how many keys there is room whose buckets are not full: 16384, if it is not given. Keys beyond
    /// them share buckets. A key takes about 30 bytes of an
    /// Envoy's memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u32>,
    /// Among how many Envoys rate and burst are divided.
    #[serde(default = "none::<S>", skip_serializing_if = "Option::is_none")]
    pub share: Option<S>,
    /// Who holds it beyond this Envoy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineConfig>,
}

// Where a type is generic, serde's default would ask for more of it than there is.
const fn none<S>() -> Option<S> {
    None
}

impl<S> LimitConfig<S> {
    /// Its name: the given one, or `100/s by address, claim.sub`.
    pub fn name(&self) -> Cow<'_, str> {
        if let Some(name) = &self.name {
            return Cow::Borrowed(name);
        }
        let keys: Vec<String> = self.by.iter().map(ToString::to_string).collect();
        Cow::Owned(match *keys {
            [] => self.rate.to_string(),
            _ => format!("{} by {}", self.rate, keys.join(", ")),
        })
    }

    /// The same limit with another way to say among how many it is divided.
    pub fn shared<T>(&self, share: impl FnOnce(&S) -> T) -> LimitConfig<T> {
        LimitConfig {
            name: self.name.clone(),
            rate: self.rate,
            burst: self.burst,
            cost: self.cost.clone(),
            by: self.by.clone(),
            when: self.when.clone(),
            exempt: self.exempt.clone(),
            dry_run: self.dry_run,
            status: self.status,
            keys: self.keys,
            share: self.share.as_ref().map(share),
            engine: self.engine.clone(),
        }
    }

    /// Whether it is about nothing where no token is looked at: it is of requests whose tokens say something, or
    /// all its keys are claims.
    pub fn is_of_claims(&self) -> bool {
        let is_claim = |key: &KeyConfig| matches!(key, KeyConfig::Claim { .. });
        let when = self.when.as_ref();
        when.is_some_and(|when| !when.claims.is_empty())
            || !self.by.is_empty() && self.by.iter().all(is_claim)
    }

    /// Whether it asks what tokens say, which is known only behind authorisation.
    pub fn asks_claims(&self) -> bool {
        let of_claim = |key: &KeyConfig| matches!(key, KeyConfig::Claim { .. });
        let mut conditions = self.when.iter().chain(self.exempt.values());
        self.by.iter().any(of_claim) || conditions.any(|one| !one.claims.is_empty())
    }
}

/// What a request must look like; all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConditionsConfig {
    /// Methods, as they are written in a request, one of which it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Networks, `192.0.2.0/24` or `2001:db8::/32`, in one of which the client is; an address is one by
    /// itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Header fields by name, in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, ValueConfig>,
    /// Query parameters by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, ValueConfig>,
    /// What the claims of the request's token say; all of it must hold. Without a token nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<PredicateConfig>,
    /// Whose claims are meant: the name of a provider. Those of any accepted token, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// Who holds a limit for several Envoys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// Envoy's rate-limit service, which Envoy's own filter behind this one asks.
    pub ratelimit: RateLimitServiceConfig,
}

/// A limit that a rate-limit service holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RateLimitServiceConfig {
    /// What each Envoy holds by itself before it asks, and without the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalConfig>,
}

/// What each Envoy holds by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LocalConfig {
    /// How fast tokens come.
    pub rate: Rate,
    /// How many there can be; as many as the rate has in its period, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}
