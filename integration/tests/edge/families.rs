//! By which family of addresses clients, balancers and kubelets come.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use integration::raw::raw;

use crate::rig::{Rig, STATUS};

#[tokio::test]
async fn a_listener_at_all_addresses_of_ipv6_is_found_by_ipv4_too() {
    const EVERYWHERE: &str = "[{ name: http, port: 8080, address: \"::\" }]";
    let rig = Rig::with(EVERYWHERE, "topology: cluster-ip").await;
    for (listener, path, host) in [
        ("http", "/", "shop.example.com"),
        (STATUS, "/healthz", "a"),
        // As `headgate probe` asks: otherwise no pod would ever be ready.
        (STATUS, "/ready", "ready.headgate.internal"),
    ] {
        let port = rig.listener(listener).await.port();
        let addresses: [SocketAddr; 2] = [
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ];
        for address in addresses {
            let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
            let response = raw(address, request.into_bytes()).await;
            let status = response.map(|response| response.status);
            assert!(matches!(status, Ok(200)), "{path} at {address}: {status:?}");
        }
    }
    // A client of IPv4 has an address of IPv4.
    let clients = rig.stop().await.into_iter().map(|(_, client)| client);
    assert_eq!(clients.collect::<Vec<_>>(), ["127.0.0.1", "::1"]);
}

/// The status listener is found by all families that clients come by.
#[tokio::test]
async fn the_status_listener_is_of_every_family() {
    const BOTH: &str = "[{ name: http, port: 8080 }, { name: http6, port: 8081, address: \"::\" }]";
    let rig = Rig::with(BOTH, "topology: cluster-ip").await;
    let port = rig.listener(STATUS).await.port();
    let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n".to_vec();
    let response = raw((Ipv6Addr::LOCALHOST, port).into(), request).await;
    assert_eq!(response.unwrap().status, 200);
    rig.stop().await;
}
