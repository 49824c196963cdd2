//! The rights of the account that deploys.

use std::fs;

use integration::kubernetes::User;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::Role;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::{NAME, Rig};

impl Rig {
    /// Has somebody with more rights apply what `headgate deploy rights` shows, and takes its account.
    pub(super) async fn grant(&self) {
        let rights = self.call(User::Admin, &["rights"]).well().out;
        for object in rights.split("---\n").filter(|one| !one.trim().is_empty()) {
            let object: Value = serde_saphyr::from_str(object).unwrap();
            self.apply_as("kubectl", &object).await;
        }
        let account = format!("{NAME}-pusher");
        let accounts = Api::<ServiceAccount>::namespaced(self.admin.clone(), &self.namespace);
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "audiences": [] },
        });
        let token: Value = accounts
            .create_subresource("token", &account, &PostParams::default(), &request)
            .await
            .unwrap();
        let token = token["status"]["token"].as_str().unwrap();
        let kubeconfig = self.cluster.kubeconfig_with(token);
        fs::write(self.path("pusher.kubeconfig"), kubeconfig).unwrap();
    }

    /// Takes a right away from the account that deploys.
    pub async fn take_right(&self, resource: &str, verb: &str) -> Role {
        let roles = Api::<Role>::namespaced(self.admin.clone(), &self.namespace);
        let name = format!("{NAME}-pusher");
        let whole = roles.get(&name).await.unwrap();
        let mut role = whole.clone();
        for rule in role.rules.iter_mut().flatten() {
            if rule.resources.iter().flatten().any(|one| one == resource) {
                rule.verbs.retain(|one| one != verb);
            }
        }
        self.give_back(role).await;
        whole
    }

    /// Has the account have these rights.
    pub async fn give_back(&self, mut role: Role) {
        let roles = Api::<Role>::namespaced(self.admin.clone(), &self.namespace);
        role.metadata.managed_fields = None;
        role.metadata.resource_version = None;
        let name = role.metadata.name.clone().unwrap();
        let how = PostParams::default();
        roles.replace(&name, &how, &role).await.unwrap();
    }
}
