//! A load balancer that speaks as an AWS Network Load Balancer does, for tests of what stands behind one.
//!
//! A [`Balancer`] is one listener with its target group. What AWS documents of them, or what was captured
//! of real ones, and is so here:
//!
//! - Each connection goes to one target, and its bytes pass as they are, ends and resets too.
//! - With proxy protocol v2 the header comes with the first bytes of the client (`header_placement` is
//!   `on_first_ack_with_payload`), and holds a checksum and padding; health checks have one too, LOCAL.
//! - A target takes part after its first health check that passes, no more after some that fail in a row,
//!   and again after some that pass. Its connections are reset when it turns unhealthy, unless
//!   [`unhealthy_connection_termination`](Options::unhealthy_connection_termination) is off. Where no
//!   target is healthy, all get connections.
//! - A deregistered target gets new connections until the balancer's nodes have heard of it, which takes
//!   up to two minutes whatever is set; those that are open live on, beyond the delay too unless
//!   [`connection_termination`](Options::connection_termination) is on.
//!
//! What is not so: targets are taken in turn, not by a hash of the flow; there are no zones, no passive
//! health checks and no idle time-out; a client's address may be preserved, its port is not. TLS that
//! ends at a balancer is for its targets a connection in the clear that came to
//! [another port](Options::port).

mod connection;
mod health;
mod member;
pub mod proxy_protocol;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use member::Member;

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// The attributes of a listener and its target group. The defaults are AWS's, but that all times are a
/// hundredth of them; a health check may take longer, as this machine may.
#[derive(Debug, Clone)]
pub struct Options {
    /// `proxy_protocol_v2.enabled`.
    pub proxy_protocol: bool,
    /// `preserve_client_ip.enabled`. If not, targets see the balancer, which is 127.0.0.1.
    pub preserve_client_ip: bool,
    /// The port that clients come to, as the proxy protocol names it; where it really listens, if not said.
    pub port: Option<u16>,
    /// The endpoint of a PrivateLink that clients come through, as those of an API Gateway's VPC link do.
    pub vpc_endpoint: Option<String>,
    /// How targets are asked whether they are well.
    pub health_check: HealthCheck,
    /// How long the balancer's nodes take to hear that a target is deregistered.
    pub propagation: Duration,
    /// `deregistration_delay.timeout_seconds`.
    pub deregistration_delay: Duration,
    /// `deregistration_delay.connection_termination.enabled`.
    pub connection_termination: bool,
    /// `target_health_state.unhealthy.connection_termination.enabled`.
    pub unhealthy_connection_termination: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            proxy_protocol: false,
            preserve_client_ip: false,
            port: None,
            vpc_endpoint: None,
            health_check: HealthCheck::default(),
            propagation: Duration::from_millis(1200),
            deregistration_delay: Duration::from_secs(3),
            connection_termination: false,
            unhealthy_connection_termination: true,
        }
    }
}

/// A health check over HTTP; from 200 to 399 it has passed.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    /// What is asked for.
    pub path: String,
    /// From the end of one to the next.
    pub interval: Duration,
    /// How long one may take.
    pub timeout: Duration,
    /// How many pass in a row before an unhealthy target is healthy.
    pub healthy_threshold: u32,
    /// How many fail in a row before a healthy target is unhealthy.
    pub unhealthy_threshold: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            interval: Duration::from_millis(100),
            timeout: Duration::from_secs(2),
            healthy_threshold: 3,
            unhealthy_threshold: 3,
        }
    }
}

/// What connections go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Where connections go.
    pub address: SocketAddr,
    /// Where health checks go.
    pub health: SocketAddr,
}

/// What health checks have said of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing yet.
    Initial,
    /// It gets new connections.
    Healthy,
    /// It gets none while another does.
    Unhealthy,
}

/// A load balancer on a free port of the loopback interface. Clients from addresses of their own
/// (127.0.0.2 and up) can be told from it. Dropping it ends every connection.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    /// Health checks, and what is deregistered.
    watching: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    /// In the order of their registration, those too that are registered no more.
    members: Mutex<Vec<Arc<Member>>>,
    turn: AtomicUsize,
}

impl Balancer {
    /// Starts it without a target.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start(options: Options) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port for a balancer");
        let address = listener.local_addr().expect("the balancer's address");
        let shared = Arc::new(Shared {
            options,
            members: Mutex::default(),
            turn: AtomicUsize::new(0),
        });
        Self {
            address,
            accepting: tokio::spawn(accept(listener, Arc::clone(&shared))),
            shared,
            watching: Mutex::default(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Registers a target, whose health is asked from now on.
    pub fn register(&self, target: Target) {
        let member = Arc::new(Member::new(target));
        self.shared.lock().push(Arc::clone(&member));
        let options = self.shared.options.clone();
        self.watch(async move { health::watch(&member, &options).await });
    }

    /// Deregisters a target. Returns at once; what follows takes the time that [`Options`] say.
    ///
    /// # Panics
    /// When it is not registered.
    pub fn deregister(&self, target: Target) {
        let member = self.member(target);
        let options = self.shared.options.clone();
        self.watch(async move {
            tokio::time::sleep(options.propagation).await;
            member.leave();
            if options.connection_termination {
                let rest = options.deregistration_delay;
                tokio::time::sleep(rest.saturating_sub(options.propagation)).await;
                member.cut();
            }
        });
    }

    /// Waits until health checks have said this of a target.
    ///
    /// # Panics
    /// When they do not within 30 s, or it was never registered.
    pub async fn until(&self, target: Target, health: Health) {
        let member = self.member(target);
        let waited = tokio::time::timeout(DEADLINE, member.until(health)).await;
        assert!(
            waited.is_ok(),
            "{target:?} is not {health:?} within {DEADLINE:?} but {:?}",
            member.health()
        );
    }

    /// What health checks have said of a target.
    ///
    /// # Panics
    /// When it was never registered.
    #[must_use]
    pub fn health(&self, target: Target) -> Health {
        self.member(target).health()
    }

    /// Whether the balancer's nodes take a target for registered.
    ///
    /// # Panics
    /// When it was never registered.
    #[must_use]
    pub fn counts_in(&self, target: Target) -> bool {
        self.member(target).is_known()
    }

    /// How many connections to a target are open.
    ///
    /// # Panics
    /// When it was never registered.
    #[must_use]
    pub fn open(&self, target: Target) -> usize {
        self.member(target).open()
    }

    /// How many connections a target has got so far.
    ///
    /// # Panics
    /// When it was never registered.
    #[must_use]
    pub fn opened(&self, target: Target) -> usize {
        self.member(target).opened()
    }

    fn member(&self, target: Target) -> Arc<Member> {
        let members = self.shared.lock();
        let found = members.iter().rfind(|member| member.target == target);
        Arc::clone(found.expect("a target that is registered"))
    }

    fn watch(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        watching.spawn(task);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which target gets the next connection.
    fn choose(&self) -> Option<Arc<Member>> {
        let members = self.lock();
        let known: Vec<_> = members.iter().filter(|member| member.is_known()).collect();
        let healthy = known.iter().copied();
        let healthy: Vec<_> = healthy
            .filter(|member| member.health() == Health::Healthy)
            .collect();
        let among = if healthy.is_empty() { known } else { healthy };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        among
            .get(turn.checked_rem(among.len())?)
            .map(|member| Arc::clone(member))
    }
}

/// Accepts until it is dropped, and every connection with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let member = shared.choose();
                let shared = Arc::clone(&shared);
                open.spawn(async move {
                    connection::serve(client, member.as_deref(), &shared.options).await;
                });
            }
            Some(_) = open.join_next() => {}
        }
    }
}
