//! The objects, and the Envoy that they start.

use std::collections::BTreeSet;

use gateway_model::Front;
use serde_json::{Value, json};

use super::{Rendered, Tls, all};

impl Rendered {
    /// What Envoy is started with.
    fn bootstrap(&self) -> Value {
        let text = &self.object("ConfigMap")["data"]["bootstrap.yaml"];
        serde_saphyr::from_str(text.as_str().unwrap()).unwrap()
    }

    /// Envoy's listeners, by port; the status port's among them.
    fn listener(&self, port: u16) -> Value {
        let bootstrap = self.bootstrap();
        let listeners = bootstrap["static_resources"]["listeners"]
            .as_array()
            .unwrap();
        let at = |one: &&Value| one["address"]["socket_address"]["port_value"] == port;
        listeners
            .iter()
            .find(at)
            .unwrap_or_else(|| panic!("nothing listens at {port}"))
            .clone()
    }
}

/// The HTTP connection manager of one of Envoy's listeners.
fn manager(listener: &Value) -> &Value {
    let filters = listener["filter_chains"][0]["filters"].as_array().unwrap();
    &filters.last().unwrap()["typed_config"]
}

/// One of its listener filters.
fn listener_filter<'l>(listener: &'l Value, name: &str) -> Option<&'l Value> {
    let filters = listener["listener_filters"].as_array()?;
    filters.iter().find(|filter| filter["name"] == name)
}

#[test]
fn the_proxy_protocol_is_spoken_by_both_or_by_neither() {
    for (document, _, rendered) in all() {
        let spoken = rendered.annotation("proxy-protocol") == Some("*");
        for listener in &rendered.gateway.listeners {
            let listener = rendered.listener(listener.port.get());
            let expected = listener_filter(&listener, "envoy.filters.listener.proxy_protocol");
            assert_eq!(expected.is_some(), spoken, "{document}");
            // Who connects past the balancer must not say who he is.
            let optional = expected
                .map(|filter| &filter["typed_config"]["allow_requests_without_proxy_protocol"]);
            assert!(
                optional.is_none_or(|optional| *optional != json!(true)),
                "{document}"
            );
        }
        // Known to break: headers of the PROXY protocol for who asks a node's kube-proxy.
        let policy = &rendered.object("Service")["spec"]["externalTrafficPolicy"];
        assert!(!(spoken && *policy == json!("Local")), "{document}");
        let preserved = rendered.attribute("preserve_client_ip.enabled");
        assert_eq!(preserved == Some("false"), spoken, "{document}");
    }
}

#[test]
fn tls_ends_at_one_place() {
    for (document, tls, rendered) in all() {
        let at_balancer: Vec<&str> = rendered
            .annotation("ssl-ports")
            .into_iter()
            .flat_map(|ports| ports.split(','))
            .collect();
        let certificates = rendered.annotation("ssl-cert");
        assert_eq!(certificates.is_some(), tls == Tls::Balancer, "{document}");
        for listener in &rendered.gateway.listeners {
            let port = rendered.entrance.port(listener).to_string();
            let ends_there = at_balancer.contains(&port.as_str());
            assert_eq!(
                ends_there,
                tls == Tls::Balancer && listener.name.as_str() == "https",
                "{document}"
            );
            let envoys = rendered.listener(listener.port.get());
            let ends_here = envoys["filter_chains"][0]["transport_socket"].is_object();
            assert_eq!(ends_here, listener.tls.is_some(), "{document}");
            assert!(!(ends_here && ends_there), "{document}");
            // Envoy knows of it by being told; of an API Gateway's, which is before, it is told as well.
            let scheme =
                manager(&envoys)["scheme_header_transformation"].get("scheme_to_overwrite");
            // An Application Load Balancer says it itself, of each request.
            let front = rendered.entrance.front;
            let told = front.is_api_gateway() || (front == Front::Nothing && ends_there);
            assert_eq!(scheme == Some(&json!("https")), told, "{document}");
        }
    }
}

#[test]
fn envoy_ends_idle_connections_before_the_balancer_forgets_them() {
    for (document, _, rendered) in all() {
        for listener in &rendered.gateway.listeners {
            let port = rendered.entrance.port(listener);
            let set = rendered.annotation(&format!("listener-attributes.TCP-{port}"));
            let set = set.map(|set| set.strip_prefix("tcp.idle_timeout.seconds=").unwrap());
            // What no annotation says is 350 s, and of TLS none can say it.
            let balancer: u64 = set.map_or(350, |set| set.parse().unwrap());
            let tls = rendered.entrance.tls(listener).is_some();
            assert!(!(tls && set.is_some()), "{document}");
            let listener = rendered.listener(listener.port.get());
            let envoy = &manager(&listener)["common_http_protocol_options"]["idle_timeout"];
            let envoy: u64 = envoy
                .as_str()
                .unwrap()
                .trim_end_matches('s')
                .parse()
                .unwrap();
            if rendered.entrance.balancer.is_some() {
                assert!(envoy < balancer, "{envoy} s and {balancer} s: {document}");
            }
        }
    }
}

#[test]
fn balancers_ask_the_status_port_and_nobody_else_comes_to_it() {
    for (document, _, rendered) in all() {
        let status = rendered.listener(8090);
        let filter = listener_filter(&status, "envoy.filters.listener.proxy_protocol").unwrap();
        // AWS sends headers on health checks where it does on connections; the kubelet sends none.
        assert_eq!(
            filter["typed_config"]["allow_requests_without_proxy_protocol"],
            true
        );
        let routes = manager(&status).to_string();
        let probes = [
            rendered.envoy()["livenessProbe"]["httpGet"]["path"].as_str(),
            rendered.envoy()["startupProbe"]["httpGet"]["path"].as_str(),
            rendered.annotation("healthcheck-path"),
        ];
        for path in probes.into_iter().flatten() {
            assert!(
                routes.contains(&format!("\"{path}\"")),
                "{path}: {document}"
            );
        }
        if let Some(port) = rendered.annotation("healthcheck-port") {
            assert_eq!(port, "8090");
            assert_eq!(rendered.annotation("healthcheck-protocol"), Some("http"));
        }
        let ports = rendered.object("Service")["spec"]["ports"]
            .as_array()
            .unwrap();
        assert!(
            ports.iter().all(|port| port["targetPort"] != "status"),
            "{document}"
        );
    }
}

fn numbers(values: &Value, field: &str) -> BTreeSet<u64> {
    let values = values.as_array().unwrap();
    values
        .iter()
        .map(|value| value[field].as_u64().unwrap())
        .collect()
}

#[test]
fn every_port_leads_to_a_listener_of_envoy() {
    for (document, _, rendered) in all() {
        let service = &rendered.object("Service")["spec"]["ports"];
        let pods = rendered.envoy()["ports"].as_array().unwrap();
        let leads_to = |port: &Value| {
            let called = |pod: &&Value| pod["name"] == port["targetPort"];
            let pod = pods.iter().find(called).unwrap();
            pod["containerPort"].as_u64().unwrap()
        };
        let service_ports = service.as_array().unwrap().iter();
        let mut inside: BTreeSet<u64> = service_ports.map(leads_to).collect();
        let listening = rendered.bootstrap()["static_resources"]["listeners"].clone();
        let bound = |one: &Value| {
            one["address"]["socket_address"]["port_value"]
                .as_u64()
                .unwrap()
        };
        let listening: BTreeSet<u64> = listening.as_array().unwrap().iter().map(bound).collect();
        let outside: BTreeSet<u64> = rendered
            .gateway
            .listeners
            .iter()
            .map(|one| rendered.entrance.port(one).get().into())
            .collect();
        assert_eq!(numbers(service, "port"), outside, "{document}");
        inside.insert(8090);
        assert_eq!(inside, listening, "{document}");
        assert_eq!(
            numbers(&rendered.envoy()["ports"], "containerPort"),
            listening
        );
        let open = &rendered.object("NetworkPolicy")["spec"]["ingress"][0]["ports"];
        assert_eq!(numbers(open, "port"), listening, "{document}");
    }
}
