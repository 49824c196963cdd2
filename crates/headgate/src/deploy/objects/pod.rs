//! A pod: one Envoy, and what it may do.

use std::collections::BTreeMap;

use envoy_render::HEALTH_PATH;
use gateway_model::{Entrance, Gateway, Port};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, ExecAction, HTTPGetAction, Lifecycle, LifecycleHandler,
    PodSecurityContext, PodSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext,
    TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Deployed;
use super::config_map::ConfigMaps;
use super::names::Names;
use super::ports::{self, STATUS};
use super::shutdown::Shutdown;
use super::volumes::{mounts, volumes};

/// What the container is called.
const ENVOY: &str = "envoy";

/// Whom the process runs as: nobody that anything belongs to.
const NOBODY: i64 = 65532;

/// Worker threads: as many as keep the two cores busy that start and load were measured with
/// (`benchmarks/README.md`). Left to itself Envoy starts one for each core of the node.
const WORKERS: u16 = 2;

/// A core is 7,000 requests a second of a document of ten routes (142 µs of CPU each, with its access log
/// and upstreams), and what a start takes of CPU (1.07 s). There is no limit: it would slow down requests
/// while the node has time left.
const CPU: &str = "1";

/// At rest Envoy has 126 MB with ten routes and 203 MB with 10,000. While a change is carried two pipelines
/// are there, and each connection has its buffers.
const MEMORY: &str = "512Mi";
const MOST_MEMORY: &str = "1Gi";

pub(super) fn pod(of: &Deployed<'_>, config: &ConfigMaps) -> PodSpec {
    let (gateway, names) = (of.gateway, &of.names);
    let shutdown = Shutdown::of(&of.entrance);
    PodSpec {
        service_account_name: Some(names.gateway().to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        node_selector: Some(BTreeMap::from([pair("kubernetes.io/os", "linux")])),
        security_context: Some(pod_security()),
        termination_grace_period_seconds: Some(shutdown.grace().into()),
        topology_spread_constraints: Some(spread(names)),
        containers: vec![envoy(of, shutdown)],
        volumes: Some(volumes(gateway, config)),
        ..PodSpec::default()
    }
}

fn envoy(of: &Deployed<'_>, shutdown: Shutdown) -> Container {
    let gateway = of.gateway;
    let admin = gateway.admin.port.to_string();
    let (workers, drain) = (WORKERS.to_string(), shutdown.spread.to_string());
    let command = [
        "envoy",
        "--config-path",
        envoy_render::IMAGE_BOOTSTRAP,
        "--concurrency",
        &workers,
        "--disable-hot-restart",
        "--drain-time-s",
        &drain,
    ];
    Container {
        name: ENVOY.to_owned(),
        image: Some(of.options.image.clone()),
        command: Some(command.map(str::to_owned).into()),
        ports: Some(open(gateway)),
        startup_probe: Some(Probe {
            period_seconds: Some(2),
            failure_threshold: Some(60),
            ..alive()
        }),
        // No answer for a minute: it will not come back by itself.
        liveness_probe: Some(Probe {
            period_seconds: Some(10),
            failure_threshold: Some(6),
            ..alive()
        }),
        // Through the pipeline, since an Envoy whose pipeline was refused lives, and answers 500. It goes on
        // being so while the pod ends: nodes send to a pod that ends only as long as it is ready.
        readiness_probe: Some(Probe {
            exec: Some(exec(&["headgate", "probe", "--admin-port", &admin])),
            period_seconds: Some(5),
            timeout_seconds: Some(3),
            failure_threshold: Some(2),
            ..Probe::default()
        }),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(drained(gateway, shutdown)),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        resources: Some(resources()),
        security_context: Some(container_security()),
        volume_mounts: Some(mounts(gateway, &of.placement)),
        ..Container::default()
    }
}

/// The ports on which Envoy takes connections from outside of the pod.
fn open(gateway: &Gateway) -> Vec<ContainerPort> {
    let open = |name: String, port: Port| ContainerPort {
        name: Some(name),
        container_port: port.get().into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let listeners = gateway.listeners.iter();
    let listeners = listeners.map(|listener| open(ports::name(listener), listener.port));
    let status = open(STATUS.to_owned(), Entrance::STATUS_PORT);
    listeners.chain([status]).collect()
}

/// Whether a worker answers at all, whatever of it.
fn alive() -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(HEALTH_PATH.to_owned()),
            port: IntOrString::String(STATUS.to_owned()),
            ..HTTPGetAction::default()
        }),
        timeout_seconds: Some(3),
        ..Probe::default()
    }
}

/// What ends what is open, while the kubelet waits with its SIGTERM.
fn drained(gateway: &Gateway, shutdown: Shutdown) -> ExecAction {
    let admin = gateway.admin.port.to_string();
    let seconds = |length: u16| format!("{length}s");
    exec(&[
        "headgate",
        "drain",
        "--admin-port",
        &admin,
        "--accept-for",
        &seconds(shutdown.accept),
        "--drain-for",
        &seconds(shutdown.drain),
    ])
}

fn exec(command: &[&str]) -> ExecAction {
    let command = command.iter().map(|&word| word.to_owned());
    ExecAction {
        command: Some(command.collect()),
    }
}

fn resources() -> ResourceRequirements {
    let quantity = |(name, amount): (&str, &str)| (name.to_owned(), Quantity(amount.to_owned()));
    ResourceRequirements {
        requests: Some([("cpu", CPU), ("memory", MEMORY)].map(quantity).into()),
        limits: Some([("memory", MOST_MEMORY)].map(quantity).into()),
        ..ResourceRequirements::default()
    }
}

/// As the Pod Security Standard "restricted" has it.
fn pod_security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(NOBODY),
        run_as_group: Some(NOBODY),
        // Keys are for this group to read, and for nobody else.
        fs_group: Some(NOBODY),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        ..SecurityContext::default()
    }
}

/// Over zones, and over the nodes of each, where there are several. Pods of an earlier template do not
/// count: they are about to go.
fn spread(names: &Names<'_>) -> Vec<TopologySpreadConstraint> {
    let over = |key: &str| TopologySpreadConstraint {
        topology_key: key.to_owned(),
        max_skew: 1,
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(names.label_selector()),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    };
    ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        .map(over)
        .into()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
