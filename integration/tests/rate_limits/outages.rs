//! Redis or the service goes away under load, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use integration::client::Client;
use integration::gateway::Gateway;
use tokio::task::JoinHandle;

use super::shop::{EVERYTHING, Parts, Shop, of_user, send, statuses};

const DEADLINE: Duration = Duration::from_secs(60);
const CLIENTS: usize = 4;

/// How many answers of each Envoy are waited for before, during and after.
const ANSWERS: usize = 40;

/// By each user so often, whom there is one of for each request under load.
const FIVE_OF_EACH: &str =
    "limits: [{ name: users, rate: 5/d, by: [header.x-user], engine: { ratelimit: {} } }]";

/// A silent service costs each request this.
const PASS: Parts<'_> = Parts {
    rate_limiting: "",
    service: "timeout: 300ms, on_failure: pass",
    fields: FIVE_OF_EACH,
    routes: EVERYTHING,
};
const REFUSE: Parts<'_> = Parts {
    service: "timeout: 300ms, on_failure: refuse",
    ..PASS
};

/// What is the matter.
const WELL: usize = 0;
const DOWN: usize = 1;
const BACK: usize = 2;

/// Clients that send one request after the other, each of a user of its own.
struct Load {
    phase: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<Answer>>>,
}

/// A status, if there was an answer, and the phases in which it was asked for and given.
type Answer = (Option<u16>, [usize; 2]);

impl Load {
    fn on(gateway: &Gateway, phase: &Arc<AtomicUsize>) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let client = |index: usize| {
            let (client, phase, answered) =
                (gateway.http1(), Arc::clone(phase), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for count in 0_usize.. {
                    let before = phase.load(Ordering::SeqCst);
                    if before > BACK {
                        break;
                    }
                    let request = of_user("/", &format!("{index}.{count}"));
                    let status = client.send(request).await.ok();
                    let status = status.map(|answer| answer.status.as_u16());
                    answers.push((status, [before, phase.load(Ordering::SeqCst)]));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                answers
            })
        };
        Self {
            phase: Arc::clone(phase),
            clients: (0..CLIENTS).map(client).collect(),
            answered,
        }
    }

    /// Waits for so many answers more.
    async fn goes_on(&self) {
        let more = self.answered.load(Ordering::SeqCst) + ANSWERS;
        let waiting = async {
            while self.answered.load(Ordering::SeqCst) < more {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "requests are not answered");
    }

    async fn end(self) -> Vec<Answer> {
        self.phase.store(BACK + 1, Ordering::SeqCst);
        let mut answers = Vec::new();
        for client in self.clients {
            answers.extend(client.await.unwrap());
        }
        answers
    }
}

/// A user who is new has five requests, and no sixth.
async fn holds_again(client: &Client) {
    let waiting = async {
        for attempt in 0.. {
            let user = format!("again.{attempt}");
            if statuses(client, "/", &user, 6).await == [200, 200, 200, 200, 200, 429] {
                return;
            }
        }
    };
    let waited = tokio::time::timeout(DEADLINE, waiting).await;
    assert!(waited.is_ok(), "the limit does not hold again");
}

/// Puts load on two Envoys, one of which lets pass what the other refuses, through an outage.
async fn outage(down: impl AsyncFnOnce(&mut Shop), up: impl AsyncFnOnce(&mut Shop)) {
    let mut shop = Shop::open(PASS).await;
    let passing = shop.gateway(PASS).await;
    let refusing = shop.gateway(REFUSE).await;
    holds_again(&passing.http1()).await;
    let phase = Arc::new(AtomicUsize::new(WELL));
    let (through, against) = (Load::on(&passing, &phase), Load::on(&refusing, &phase));
    through.goes_on().await;
    against.goes_on().await;
    down(&mut shop).await;
    phase.store(DOWN, Ordering::SeqCst);
    through.goes_on().await;
    against.goes_on().await;
    phase.store(BACK, Ordering::SeqCst);
    up(&mut shop).await;
    holds_again(&passing.http1()).await;
    holds_again(&refusing.http1()).await;
    through.goes_on().await;
    against.goes_on().await;

    let passed = through.end().await;
    let lost: Vec<_> = passed.iter().filter(|one| one.0 != Some(200)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let refused = against.end().await;
    let statuses = |phases| -> Vec<Option<u16>> {
        let of_phase = refused.iter().filter(|one| one.1 == phases);
        of_phase.map(|one| one.0).collect()
    };
    let during = statuses([DOWN; 2]);
    println!(
        "{} answers with pass, {} with refuse, {} of these during the outage",
        passed.len(),
        refused.len(),
        during.len()
    );
    assert!(during.len() > ANSWERS / 2, "{during:?}");
    assert!(
        during.iter().all(|status| *status == Some(503)),
        "{during:?}"
    );
    assert!(statuses([WELL; 2]).contains(&Some(200)));
    assert!(statuses([BACK; 2]).contains(&Some(200)));
    // Whatever was refused has not come through.
    let sent = |status| refused.iter().filter(|one| one.0 == Some(status)).count();
    assert_eq!(sent(200) + sent(503), refused.len());
    passing.stop().await;
    refusing.stop().await;
}

#[tokio::test]
async fn redis_is_killed() {
    outage(
        async |shop| shop.redis.kill(),
        async |shop| shop.redis.restart().await,
    )
    .await;
}

#[tokio::test]
async fn redis_is_silent() {
    outage(
        async |shop| shop.redis.pause().await,
        async |shop| shop.redis.resume(),
    )
    .await;
}

#[tokio::test]
async fn the_service_is_killed() {
    outage(
        async |shop| shop.service.kill(),
        async |shop| shop.service.restart().await,
    )
    .await;
}

#[tokio::test]
async fn the_service_is_silent() {
    outage(
        async |shop| shop.service.pause().await,
        async |shop| shop.service.resume(),
    )
    .await;
}

#[tokio::test]
async fn each_envoy_holds_its_own_limit_while_the_service_is_gone() {
    let parts = Parts {
        service: super::shop::LONG,
        fields: "limits: [{ name: users, rate: 5/d, by: [header.x-user], engine: { ratelimit: { local: { rate: \
                 3/d } } } }]",
        ..PASS
    };
    let mut shop = Shop::open(parts).await;
    let gateways = [shop.gateway(parts).await, shop.gateway(parts).await];
    let clients = gateways.each_ref().map(Gateway::http1);
    // Its own, and what the service has left.
    assert_eq!(
        statuses(&clients[0], "/", "ann", 4).await,
        [200, 200, 200, 429]
    );
    assert_eq!(
        statuses(&clients[1], "/", "ann", 4).await,
        [200, 200, 429, 429]
    );
    shop.service.kill();
    for client in &clients {
        assert_eq!(statuses(client, "/", "bob", 4).await, [200, 200, 200, 429]);
        let refused = send(client, of_user("/", "bob")).await;
        assert_eq!(refused.json()["detail"], "The limit \"users\" is reached.");
    }
    assert_eq!(shop.upstream.requests(), 5 + 6);
    for gateway in gateways {
        gateway.stop().await;
    }
}
