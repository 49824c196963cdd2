//! What a target gets after it is deregistered.

use std::time::Duration;

use integration::balancer::Options;

use crate::rig::{Connection, before, taken_by, until};

const QUICK: Duration = Duration::from_millis(300);

#[tokio::test]
async fn new_connections_until_the_balancer_has_heard_and_then_none() {
    let options = Options {
        propagation: QUICK,
        ..Options::default()
    };
    let (balancer, targets) = before::<2>(options).await;
    balancer.deregister(targets[0].target);
    let both = [
        taken_by(&balancer, &targets).await.unwrap(),
        taken_by(&balancer, &targets).await.unwrap(),
    ];
    assert!(both.contains(&0), "{both:?}");
    until(|| !balancer.counts_in(targets[0].target)).await;
    for _ in 0..4 {
        assert_eq!(taken_by(&balancer, &targets).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn open_connections_live_on_unless_they_are_to_end_with_the_delay() {
    for connection_termination in [false, true] {
        let options = Options {
            propagation: QUICK,
            deregistration_delay: 2 * QUICK,
            connection_termination,
            ..Options::default()
        };
        let (balancer, targets) = before::<1>(options).await;
        let mut client = Connection::to(balancer.address()).await;
        client.exchange("before").await.unwrap();
        balancer.deregister(targets[0].target);
        if connection_termination {
            until(|| balancer.open(targets[0].target) == 0).await;
            client.rest().await.unwrap_err();
        } else {
            tokio::time::sleep(4 * QUICK).await;
            assert_eq!(client.exchange("after").await.unwrap(), "after");
        }
    }
}
