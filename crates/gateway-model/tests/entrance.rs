//! What stands before a gateway that is deployed.

#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use gateway_model::{Controller, EdgeError, Entrance, Front, Gateway, Scheme, Topology};

const TLS: &str = "tls: { listeners: [https], certificates: \
                   [\"arn:aws:acm:eu-west-1:123456789012:certificate/a\"] }";

/// A document with a listener in the clear and one whose TLS may end before it.
fn gateway(edge: &str) -> Gateway {
    let document = format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
         listeners: [{{ name: http, port: 8080 }}, {{ name: https, port: 8443 }}]\n\
         edge: {{ {edge} }}\n\
         upstreams: {{ pets: {{ http: \"pets:80\" }} }}\n\
         routes: [{{ match: {{ path: /a }}, to: [{{ upstream: pets }}] }}]\n"
    );
    let read = gateway_model::read("gateway.yaml", document.as_bytes());
    read.unwrap_or_else(|wrong| panic!("{wrong}")).document
}

fn errors(edge: &str, topology: Option<Topology>) -> Vec<(String, EdgeError)> {
    Entrance::of(&gateway(edge), topology).unwrap_err()
}

#[test]
fn what_is_not_said_has_a_default() {
    let gateway = gateway("topology: nlb-public");
    let entrance = Entrance::of(&gateway, None).unwrap();
    assert_eq!(entrance.front, Front::Nothing);
    let balancer = entrance.balancer.as_ref().unwrap();
    assert_eq!(balancer.controller, Controller::AwsLoadBalancerController);
    assert!(entrance.speaks_proxy_protocol());
    for listener in &gateway.listeners {
        assert_eq!(entrance.port(listener), listener.port);
        assert_eq!(entrance.scheme(listener), Scheme::OfConnection);
        let idle = entrance.idle_timeout(listener).unwrap();
        assert_eq!(idle.to_string(), "5m50s");
    }
}

#[test]
fn tls_at_the_balancer_is_of_the_listeners_that_say_it() {
    let edge = format!("topology: nlb-public, ports: {{ https: 443 }}, {TLS}, idle_timeout: 1h");
    let gateway = gateway(&edge);
    let entrance = Entrance::of(&gateway, None).unwrap();
    let told: Vec<_> = gateway
        .listeners
        .iter()
        .map(|listener| {
            let policy = entrance.tls(listener).map(|tls| tls.policy.as_str());
            let idle = entrance.idle_timeout(listener).unwrap().to_string();
            (
                entrance.port(listener).get(),
                entrance.scheme(listener),
                policy,
                idle,
            )
        })
        .collect();
    let policy = Some("ELBSecurityPolicy-TLS13-1-2-2021-06");
    assert_eq!(
        told,
        [
            (8080, Scheme::OfConnection, None, "1h".to_owned()),
            (443, Scheme::Https, policy, "5m50s".to_owned()),
        ]
    );
}

#[test]
fn who_stands_before_says_by_which_scheme_clients_called() {
    for (front, scheme) in [
        ("nothing", Scheme::OfConnection),
        ("alb", Scheme::Forwarded),
        ("api-gateway-rest", Scheme::Https),
        ("api-gateway-http", Scheme::Https),
    ] {
        for topology in ["nlb-private", "cluster-ip", "node-port"] {
            let gateway = gateway(&format!("topology: {topology}, front: {front}"));
            let entrance = Entrance::of(&gateway, None).unwrap();
            let listener = gateway.listeners.first().unwrap();
            assert_eq!(entrance.scheme(listener), scheme, "{topology}: {front}");
            assert_eq!(
                entrance.speaks_proxy_protocol(),
                topology == "nlb-private",
                "{topology}"
            );
        }
    }
}

#[test]
fn a_topology_that_is_named_elsewhere_is_held_against_the_document_too() {
    let topology = |edge: &str, named| {
        let entrance = Entrance::of(&gateway(edge), named);
        entrance.map(|entrance| entrance.topology)
    };
    let public = Some(Topology::NlbPublic);
    assert_eq!(topology("", public), Ok(Topology::NlbPublic));
    assert_eq!(
        topology("topology: cluster-ip", public),
        Ok(Topology::NlbPublic)
    );
    assert_eq!(
        errors("", None),
        [("edge".to_owned(), EdgeError::NoTopology)]
    );
    assert_eq!(
        errors("", Some(Topology::NlbPrivate)),
        [("edge".to_owned(), EdgeError::NoFront)]
    );
    assert_eq!(
        errors("front: alb", public),
        [(
            "edge.front".to_owned(),
            EdgeError::FrontOfPublic(Front::Alb)
        )]
    );
    assert_eq!(
        errors(TLS, Some(Topology::NodePort)),
        [(
            "edge.tls".to_owned(),
            EdgeError::NoBalancer(Topology::NodePort)
        )]
    );
}
