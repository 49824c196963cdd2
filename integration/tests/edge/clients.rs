//! Who the client is, behind each of what can stand before the gateway.

use integration::balancer::proxy_protocol;
use integration::raw::raw;

use crate::rig::{Rig, from};

/// Who sends something, what, and who is then the client.
struct Case {
    /// Who the balancer says it is, if it says so.
    header: Option<&'static str>,
    fields: &'static str,
    client: &'static str,
}

const fn case(header: Option<&'static str>, fields: &'static str, client: &'static str) -> Case {
    Case {
        header,
        fields,
        client,
    }
}

/// A client whose word nobody asked for.
const FORGED: &str = "x-forwarded-for: 6.6.6.6\r\n";

async fn clients_are(edge: &str, cases: &[Case]) {
    let rig = Rig::new(edge).await;
    for (number, case) in cases.iter().enumerate() {
        let header = case.header.map(from).unwrap_or_default();
        rig.seen(&header, &format!("/{number}"), case.fields).await;
    }
    let logged = rig.stop().await;
    let clients: Vec<&str> = logged.iter().map(|(_, client)| &**client).collect();
    let expected: Vec<&str> = cases.iter().map(|case| case.client).collect();
    assert_eq!(clients, expected, "{edge}");
}

#[tokio::test]
async fn behind_a_public_balancer_it_is_who_the_balancer_names() {
    clients_are(
        "topology: nlb-public",
        &[
            case(Some("203.0.113.7"), "", "203.0.113.7"),
            case(Some("203.0.113.7"), FORGED, "203.0.113.7"),
            case(
                Some("203.0.113.7"),
                "forwarded: for=6.6.6.6\r\n",
                "203.0.113.7",
            ),
            case(Some("2001:db8::7"), FORGED, "2001:db8::7"),
        ],
    )
    .await;
}

#[tokio::test]
async fn behind_a_balancer_that_calls_nodes_it_is_who_connects() {
    clients_are(
        "topology: nlb-public, controller: cloud-provider-aws",
        &[case(None, "", "127.0.0.1"), case(None, FORGED, "127.0.0.1")],
    )
    .await;
}

#[tokio::test]
async fn behind_a_private_balancer_alone_it_is_who_the_balancer_names() {
    clients_are(
        "topology: nlb-private, front: nothing",
        &[case(Some("10.0.0.9"), FORGED, "10.0.0.9")],
    )
    .await;
}

/// What an ALB and a REST API send: they write behind what the client sent.
fn last_of_x_forwarded_for(header: Option<&'static str>, connected: &'static str) -> Vec<Case> {
    vec![
        case(header, "x-forwarded-for: 203.0.113.7\r\n", "203.0.113.7"),
        case(
            header,
            "x-forwarded-for: 6.6.6.6, 203.0.113.7\r\n",
            "203.0.113.7",
        ),
        case(
            header,
            "x-forwarded-for: 6.6.6.6, 7.7.7.7,203.0.113.7\r\n",
            "203.0.113.7",
        ),
        case(
            header,
            "x-forwarded-for: 6.6.6.6\r\nx-forwarded-for: 203.0.113.7\r\n",
            "203.0.113.7",
        ),
        case(header, "x-forwarded-for: 2001:db8::7\r\n", "2001:db8::7"),
        case(header, "forwarded: for=6.6.6.6\r\n", connected),
        case(header, "x-forwarded-for: 6.6.6.6, unknown\r\n", connected),
        case(header, "", connected),
    ]
}

#[tokio::test]
async fn behind_an_alb_it_is_the_last_in_x_forwarded_for() {
    let balanced = last_of_x_forwarded_for(Some("10.0.0.9"), "10.0.0.9");
    clients_are("topology: nlb-private, front: alb", &balanced).await;
    let direct = last_of_x_forwarded_for(None, "127.0.0.1");
    clients_are("topology: cluster-ip, front: alb", &direct).await;
}

#[tokio::test]
async fn behind_a_rest_api_it_is_the_last_in_x_forwarded_for() {
    let balanced = last_of_x_forwarded_for(Some("10.0.0.9"), "10.0.0.9");
    clients_are("topology: nlb-private, front: api-gateway-rest", &balanced).await;
    let edge = "topology: nlb-private, front: api-gateway-rest, controller: cloud-provider-aws";
    clients_are(edge, &last_of_x_forwarded_for(None, "127.0.0.1")).await;
}

#[tokio::test]
async fn behind_an_http_api_it_is_the_last_in_forwarded() {
    const CONNECTED: &str = "10.0.0.9";
    let case = |fields, client| case(Some(CONNECTED), fields, client);
    clients_are(
        "topology: nlb-private, front: api-gateway-http",
        &[
            case(
                "forwarded: for=203.0.113.7;host=api.example.com;proto=https\r\n",
                "203.0.113.7",
            ),
            case(
                "forwarded: by=192.0.2.1;for=203.0.113.7;host=api.example.com;proto=https\r\n",
                "203.0.113.7",
            ),
            case(
                "forwarded: for=6.6.6.6, for=203.0.113.7;proto=https\r\n",
                "203.0.113.7",
            ),
            case(
                "forwarded: for=6.6.6.6,for=203.0.113.7;by=192.0.2.1\r\n",
                "203.0.113.7",
            ),
            case(
                "forwarded: for=6.6.6.6\r\nforwarded: for=203.0.113.7\r\n",
                "203.0.113.7",
            ),
            case(
                "forwarded: for=\"[2001:db8::7]\";proto=https\r\n",
                "2001:db8::7",
            ),
            case(
                "x-forwarded-for: 6.6.6.6\r\nforwarded: for=203.0.113.7\r\n",
                "203.0.113.7",
            ),
            // What no HTTP API sends is not believed.
            case(FORGED, CONNECTED),
            case(
                "x-forwarded-for: 6.6.6.6\r\nforwarded: for=6.6.6.6,by=192.0.2.1\r\n",
                CONNECTED,
            ),
            case("forwarded: for=unknown\r\n", CONNECTED),
            // As RFC 7239 has it: names in any casing, and an address with colons in quotes.
            case("forwarded: FOR=203.0.113.7;Proto=https\r\n", "203.0.113.7"),
            case("forwarded: for=\"203.0.113.7:47011\"\r\n", "203.0.113.7"),
            case(
                "forwarded: proto=https; for=\"[2001:DB8::7]:47011\" ;by=\"[2001:db8::1]\"\r\n",
                "2001:db8::7",
            ),
            case(
                "forwarded: host=\"a;b\";for=203.0.113.7;proto=\"https\"\r\n",
                "203.0.113.7",
            ),
            case(
                "forwarded: for=\"6.6.6.6, for=203.0.113.7;proto=https\r\n",
                "203.0.113.7",
            ),
            // Two in what it wrote itself: one is of a client that got it there.
            case(
                "forwarded: for=203.0.113.7;host=x;for=6.6.6.6;proto=https\r\n",
                CONNECTED,
            ),
            case(
                "forwarded: for=203.0.113.7;host=x;FOR=6.6.6.6\r\n",
                CONNECTED,
            ),
            case(
                "forwarded: for=203.0.113.7;host=\"for=6.6.6.6;a\"\r\n",
                CONNECTED,
            ),
            case("forwarded: for=6.6.6.6,\r\n", CONNECTED),
            // Within quotes nothing begins.
            case(
                "forwarded: for=203.0.113.7;host=\"a,for=6.6.6.6\"\r\n",
                CONNECTED,
            ),
            case(
                "forwarded: for=203.0.113.7;host=\"a,for=6.6.6.6;b=\"\r\n",
                CONNECTED,
            ),
            case(
                "forwarded: for=unknown;host=\"a\\\";for=6.6.6.6;b=\"\r\n",
                CONNECTED,
            ),
            case("forwarded: xfor=6.6.6.6\r\n", CONNECTED),
            case("forwarded: \r\n", CONNECTED),
            case("", CONNECTED),
        ],
    )
    .await;
}

/// Bytes that are no UTF-8 neither hide a client nor put another in its place.
#[tokio::test]
async fn behind_an_http_api_bytes_that_are_no_text_change_nothing() {
    const CONNECTED: &str = "10.0.0.9";
    let rig = Rig::new("topology: nlb-private, front: api-gateway-http").await;
    let mut expected = Vec::new();
    for (value, client) in [
        (&b"for=\xff\xfe, for=203.0.113.7"[..], "203.0.113.7"),
        (b"\xe2\x82,for=203.0.113.7;proto=https", "203.0.113.7"),
        (b"for=6.6.6.6\xff", CONNECTED),
        (b"\xfffor=6.6.6.6", CONNECTED),
        (b"for=6.6.6.6;\xff", CONNECTED),
    ] {
        let head = b"GET / HTTP/1.1\r\nhost: shop.example.com\r\nforwarded: ";
        let bytes = [&*from(CONNECTED), head, value, b"\r\n\r\n"].concat();
        let response = raw(rig.listener("http").await, bytes).await.unwrap();
        assert_eq!(response.status, 200);
        expected.push(("/".to_owned(), client.to_owned()));
    }
    assert_eq!(rig.stop().await, expected);
}

#[tokio::test]
async fn within_a_cluster_it_is_who_connects() {
    for topology in ["cluster-ip", "node-port"] {
        let edge = format!("topology: {topology}");
        clients_are(
            &edge,
            &[case(None, "", "127.0.0.1"), case(None, FORGED, "127.0.0.1")],
        )
        .await;
    }
}

/// The other side of all of the above: who says that something stands before which does not, believes
/// anybody.
#[tokio::test]
async fn a_front_that_is_not_there_would_have_anybody_believed() {
    clients_are(
        "topology: cluster-ip, front: alb",
        &[case(None, FORGED, "6.6.6.6")],
    )
    .await;
}

#[tokio::test]
async fn without_a_header_nobody_comes_in_where_the_balancer_writes_one() {
    let rig = Rig::new("topology: nlb-public").await;
    let version_1 = b"PROXY TCP4 6.6.6.6 198.51.100.1 40000 80\r\n";
    for before in [&b""[..], version_1, &from("203.0.113.7")[..15]] {
        let refused = rig.ask("http", before, "/", "").await;
        assert!(refused.is_err(), "{before:?}: {refused:?}");
    }
    // A connection of the balancer itself is whose it is.
    rig.seen(&proxy_protocol::local(), "/local", "").await;
    // A second header is no part of HTTP.
    let twice = [from("203.0.113.7"), from("6.6.6.6")].concat();
    let refused = rig.ask("http", &twice, "/", "").await;
    assert!(refused.map_or(true, |response| response.status == 400));
    assert_eq!(rig.upstream.requests(), 1);
    let logged = rig.stop().await;
    assert!(
        logged.iter().all(|(_, client)| client != "6.6.6.6"),
        "{logged:?}"
    );
    assert!(logged.contains(&("/local".to_owned(), "127.0.0.1".to_owned())));
}

#[tokio::test]
async fn with_a_header_nobody_comes_in_where_no_balancer_writes_one() {
    for edge in [
        "topology: nlb-public, controller: cloud-provider-aws",
        "topology: cluster-ip",
    ] {
        let rig = Rig::new(edge).await;
        let refused = rig.ask("http", &from("6.6.6.6"), "/", "").await;
        assert!(
            refused.map_or(true, |response| response.status == 400),
            "{edge}"
        );
        assert_eq!(rig.upstream.requests(), 0, "{edge}");
        rig.stop().await;
    }
}
