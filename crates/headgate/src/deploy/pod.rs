//! What the cluster says of a pod.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

/// A pod of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodState {
    /// Its name.
    pub name: String,
    /// Its first container: Envoy.
    pub container: String,
    /// That container's id, while it runs.
    pub running: Option<String>,
    /// Whether requests are sent to it.
    pub is_ready: bool,
    /// It was told to end.
    pub is_ending: bool,
    /// How often the container has ended.
    pub restarts: i32,
    /// Why it does not run, or is not ready, if the cluster says that.
    pub problem: Option<String>,
    /// The ConfigMaps that it mounts.
    pub config_maps: Vec<String>,
}

impl PodState {
    /// Of a pod.
    pub fn of(pod: &Pod) -> Self {
        let spec = pod.spec.as_ref();
        let status = pod.status.as_ref();
        let container = spec.and_then(|spec| spec.containers.first());
        let container = container.map_or("envoy", |container| &container.name);
        let statuses = status.and_then(|status| status.container_statuses.as_ref());
        let of_envoy = statuses
            .into_iter()
            .flatten()
            .find(|one| one.name == container);
        let conditions = status.and_then(|status| status.conditions.as_ref());
        let condition = |kind: &str| {
            let mut conditions = conditions.into_iter().flatten();
            conditions.find(|one| one.type_ == kind)
        };
        let volumes = spec.and_then(|spec| spec.volumes.as_ref());
        let config_maps = volumes.into_iter().flatten();
        let config_maps = config_maps.filter_map(|volume| Some(&volume.config_map.as_ref()?.name));
        let is_ready = condition("Ready").is_some_and(|ready| ready.status == "True");
        let unscheduled = condition("PodScheduled").filter(|one| one.status == "False");
        let problem = of_envoy.and_then(problem).or_else(|| {
            let told = unscheduled.and_then(|one| one.message.clone());
            told.or_else(|| status?.message.clone())
        });
        Self {
            name: pod.metadata.name.clone().unwrap_or_default(),
            container: container.to_owned(),
            running: of_envoy.and_then(|one| {
                one.state.as_ref()?.running.as_ref()?;
                one.container_id.clone()
            }),
            is_ready,
            is_ending: pod.metadata.deletion_timestamp.is_some(),
            restarts: of_envoy.map_or(0, |one| one.restart_count),
            problem,
            config_maps: config_maps.cloned().collect(),
        }
    }

    /// Whether it takes up what a ConfigMap says. One that is ending does not look any more.
    pub fn reads(&self, config: &str) -> bool {
        !self.is_ending && self.config_maps.iter().any(|name| name == config)
    }
}

/// Why a container does not run: `ImagePullBackOff: …`.
fn problem(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref()?;
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.clone().unwrap_or_default();
        // What every pod begins with is no problem.
        if reason == "ContainerCreating" || reason == "PodInitializing" {
            return None;
        }
        return Some(match &waiting.message {
            Some(message) => format!("{reason}: {message}"),
            None => reason,
        });
    }
    let ended = state.terminated.as_ref()?;
    let reason = ended.reason.clone().unwrap_or_default();
    Some(format!("it ended with {}: {reason}", ended.exit_code))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: serde_json::Value) -> PodState {
        let pod = json!({
            "metadata": { "name": "web-1" },
            "spec": {
                "containers": [{ "name": "envoy" }],
                "volumes": [{ "name": "config", "configMap": { "name": "web-abc" } }],
            },
            "status": status,
        });
        PodState::of(&serde_json::from_value(pod).unwrap())
    }

    fn container(state: serde_json::Value) -> serde_json::Value {
        json!({
            "name": "envoy", "image": "", "imageID": "", "ready": false, "restartCount": 2,
            "containerID": "containerd://7", "state": state,
        })
    }

    #[test]
    fn a_pod_that_runs_has_an_id_that_ends_with_its_container() {
        let running = pod(json!({
            "conditions": [{ "type": "Ready", "status": "True" }],
            "containerStatuses": [container(json!({ "running": {} }))],
        }));
        assert_eq!(running.running.as_deref(), Some("containerd://7"));
        assert!(running.is_ready && running.reads("web-abc") && !running.reads("web-old"));
        assert_eq!((running.restarts, running.problem), (2, None));
    }

    #[test]
    fn what_keeps_a_pod_from_running_is_told_in_the_clusters_words() {
        let waiting =
            json!({ "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } });
        let waiting = pod(json!({ "containerStatuses": [container(waiting)] }));
        assert_eq!(
            waiting.problem.as_deref(),
            Some("ImagePullBackOff: no such image")
        );
        assert_eq!(waiting.running, None);
        let nowhere = pod(json!({ "conditions": [
            { "type": "PodScheduled", "status": "False", "message": "0/3 nodes are available" },
        ] }));
        assert_eq!(nowhere.problem.as_deref(), Some("0/3 nodes are available"));
        let begins = json!({ "waiting": { "reason": "ContainerCreating" } });
        assert_eq!(
            pod(json!({ "containerStatuses": [container(begins)] })).problem,
            None
        );
    }
}
