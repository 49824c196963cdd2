//! TLS to upstreams: who they must prove to be, and who we are to them.

use hyper::Version;
use integration::client;
use integration::gateway::{Gateway, document};
use integration::rendered::Rendered;
use integration::tls::{Authority, Identity, ServerSide};
use integration::upstream::{Answer, SeenRequest, Upstream};

/// A route to each upstream: `/name`.
fn routed(upstreams: &[(&str, String)]) -> String {
    let lines = upstreams.iter();
    let lines: Vec<String> = lines
        .map(|(name, upstream)| format!("{name}: {upstream}"))
        .collect();
    let routes = upstreams.iter();
    let routes: Vec<String> = routes
        .map(|(name, _)| format!("{{ match: {{ path: /{name} }}, to: [{{ upstream: {name} }}] }}"))
        .collect();
    let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
    document(&lines, &routes)
}

async fn serving(identity: &Identity) -> Upstream {
    Upstream::start_over(ServerSide::new(identity)).await
}

/// What the upstream has seen of a request that the gateway has answered with 200.
async fn pass(gateway: &Gateway, name: &str, upstream: &Upstream) -> SeenRequest {
    let answer = client::http1(gateway.address)
        .get(&format!("/{name}"))
        .await;
    assert_eq!(answer.unwrap().status, 200, "{name}");
    upstream.last()
}

#[tokio::test]
async fn an_upstream_is_asked_for_its_name_and_spoken_to_as_agreed() {
    let authority = Authority::new("ours");
    let names = ["localhost", "pets.internal", "*.wild.internal"];
    let by_name = serving(&authority.issue(&names)).await;
    let by_address = serving(&authority.issue(&["127.0.0.1"])).await;
    let (named, addressed) = (by_name.port(), by_address.port());
    let localhost = format!("localhost:{named}");
    let ip = format!("127.0.0.1:{named}");
    let ca = "ca: tls/ca.crt";
    let upstreams = [
        (
            "host",
            format!("{{ http: \"{localhost}\", tls: {{ {ca} }} }}"),
        ),
        (
            "sni",
            format!("{{ http: \"{ip}\", tls: {{ {ca}, sni: pets.internal }} }}"),
        ),
        (
            "wild",
            format!("{{ http: \"{ip}\", tls: {{ {ca}, sni: a.wild.internal }} }}"),
        ),
        (
            "h2",
            format!("{{ http: \"{localhost}\", http2: true, tls: {{ {ca} }} }}"),
        ),
        (
            "grpc",
            format!("{{ grpc: \"{localhost}\", tls: {{ {ca} }} }}"),
        ),
        ("system", format!("{{ http: \"{localhost}\", tls: {{}} }}")),
        (
            "address",
            format!("{{ http: \"127.0.0.1:{addressed}\", tls: {{ {ca} }} }}"),
        ),
    ];
    let rendered = Rendered::document(&routed(&upstreams));
    authority.write(&rendered.path("tls/ca.crt"));
    authority.write(&rendered.own_cas());
    let gateway = Gateway::of(rendered).await;
    let http1 = (Version::HTTP_11, "http/1.1");
    let http2 = (Version::HTTP_2, "h2");
    for (name, upstream, asked_for, (version, protocol)) in [
        ("host", &by_name, Some("localhost"), http1),
        ("sni", &by_name, Some("pets.internal"), http1),
        ("wild", &by_name, Some("a.wild.internal"), http1),
        ("h2", &by_name, Some("localhost"), http2),
        ("grpc", &by_name, Some("localhost"), http2),
        ("system", &by_name, Some("localhost"), http1),
        ("address", &by_address, None, http1),
    ] {
        let seen = pass(&gateway, name, upstream).await;
        assert_eq!(seen.version, version, "{name}");
        let handshake = seen.handshake.unwrap();
        assert_eq!(handshake.server_name.as_deref(), asked_for, "{name}");
        assert_eq!(handshake.protocol.as_deref(), Some(protocol), "{name}");
        assert_eq!(handshake.certificate, None, "{name}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn an_upstream_that_cannot_prove_who_it_is_sees_no_request() {
    let authority = Authority::new("ours");
    let stranger = Authority::new("a stranger's");
    let ours = serving(&authority.issue(&["localhost"])).await;
    let strange = serving(&stranger.issue(&["localhost", "127.0.0.1"])).await;
    let plain = Upstream::start().await;
    let ca = "tls: { ca: tls/ca.crt";
    let upstreams = [
        (
            "right",
            format!("{{ http: \"localhost:{}\", {ca} }} }}", ours.port()),
        ),
        (
            "name",
            format!(
                "{{ http: \"localhost:{}\", {ca}, sni: other }} }}",
                ours.port()
            ),
        ),
        (
            "ip",
            format!("{{ http: \"127.0.0.1:{}\", {ca} }} }}", ours.port()),
        ),
        (
            "authority",
            format!("{{ http: \"localhost:{}\", {ca} }} }}", strange.port()),
        ),
        (
            "system",
            format!("{{ http: \"localhost:{}\", tls: {{}} }}", strange.port()),
        ),
        (
            "clear",
            format!("{{ http: \"localhost:{}\", {ca} }} }}", plain.port()),
        ),
    ];
    let rendered = Rendered::document(&routed(&upstreams));
    authority.write(&rendered.path("tls/ca.crt"));
    authority.write(&rendered.own_cas());
    let gateway = Gateway::of(rendered).await;
    pass(&gateway, "right", &ours).await;
    for name in ["name", "ip", "authority", "system", "clear"] {
        let answer = client::http1(gateway.address)
            .get(&format!("/{name}"))
            .await;
        assert_eq!(answer.unwrap().status, 503, "{name}");
    }
    let seen = (ours.requests(), strange.requests(), plain.requests());
    assert_eq!(seen, (1, 0, 0));
    gateway.stop().await;
}

#[tokio::test]
async fn an_upstream_that_asks_who_calls_is_told_and_no_other() {
    let authority = Authority::new("ours");
    let clients = Authority::new("of clients");
    let server = authority.issue(&["localhost"]);
    let upstream = Upstream::start_over(ServerSide::for_clients_of(&server, &clients)).await;
    let address = format!("localhost:{}", upstream.port());
    let shown = "certificate: { certificate: tls/us.crt, key: tls/us.key }";
    let upstreams = [
        (
            "shown",
            format!("{{ http: \"{address}\", tls: {{ ca: tls/ca.crt, {shown} }} }}"),
        ),
        (
            "unshown",
            format!("{{ http: \"{address}\", tls: {{ ca: tls/ca.crt }} }}"),
        ),
    ];
    let rendered = Rendered::document(&routed(&upstreams));
    authority.write(&rendered.path("tls/ca.crt"));
    let us = clients.issue(&["gateway.internal"]);
    us.write(&rendered.path("tls/us.crt"), &rendered.path("tls/us.key"));
    let gateway = Gateway::of(rendered).await;
    let seen = pass(&gateway, "shown", &upstream).await;
    assert_eq!(seen.handshake.unwrap().certificate, Some(us.certificate));
    let refused = client::http1(gateway.address)
        .get("/unshown")
        .await
        .unwrap();
    assert_eq!(refused.status, 503);
    assert_eq!(upstream.requests(), 1);

    gateway.stop().await;
}

#[tokio::test]
async fn what_is_renewed_is_taken_up_by_the_next_connection() {
    let before = Authority::new("of before");
    let now = Authority::new("of now");
    let clients = Authority::new("of clients");
    let server = now.issue(&["localhost"]);
    let upstream = Upstream::start_over(ServerSide::for_clients_of(&server, &clients)).await;
    // Each request comes on a connection of its own.
    upstream.answer(Answer::new(200).header("connection", "close"));
    let files = "ca: tls/ca.crt, certificate: { certificate: tls/us.crt, key: keys/us.key }";
    let pets = format!(
        "{{ http: \"localhost:{}\", tls: {{ {files} }} }}",
        upstream.port()
    );
    let rendered = Rendered::document(&routed(&[("pets", pets)]));
    before.write(&rendered.path("tls/ca.crt"));
    let write = |identity: &Identity, rendered: &Rendered| {
        identity.write(&rendered.path("tls/us.crt"), &rendered.path("keys/us.key"));
    };
    let first = clients.issue(&["gateway.internal"]);
    write(&first, &rendered);
    let gateway = Gateway::of(rendered).await;
    let untrusted = client::http1(gateway.address).get("/pets").await.unwrap();
    assert_eq!(untrusted.status, 503);

    let updates = "cluster.pets.client_ssl_socket_factory.ssl_context_update_by_sds";
    let taken = gateway.envoy.stat(updates).await;
    now.write(&gateway.rendered.path("tls/ca.crt"));
    let taken = gateway
        .envoy
        .wait_for_stat(updates, |count| count > taken)
        .await;
    let seen = pass(&gateway, "pets", &upstream).await;
    assert_eq!(seen.handshake.unwrap().certificate, Some(first.certificate));

    // The certificate comes first: until its key is there the two do not fit, and the old ones stay.
    let second = clients.issue(&["gateway.internal"]);
    write(&second, &gateway.rendered);
    gateway
        .envoy
        .wait_for_stat(updates, |count| count > taken)
        .await;
    let seen = pass(&gateway, "pets", &upstream).await;
    assert_eq!(
        seen.handshake.unwrap().certificate,
        Some(second.certificate)
    );
    gateway.stop().await;
}

/// Somebody who takes connections and says nothing.
#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up_after_the_connect_timeout() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let pets = format!("{{ http: \"{address}\", tls: {{}}, connect_timeout: 50ms, timeout: 0s }}");
    let rendered = Rendered::document(&routed(&[("pets", pets)]));
    Authority::new("ours").write(&rendered.own_cas());
    let gateway = Gateway::of(rendered).await;
    let answer = client::http1(gateway.address).get("/pets").await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(
        gateway
            .envoy
            .stat("cluster.pets.upstream_cx_connect_timeout")
            .await,
        1
    );
    gateway.stop().await;
}
