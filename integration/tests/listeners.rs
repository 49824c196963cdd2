//! Listeners over TLS: which certificate a client is shown, and what happens when it is renewed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;

use hyper::Version;
use integration::client::{self, Client, Request};
use integration::envoy::Envoy;
use integration::raw::raw;
use integration::rendered::Rendered;
use integration::tls::{Authority, ClientSide, Identity};
use integration::upstream::Upstream;
use tokio_rustls::rustls::pki_types::CertificateDer;

const SHOP: &str = "shop.example.com";
const API: &str = "api.example.com";

struct Rig {
    rendered: Rendered,
    upstream: Upstream,
    authority: Authority,
    shop: Identity,
    api: Identity,
}

impl Rig {
    /// Two certificates, `tls/shop` and `tls/api`, that are written by the test.
    async fn new() -> Self {
        let upstream = Upstream::start().await;
        let rendered = Rendered::document(&format!(
            r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners:
  - name: https
    port: 1
    address: 127.0.0.1
    tls:
      certificates:
        - {{ certificate: tls/shop.crt, key: tls/shop.key }}
        - {{ certificate: tls/api.crt, key: tls/api.key }}
upstreams: {{ pets: {{ http: "{}" }} }}
routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]
"#,
            upstream.address()
        ));
        let authority = Authority::new("ours");
        Self {
            shop: authority.issue(&[SHOP]),
            api: authority.issue(&[API, "*.api.example.com"]),
            rendered,
            upstream,
            authority,
        }
    }

    fn write(&self, identity: &Identity, name: &str) {
        write(identity, &self.rendered.path("tls"), name);
    }

    async fn start(&self) -> (Envoy, SocketAddr) {
        let envoy = self.rendered.start().await;
        let address = envoy.listener("https").await;
        (envoy, address)
    }

    fn side(&self, name: &str) -> ClientSide {
        ClientSide::new(&self.authority, name)
    }
}

fn write(identity: &Identity, directory: &Path, name: &str) {
    let file = |end: &str| directory.join(format!("{name}.{end}"));
    identity.write(&file("crt"), &file("key"));
}

/// The certificate that is shown to a new connection, on which a request then works.
async fn shown(client: &Client) -> CertificateDer<'static> {
    let answer = client.get("/").await;
    assert_eq!(answer.unwrap().status, 200);
    client.server_certificate()
}

const UPDATES: &str = "listener.127.0.0.1_0.server_ssl_socket_factory.ssl_context_update_by_sds";

#[tokio::test]
async fn a_client_is_shown_the_certificate_for_the_name_that_it_asks_for() {
    let rig = Rig::new().await;
    rig.write(&rig.shop, "shop");
    rig.write(&rig.api, "api");
    let (envoy, address) = rig.start().await;
    for (name, identity) in [
        (SHOP, &rig.shop),
        (API, &rig.api),
        ("v1.api.example.com", &rig.api),
    ] {
        let client = client::https2(address, rig.side(name));
        assert_eq!(shown(&client).await, identity.certificate, "{name}");
    }
    // The first is for all others; only that it is not for them is left to the client.
    for side in [rig.side("other.example.com"), rig.side(API).nameless()] {
        let client = client::https1(address, side.trusting_any_name());
        assert_eq!(shown(&client).await, rig.shop.certificate);
    }
    envoy.stop().await;
}

#[tokio::test]
async fn a_client_chooses_between_http1_and_http2() {
    let rig = Rig::new().await;
    rig.write(&rig.shop, "shop");
    rig.write(&rig.api, "api");
    let (envoy, address) = rig.start().await;
    for (client, version) in [
        (client::https1(address, rig.side(SHOP)), Version::HTTP_11),
        (client::https2(address, rig.side(SHOP)), Version::HTTP_2),
    ] {
        let request = Request::post("/").authority(SHOP).generated(1_000_000);
        let answer = client.send(request).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.version), (200, version));
        let seen = rig.upstream.last();
        assert_eq!(seen.body_length, 1_000_000);
        assert_eq!(seen.headers["x-forwarded-proto"], "https");
    }
    envoy.stop().await;
}

#[tokio::test]
async fn a_client_without_tls_gets_no_answer() {
    let rig = Rig::new().await;
    rig.write(&rig.shop, "shop");
    rig.write(&rig.api, "api");
    let (envoy, address) = rig.start().await;
    let answer = raw(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(rig.upstream.requests(), 0);
    envoy.stop().await;
}

/// What no renewal may do to a listener.
async fn nothing_happened_to_the_listener(envoy: &Envoy) {
    for stat in [
        "listener_modified",
        "listener_in_place_updated",
        "listener_removed",
    ] {
        assert_eq!(
            envoy.stat(&format!("listener_manager.{stat}")).await,
            0,
            "{stat}"
        );
    }
    assert_eq!(envoy.stat("listener_manager.listener_added").await, 1);
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_old_ones_live_on() {
    let rig = Rig::new().await;
    rig.write(&rig.shop, "shop");
    rig.write(&rig.api, "api");
    let (envoy, address) = rig.start().await;
    let old = [
        client::https1(address, rig.side(SHOP)),
        client::https2(address, rig.side(SHOP)),
    ];
    for client in &old {
        shown(client).await;
    }
    let before = envoy.stat(UPDATES).await;
    let renewed = rig.authority.issue(&[SHOP]);
    rig.write(&renewed, "shop");
    envoy.wait_for_stat(UPDATES, |now| now > before).await;

    let fresh = client::https2(address, rig.side(SHOP));
    assert_eq!(shown(&fresh).await, renewed.certificate);
    let untouched = client::https2(address, rig.side(API));
    assert_eq!(shown(&untouched).await, rig.api.certificate);
    for client in &old {
        assert_eq!(shown(client).await, rig.shop.certificate);
        assert_eq!(client.connections(), 1);
    }
    nothing_happened_to_the_listener(&envoy).await;
    envoy.stop().await;
}

/// As the kubelet writes a mounted Secret: the names lead through `..data`, which is swapped.
#[tokio::test]
async fn a_mounted_secret_is_renewed_whole() {
    let rig = Rig::new().await;
    let mount = rig.rendered.path("tls");
    let fill = |version: &str, shop: &Identity| {
        write(shop, &mount.join(version), "shop");
        write(&rig.api, &mount.join(version), "api");
        symlink(version, mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    };
    fill("..1", &rig.shop);
    for file in ["shop.crt", "shop.key", "api.crt", "api.key"] {
        symlink(Path::new("..data").join(file), mount.join(file)).unwrap();
    }
    let (envoy, address) = rig.start().await;
    let client = client::https1(address, rig.side(SHOP));
    assert_eq!(shown(&client).await, rig.shop.certificate);

    let before = envoy.stat(UPDATES).await;
    let renewed = rig.authority.issue(&[SHOP]);
    fill("..2", &renewed);
    fs::remove_dir_all(mount.join("..1")).unwrap();
    envoy.wait_for_stat(UPDATES, |now| now > before).await;
    let client = client::https1(address, rig.side(SHOP));
    assert_eq!(shown(&client).await, renewed.certificate);
    nothing_happened_to_the_listener(&envoy).await;
    envoy.stop().await;
}

#[tokio::test]
async fn what_is_no_certificate_leaves_the_old_one_in_use() {
    let rig = Rig::new().await;
    rig.write(&rig.shop, "shop");
    rig.write(&rig.api, "api");
    let (envoy, address) = rig.start().await;
    let broken = rig.rendered.path("tls/shop.new");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!\n").unwrap();
    fs::rename(broken, rig.rendered.path("tls/shop.crt")).unwrap();
    envoy.wait_for_log("Failed to load certificate chain").await;
    let stats = envoy.stats().await;
    let failed = |stat: &str| stat.starts_with("sds.") && stat.ends_with(".key_rotation_failed");
    let failed = stats.iter().filter(|(stat, _)| failed(stat));
    // Both files' directories are watched, so one move may be looked at twice.
    assert!(failed.map(|(_, count)| count).sum::<u64>() > 0);
    let client = client::https1(address, rig.side(SHOP));
    assert_eq!(shown(&client).await, rig.shop.certificate);
    // The next one that is right is taken up.
    let renewed = rig.authority.issue(&[SHOP]);
    let before = envoy.stat(UPDATES).await;
    rig.write(&renewed, "shop");
    envoy.wait_for_stat(UPDATES, |now| now > before).await;
    let client = client::https1(address, rig.side(SHOP));
    assert_eq!(shown(&client).await, renewed.certificate);
    envoy.stop().await;
}

#[tokio::test]
async fn a_listener_that_redirects_sends_every_request_to_https() {
    let rendered = Rendered::document(
        r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners:
  - { name: http, port: 1, address: 127.0.0.1 }
  - { name: near, port: 2, address: 127.0.0.1, redirect_to_https: 8443 }
  - { name: far, port: 3, address: 127.0.0.1, redirect_to_https: 443 }
upstreams: {}
routes: [{ match: { path: /there }, respond: { status: 200 } }]
"#,
    );
    let envoy = rendered.start().await;
    let (near, far) = (envoy.listener("near").await, envoy.listener("far").await);
    for (listener, authority, host) in [
        (near, "shop.example.com", "shop.example.com:8443"),
        (near, "shop.example.com:8080", "shop.example.com:8443"),
        (near, "[::1]:8080", "[::1]:8443"),
        (far, "shop.example.com", "shop.example.com"),
        (far, "shop.example.com:80", "shop.example.com"),
        (far, "shop.example.com:8080", "shop.example.com"),
        (far, "[::1]", "[::1]"),
        (far, "[::1]:8080", "[::1]"),
    ] {
        for client in [client::http1(listener), client::h2(listener)] {
            for (method, target) in [
                ("GET", "/there"),
                ("HEAD", "/no/such/path"),
                ("POST", "/caf%C3%A9/?q=a%20b&q=//c"),
            ] {
                let request = Request::new(method, target)
                    .authority(authority)
                    .header("x-forwarded-proto", "https");
                let answer = client.send(request).await.unwrap();
                assert_eq!(answer.status, 308, "{authority} {method} {target}");
                let location = format!("https://{host}{target}");
                assert_eq!(answer.headers["location"], location.as_str());
            }
        }
    }
    // The routes are there all the same, at the listener that asks them.
    let http = client::http1(envoy.listener("http").await);
    assert_eq!(http.get("/there").await.unwrap().status, 200);
    envoy.stop().await;
}
