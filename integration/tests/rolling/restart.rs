//! Every pod is replaced, under load, with requests under way: what `kubectl rollout restart` does.
//!
//! The times of the balancer and of the preStop hook are a hundredth of the real ones: it takes 1.2 s and not
//! two minutes until the balancer's nodes have heard, and the hook waits for 1.8 s and not for three minutes.
//! The long requests stand for one of 20 s, which would be 0.2 s: each is under way from the beginning until its
//! pod ends connections.

use crate::held::Held;
use crate::load::{Load, Outcome};
use crate::pod::Pod;
use crate::rig::Rig;

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

/// Ends a pod as Kubernetes does, and what clients hold on it. Returns what they lost.
async fn end(rig: &Rig, pod: Pod, mut held: Held, settings: Settings) -> Vec<String> {
    // Both hear of it at once.
    rig.balancer.deregister(pod.target);
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

/// Two pods under load, one after the other replaced by a new one.
async fn restart(settings: Settings) -> Outcome {
    let rig = Rig::with(|options| {
        options.unhealthy_connection_termination = settings.unhealthy_connection_termination;
    })
    .await;
    let old = [rig.pod().await, rig.pod().await];
    let held = Held::on_both(&rig.balancer, &rig.upstream).await;
    let load = Load::start(rig.balancer.address());
    load.more(200).await;
    let mut lost = Vec::new();
    let mut new = Vec::new();
    for (pod, held) in old.into_iter().zip(held) {
        new.push(rig.pod().await);
        lost.extend(end(&rig, pod, held, settings).await);
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
