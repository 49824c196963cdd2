//! How many pods there are.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};

use gateway_model::Gateway;

use super::names::Names;

/// One may end while another answers.
const LEAST: i32 = 2;
const MOST: i32 = Gateway::MOST_REPLICAS as i32; // limits that all pods share are divided by it

/// Percent of the CPU that a pod asks for: the rest is for the time that another needs to be there.
const CPU: i32 = 60;

/// By CPU, which is what a request costs. The Deployment itself does not say how many pods there are: two
/// would then set the same field.
pub(super) fn horizontal_pod_autoscaler(names: &Names<'_>) -> HorizontalPodAutoscaler {
    let cpu = MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource {
            name: "cpu".to_owned(),
            target: MetricTarget {
                type_: "Utilization".to_owned(),
                average_utilization: Some(CPU),
                ..MetricTarget::default()
            },
        }),
        ..MetricSpec::default()
    };
    HorizontalPodAutoscaler {
        metadata: names.metadata(),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: names.gateway().to_owned(),
            },
            min_replicas: Some(LEAST),
            max_replicas: MOST,
            metrics: Some(vec![cpu]),
            behavior: Some(HorizontalPodAutoscalerBehavior {
                scale_down: Some(one_a_minute()),
                ..HorizontalPodAutoscalerBehavior::default()
            }),
        }),
        ..HorizontalPodAutoscaler::default()
    }
}

/// A pod that goes takes its connections with it, and their clients come to the others at once.
fn one_a_minute() -> HPAScalingRules {
    HPAScalingRules {
        policies: Some(vec![HPAScalingPolicy {
            type_: "Pods".to_owned(),
            value: 1,
            period_seconds: 60,
        }]),
        ..HPAScalingRules::default()
    }
}
