//! What a balancer does and what Envoy expects are one, in every combination that a document can say.

mod envoy;

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rendered;

const TOPOLOGIES: [&str; 4] = ["nlb-public", "nlb-private", "cluster-ip", "node-port"];
const CONTROLLERS: [&str; 3] = ["", "aws-load-balancer-controller", "cloud-provider-aws"];
const FRONTS: [&str; 5] = ["", "nothing", "alb", "api-gateway-rest", "api-gateway-http"];
const IDLE: [&str; 3] = ["", "60s", "6000s"];

/// Where TLS ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    Nowhere,
    Envoy,
    Balancer,
}

fn document(topology: &str, controller: &str, front: &str, idle: &str, tls: Tls) -> String {
    let mut document = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
metadata: { name: shop }
upstreams: { pets: { http: { service: \"pets.shop:8080\" } } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
listeners:
  - { name: plain, port: 8080 }
"
    .to_owned();
    document += match tls {
        Tls::Nowhere => "",
        Tls::Envoy => {
            "  - { name: https, port: 8443, tls: { certificates: [{ secret: shop-tls }] } }\n"
        }
        Tls::Balancer => "  - { name: https, port: 8443 }\n",
    };
    document += &format!("edge:\n  topology: {topology}\n");
    for (field, value) in [
        ("controller", controller),
        ("front", front),
        ("idle_timeout", idle),
    ] {
        if !value.is_empty() {
            document += &format!("  {field}: {value}\n");
        }
    }
    document += match tls {
        Tls::Nowhere => "  ports: { plain: 80 }\n",
        _ => "  ports: { plain: 80, https: 443 }\n",
    };
    if tls == Tls::Balancer {
        document += "  tls: { listeners: [https], certificates: \
                     [\"arn:aws:acm:eu-west-1:123456789012:certificate/a\"] }\n";
    }
    document
}

/// Every combination that the language takes.
fn all() -> Vec<(String, Tls, Rendered)> {
    let mut all = Vec::new();
    for topology in TOPOLOGIES {
        for controller in CONTROLLERS {
            for front in FRONTS {
                for idle in IDLE {
                    for tls in [Tls::Nowhere, Tls::Envoy, Tls::Balancer] {
                        let document = document(topology, controller, front, idle, tls);
                        if gateway_model::read("gateway.yaml", document.as_bytes()).is_err() {
                            continue;
                        }
                        if let Ok(rendered) = Rendered::of(&document) {
                            all.push((document, tls, rendered));
                        }
                    }
                }
            }
        }
    }
    let topologies = |one: &(String, Tls, Rendered)| one.2.entrance.topology;
    let topologies: BTreeSet<_> = all.iter().map(topologies).collect();
    assert_eq!(topologies.len(), TOPOLOGIES.len());
    assert!(
        all.len() >= 40,
        "the language takes only {} of them",
        all.len()
    );
    all
}

/// Seconds of a `drain` argument.
fn argument(command: &Value, name: &str) -> u64 {
    let words: Vec<&str> = command
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    let at = words.iter().position(|word| *word == name).unwrap();
    words[at + 1].trim_end_matches('s').parse().unwrap()
}

#[test]
fn nobody_cuts_off_what_a_pod_still_ends() {
    for (document, _, rendered) in all() {
        let command = &rendered.envoy()["lifecycle"]["preStop"]["exec"]["command"];
        let (accept, drain) = (
            argument(command, "--accept-for"),
            argument(command, "--drain-for"),
        );
        assert!(argument(&rendered.envoy()["command"], "--drain-time-s") < drain);
        let admin = rendered.gateway.admin.port.get();
        assert_eq!(argument(command, "--admin-port"), u64::from(admin));
        let grace = rendered.pod()["terminationGracePeriodSeconds"]
            .as_u64()
            .unwrap();
        assert!(grace > accept + drain, "{document}");
        if rendered.entrance.balancer.is_some() {
            // It was seen to send new connections for so long.
            assert!(accept >= 180, "{document}");
        }
        for name in [
            "deregistration_delay.timeout_seconds",
            "target_health_state.unhealthy.draining_interval_seconds",
        ] {
            if let Some(waits) = rendered.attribute(name) {
                assert!(waits.parse::<u64>().unwrap() > grace, "{name}: {document}");
            }
        }
    }
}

#[test]
fn a_balancer_is_as_public_as_the_document_says() {
    for (document, _, rendered) in all() {
        let scheme = match rendered.entrance.topology.as_str() {
            "nlb-public" => Some("internet-facing"),
            "nlb-private" => Some("internal"),
            _ => None,
        };
        assert_eq!(rendered.annotation("scheme"), scheme, "{document}");
        let kind = rendered.object("Service")["spec"]["type"].as_str().unwrap();
        assert_eq!(kind == "LoadBalancer", scheme.is_some(), "{document}");
        let cloud_provider = document.contains("cloud-provider-aws") && scheme.is_some();
        assert_eq!(
            rendered.annotation("type"),
            cloud_provider.then_some("nlb"),
            "{document}"
        );
        let internal = cloud_provider && scheme == Some("internal");
        assert_eq!(
            rendered.annotation("internal"),
            internal.then_some("true"),
            "{document}"
        );
        let class = rendered.object("Service")["spec"].get("loadBalancerClass");
        assert_eq!(
            class.is_some(),
            scheme.is_some() && !cloud_provider,
            "{document}"
        );
    }
}

#[test]
fn nothing_that_is_applied_gives_rights_or_holds_a_key() {
    for (document, _, rendered) in all() {
        for object in rendered.objects.iter() {
            let kind = object.kind;
            assert!(
                !["Secret", "Role", "RoleBinding"].contains(&kind),
                "{document}"
            );
        }
        assert_eq!(rendered.pod()["automountServiceAccountToken"], false);
    }
}

#[test]
fn who_deploys_may_do_so_much_to_each_object_and_no_more() {
    let (_, _, rendered) = all().remove(0);
    let rights = crate::deploy::objects::rights(&rendered.gateway, "shop").unwrap();
    let role = rights.iter().find(|object| object.kind == "Role").unwrap();
    let rules = role.value["rules"].as_array().unwrap();
    let has = |rule: &Value, field: &str, word: &str| {
        rule[field]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one == word)
    };
    for object in rendered.objects.iter() {
        for verb in ["get", "list", "create", "patch", "delete"] {
            let allowed = rules.iter().any(|rule| {
                let named =
                    rule.get("resourceNames").is_none() || has(rule, "resourceNames", &object.name);
                has(rule, "apiGroups", object.group)
                    && has(rule, "resources", object.plural)
                    && has(rule, "verbs", verb)
                    && named
            });
            assert!(allowed, "{verb} {}", object.plural);
        }
    }
    let all = role.value.to_string();
    for word in ["\"*\"", "secrets", "roles", "pods/exec", "update"] {
        assert!(!all.contains(word), "{word}");
    }
}
