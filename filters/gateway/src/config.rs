//! The pipeline's configuration as it travels, rendered from `gateway.yaml`.

use filter_api::Holding;
use function_router::RouteConfig;
use rate_limiter::LimitsConfig;
use serde::{Deserialize, Serialize};

use crate::cors::CorsPoliciesConfig;
use crate::jwt::JwtConfig;

/// The configuration of the pipeline module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What requests look like and where they go.
    pub routes: Vec<RouteConfig>,
    /// What somebody in front puts before every path, `/prod`: see [`function_router::Config`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_prefix: Option<String>,
    /// Which pages of other origins may read answers.
    #[serde(default, skip_serializing_if = "CorsPoliciesConfig::is_empty")]
    pub cors: CorsPoliciesConfig,
    /// Which tokens requests must have.
    #[serde(default, skip_serializing_if = "JwtConfig::is_empty")]
    pub jwt: JwtConfig,
    /// How many requests may come.
    #[serde(default, skip_serializing_if = "LimitsConfig::is_empty")]
    pub limits: LimitsConfig,
    /// The route by which the pipeline says that it works, of which no token is required. It answers 503
    /// as long as keys are awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// What the Envoy around this module was told about held requests.
    #[serde(default)]
    pub holding: Holding,
}
