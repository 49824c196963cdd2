//! What is in the cluster, and waiting for it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::Api;
use kube::api::{DynamicObject, ListParams};

use super::{DEADLINE, PAUSE, Rig, resource};

impl Rig {
    pub fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.admin.clone(), &self.namespace)
    }

    /// The ConfigMap that running Envoys read.
    pub async fn watched(&self) -> ConfigMap {
        let all = self
            .config_maps()
            .list(&ListParams::default())
            .await
            .unwrap();
        let holds = |one: &ConfigMap| one.data.iter().any(|data| data.contains_key("ecds.yaml"));
        all.items.into_iter().find(holds).unwrap()
    }

    pub async fn config_map_names(&self) -> BTreeSet<String> {
        let all = self
            .config_maps()
            .list(&ListParams::default())
            .await
            .unwrap();
        let names = all.items.into_iter().filter_map(|one| one.metadata.name);
        names.filter(|name| name != "kube-root-ca.crt").collect()
    }

    pub async fn pods(&self) -> Vec<Pod> {
        let all = Api::<Pod>::namespaced(self.admin.clone(), &self.namespace);
        all.list(&ListParams::default()).await.unwrap().items
    }

    /// The versions of all objects that carry the gateway's labels, as the API server counts them, without
    /// what controllers write.
    pub async fn versions(&self, kinds: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for (api_version, kind, plural) in kinds {
            let resource = resource(api_version, kind, plural);
            let all = Api::<DynamicObject>::namespaced_with(
                self.admin.clone(),
                &self.namespace,
                &resource,
            );
            let which = ListParams::default().labels("app.kubernetes.io/managed-by=headgate");
            for object in all.list(&which).await.unwrap().items {
                let name = format!("{kind} {}", object.metadata.name.unwrap());
                versions.insert(name, object.metadata.resource_version.unwrap());
            }
        }
        versions
    }

    /// The versions of all objects, when that of this one has not changed for a while: controllers write
    /// objects too.
    pub async fn settled(&self, kinds: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
        self.wait_for_pods(2).await;
        let mut before = BTreeMap::new();
        let mut alike = 0;
        while alike < 15 {
            tokio::time::sleep(PAUSE).await;
            let now = self.versions(kinds).await;
            alike = if now == before { alike + 1 } else { 0 };
            before = now;
        }
        before
    }

    /// Waits until there are so many pods.
    pub async fn wait_for_pods(&self, pods: usize) {
        self.wait("pods", async || self.pods().await.len() == pods)
            .await;
    }

    /// Waits until every Envoy has what it is to have.
    pub async fn wait_until_taken(&self) {
        self.wait("every Envoy has it", async || {
            self.deploying(&["status"]).await.code == 0
        })
        .await;
    }

    /// Waits until a condition holds.
    pub async fn wait(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "{what}: not within {DEADLINE:?}");
    }
}
