//! Waiting until the cluster has made of a Deployment what it asks for.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, ClusterError, Kind};
use super::envoy::PodEnvoy;
use super::pod::PodState;
use crate::report::say;

/// Why the new pods are not there.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// They do not come.
    #[error(
        "{what}: {progress}{}. The pods that were there before go on as they were; repair it and apply \
         again", shown(.problems)
    )]
    Failed {
        what: String,
        progress: String,
        /// By pod.
        problems: Vec<String>,
    },
}

fn shown(problems: &[String]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        text.push_str("; ");
        text.push_str(problem);
        text
    })
}

/// How often the cluster is asked.
pub const PAUSE: Duration = Duration::from_millis(500);

/// A Deployment whose pods are waited for.
pub struct Rollout<'a> {
    pub cluster: &'a Cluster,
    pub kind: Kind,
    pub name: &'a str,
    /// The labels of its pods.
    pub labels: &'a str,
    /// The port of their admin endpoints.
    pub admin: u16,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    Done,
    Under(String),
    Stuck(String),
}

impl Rollout<'_> {
    /// Waits until every pod is a new one and ready.
    ///
    /// # Errors
    /// When that does not come about, with what the pods suffer from.
    pub async fn wait(&self, until: Instant) -> Result<(), RolloutError> {
        let mut told = String::new();
        loop {
            let progress = match self.deployment().await? {
                Some(deployment) => progress(&deployment),
                None => Progress::Stuck("somebody has deleted it".to_owned()),
            };
            let text = match progress {
                Progress::Done => return Ok(()),
                Progress::Under(text) if has_passed(until) => {
                    return Err(self.failed(format!("not in time: {text}")).await);
                }
                Progress::Stuck(text) => return Err(self.failed(text).await),
                Progress::Under(text) => text,
            };
            if told != text {
                say(&format!("  {text}"));
                told = text;
            }
            sleep(PAUSE).await;
        }
    }

    async fn deployment(&self) -> Result<Option<Deployment>, ClusterError> {
        let found = self.cluster.get(self.kind, self.name).await?;
        let found = found.and_then(|found| serde_json::to_value(found).ok());
        Ok(found.and_then(|found| serde_json::from_value(found).ok()))
    }

    async fn failed(&self, progress: String) -> RolloutError {
        let pods = self
            .cluster
            .list_pods(self.labels)
            .await
            .unwrap_or_default();
        let mut problems = Vec::new();
        for pod in pods.iter().map(PodState::of) {
            if pod.is_ready || pod.is_ending {
                continue;
            }
            if let Some(problem) = self.problem_of(&pod).await {
                problems.push(format!("pod {}: {problem}", pod.name));
            }
        }
        RolloutError::Failed {
            what: self.kind.object(self.name),
            progress,
            problems,
        }
    }

    /// What the cluster says of a pod; of one that runs what its Envoy says.
    async fn problem_of(&self, pod: &PodState) -> Option<String> {
        if pod.running.is_none() {
            return pod.problem.clone();
        }
        let envoy = PodEnvoy::new(self.cluster, &pod.name, &pod.container, self.admin);
        Some(match envoy.refusal_in_log().await {
            Some(reason) => format!("Envoy refuses what it is given: {reason}"),
            None => "it runs and is not ready".to_owned(),
        })
    }
}

/// How far a Deployment is.
fn progress(deployment: &Deployment) -> Progress {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    let wanted = wanted.unwrap_or(1);
    let nothing = DeploymentStatus::default();
    let status = deployment.status.as_ref().unwrap_or(&nothing);
    if status.observed_generation < deployment.metadata.generation {
        return Progress::Under("waiting for the cluster to look at the Deployment".to_owned());
    }
    let mut conditions = status.conditions.iter().flatten();
    let stuck = conditions.find(|one| one.reason.as_deref() == Some("ProgressDeadlineExceeded"));
    if let Some(stuck) = stuck {
        let message = stuck.message.clone().unwrap_or_default();
        return Progress::Stuck(message);
    }
    let updated = status.updated_replicas.unwrap_or(0);
    let available = status.available_replicas.unwrap_or(0);
    let all = status.replicas.unwrap_or(0);
    if updated < wanted {
        return Progress::Under(format!("{updated} of {wanted} new pods are made"));
    }
    if available < updated {
        return Progress::Under(format!("{available} of {updated} pods are ready"));
    }
    if all > updated {
        let old = all - updated;
        return Progress::Under(format!("{updated} new pods are ready, {old} old ones end"));
    }
    Progress::Done
}

/// Whether a moment has passed.
pub fn has_passed(until: Instant) -> bool {
    now() >= until
}

/// The moment that it is, for what is waited for.
pub fn now() -> Instant {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is native code, which has a clock"
    )]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(status: serde_json::Value) -> Progress {
        let deployment = json!({
            "metadata": { "generation": 2 },
            "spec": { "replicas": 2, "selector": {}, "template": {} },
            "status": status,
        });
        progress(&serde_json::from_value(deployment).unwrap())
    }

    #[test]
    fn a_rollout_is_done_when_every_pod_is_new_and_ready() {
        let under = |text: &str| Progress::Under(text.to_owned());
        for (status, expected) in [
            (
                json!({ "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 }),
                under("waiting for the cluster to look at the Deployment"),
            ),
            (
                json!({ "observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2 }),
                under("1 of 2 new pods are made"),
            ),
            (
                json!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1 }),
                under("1 of 2 pods are ready"),
            ),
            (
                json!({ "observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3 }),
                under("2 new pods are ready, 1 old ones end"),
            ),
            (
                json!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 }),
                Progress::Done,
            ),
            (
                json!({ "observedGeneration": 2, "conditions": [{
                    "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                    "message": "it has timed out",
                }] }),
                Progress::Stuck("it has timed out".to_owned()),
            ),
        ] {
            assert_eq!(of(status.clone()), expected, "{status}");
        }
    }
}
