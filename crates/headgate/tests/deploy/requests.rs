//! What `headgate deploy apply` asks of an API server, in which order.

use std::fs;
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use super::api_server::{ApiServer, Written};
use super::modules;

const DOCUMENT: &str = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
metadata: { name: shop }
listeners: [{ name: http, port: 8080 }]
upstreams: { pets: { http: { service: \"pets.one:8080\" } } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
edge: { topology: cluster-ip }
";

/// A cluster, and who deploys there.
struct Rig {
    server: ApiServer,
    place: TempDir,
}

impl Rig {
    fn new() -> Result<Self, Failed> {
        let (server, kubeconfig) = ApiServer::start();
        let place = modules();
        fs::write(place.path().join("kubeconfig"), kubeconfig)?;
        Ok(Self { server, place })
    }

    fn deploy(&self, document: &str, arguments: &[&str]) -> Result<Output, Failed> {
        fs::write(self.place.path().join("gateway.yaml"), document)?;
        let (verb, others) = arguments.split_first().ok_or("no verb")?;
        let output = Command::new(env!("CARGO_BIN_EXE_headgate"))
            .current_dir(self.place.path())
            .env("HEADGATE_MODULES", self.place.path())
            .env("HEADGATE_IMAGE", "gateway:1")
            .env("KUBECONFIG", self.place.path().join("kubeconfig"))
            .args(["deploy", verb, "gateway.yaml"])
            .args(others)
            .output()?;
        Ok(output)
    }

    /// Applies a document; returns what was written.
    fn apply(&self, document: &str, more: &[&str]) -> Result<Vec<Written>, Failed> {
        let arguments = [&["apply"], more].concat();
        let output = self.deploy(document, &arguments)?;
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr)?.into());
        }
        Ok(self.server.written())
    }
}

/// The ports that a policy admits, and the namespaces.
fn admitted(policy: &Value) -> (Vec<u64>, Vec<&str>) {
    let rules = |direction: &str| policy["spec"][direction].as_array().into_iter().flatten();
    let ports = rules("ingress").flat_map(|rule| rule["ports"].as_array().into_iter().flatten());
    let ports = ports.filter_map(|port| port["port"].as_u64());
    let peers = rules("egress").flat_map(|rule| rule["to"].as_array().into_iter().flatten());
    let label = "/namespaceSelector/matchLabels/kubernetes.io~1metadata.name";
    let namespaces = peers.filter_map(|peer| peer.pointer(label)?.as_str());
    (
        ports.filter(|port| *port != 8090).collect(),
        namespaces.collect(),
    )
}

fn policies(written: &[Written]) -> Vec<(usize, &Value)> {
    let of_policy = |(_, one): &(usize, &Written)| one.request == "PATCH networkpolicies/shop";
    let policies = written.iter().enumerate().filter(of_policy);
    policies.map(|(at, one)| (at, &one.value)).collect()
}

/// Where a request was made.
fn at(written: &[Written], request: &str) -> usize {
    let found = written
        .iter()
        .position(|one| one.request.starts_with(request));
    found.unwrap_or_else(|| panic!("no {request}: {written:#?}"))
}

/// While old pods and new ones serve, and requests are under way to old and new upstreams, the policy admits all of
/// them.
fn a_policy_is_widened_first_and_narrowed_last() -> Result<(), Failed> {
    let rig = Rig::new()?;
    let created = rig.apply(DOCUMENT, &[])?;
    assert_eq!(policies(&created).len(), 1, "{created:#?}");
    assert!(policies(&created)[0].0 < at(&created, "PATCH configmaps/"));

    let changed = DOCUMENT
        .replace("port: 8080", "port: 8081")
        .replace("pets.one", "pets.two");
    rig.server.has_an_ending_pod(3);
    let written = rig.apply(&changed, &[])?;
    assert!(!rig.server.still_ends());
    let [(first, wide), (last, narrow)] = policies(&written)[..] else {
        panic!("{written:#?}");
    };
    assert_eq!(admitted(wide), (vec![8080, 8081], vec!["one", "two"]));
    assert_eq!(admitted(narrow), (vec![8081], vec!["two"]));
    for before in [
        "PATCH configmaps/",
        "PATCH services/",
        "PATCH deployments/",
        "DELETE configmaps/",
    ] {
        let at = at(&written, before);
        assert!(first < at && at < last, "{before}: {written:#?}");
    }

    // The same again asks for no more.
    let again = rig.apply(&changed, &[])?;
    let [(_, same)] = policies(&again)[..] else {
        panic!("{again:#?}");
    };
    assert_eq!(same, narrow);
    Ok(())
}

/// What an apply that does not wait leaves, one that waits ends.
fn without_waiting_nothing_is_forbidden() -> Result<(), Failed> {
    let rig = Rig::new()?;
    rig.apply(DOCUMENT, &[])?;
    let changed = DOCUMENT.replace("port: 8080", "port: 8081");
    let written = rig.apply(&changed, &["--no-wait"])?;
    let [(_, wide)] = policies(&written)[..] else {
        panic!("{written:#?}");
    };
    assert_eq!(admitted(wide).0, [8080, 8081]);
    let written = rig.apply(&changed, &[])?;
    let (_, narrow) = policies(&written).pop().ok_or("no policy")?;
    assert_eq!(admitted(narrow).0, [8081]);
    Ok(())
}

/// Old pods and new ones would expect different things of what stands before them.
fn what_stands_before_it_is_not_changed() -> Result<(), Failed> {
    let rig = Rig::new()?;
    let nlb = "topology: nlb-private, front: alb";
    let before = DOCUMENT.replace("topology: cluster-ip", nlb);
    let applied = rig.deploy(&before, &["apply", "--no-wait"])?;
    assert!(applied.status.success(), "{applied:?}");
    rig.server.written();
    for (edge, told) in [
        (
            "topology: cluster-ip",
            "error: edge.topology: gateway shop is deployed in namespace shop with \"nlb-private\", found \
             \"cluster-ip\"; ",
        ),
        (
            "topology: nlb-private, front: alb, controller: cloud-provider-aws",
            "error: edge.controller: gateway shop is deployed in namespace shop with \
             \"aws-load-balancer-controller\", found \"cloud-provider-aws\"; ",
        ),
        (
            "topology: nlb-private, front: nothing",
            "error: edge.front: gateway shop is deployed in namespace shop with \"alb\", found \"nothing\"; ",
        ),
        (
            "topology: nlb-private, front: alb, tls: { listeners: [http], certificates: \
             [\"arn:aws:acm:eu-west-1:123456789012:certificate/a\"] }",
            "error: edge.tls: gateway shop is deployed in namespace shop with no TLS that ends at the balancer \
             (port 8080), found TLS that ends at the balancer (port 8080); ",
        ),
    ] {
        let document = DOCUMENT.replace("topology: cluster-ip", edge);
        for verb in [&["apply", "--no-wait"][..], &["diff"]] {
            let refused = rig.deploy(&document, verb)?;
            let said = String::from_utf8(refused.stderr)?;
            assert_eq!(refused.status.code(), Some(1), "{said}");
            assert!(said.starts_with(told), "{said}");
            let way_out = "headgate deploy delete --name shop --namespace shop\n";
            assert!(said.ends_with(way_out), "{said}");
            assert!(rig.server.written().is_empty(), "something has changed");
        }
    }
    let again = rig.deploy(&before, &["apply", "--no-wait"])?;
    assert!(again.status.success(), "{again:?}");
    Ok(())
}

pub fn trials() -> Vec<Trial> {
    type Test = fn() -> Result<(), Failed>;
    let tests: [(&str, Test); 3] = [
        (
            "a_policy_is_widened_first_and_narrowed_last",
            a_policy_is_widened_first_and_narrowed_last,
        ),
        (
            "without_waiting_nothing_is_forbidden",
            without_waiting_nothing_is_forbidden,
        ),
        (
            "what_stands_before_it_is_not_changed",
            what_stands_before_it_is_not_changed,
        ),
    ];
    tests.map(|(name, test)| Trial::test(name, test)).into()
}
