//! What becomes of a connection.

use std::io::ErrorKind;
use std::net::Ipv4Addr;

use integration::balancer::Options;

use crate::rig::{Connection, before, taken_by, until};

#[tokio::test]
async fn bytes_pass_as_they_are_and_ends_too() {
    let (balancer, [echo]) = before(Options::default()).await;
    let mut client = Connection::to(balancer.address()).await;
    assert_eq!(client.exchange("one").await.unwrap(), "one");
    assert_eq!(client.exchange("two").await.unwrap(), "two");
    assert_eq!(balancer.open(echo.target), 1);
    client.shutdown().await;
    assert_eq!(client.rest().await.unwrap(), b"");
    until(|| balancer.open(echo.target) == 0).await;
    assert_eq!(echo.connections()[0].1, b"onetwo");
}

#[tokio::test]
async fn a_target_that_ends_ends_it() {
    let (balancer, [echo]) = before(Options::default()).await;
    let mut client = Connection::to(balancer.address()).await;
    client.exchange("one").await.unwrap();
    echo.end();
    assert_eq!(client.rest().await.unwrap(), b"");
}

#[tokio::test]
async fn a_target_that_takes_none_resets_it() {
    let (balancer, [echo]) = before(Options::default()).await;
    echo.end();
    until(|| std::net::TcpStream::connect(echo.target.address).is_err()).await;
    let refused = Connection::to(balancer.address()).await.rest().await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn each_target_gets_its_share() {
    let (balancer, targets) = before::<2>(Options::default()).await;
    let mut taken = [0, 0];
    for _ in 0..10 {
        taken[taken_by(&balancer, &targets).await.unwrap()] += 1;
    }
    assert_eq!(taken, [5, 5]);
}

#[tokio::test]
async fn the_address_of_a_client_may_be_preserved() {
    let source = Ipv4Addr::new(127, 0, 0, 7);
    for (preserve_client_ip, seen) in [(true, source), (false, Ipv4Addr::LOCALHOST)] {
        let options = Options {
            preserve_client_ip,
            ..Options::default()
        };
        let (balancer, [echo]) = before(options).await;
        let mut client = Connection::from(source, balancer.address()).await;
        client.exchange("a").await.unwrap();
        assert_eq!(echo.connections()[0].0, seen);
    }
}
