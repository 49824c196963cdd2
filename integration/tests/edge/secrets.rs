//! Certificates of a Secret, as Kubernetes mounts and renews it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use integration::client;
use integration::rendered::Rendered;
use integration::tls::{Authority, ClientSide, Identity};
use integration::upstream::Upstream;

use crate::rig::{Rig, document};

const SHOP: &str = "shop.example.com";

/// Writes a version of a Secret and swaps the link to it, as the kubelet does.
fn mount(secret: &Path, version: &str, identity: &Identity) {
    let directory = secret.join(version);
    fs::create_dir_all(&directory).unwrap();
    identity.write(&directory.join("tls.crt"), &directory.join("tls.key"));
    symlink(version, secret.join("..data_tmp")).unwrap();
    fs::rename(secret.join("..data_tmp"), secret.join("..data")).unwrap();
}

#[tokio::test]
async fn a_secret_that_is_renewed_is_shown_without_a_restart() {
    let upstream = Upstream::start().await;
    let rendered = Rendered::deployed(&document(
        "[{ name: https, port: 8443, tls: { certificates: [{ secret: shop-tls }] } }]",
        "topology: nlb-public, controller: cloud-provider-aws",
        upstream.address(),
    ));
    let authority = Authority::new("ours");
    let (first, second) = (authority.issue(&[SHOP]), authority.issue(&[SHOP]));
    let secret = rendered.path("secrets/shop-tls");
    mount(&secret, "..1", &first);
    for key in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(key), secret.join(key)).unwrap();
    }
    let envoy = rendered.start().await;
    let rig = Rig {
        upstream,
        rendered,
        envoy,
    };
    let address = rig.listener("https").await;
    let shown = async || {
        let client = client::https2(address, ClientSide::new(&authority, SHOP));
        assert_eq!(client.get("/").await.unwrap().status, 200);
        client.server_certificate()
    };
    assert_eq!(shown().await, first.certificate);
    // A connection that is open goes on.
    let open = client::https2(address, ClientSide::new(&authority, SHOP));
    assert_eq!(open.get("/").await.unwrap().status, 200);

    let updates = async || {
        let stats = rig.envoy.stats().await;
        let of = |stat: &str| stat.ends_with(".ssl_context_update_by_sds");
        let updates = stats.iter().filter(|(stat, _)| of(stat));
        updates.map(|(_, count)| count).sum::<u64>()
    };
    let before = updates().await;
    mount(&secret, "..2", &second);
    fs::remove_dir_all(secret.join("..1")).unwrap();
    let renewed = async {
        while updates().await == before {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(30), renewed).await;
    assert!(waited.is_ok(), "not renewed within 30 s");
    assert_eq!(shown().await, second.certificate);
    assert_eq!(open.get("/").await.unwrap().status, 200);
    assert_eq!(open.connections(), 1);
    assert_eq!(
        rig.envoy.stat("listener_manager.listener_modified").await,
        0
    );
    rig.stop().await;
}
