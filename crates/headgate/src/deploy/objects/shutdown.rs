//! How a pod ends without a request being lost.
//!
//! What stands before a gateway learns late that a pod is going away, and goes on sending new connections
//! until then. So a pod first accepts on, only telling that it is not to be asked; then it ends the
//! connections that are open; and only then its process is told to end.

use gateway_model::{Controller, Entrance, Front};

use crate::drain::{ACCEPT_SECONDS, DRAIN_SECONDS, SPREAD_SECONDS};

/// How long a pod takes to end, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shutdown {
    /// It takes new connections for so long.
    pub(super) accept: u16,
    /// Then it ends the connections that are open, as their requests are answered, for so long.
    pub(super) drain: u16,
    /// It tells one client after the other so, within so long: they do not all come back at one moment.
    pub(super) spread: u16,
}

/// An Application Load Balancer before the pods, or what an API Gateway finds them by.
const FRONT_NOTICES: u16 = 60;
/// The nodes of a cluster.
const CLUSTER_NOTICES: u16 = 15;

/// Envoy's own end, and what the kubelet loses on the way.
const END: u16 = 15;

impl Shutdown {
    /// How a pod ends behind what stands there.
    pub(super) fn of(entrance: &Entrance) -> Self {
        let accept = match (&entrance.balancer, entrance.front) {
            (Some(_), _) => ACCEPT_SECONDS,
            (None, Front::Nothing) => CLUSTER_NOTICES,
            (None, _) => FRONT_NOTICES,
        };
        Self {
            accept,
            drain: DRAIN_SECONDS,
            spread: SPREAD_SECONDS,
        }
    }

    /// `terminationGracePeriodSeconds`: after it the process is killed.
    pub(super) fn grace(self) -> u16 {
        self.accept + self.drain + END
    }

    /// How long a balancer lets a connection to a target go on that it has deregistered, or that says that
    /// it is not well: longer than the target itself does.
    pub(super) fn balancer_waits(self) -> u16 {
        self.grace() + (DRAIN_SECONDS - END)
    }
}

/// How a balancer asks a target how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HealthCheck {
    /// How often, in seconds.
    pub(super) interval: u16,
    /// So many answers in a row make a target healthy, and so many unhealthy.
    pub(super) threshold: u16,
}

impl HealthCheck {
    pub(super) fn of(controller: Controller) -> Self {
        let threshold = match controller {
            // The least that a Network Load Balancer takes. What is open on a target goes on when it is
            // unhealthy, so nothing is lost by being quick.
            Controller::AwsLoadBalancerController => 2,
            // The connections to a node are cut when it becomes unhealthy, which it does when the last pod
            // there goes away, and nothing can be said against it. So long has a request to be answered.
            Controller::CloudProviderAws => 3,
        };
        let interval = 10;
        Self {
            interval,
            threshold,
        }
    }

    /// How long it takes to be seen, in seconds.
    pub(super) fn seen_after(self) -> u16 {
        self.interval * self.threshold
    }
}
