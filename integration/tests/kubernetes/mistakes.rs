//! What goes wrong is told with what to do about it, and nothing is lost by it.

use std::fs;
use std::sync::Arc;

use integration::client;
use integration::kubernetes::{ControlPlane, User};
use serde_json::json;

use crate::load::Load;
use crate::objects::simple;
use crate::rig::{IMAGE, NAME, Rig, module_file};
use crate::versions::{Answers, Services};

pub async fn a_field_that_somebody_else_has_set_is_named_with_whose_it_is(
    cluster: Arc<ControlPlane>,
) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    rig.deploying(&["apply", "--no-wait"]).await.well();
    let edited = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": NAME },
        "spec": { "minReadySeconds": 7, "template": { "spec": {
            "containers": [{ "name": "envoy", "image": "other:1" }],
            "terminationGracePeriodSeconds": 1,
        } } },
    });
    rig.apply_as("kubectl-edit", &edited).await;
    let image = ".spec.template.spec.containers[name=\"envoy\"].image is owned by kubectl-edit";
    let grace = ".spec.template.spec.terminationGracePeriodSeconds is owned by kubectl-edit";
    rig.save(&simple(&services).replace("/one", "/other"));
    let before = rig.watched().await;
    for verb in ["apply", "diff"] {
        let refused = rig.deploying(&[verb]).await.wrong();
        let told = "Deployment web has fields that somebody else has set: ";
        assert!(refused.contains(told), "{refused}");
        assert!(
            refused.contains(image) && refused.contains(grace),
            "{refused}"
        );
        assert!(
            refused.contains("take them over with --force-conflicts"),
            "{refused}"
        );
    }
    assert_eq!(rig.watched().await, before, "nothing has changed");
    let forced = ["apply", "--no-wait", "--force-conflicts"];
    let applied = rig.deploying(&forced).await.well().err;
    assert!(applied.contains("Deployment web changed"), "{applied}");
    rig.deploying(&["apply", "--no-wait"]).await.well();
}

/// What Envoys read can be edited too, and then is not what headgate can go on from.
pub async fn a_config_map_that_was_edited_is_not_gone_on_from(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    rig.deploying(&["apply", "--no-wait"]).await.well();
    let name = rig.watched().await.metadata.name.unwrap();
    let edited = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name },
        "data": { "cds.yaml": "resources: 1" },
    });
    rig.apply_as("kubectl-edit", &edited).await;
    let refused = rig.deploying(&["apply", "--no-wait"]).await.wrong();
    let told = ".data.cds.yaml is owned by kubectl-edit";
    assert!(refused.contains(told), "{refused}");
    let forced = ["apply", "--no-wait", "--force-conflicts"];
    rig.deploying(&forced).await.well();
    let again = rig.deploying(&["apply", "--no-wait"]).await.well().err;
    assert!(again.contains("nothing has changed"), "{again}");
}

pub async fn a_missing_right_is_named_before_anything_changes(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let nobody = rig.call(User::Nobody, &["apply"]).wrong();
    let told = format!(
        "error: nobody may not patch serviceaccounts in namespace {}; add to a Role that is bound there: \
         {{ apiGroups: [\"\"], resources: [\"serviceaccounts\"], verbs: [\"patch\"] }}\n",
        rig.namespace
    );
    assert!(nobody.ends_with(&told), "{nobody}");

    let kubelet = rig.kubelet().await;
    rig.deploying(&["apply"]).await.well();
    let before = rig.watched().await;
    rig.save(&simple(&services).replace("/one", "/other"));
    for (resource, verb, told) in [
        // Of these verbs an API server asks for the one, the other or both.
        (
            "pods/portforward",
            "create",
            "resources: [\"pods/portforward\"], verbs: [\"create\"]",
        ),
        ("pods", "list", "resources: [\"pods\"], verbs: [\"list\"]"),
    ] {
        let role = rig.take_right(resource, verb).await;
        let refused = rig.deploying(&["apply", "--timeout", "5"]).await.wrong();
        assert!(refused.contains(told), "{refused}");
        assert_eq!(rig.watched().await, before, "{resource}");
        rig.give_back(role).await;
    }
    rig.deploying(&["apply"]).await.well();
    kubelet.stop().await;
}

pub async fn a_cluster_that_is_not_there_is_told_so(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let call = |kubeconfig: &str, more: &[&str]| {
        let arguments = [&["apply"], more].concat();
        let output = rig
            .command(&rig.path(kubeconfig), &arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let there = fs::read_to_string(rig.path("pusher.kubeconfig")).unwrap();
    let server = rig.cluster.server().to_string();
    fs::write(
        rig.path("gone.kubeconfig"),
        there.replace(&server, "127.0.0.1:1"),
    )
    .unwrap();
    let gone = call("gone.kubeconfig", &[]);
    let told = "the cluster at https://127.0.0.1:1 does not answer: ";
    assert!(
        gone.contains(told) && gone.contains("Connection refused"),
        "{gone}"
    );

    let known = there.find("\"token\":\"").unwrap() + 9;
    let unknown = format!("{}x{}", &there[..known], &there[known..]);
    fs::write(rig.path("unknown.kubeconfig"), unknown).unwrap();
    let unknown = call("unknown.kubeconfig", &[]);
    assert!(unknown.contains("does not know who asks"), "{unknown}");

    let none = call("none.kubeconfig", &[]);
    assert!(none.contains("found no cluster: "), "{none}");
    let context = call("pusher.kubeconfig", &["--context", "production"]);
    assert!(context.contains("production"), "{context}");
}

pub async fn a_namespace_that_is_not_there_is_told_with_how_to_make_it(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    for verb in ["apply", "diff", "status", "delete"] {
        let refused = rig
            .call(User::Admin, &[verb, "--namespace", "nowhere"])
            .wrong();
        let told =
            "error: there is no namespace nowhere; make it: kubectl create namespace nowhere\n";
        assert!(refused.ends_with(told), "{verb}: {refused}");
    }
}

/// What the answers of `simple` are.
fn answers() -> Answers {
    [("/one", "200 service 0 /one")]
        .map(|(path, answer)| (path, [answer.to_owned()].into()))
        .into()
}

/// The authorities of an upstream are a file that Envoy cannot use: `check` does not read it.
pub async fn what_envoys_refuse_is_told_by_pod_and_undone(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let kubelet = rig.kubelet().await;
    rig.deploying(&["apply"]).await.well();
    let pods = kubelet.wait_for_ready(2).await;
    let load = pods
        .values()
        .map(|pod| Load::start((*pod, 8080).into(), answers()));
    let load: Vec<Load> = load.collect();
    let before = rig.watched().await.data.unwrap();

    let broken = simple(&services).replace(
        "upstreams: {",
        "upstreams: { three: { http: \"127.0.0.1:1\", tls: { ca: broken.pem } },",
    );
    fs::write(
        rig.path("broken.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    rig.save(&broken.replace(
        "path: /one }, to: [{ upstream: one",
        "path: /one }, to: [{ upstream: three",
    ));
    let refused = rig.deploying(&["apply"]).await.wrong();
    assert!(
        refused.contains("was not changed for good, and every Envoy goes on as it was"),
        "{refused}"
    );
    assert!(
        refused.contains("cannot use what is in /etc/headgate/config"),
        "{refused}"
    );
    assert!(
        pods.keys()
            .any(|pod| refused.contains(&format!("pod {pod} cannot use"))),
        "{refused}"
    );
    for (name, text) in &rig.watched().await.data.unwrap() {
        if name.ends_with(".yaml") && !name.starts_with("sds-") {
            assert_eq!(Some(text), before.get(name), "{name}");
        }
    }

    // And the next one goes on from there.
    rig.save(&simple(&services));
    rig.deploying(&["apply"]).await.well();
    assert_eq!(rig.watched().await.data.unwrap(), before);
    for load in load {
        load.more(50).await;
        assert_eq!(load.stop().await.faults, [""; 0]);
    }
    kubelet.stop().await;
}

/// An image whose module does not know what it is given: its pods are never ready, and the old ones go on.
pub async fn a_new_schema_with_an_old_module_never_takes_over(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    // Under the new module's name the image has another one.
    let new = rig.new_modules();
    let old_module = rig.image_of("gateway:2", &new.file, "gatekeeper");
    let no_module = rig.path("images/empty");
    fs::create_dir_all(&no_module).unwrap();
    let kubelet = rig
        .kubelet_with(|settings| {
            settings.images.insert("gateway:2".to_owned(), old_module);
            settings.images.insert("gateway:3".to_owned(), no_module);
        })
        .await;
    rig.deploying(&["apply"]).await.well();
    let pods = kubelet.wait_for_ready(2).await;
    let load = pods
        .values()
        .map(|pod| Load::start((*pod, 8080).into(), answers()));
    let load: Vec<Load> = load.collect();
    let before = rig.watched().await;

    for (image, told) in [
        ("gateway:2", "Envoy refuses what it is given: "),
        ("gateway:3", "Envoy refuses what it is given: "),
        ("gateway:4", "ImagePullBackOff: no image gateway:4"),
    ] {
        let modules = new.directory.display().to_string();
        let arguments = [
            "apply",
            "--image",
            image,
            "--modules",
            &modules,
            "--timeout",
            "6",
        ];
        let failed = rig.deploying(&arguments).await.wrong();
        assert!(failed.contains("Deployment web: not in time: "), "{failed}");
        assert!(failed.contains(told), "{image}: {failed}");
        assert!(failed.contains("go on as they were"), "{failed}");
        let ready = kubelet.ready().await;
        assert_eq!(ready, pods, "{image}");
        let status = rig.deploying(&["status"]).await;
        assert_eq!(status.code, 3, "{status:?}");
    }
    // What the old pods read is what it was.
    let name = before.metadata.name.clone().unwrap();
    assert!(
        name.contains(
            module_file()
                .trim_start_matches("gateway-")
                .trim_end_matches(".wasm")
        )
    );
    assert_eq!(rig.config_maps().get(&name).await.unwrap(), before);
    // And back, with the image that works.
    rig.deploying(&["apply", "--image", IMAGE]).await.well();
    for load in load {
        load.more(50).await;
        assert_eq!(load.stop().await.faults, [""; 0]);
    }
    for address in kubelet.wait_for_ready(2).await.values() {
        let answer = client::http1((*address, 8080).into()).get("/one").await;
        assert_eq!(answer.unwrap().text(), "service 0 /one");
    }
    kubelet.stop().await;
}
