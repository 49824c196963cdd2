//! A CORS policy as it is written, in the document and in the pipeline's configuration alike.

use filter_api::Duration;
use serde::{Deserialize, Serialize};

/// Which pages of other origins may read answers, and what they may ask (the Fetch standard, "CORS
/// protocol").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// The origins whose pages may read answers, at least one: `https://shop.example.com`,
    /// `https://*.example.com` for every name below it, or `*` alone for any origin.
    pub origins: Vec<String>,
    /// The methods that a page may use. Not given, those of the route are; of a route that takes any,
    /// the one that is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// The header fields that a page may send beyond those that Fetch always admits. `*` alone admits
    /// whatever is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// The header fields of an answer that a page may read beyond those that Fetch always shows. `*`
    /// alone shows all; not with credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    /// How long a browser may remember the answer to a preflight, in whole seconds. Browsers have an
    /// upper bound of their own, and a default of 5 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// Whether pages may send cookies and other credentials, and read the answers then. Not with the
    /// origin `*`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub credentials: bool,
}
