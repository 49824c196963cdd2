//! What is told of a gateway: `headgate deploy diff` and `status`.

use std::sync::Arc;

use integration::kubernetes::ControlPlane;

use crate::objects::{KINDS, simple};
use crate::rig::Rig;
use crate::versions::Services;

pub async fn a_difference_is_told_by_meaning_and_by_field_and_changes_nothing(
    cluster: Arc<ControlPlane>,
) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let kubelet = rig.kubelet().await;
    let all = rig.deploying(&["diff", "--exit-code"]).await;
    assert_eq!(all.code, 5, "{all:?}");
    assert!(all.out.contains("+ Deployment web\n"), "{}", all.out);
    assert!(rig.versions(&KINDS).await.len() == 1, "something was made");
    rig.deploying(&["apply"]).await.well();
    let before = rig.settled(&KINDS).await;

    let none = rig.deploying(&["diff", "--exit-code"]).await.well();
    assert_eq!(none.out, "nothing differs: the cluster has all of it\n");

    rig.save(
        &simple(&services).replace("to: [{ upstream: one", "to: [{ upstream: one, timeout: 3s"),
    );
    let meaning = rig.deploying(&["diff"]).await.well().out;
    assert!(meaning.starts_with("~ route \"/one\"\n    "), "{meaning}");
    assert!(
        meaning.contains("\n1 route changed\n~ ConfigMap web-"),
        "{meaning}"
    );
    assert!(!meaning.contains("cds.yaml"), "{meaning}");

    rig.save(&simple(&services).replace("port: 8080", "port: 8081"));
    let fields = rig.deploying(&["diff", "--exit-code"]).await;
    assert_eq!(fields.code, 5, "{fields:?}");
    for line in [
        "~ listener \"http\"\n    ~ port: 8080 -> 8081\n",
        "restart: Envoy takes these up only when it starts\n    listeners[http].port\n",
        "+ ConfigMap web-bootstrap-",
        "- ConfigMap web-bootstrap-",
        "~ Deployment web\n    ~ spec.template.spec.containers[envoy].ports",
    ] {
        assert!(fields.out.contains(line), "{line}: {}", fields.out);
    }
    let json = rig
        .deploying(&["diff", "--output", "json"])
        .await
        .well()
        .json();
    assert_eq!(json["differs"], true);
    assert_eq!(
        json["document"]["changes"][0]["part"], "listener",
        "{json:#}"
    );
    assert_eq!(rig.versions(&KINDS).await, before);
    kubelet.stop().await;
}

pub async fn the_state_of_each_envoy_is_told(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let kubelet = rig.kubelet().await;
    let none = rig.deploying(&["status"]).await;
    assert_eq!(none.code, 3);
    let told = format!("namespace {} has no gateway web\n", rig.namespace);
    assert_eq!(none.out, told);
    rig.deploying(&["apply"]).await.well();
    let well = rig.deploying(&["status", "--name", "web"]).await.well().out;
    assert_eq!(well.matches(" ready; has ").count(), 2, "{well}");

    // The ConfigMap is another, and no kubelet has looked yet.
    kubelet
        .set(|settings| settings.cache_delay = std::time::Duration::from_secs(600))
        .await;
    rig.save(&simple(&services).replace("/one", "/other"));
    rig.replace_config_map().await;
    let behind = rig.deploying(&["status"]).await;
    assert_eq!(behind.code, 3, "{behind:?}");
    let late = "it has not taken the configuration of the pipeline";
    assert_eq!(behind.out.matches(late).count(), 2, "{}", behind.out);
    let json = rig.deploying(&["status", "--output", "json"]).await.json();
    assert_eq!(
        json["pods"][0]["configuration"]["state"], "missing",
        "{json:#}"
    );
    assert_eq!(json["is_well"], false);

    // One that is killed comes back by itself, with what it is to have.
    let pods = kubelet.ready().await;
    let pod = pods.keys().next().unwrap();
    kubelet.kill(pod).await;
    rig.wait("it was started again", async || {
        let said = rig.deploying(&["status"]).await.out;
        said.contains(&format!("{pod} ready, 1 restart; "))
    })
    .await;
    kubelet.stop().await;
}
