//! What belongs to a gateway in a cluster.

use kube::api::DynamicObject;

use super::cluster::{Cluster, ClusterError, KINDS, Kind};
use super::objects::MANAGER;

/// An object that is there.
#[derive(Debug, Clone)]
pub struct Found {
    pub kind: Kind,
    pub name: String,
    pub object: DynamicObject,
}

impl Found {
    /// Whether headgate has applied it, and not only labelled it so.
    pub fn is_ours(&self) -> bool {
        let managers = self.object.metadata.managed_fields.iter().flatten();
        let mut managers = managers.filter(|fields| fields.operation.as_deref() == Some("Apply"));
        managers.any(|fields| fields.manager.as_deref() == Some(MANAGER))
    }

    /// `ConfigMap shop-3f2a9c`.
    pub fn shown(&self) -> String {
        self.kind.object(&self.name)
    }
}

/// The labels of a gateway's pods.
pub fn labels_of_pods(gateway: &str) -> String {
    format!("app.kubernetes.io/name=headgate,app.kubernetes.io/instance={gateway}")
}

/// All that is labelled as a gateway's, in the order in which it can be taken away. Kinds that may not be
/// listed are returned apart.
///
/// # Errors
/// When the cluster does not answer.
pub async fn find(
    cluster: &Cluster,
    gateway: &str,
) -> Result<(Vec<Found>, Vec<ClusterError>), ClusterError> {
    let labels = format!(
        "{},app.kubernetes.io/managed-by={MANAGER}",
        labels_of_pods(gateway)
    );
    let (mut found, mut hidden) = (Vec::new(), Vec::new());
    for kind in KINDS {
        match cluster.list(kind, &labels).await {
            Ok(objects) => found.extend(objects.into_iter().map(|object| Found {
                kind,
                name: object.metadata.name.clone().unwrap_or_default(),
                object,
            })),
            Err(error @ ClusterError::Forbidden { .. }) => hidden.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok((found, hidden))
}
