//! What who carries a document to the cluster may do there: no more than it takes.
//!
//! These objects are no part of what is carried: nobody gives rights to himself.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::names::Names;
use super::object::{Object, Objects};

/// What the account, the role and the binding are called behind the gateway's name.
pub(super) const PUSHER: &str = "pusher";

/// An account, and what it may do in the namespace.
pub(super) fn rights(names: &Names<'_>) -> Objects {
    let metadata = || names.metadata_with(PUSHER);
    let name = metadata().name.unwrap_or_default();
    let account = ServiceAccount {
        metadata: metadata(),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let role = Role {
        metadata: metadata(),
        rules: Some(rules(names.gateway())),
    };
    let binding = RoleBinding {
        metadata: metadata(),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "Role".to_owned(),
            name: name.clone(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name,
            namespace: Some(names.namespace().to_owned()),
            ..Subject::default()
        }]),
    };
    Objects::new([
        Object::of(&account),
        Object::of(&role),
        Object::of(&binding),
    ])
}

/// The kinds of objects that are called as the gateway is, by group.
const NAMED: [(&str, &[&str]); 5] = [
    ("", &["services", "serviceaccounts"]),
    ("apps", &["deployments"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("networking.k8s.io", &["networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
];

fn rules(gateway: &str) -> Vec<PolicyRule> {
    let mut rules = vec![
        // Their names hold hashes, so no rule can name them.
        rule(
            "",
            &["configmaps"],
            &["get", "list", "create", "patch", "delete"],
        ),
        // Which pods there are, and that their kubelets look again at once.
        rule("", &["pods"], &["get", "list", "patch"]),
        // What Envoy's admin endpoint, which is on a pod's loopback interface, tells of what it took. Of
        // these verbs API servers ask the one or both, by their version.
        rule("", &["pods/portforward"], &["get", "create"]),
        // Why Envoy has refused something: that stands in its log alone.
        rule("", &["pods/log"], &["get"]),
    ];
    for (group, resources) in NAMED {
        rules.push(PolicyRule {
            resource_names: Some(vec![gateway.to_owned()]),
            ..rule(group, resources, &["get", "create", "patch", "delete"])
        });
        // To see what an earlier version made; a list names nothing.
        rules.push(rule(group, resources, &["list"]));
    }
    rules
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}
