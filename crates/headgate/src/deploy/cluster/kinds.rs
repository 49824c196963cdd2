//! The kinds of objects that a gateway is made of.

use kube::core::ApiResource;

use crate::deploy::objects::Object;

/// A kind of objects, with what its address in the API is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The API's group; empty for the core's.
    pub group: &'static str,
    /// The group's version.
    pub version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// `deployments`.
    pub plural: &'static str,
}

/// Those that a gateway is made of, in the order in which they are taken away: first what sends requests to
/// pods, last what pods need.
pub const KINDS: [Kind; 7] = [
    kind(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
    ),
    kind("", "v1", "Service", "services"),
    kind("apps", "v1", "Deployment", "deployments"),
    kind(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
    ),
    NETWORK_POLICY,
    CONFIG_MAP,
    kind("", "v1", "ServiceAccount", "serviceaccounts"),
];

const CONFIG_MAP: Kind = kind("", "v1", "ConfigMap", "configmaps");

const NETWORK_POLICY: Kind = kind(
    "networking.k8s.io",
    "v1",
    "NetworkPolicy",
    "networkpolicies",
);

const fn kind(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> Kind {
    Kind {
        group,
        version,
        kind,
        plural,
    }
}

impl Kind {
    /// `ConfigMap`.
    pub const CONFIG_MAP: Self = CONFIG_MAP;

    /// `NetworkPolicy`.
    pub const NETWORK_POLICY: Self = NETWORK_POLICY;

    /// The kind of an object.
    pub fn of(object: &Object) -> Self {
        kind(object.group, object.version, object.kind, object.plural)
    }

    /// What messages call one: `Deployment shop`.
    pub fn object(self, name: &str) -> String {
        format!("{} {name}", self.kind)
    }
}

impl From<Kind> for ApiResource {
    fn from(kind: Kind) -> Self {
        let api_version = match kind.group {
            "" => kind.version.to_owned(),
            group => format!("{group}/{}", kind.version),
        };
        Self {
            group: kind.group.to_owned(),
            version: kind.version.to_owned(),
            api_version,
            kind: kind.kind.to_owned(),
            plural: kind.plural.to_owned(),
        }
    }
}

/// What namespaces are.
pub fn namespaces() -> ApiResource {
    kind("", "v1", "Namespace", "namespaces").into()
}
