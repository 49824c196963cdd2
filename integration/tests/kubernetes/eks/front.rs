//! What AWS' controllers make of a Service, in this process: a listener with its target group for each port.

use std::net::{IpAddr, SocketAddr};

use gateway_model::Entrance;
use integration::balancer::{Balancer, Health, HealthCheck, Options, Target};
use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// A listener of a balancer.
pub struct Listener {
    balancer: Balancer,
    /// Whether TLS ends here, and not at the pods.
    pub ends_tls: bool,
}

impl Listener {
    /// Where it really listens.
    pub fn address(&self) -> SocketAddr {
        self.balancer.address()
    }
}

/// What the Service says of its balancer.
fn annotation<'a>(service: &'a Service, name: &str) -> Option<&'a str> {
    let name = format!("service.beta.kubernetes.io/aws-load-balancer-{name}");
    let annotations = service.metadata.annotations.as_ref()?;
    annotations.get(&name).map(String::as_str)
}

/// Where the port of a Service leads to in a pod: a number, or the name of a port of its containers.
fn target_port(pod: &Pod, target: &IntOrString) -> u16 {
    let port = match target {
        IntOrString::Int(port) => *port,
        IntOrString::String(name) => {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
            let named = ports.find(|port| port.name.as_ref() == Some(name));
            named.unwrap().container_port
        }
    };
    u16::try_from(port).unwrap()
}

/// The listener of a port, when all its targets are healthy. A class is what tells the controllers apart.
pub async fn listener(service: &Service, port: u16, pods: &[(IpAddr, Pod)]) -> Listener {
    let spec = service.spec.as_ref().unwrap();
    let is_port = |one: &&ServicePort| one.port == i32::from(port);
    let of_service = spec.ports.iter().flatten().find(is_port);
    let target = of_service.unwrap().target_port.as_ref().unwrap();
    let options = match spec.load_balancer_class.as_deref() {
        Some("service.k8s.aws/nlb") => {
            assert_eq!(annotation(service, "nlb-target-type"), Some("ip"));
            Options {
                proxy_protocol: annotation(service, "proxy-protocol") == Some("*"),
                ..Options::default()
            }
        }
        // Its targets are nodes, and they leave a client's address as it is.
        None => {
            assert_eq!(annotation(service, "type"), Some("nlb"));
            assert_eq!(spec.external_traffic_policy.as_deref(), Some("Local"));
            Options {
                preserve_client_ip: true,
                ..Options::default()
            }
        }
        Some(other) => panic!("nobody knows the class {other}"),
    };
    // Where nodes are asked, kube-proxy answers for the pod's readiness.
    let path = annotation(service, "healthcheck-path").unwrap_or("/healthz");
    let health = annotation(service, "healthcheck-port").map(|port| port.parse().unwrap());
    let health = health.unwrap_or(Entrance::STATUS_PORT.get());
    let balancer = Balancer::start(Options {
        port: Some(port),
        health_check: HealthCheck {
            path: path.to_owned(),
            ..HealthCheck::default()
        },
        ..options
    })
    .await;
    for (address, pod) in pods {
        let target = Target {
            address: (*address, target_port(pod, target)).into(),
            health: (*address, health).into(),
        };
        balancer.register(target);
        balancer.until(target, Health::Healthy).await;
    }
    let ssl_ports = annotation(service, "ssl-ports").unwrap_or_default();
    Listener {
        balancer,
        ends_tls: ssl_ports.split(',').any(|one| one == port.to_string()),
    }
}
