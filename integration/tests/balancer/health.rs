//! Which targets get connections, by what health checks say.

use std::io::ErrorKind;

use integration::balancer::{Balancer, Health, HealthCheck, Options};

use crate::rig::{Connection, Echo, before, taken_by, until};

#[tokio::test]
async fn a_target_takes_part_after_a_check_that_passes() {
    let (balancer, [first]) = before(Options::default()).await;
    let late = Echo::start().await;
    late.answers(503);
    balancer.register(late.target);
    balancer.until(late.target, Health::Unhealthy).await;
    let targets = [first, late];
    for _ in 0..4 {
        assert_eq!(taken_by(&balancer, &targets).await.unwrap(), 0);
    }
    targets[1].answers(204);
    balancer.until(targets[1].target, Health::Healthy).await;
    let taken = [
        taken_by(&balancer, &targets).await.unwrap(),
        taken_by(&balancer, &targets).await.unwrap(),
    ];
    assert!(taken.contains(&0) && taken.contains(&1), "{taken:?}");
}

#[tokio::test]
async fn it_is_the_checks_in_a_row_that_count() {
    let check = HealthCheck {
        healthy_threshold: 2,
        unhealthy_threshold: 4,
        ..HealthCheck::default()
    };
    let options = Options {
        health_check: check,
        ..Options::default()
    };
    let (balancer, [echo]) = before(options).await;
    // What is sent while one check is answered holds for the next one, so at most one more is seen.
    for (status, turns, threshold) in [(500, Health::Unhealthy, 4), (399, Health::Healthy, 2)] {
        let before = echo.checks().len();
        echo.answers(status);
        balancer.until(echo.target, turns).await;
        let seen = echo.checks().len() - before;
        assert!(
            seen == threshold || seen == threshold + 1,
            "{turns:?} after {seen}"
        );
    }
    for status in [500, 200, 500, 200, 500, 200] {
        let before = echo.checks().len();
        echo.answers(status);
        until(|| echo.checks().len() > before + 2).await;
        assert_eq!(balancer.health(echo.target), Health::Healthy);
    }
}

#[tokio::test]
async fn connections_of_a_target_that_turns_unhealthy_are_reset_unless_told_otherwise() {
    for unhealthy_connection_termination in [true, false] {
        let options = Options {
            unhealthy_connection_termination,
            ..Options::default()
        };
        let (balancer, targets) = before::<2>(options).await;
        let mut clients = Vec::new();
        for _ in 0..2 {
            let mut client = Connection::to(balancer.address()).await;
            client.exchange("a").await.unwrap();
            clients.push(client);
        }
        targets[0].answers(503);
        balancer.until(targets[0].target, Health::Unhealthy).await;
        let mut reset = 0;
        for mut client in clients {
            match client.exchange("b").await {
                Ok(text) => assert_eq!(text, "b"),
                Err(error) => {
                    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                    assert!(kinds.contains(&error.kind()), "{error}");
                    reset += 1;
                }
            }
        }
        assert_eq!(reset, usize::from(unhealthy_connection_termination));
        assert_eq!(taken_by(&balancer, &targets).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn where_none_is_healthy_all_get_connections() {
    let balancer = Balancer::start(Options::default()).await;
    let targets = [Echo::start().await, Echo::start().await];
    for echo in &targets {
        echo.answers(500);
        balancer.register(echo.target);
        balancer.until(echo.target, Health::Unhealthy).await;
    }
    let first = taken_by(&balancer, &targets).await.unwrap();
    assert_eq!(taken_by(&balancer, &targets).await.unwrap(), 1 - first);
}

#[tokio::test]
async fn a_target_that_does_not_answer_fails() {
    let (balancer, [echo]) = before(Options::default()).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = integration::balancer::Target {
        health: silent.local_addr().unwrap(),
        ..echo.target
    };
    let mut options = Options::default();
    options.health_check.timeout = std::time::Duration::from_millis(50);
    let other = Balancer::start(options).await;
    other.register(target);
    other.until(target, Health::Unhealthy).await;
    assert_eq!(balancer.health(echo.target), Health::Healthy);
}
