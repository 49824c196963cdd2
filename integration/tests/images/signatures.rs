//! Who vouches for an image.

use std::path::Path;

use serde_json::Value;

use crate::headgate::{call, image, printed};
use crate::signing::{Rig, cosigns};

#[tokio::test]
async fn what_is_signed_is_verified_and_nothing_else() {
    let rig = Rig::new().await;
    let (key, public) = rig.key("ours").await;
    let (_, other) = rig.key("other").await;
    let (image, exactly) = (&rig.image, rig.exactly());
    let verify = |key: &str| format!("verify {image} --key {key}");
    assert_eq!(
        call(&verify(&public)).await.refused(),
        (
            6,
            format!(
                "error: {exactly} is not signed; sign it with `headgate image sign {exactly} --key FILE`"
            )
        )
    );

    let tag = rig.digest.replace(':', "-");
    let signature = rig.registry.image(&format!("headgate/a:{tag}.sig"));
    assert_eq!(
        call(&format!("sign {image} --key {key}")).await.ok(),
        format!("signed {exactly}\nsignature {signature}\n")
    );
    assert_eq!(
        call(&verify(&public)).await.ok(),
        format!("{exactly} is signed by the key {public}\n")
    );
    let verified = call(&format!("{} --output json", verify(&public)))
        .await
        .json();
    assert_eq!(verified["digest"], rig.digest);
    assert_eq!(verified["image"], exactly);
    assert_eq!(
        call(&verify(&other)).await.refused(),
        (
            6,
            format!(
                "error: {exactly} is not signed by the key {other}; it has 1 signature, of other keys or of \
                 other images"
            )
        )
    );
    let again = call(&format!("sign {image} --key {key}")).await.ok();
    assert_eq!(again, format!("{exactly} is signed by this key already\n"));
}

/// The signature is of the digest: it does not go over to what the tag means later.
#[tokio::test]
async fn a_tag_that_moves_takes_no_signature_along() {
    let rig = Rig::new().await;
    let (key, public) = rig.key("ours").await;
    let image = &rig.image;
    call(&format!("sign {image} --key {key}")).await.ok();
    call(&format!("push gateway {image}")).await.ok();
    let verify = call(&format!("verify {image} --key {public}")).await;
    assert_eq!(verify.refused().0, 6);
    let exactly = rig.exactly();
    call(&format!("verify {exactly} --key {public}")).await.ok();
}

/// A signature of one image, laid beside another one, vouches for nothing.
#[tokio::test]
async fn a_signature_that_is_copied_to_another_image_is_none_of_it() {
    let rig = Rig::new().await;
    let (key, public) = rig.key("ours").await;
    call(&format!("sign {} --key {key}", rig.image)).await.ok();
    let other = rig.registry.image("headgate/a:2");
    let pushed = call(&format!("push gateway {other} --output json"))
        .await
        .json();
    let digest = pushed["digest"].as_str().unwrap();
    let name = |digest: &str| format!("headgate/a:{}.sig", digest.replace(':', "-"));
    let (from, to) = (
        rig.registry.image(&name(&rig.digest)),
        rig.registry.image(&name(digest)),
    );
    printed(integration::registry::crane(), &format!("copy {from} {to}")).await;
    let (code, told) = call(&format!("verify {other} --key {public}"))
        .await
        .refused();
    assert_eq!(code, 6);
    assert!(
        told.contains("it has 1 signature, of other keys or of other images"),
        "{told}"
    );
}

#[tokio::test]
async fn two_keys_sign_one_image() {
    let rig = Rig::new().await;
    let (one, one_public) = rig.key("one").await;
    let cosigns_key = cosigns("cosign.key");
    let image = &rig.image;
    call(&format!("sign {image} --key {one}")).await.ok();
    let sign = crate::headgate::image(&format!("sign {image} --key {}", cosigns_key.display()));
    sign.env("COSIGN_PASSWORD", "secret").done().await.ok();
    let two_public = cosigns("cosign.pub").display().to_string();
    for public in [one_public, two_public] {
        call(&format!("verify {image} --key {public}")).await.ok();
    }
}

#[tokio::test]
async fn only_what_is_signed_is_pulled_with_a_key() {
    let rig = Rig::new().await;
    let (key, public) = rig.key("ours").await;
    let pull = format!(
        "pull {} --file {} --key {public}",
        rig.image,
        rig.path("a.wasm")
    );
    let (code, _) = call(&pull).await.refused();
    assert_eq!(code, 6);
    assert!(!Path::new(&rig.path("a.wasm")).exists());
    call(&format!("sign {} --key {key}", rig.image)).await.ok();
    call(&pull).await.ok();
    assert!(Path::new(&rig.path("a.wasm")).exists());
}

/// Whatever cosign signs, its manifest stays an image that others can check.
#[tokio::test]
async fn a_signature_is_an_image_that_others_can_check() {
    let rig = Rig::new().await;
    let (key, _) = rig.key("ours").await;
    let sign = image(&format!("sign {} --key {key} --output json", rig.image));
    let signed: Value = sign.done().await.json();
    let signature = signed["signature"].as_str().unwrap();
    let manifest = printed(
        integration::registry::crane(),
        &format!("manifest {signature}"),
    )
    .await;
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let layer = &manifest["layers"][0];
    assert_eq!(
        layer["mediaType"],
        "application/vnd.dev.cosign.simplesigning.v1+json"
    );
    assert!(layer["annotations"]["dev.cosignproject.cosign/signature"].is_string());
}

/// What stands under the tag of the signatures now.
async fn signatures_of(rig: &Rig) -> String {
    let tag = rig.digest.replace(':', "-");
    let name = rig.registry.image(&format!("headgate/a:{tag}.sig"));
    printed(integration::registry::crane(), &format!("manifest {name}")).await
}

/// The registry holds it as it was, byte for byte.
async fn is_not_signed(rig: &Rig, key: &str, problem: &str) {
    let before = signatures_of(rig).await;
    let (image, exactly) = (&rig.image, rig.exactly());
    let tag = rig.digest.replace(':', "-");
    let name = rig.registry.image(&format!("headgate/a:{tag}.sig"));
    assert_eq!(
        call(&format!("sign {image} --key {key}")).await.refused(),
        (
            3,
            format!(
                "error: {exactly} is not signed: {name} {problem}; nothing was changed, since something would be \
                 lost; move that to another tag first"
            )
        )
    );
    assert_eq!(signatures_of(rig).await, before);
}

#[tokio::test]
async fn a_layer_of_another_kind_beside_the_signatures_is_not_lost() {
    let rig = Rig::new().await;
    let (one, _) = rig.key("one").await;
    let (two, _) = rig.key("two").await;
    call(&format!("sign {} --key {one}", rig.image)).await.ok();
    let tag = rig.digest.replace(':', "-");
    let name = rig.registry.image(&format!("headgate/a:{tag}.sig"));
    let layer = rig.path("layer.tar");
    printed(
        "tar".into(),
        &format!("-cf {layer} -C {} one.pub", rig.path(".")),
    )
    .await;
    let append = format!("append --base {name} --new_layer {layer} --new_tag {name}");
    printed(integration::registry::crane(), &append).await;
    is_not_signed(&rig, &two, "has a layer that is no signature").await;
}

#[tokio::test]
async fn an_index_under_the_tag_of_the_signatures_is_not_lost() {
    let rig = Rig::new().await;
    let (key, _) = rig.key("ours").await;
    let tag = rig.digest.replace(':', "-");
    let name = rig.registry.image(&format!("headgate/a:{tag}.sig"));
    let append = format!("index append -m {} -t {name}", rig.image);
    printed(integration::registry::crane(), &append).await;
    is_not_signed(&rig, &key, "is an index of images").await;
}
