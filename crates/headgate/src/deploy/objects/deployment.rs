//! The pods, and how one set of them takes the place of another.

use gateway_model::{Controller, Entrance};
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Deployed;
use super::config_map::ConfigMaps;
use super::pod::pod;
use super::shutdown::HealthCheck;

/// A Deployment whose pods are replaced when something changes that Envoy takes only at its start: what
/// they mount is named by its content. It does not say how many pods there are; the autoscaler does.
pub(super) fn deployment(of: &Deployed<'_>, config: &ConfigMaps) -> Deployment {
    let names = &of.names;
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(names.labels_of_pods()),
            ..ObjectMeta::default()
        }),
        spec: Some(pod(of, config)),
    };
    Deployment {
        metadata: names.metadata(),
        spec: Some(DeploymentSpec {
            selector: names.label_selector(),
            template,
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_unavailable: Some(IntOrString::Int(0)),
                    max_surge: Some(IntOrString::String("25%".to_owned())),
                }),
            }),
            min_ready_seconds: min_ready_seconds(&of.entrance),
            // What went before mounts what is no longer there: to go back is to apply the document of then.
            revision_history_limit: Some(0),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// How long a new pod must have been ready before an old one goes. Where the balancer calls pods, pods wait
/// for it by themselves (the readiness gate that its controller sets); where it calls nodes, nobody tells
/// when it has seen the new pod's.
fn min_ready_seconds(entrance: &Entrance) -> Option<i32> {
    let controller = entrance.balancer.as_ref()?.controller;
    let calls_nodes = controller == Controller::CloudProviderAws;
    let seen = HealthCheck::of(controller).seen_after();
    calls_nodes.then(|| (2 * seen).into())
}
