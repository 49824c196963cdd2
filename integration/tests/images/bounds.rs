//! Registries that send more than anybody needs: no more than a bound of it is read.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use hyper::Method;
use integration::registry::{Answer, StandIn};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::headgate::call;
use crate::signing::cosigns;

const MIB: usize = 1024 * 1024;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": StandIn::digest(bytes), "size": bytes.len() })
}

fn manifest(layers: &[Value]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.wasm.config.v0+json", b"{}"),
        "layers": layers,
    })
}

/// An image whose signatures are looked for.
struct Verified {
    stand_in: StandIn,
    digest: String,
}

impl Verified {
    async fn start() -> Self {
        let stand_in = StandIn::start().await;
        let image = manifest(&[descriptor("application/wasm", b"module")]);
        stand_in.answers("/v2/a/manifests/1", Answer::manifest(&image));
        Self {
            stand_in,
            digest: StandIn::digest(image.to_string().as_bytes()),
        }
    }

    fn registry(&self) -> String {
        self.stand_in.image("").trim_end_matches('/').to_owned()
    }

    fn has_signatures(&self, layers: &[Value]) {
        let path = format!("/v2/a/manifests/{}.sig", self.digest.replace(':', "-"));
        self.stand_in
            .answers(&path, Answer::manifest(&manifest(layers)));
    }

    /// One thing that refers to the image.
    fn has_bundles(&self, layers: &[Value]) {
        let bundles = manifest(layers);
        let digest = StandIn::digest(bundles.to_string().as_bytes());
        let path = format!("/v2/a/manifests/{digest}");
        self.stand_in.answers(&path, Answer::manifest(&bundles));
        let entry = descriptor(MANIFEST, bundles.to_string().as_bytes());
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        let path = format!("/v2/a/referrers/{}", self.digest);
        self.stand_in.answers(&path, Answer::manifest(&index));
    }

    async fn refused(&self) -> (i32, String) {
        let (image, key) = (self.stand_in.image("a:1"), cosigns("cosign.pub"));
        let verify = format!("verify {image} --key {}", key.display());
        call(&verify).await.refused()
    }
}

#[tokio::test]
async fn a_long_manifest_is_not_read() {
    let stand_in = StandIn::start().await;
    let long = |manifest: &Value| format!("{manifest}{}", " ".repeat(4 * MIB));
    let honest = manifest(&[descriptor("application/wasm", b"module")]);
    let answer = Answer::new(200, long(&honest)).field("content-type", MANIFEST);
    stand_in.answers("/v2/a/manifests/1", answer);
    let image = stand_in.image("a:1");
    let registry = image.trim_end_matches("/a:1");
    assert_eq!(
        call(&format!("inspect {image}")).await.refused(),
        (
            3,
            format!(
                "error: {registry} cannot be understood: its manifest of {image} is longer than the 4194304 bytes \
                 that are read"
            )
        )
    );
}

#[tokio::test]
async fn a_long_list_of_what_refers_to_an_image_is_not_read() {
    let verified = Verified::start().await;
    let path = format!("/v2/a/referrers/{}", verified.digest);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] });
    let long = format!("{index}{}", " ".repeat(4 * MIB));
    verified.stand_in.answers(&path, Answer::new(200, long));
    let (code, told) = verified.refused().await;
    assert_eq!(code, 3, "{told}");
    let end = "is longer than the 4194304 bytes that are read";
    assert!(told.ends_with(end), "{told}");
}

/// A token of 8 MiB.
#[tokio::test]
async fn a_long_token_is_not_read() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let challenge = format!(r#"Bearer realm="http://{address}/token""#);
    let router = Router::new()
        .route(
            "/token",
            get(|| async { format!(r#"{{"token":"{}"}}"#, "a".repeat(8 * MIB)) }),
        )
        .fallback(move || {
            let challenge = [(header::WWW_AUTHENTICATE, challenge.clone())];
            async move { (StatusCode::UNAUTHORIZED, challenge) }
        });
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let refused = call(&format!("inspect {address}/a:1")).await.refused();
    server.abort();
    assert_eq!(
        refused,
        (
            3,
            format!(
                "error: {address} cannot be understood: the token that it sends for is none: it is longer than the \
                 1048576 bytes that are read"
            )
        )
    );
}

#[tokio::test]
async fn a_long_payload_is_no_signature() {
    let verified = Verified::start().await;
    let payload = vec![b' '; 64 * 1024 + 1];
    verified.has_signatures(&[descriptor(PAYLOAD, &payload)]);
    let digest = StandIn::digest(&payload);
    verified.stand_in.has_blob("a", &digest, &payload);
    let registry = verified.registry();
    assert_eq!(
        verified.refused().await,
        (
            3,
            format!(
                "error: {registry} cannot be understood: {digest} is said to have 65537 bytes; 65536 are read"
            )
        )
    );
}

#[tokio::test]
async fn a_long_bundle_is_no_signature() {
    let verified = Verified::start().await;
    let bundle = vec![b' '; MIB + 1];
    verified.has_bundles(&[descriptor(BUNDLE, &bundle)]);
    let digest = StandIn::digest(&bundle);
    verified.stand_in.has_blob("a", &digest, &bundle);
    let (code, told) = verified.refused().await;
    assert_eq!(code, 3, "{told}");
    let end = "is said to have 1048577 bytes; 1048576 are read";
    assert!(told.ends_with(end), "{told}");
}

/// However many one manifest names.
#[tokio::test]
async fn no_more_than_64_bundles_are_read() {
    let verified = Verified::start().await;
    verified.has_bundles(&vec![descriptor(BUNDLE, b"{}"); 70]);
    let digest = StandIn::digest(b"{}");
    verified.stand_in.has_blob("a", &digest, b"{}");
    let (code, told) = verified.refused().await;
    assert_eq!(code, 6, "{told}");
    let path = format!("/v2/a/blobs/{digest}");
    assert_eq!(verified.stand_in.asked(&Method::GET, &path), 64);
}
