//! Every pod is replaced, under load, with requests under way: what `kubectl rollout restart` does.
//!
//! The times of the balancer and of the preStop hook are a hundredth of the real ones: it takes 1.2 s and not
//! two minutes until the balancer's nodes have heard, and the hook waits for 1.8 s and not for three minutes.
//! The request of 20 s lasts longer than that scale asks for: until all but its own pod's end has happened.

use integration::balancer::{Balancer, Health, HealthCheck, Options};
use integration::services::{Running, Service};
use integration::upstream::Upstream;

use crate::held::Held;
use crate::load::{Load, Outcome};
use crate::pod::Pod;

/// How a pod is ended.
#[derive(Debug, Clone, Copy)]
struct Settings {
    /// With the preStop hook.
    pre_stop: bool,
    /// `target_health_state.unhealthy.connection_termination.enabled`, which is on if nobody says otherwise.
    unhealthy_connection_termination: bool,
}

/// As Headgate deploys it.
const DEPLOYED: Settings = Settings {
    pre_stop: true,
    unhealthy_connection_termination: false,
};

const ACCEPT_FOR: &str = "1800ms";

/// Nothing ends by this, so it is not to scale.
const DRAIN_FOR: &str = "20s";

struct Rig {
    upstream: Upstream,
    chat: Running,
    balancer: Balancer,
}

impl Rig {
    async fn start(settings: Settings) -> Self {
        let options = Options {
            proxy_protocol: true,
            unhealthy_connection_termination: settings.unhealthy_connection_termination,
            health_check: HealthCheck {
                path: envoy_render::HEALTH_PATH.to_owned(),
                ..HealthCheck::default()
            },
            ..Options::default()
        };
        Self {
            upstream: Upstream::start().await,
            chat: Service::Chat.start().await.unwrap(),
            balancer: Balancer::start(options).await,
        }
    }

    fn document(&self) -> String {
        document(&self.upstream, &self.chat)
    }

    /// A pod that the balancer takes for healthy.
    async fn pod(&self) -> Pod {
        let pod = Pod::start(&self.document()).await;
        pod.ready().await;
        self.balancer.register(pod.target);
        self.balancer.until(pod.target, Health::Healthy).await;
        pod
    }

    /// Ends a pod as Kubernetes does, and what clients hold on it. Returns what they lost.
    async fn end(&self, pod: Pod, mut held: Held, settings: Settings) -> Vec<String> {
        // Both hear of it at once.
        self.balancer.deregister(pod.target);
        if !settings.pre_stop {
            pod.terminate().await;
            return held.end().await;
        }
        let mut lost = Vec::new();
        let mut pre_stop = pod.pre_stop(ACCEPT_FOR, DRAIN_FOR);
        pre_stop.until("the health check fails").await;
        lost.extend(held.speak().await.err());
        pre_stop
            .until("connections end with their next response")
            .await;
        lost.extend(held.end().await);
        let last = pre_stop.returned().await;
        assert!(last.ends_with("no connection is left"), "{last}");
        pod.terminate().await;
        lost
    }
}

/// Everything to one service, but `/chat` to one that takes WebSockets.
pub fn document(upstream: &Upstream, chat: &Running) -> String {
    let (upstream, chat) = (upstream.address(), chat.address());
    format!(
        "apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{{ name: http, port: 8080 }}]
upstreams:
  pets: {{ http: \"{upstream}\", timeout: 2m }}
  chat: {{ http: \"{chat}\", websocket: true }}
routes:
  - {{ match: {{ path: /chat }}, to: [{{ upstream: chat }}] }}
  - {{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}
edge: {{ topology: nlb-public }}
"
    )
}

/// Two pods under load, one after the other replaced by a new one.
async fn restart(settings: Settings) -> Outcome {
    let rig = Rig::start(settings).await;
    let old = [rig.pod().await, rig.pod().await];
    let held = Held::on_both(&rig.balancer, &rig.upstream).await;
    let load = Load::start(rig.balancer.address());
    load.more(200).await;
    let mut lost = Vec::new();
    let mut new = Vec::new();
    for (pod, held) in old.into_iter().zip(held) {
        new.push(rig.pod().await);
        lost.extend(rig.end(pod, held, settings).await);
    }
    load.more(200).await;
    let mut outcome = load.stop().await;
    outcome.lost.extend(lost);
    for pod in new {
        pod.terminate().await;
    }
    outcome
}

#[tokio::test]
async fn no_request_is_lost() {
    let outcome = restart(DEPLOYED).await;
    assert_eq!(outcome.lost, [""; 0], "of {}", outcome.answered);
}

#[tokio::test]
async fn without_the_pre_stop_hook_requests_are_lost() {
    let outcome = restart(Settings {
        pre_stop: false,
        ..DEPLOYED
    })
    .await;
    let lost = |what: &str| {
        outcome
            .lost
            .iter()
            .filter(|lost| lost.contains(what))
            .count()
    };
    let kinds = [
        "the long request",
        "the WebSocket",
        "on a new connection",
        "on a kept connection",
    ];
    for kind in kinds {
        assert!(lost(kind) > 0, "no {kind:?} of {:#?}", outcome.lost);
    }
    println!("{} lost of {}", outcome.lost.len(), outcome.answered);
}

#[tokio::test]
async fn where_the_balancer_ends_connections_of_unhealthy_targets_requests_are_lost() {
    let outcome = restart(Settings {
        unhealthy_connection_termination: true,
        ..DEPLOYED
    })
    .await;
    let lost = |what: &str| {
        outcome
            .lost
            .iter()
            .filter(|lost| lost.contains(what))
            .count()
    };
    assert!(lost("the long request") > 0, "{:#?}", outcome.lost);
    println!("{} lost of {}", outcome.lost.len(), outcome.answered);
}
