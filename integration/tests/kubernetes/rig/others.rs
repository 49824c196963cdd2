//! What others than `headgate` do in the cluster.

use std::fs;

use integration::kubernetes::User;
use integration::tls::Authority;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Rig, resource};

impl Rig {
    /// Applies an object as another field manager, with all rights.
    pub async fn apply_as(&self, manager: &str, object: &Value) -> DynamicObject {
        let kind = object["kind"].as_str().unwrap();
        let api_version = object["apiVersion"].as_str().unwrap();
        let plural = format!("{}s", kind.to_lowercase());
        let resource = resource(api_version, kind, &plural);
        let all =
            Api::<DynamicObject>::namespaced_with(self.admin.clone(), &self.namespace, &resource);
        let name = object["metadata"]["name"].as_str().unwrap();
        let how = PatchParams::apply(manager).force();
        all.patch(name, &how, &Patch::Apply(object)).await.unwrap()
    }

    /// Gives a Service's balancer an address, as AWS' controller does.
    pub async fn give_address(&self, service: &str, address: &str) {
        let services = Api::<Service>::namespaced(self.admin.clone(), &self.namespace);
        let status =
            json!({ "status": { "loadBalancer": { "ingress": [{ "hostname": address }] } } });
        let how = PatchParams::default();
        services
            .patch_status(service, &how, &Patch::Merge(&status))
            .await
            .unwrap();
    }

    /// Writes what Envoys read as a whole, as `kubectl apply` would, and lets the kubelet look.
    pub async fn replace_config_map(&self) {
        let rendered = self.call(User::Nobody, &["render"]).well().out;
        let objects = rendered
            .split("---\n")
            .filter(|one| one.contains("ecds.yaml"));
        for object in objects {
            let object: Value = serde_saphyr::from_str(object).unwrap();
            self.apply_as("headgate", &object).await;
        }
        let all = Api::<Pod>::namespaced(self.admin.clone(), &self.namespace);
        for pod in self.pods().await {
            let now = self.watched().await.metadata.resource_version.unwrap();
            let patch = json!({ "metadata": { "annotations": { "look": now } } });
            let name = pod.metadata.name.unwrap();
            let how = PatchParams::default();
            all.patch(&name, &how, &Patch::Merge(&patch)).await.unwrap();
        }
    }

    /// Makes a Secret with a certificate, as `kubectl create secret tls` does.
    pub async fn make_tls_secret(&self, name: &str) {
        let (certificate, key) = (self.path("tls.crt"), self.path("tls.key"));
        let identity = Authority::new("a test's").issue(&["localhost"]);
        identity.write(&certificate, &key);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "type": "kubernetes.io/tls",
            "stringData": {
                "tls.crt": fs::read_to_string(certificate).unwrap(),
                "tls.key": fs::read_to_string(key).unwrap(),
            },
        });
        self.apply_as("kubectl", &secret).await;
    }

    /// # Errors
    /// What the API server says.
    pub async fn try_to_create_pod(&self, pod: &Value) -> Result<(), String> {
        let all = Api::<Pod>::namespaced(self.admin.clone(), &self.namespace);
        let pod = serde_json::from_value(pod.clone()).unwrap();
        let made = all.create(&PostParams::default(), &pod).await;
        made.map(|_| ()).map_err(|error| error.to_string())
    }
}
