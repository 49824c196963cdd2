//! What a kubelet tells the API server.

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

/// A node of the cluster, and the pods of one namespace.
#[derive(Clone)]
pub(super) struct Reports {
    pub(super) node: String,
    pub(super) namespace: String,
    nodes: Api<Node>,
    pods: Api<Pod>,
    client: Client,
}

impl Reports {
    pub(super) fn new(client: &Client, node: &str, namespace: &str) -> Self {
        Self {
            node: node.to_owned(),
            namespace: namespace.to_owned(),
            nodes: Api::all(client.clone()),
            pods: Api::namespaced(client.clone(), namespace),
            client: client.clone(),
        }
    }

    /// Makes the node, with the port at which its kubelet is asked.
    pub(super) async fn join(&self, port: u16) {
        let node = json!({ "metadata": { "name": self.node } });
        let node = serde_json::from_value(node).expect("a node");
        self.nodes
            .create(&PostParams::default(), &node)
            .await
            .expect("a node");
        let status = json!({ "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
            "conditions": [{ "type": "Ready", "status": "True", "reason": "KubeletReady" }],
        } });
        self.patch_node_status(&status).await;
    }

    async fn patch_node_status(&self, status: &Value) {
        let how = PatchParams::default();
        let status = Patch::Merge(status);
        let patched = self.nodes.patch_status(&self.node, &how, &status);
        patched.await.expect("the node's status");
    }

    /// The pods of the namespace; none where the API server does not answer, as a kubelet goes on then.
    pub(super) async fn pods(&self) -> Option<Vec<Pod>> {
        let list = self.pods.list(&ListParams::default()).await;
        list.ok().map(|list| list.items)
    }

    /// Puts a pod on this node, as a scheduler does.
    pub(super) async fn bind(&self, pod: &str) {
        let binding = json!({
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": { "name": pod, "namespace": self.namespace },
            "target": { "apiVersion": "v1", "kind": "Node", "name": self.node },
        });
        let how = PostParams::default();
        let bound = self
            .pods
            .create_subresource::<Value, Value>("binding", pod, &how, &binding);
        // It may have been deleted in between.
        let _ = bound.await;
    }

    pub(super) async fn set_status(&self, pod: &str, status: Value) {
        let status = json!({ "status": status });
        let how = PatchParams::default();
        // It may have been deleted in between.
        let _ = self
            .pods
            .patch_status(pod, &how, &Patch::Merge(&status))
            .await;
    }

    /// Tells that all of a pod has ended.
    pub(super) async fn is_gone(&self, pod: &str) {
        let how = DeleteParams::default().grace_period(0);
        let _ = self.pods.delete(pod, &how).await;
    }

    /// What a ConfigMap or a Secret holds, as texts.
    pub(super) async fn data(&self, source: &Source) -> Option<Data> {
        match source {
            Source::ConfigMap(name) => {
                let all = Api::<k8s_openapi::api::core::v1::ConfigMap>::namespaced(
                    self.client.clone(),
                    &self.namespace,
                );
                Some(all.get_opt(name).await.ok()??.data.unwrap_or_default())
            }
            Source::Secret(name) => {
                let all = Api::<k8s_openapi::api::core::v1::Secret>::namespaced(
                    self.client.clone(),
                    &self.namespace,
                );
                let data = all.get_opt(name).await.ok()??.data.unwrap_or_default();
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                Some(
                    data.into_iter()
                        .map(|(key, value)| (key, text(value.0)))
                        .collect(),
                )
            }
        }
    }
}

/// The files of a volume.
pub(super) type Data = std::collections::BTreeMap<String, String>;

/// What a volume is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    ConfigMap(String),
    Secret(String),
}
