//! Headers of the PROXY protocol, byte for byte.

use std::net::SocketAddr;

use integration::balancer::Options;
use integration::balancer::proxy_protocol::{local, proxied};

use crate::rig::{Connection, before, until};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// As it was captured: <https://github.com/kubernetes/kubernetes/issues/57250>, a comment of 2019-03-21.
#[test]
fn of_a_health_check() {
    let mut captured = bytes("0d0a0d0a 000d0a51 5549540a 2011 0054 03 0004 bce5951f 04 004a");
    captured.extend([0; 74]);
    assert_eq!(local(), captured);
}

/// As AWS shows it: "Target groups for your Network Load Balancers", VPC endpoint services.
#[test]
fn of_a_client_through_an_endpoint() {
    let mut shown = bytes(
        "0d0a0d0a 000d0a51 5549540a 2111 0054 ac1f0771 ac1f0a1f c8f2 0050 03 0004 e8d6892d
         ea 0017 01 767063652d3038643262663135666163353030316339 04 0024",
    );
    shown.extend([0; 36]);
    let header = proxied(
        address("172.31.7.113:51442"),
        address("172.31.10.31:80"),
        Some("vpce-08d2bf15fac5001c9"),
    );
    assert_eq!(header, shown);
}

/// Section 2.2 of the specification: the family and where the addresses and the ports are.
#[test]
fn of_a_client_over_ipv6() {
    let header = proxied(
        address("[2001:db8::1]:258"),
        address("[2001:db8::2]:443"),
        None,
    );
    let start = bytes(
        "0d0a0d0a 000d0a51 5549540a 21 21 0054
         20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 0102 01bb 03 0004",
    );
    assert_eq!(header[..start.len()], start);
    assert_eq!(header.len(), 16 + 0x54);
}

#[tokio::test]
async fn a_connection_begins_with_its_own() {
    let (balancer, [echo]) = before(Options {
        proxy_protocol: true,
        port: Some(443),
        ..Options::default()
    })
    .await;
    let mut client = Connection::to(balancer.address()).await;
    let mut to = balancer.address();
    to.set_port(443);
    let mut expected = proxied(client.address(), to, None);
    // It comes with the first bytes of the client; till then the target waits.
    until(|| !echo.connections().is_empty()).await;
    assert_eq!(echo.connections()[0].1, b"");
    expected.extend(b"hello");
    client.send("hello").await;
    until(|| echo.connections()[0].1.len() == expected.len()).await;
    assert_eq!(echo.connections()[0].1, expected);
}

#[tokio::test]
async fn a_health_check_begins_with_one_too() {
    for (proxy_protocol, begins) in [(true, local()), (false, Vec::new())] {
        let options = Options {
            proxy_protocol,
            ..Options::default()
        };
        let (_balancer, [echo]) = before(options).await;
        let check = &echo.checks()[0];
        let host = echo.target.health;
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(check[..], [&begins[..], request.as_bytes()].concat());
    }
}
