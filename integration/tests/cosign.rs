//! Signatures to and from a real cosign. It takes minutes to build: `make cosign-test`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

#[path = "images/headgate.rs"]
#[allow(dead_code, reason = "the tests of images need more of it")]
mod headgate;
#[path = "images/signing.rs"]
#[allow(dead_code, reason = "the tests of images need more of it")]
mod signing;

use integration::registry::cosign;

use crate::headgate::{call, image, printed};
use crate::signing::{Rig, cosigns};

#[tokio::test]
async fn cosign_accepts_what_headgate_signed() {
    let rig = Rig::new().await;
    let key = cosigns("cosign.key").display().to_string();
    let sign = image(&format!("sign {} --key {key}", rig.image));
    sign.env("COSIGN_PASSWORD", "secret").done().await.ok();
    let public = cosigns("cosign.pub").display().to_string();
    let verify = format!(
        "verify --key {public} --insecure-ignore-tlog --allow-http-registry {}",
        rig.image
    );
    let said = printed(cosign(), &verify).await;
    let verified = "The signatures were verified against the specified public key";
    assert!(said.contains(verified), "{said}");
}

#[tokio::test]
async fn headgate_accepts_what_cosign_signed_in_either_form() {
    let key = cosigns("cosign.key").display().to_string();
    let public = cosigns("cosign.pub").display().to_string();
    for form in ["--new-bundle-format=false", "--new-bundle-format=true"] {
        let rig = Rig::new().await;
        let sign = format!(
            "sign --key {key} --tlog-upload=false --use-signing-config=false --allow-http-registry --yes {form} {}",
            rig.exactly()
        );
        printed(cosign(), &sign).await;
        let verified = call(&format!("verify {} --key {public}", rig.image)).await;
        assert_eq!(
            verified.ok(),
            format!("{} is signed by the key {public}\n", rig.exactly()),
            "{form}"
        );
    }
}
