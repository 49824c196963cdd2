//! How many pods may be taken away at once by who empties nodes.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::Names;

/// One at a time. A pod that is not ready holds up nobody: what is wrong with it is not the node's fault.
pub(super) fn pod_disruption_budget(names: &Names<'_>) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: names.metadata(),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(names.label_selector()),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}
