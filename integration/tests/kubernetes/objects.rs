//! What a document makes in a cluster, of every kind and in every topology.

use std::sync::Arc;

use integration::client;
use integration::kubernetes::{ControlPlane, User};
use serde_json::json;

use crate::rig::{NAME, Rig};
use crate::versions::Services;

/// All kinds that a gateway is made of.
pub const KINDS: [(&str, &str, &str); 7] = [
    ("v1", "ServiceAccount", "serviceaccounts"),
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "Service", "services"),
    ("apps/v1", "Deployment", "deployments"),
    (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
    ),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
];

const LISTENER: &str = "listeners: [{ name: http, port: 8080 }]";

/// A document whose route goes to a service of the test. `more`: listeners and further fields.
pub fn document(services: &Services, more: &str) -> String {
    format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nmetadata: {{ name: {NAME} }}\n{more}\n\
         upstreams: {{ one: {{ http: \"{}\" }} }}\n\
         routes:\n  - {{ match: {{ path: /one }}, to: [{{ upstream: one }}] }}\n",
        services.addresses[0]
    )
}

/// The same for pods of this cluster alone.
pub fn simple(services: &Services) -> String {
    let more = format!("{LISTENER}\nedge: {{ topology: cluster-ip }}");
    document(services, &more)
}

/// What can stand before a gateway.
fn entrances() -> Vec<String> {
    let with = |edge: &str| format!("{LISTENER}\nedge: {{ {edge} }}");
    let acm = "listeners: [{ name: http, port: 8080, redirect_to_https: 443 }, { name: https, port: 8443 }]\n\
         edge:\n  topology: nlb-public\n  ports: { http: 80, https: 443 }\n  tls: { listeners: [https], \
         certificates: [\"arn:aws:acm:eu-west-1:123456789012:certificate/8c5b2a1e-0000-4000-8000-000000000000\"] }";
    let secret = "listeners: [{ name: https, port: 8443, tls: { certificates: [{ secret: shop-tls }] } }]\n\
         edge: { topology: nlb-public, ports: { https: 443 } }";
    vec![
        with("topology: nlb-public"),
        with("topology: nlb-public, controller: cloud-provider-aws"),
        with("topology: nlb-private, front: api-gateway-rest"),
        with("topology: nlb-private, front: alb, controller: cloud-provider-aws"),
        with("topology: cluster-ip"),
        with("topology: node-port"),
        acm.to_owned(),
        secret.to_owned(),
    ]
}

/// How many objects a document makes.
const OBJECTS: usize = 8;

pub async fn every_topology_is_taken_and_taken_again_without_a_change(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    for entrance in entrances() {
        let document = document(&services, &entrance);
        let rig = Rig::with(Arc::clone(&cluster), &document).await;
        let created = rig.deploying(&["apply", "--no-wait"]).await.well().err;
        assert_eq!(created.matches(" created\n").count(), OBJECTS, "{created}");
        let versions = rig.versions(&KINDS).await;
        // And the document itself, and the account that applies it.
        assert_eq!(versions.len(), OBJECTS + 2, "{versions:#?}");

        // The autoscaler's controller writes how many pods there are to be, and so does the Deployment's.
        let settled = rig.settled(&KINDS).await;
        let again = rig.deploying(&["apply", "--no-wait"]).await.well().err;
        assert_eq!(rig.versions(&KINDS).await, settled, "{entrance}");
        assert_eq!(again.matches(" unchanged\n").count(), OBJECTS, "{again}");
        assert!(again.contains("nothing has changed"), "{again}");

        rig.save(&document.replace("/one", "/other"));
        let changed = rig.deploying(&["apply", "--no-wait"]).await.well().err;
        assert_eq!(changed.matches(" changed\n").count(), 1, "{changed}");
        let now = rig.versions(&KINDS).await;
        let differing = now
            .iter()
            .filter(|(name, version)| settled[*name] != **version);
        let differing: Vec<&String> = differing.map(|(name, _)| name).collect();
        // What Envoys read, and the document.
        assert_eq!(differing.len(), 2, "{differing:?}");
        let is_map = |name: &&&String| name.starts_with("ConfigMap web-");
        assert_eq!(differing.iter().filter(is_map).count(), 2, "{differing:?}");
    }
}

/// The namespace takes only what keeps to the standard "restricted", and says so of what does not.
pub async fn pods_keep_to_the_pod_security_standard(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    rig.deploying(&["apply", "--no-wait"]).await.well();
    rig.wait_for_pods(2).await;
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "other" }, "spec": {
        "containers": [{ "name": "other", "image": "other" }],
    } });
    let refused = rig.try_to_create_pod(&pod).await.unwrap_err();
    assert!(refused.contains("violates PodSecurity"), "{refused}");
}

pub async fn a_gateway_comes_and_applying_it_again_changes_nothing(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let entrance = format!("{LISTENER}\nedge: {{ topology: nlb-public }}");
    let rig = Rig::with(cluster, &document(&services, &entrance)).await;
    let kubelet = rig.kubelet().await;
    let applied = rig.deploying(&["apply"]);
    let address = async {
        kubelet.wait_for_ready(2).await;
        rig.give_address(NAME, "web.elb.example.com").await;
    };
    let (applied, ()) = tokio::join!(applied, address);
    let applied = applied.well();
    let waited = "Service web is reached at web.elb.example.com";
    assert!(applied.err.contains(waited), "{}", applied.err);
    let well = "2 of 2 pods ready, 2 with the configuration that they are to have";
    assert!(applied.out.contains(well), "{}", applied.out);
    let before = rig.versions(&KINDS).await;
    let again = rig.deploying(&["apply"]).await.well();
    assert_eq!(rig.versions(&KINDS).await, before);
    assert!(again.err.contains("nothing has changed"), "{}", again.err);
    let status = rig.deploying(&["status", "--output", "json"]).await.well();
    let status = status.json();
    assert_eq!(status["is_well"], true, "{status:#}");
    assert_eq!(status["addresses"], json!(["web.elb.example.com"]));
    kubelet.stop().await;
}

/// What is no longer made goes, what somebody else has made stays.
pub async fn what_a_document_no_longer_makes_is_deleted_and_nothing_else(
    cluster: Arc<ControlPlane>,
) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let kubelet = rig.kubelet().await;
    rig.deploying(&["apply"]).await.well();
    let labelled = |name: &str| {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": {
            "app.kubernetes.io/name": "headgate", "app.kubernetes.io/instance": NAME,
            "app.kubernetes.io/managed-by": "headgate",
        } } })
    };
    rig.apply_as("headgate", &labelled("of-an-earlier-version"))
        .await;
    rig.apply_as("somebody", &labelled("of-somebody")).await;
    let before = rig.config_map_names().await;
    let pods = kubelet.ready().await;

    // What Envoy is started with: the pods are replaced, and what they mounted goes after them.
    rig.save(&simple(&services).replace("port: 8080", "port: 8081"));
    let applied = rig.deploying(&["apply"]).await.well().err;
    let deleted = applied
        .matches(" deleted: the document does not make it any more")
        .count();
    let after = rig.config_map_names().await;
    assert!(deleted >= 2, "{applied}");
    assert!(after.contains("of-somebody") && !after.contains("of-an-earlier-version"));
    let bootstraps = |names: &std::collections::BTreeSet<String>| {
        let names = names.iter().filter(|name| name.contains("-bootstrap-"));
        names.cloned().collect::<Vec<_>>()
    };
    assert_eq!(bootstraps(&after).len(), 1, "{after:?}");
    assert_ne!(bootstraps(&after), bootstraps(&before));
    let new = kubelet.wait_for_ready(2).await;
    assert!(new.keys().all(|pod| !pods.contains_key(pod)), "{new:?}");
    for address in new.values() {
        let answer = client::http1((*address, 8081).into()).get("/one").await;
        assert_eq!(answer.unwrap().text(), "service 0 /one");
    }

    let would = rig.deploying(&["delete", "--dry-run"]).await.well().err;
    assert!(would.contains("Deployment web would be deleted"), "{would}");
    let deleted = rig.deploying(&["delete"]).await.well().err;
    let stays = "ConfigMap of-somebody stays: headgate has not applied it";
    assert!(deleted.contains(stays), "{deleted}");
    let left: Vec<String> = rig.versions(&KINDS).await.into_keys().collect();
    assert_eq!(left, ["ConfigMap of-somebody", "ServiceAccount web-pusher"]);
    rig.wait_for_pods(0).await;
    let none = rig.deploying(&["status"]).await;
    assert_eq!(none.code, 3, "{none:?}");
    kubelet.stop().await;
}

/// `kubectl` and the API server are of one mind about what is rendered.
pub async fn what_is_rendered_is_what_kubectl_takes(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let rendered = rig.call(User::Nobody, &["render"]).well().out;
    let applied = rig.kubectl(
        &["apply", "--server-side", "--dry-run=server", "-f", "-"],
        &rendered,
    );
    assert_eq!(applied.lines().count(), OBJECTS, "{applied}");
}
