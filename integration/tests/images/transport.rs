//! TLS and plain HTTP, and a registry that is not there.

use integration::envoy::free_port;
use integration::registry::{Registry, Settings};
use integration::tls::Authority;
use tempfile::TempDir;

use crate::headgate::{call, image};

#[tokio::test]
async fn a_certificate_is_held_against_the_authority() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name);
    ours.write(&path("ours.pem"));
    other.write(&path("other.pem"));
    let registry = Registry::with(&Settings {
        tls: Some(&ours.issue(&["127.0.0.1"])),
        ..Settings::default()
    });
    let address = registry.address();
    let push = format!("push function-router {address}/a:1");
    call(&format!("{push} --ca {}", path("ours.pem").display()))
        .await
        .ok();

    let unknown = format!(
        "error: the certificate of {address} is not to be trusted: nobody that this machine trusts has issued it; \
         if its authority is your own, name the authority's certificate with --ca"
    );
    // A slip of the hand does not turn it into plain HTTP, though the registry is on this machine.
    assert_eq!(call(&push).await.refused(), (3, unknown.clone()));
    let with_other = format!("{push} --ca {}", path("other.pem").display());
    assert_eq!(call(&with_other).await.refused(), (3, unknown));
}

#[tokio::test]
async fn a_certificate_is_for_a_name() {
    let (ours, place) = (Authority::new("ours"), TempDir::new().unwrap());
    let file = place.path().join("ours.pem");
    ours.write(&file);
    let registry = Registry::with(&Settings {
        tls: Some(&ours.issue(&["registry.example.com"])),
        ..Settings::default()
    });
    let address = registry.address();
    let line = format!("inspect {address}/a:1 --ca {}", file.display());
    let (code, told) = call(&line).await.refused();
    assert_eq!(code, 3);
    let begin = format!(
        "error: the certificate of {address} is not to be trusted: certificate not valid for name \"127.0.0.1\""
    );
    assert!(told.starts_with(&begin), "{told}");
}

#[tokio::test]
async fn plain_http_takes_leave_where_others_can_listen() {
    let registry = Registry::start();
    // This machine, by a name that does not say so.
    let elsewhere = format!("0.0.0.0:{}/a:1", registry.address().port());
    let push = format!("push function-router {elsewhere}");
    let (code, told) = call(&push).await.refused();
    assert_eq!(code, 3);
    assert_eq!(
        told,
        format!(
            "error: 0.0.0.0:{} does not speak TLS; if it is meant to speak plain HTTP, say so with --plain-http",
            registry.address().port()
        )
    );
    call(&format!("{push} --plain-http")).await.ok();
}

#[tokio::test]
async fn what_is_no_certificate_is_told() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let file = file.display();
    let line = format!("inspect 127.0.0.1:1/a:1 --ca {file}");
    assert_eq!(
        call(&line).await.refused(),
        (
            3,
            format!("error: {file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
        )
    );
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_tried_again_and_then_given_up() {
    let registry = format!("127.0.0.1:{}", free_port());
    let pull = format!("pull {registry}/a:1 --retries");
    let reason = "cannot be reached: Connection refused (os error 111)";
    assert_eq!(
        call(&format!("{pull} 2")).await.refused(),
        (
            3,
            format!(
                "{registry} {reason}; tried once; again in 250ms\n\
                 {registry} {reason}; tried 2 times; again in 500ms\n\
                 error: {registry} {reason}; tried 3 times"
            )
        )
    );
    assert_eq!(
        call(&format!("{pull} 0")).await.refused(),
        (3, format!("error: {registry} {reason}; tried once"))
    );
}

#[tokio::test]
async fn a_machine_without_authorities_is_told() {
    let inspect = image("inspect registry.example.com/a:1")
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", "/nonexistent");
    let (code, told) = inspect.done().await.refused();
    assert_eq!(code, 3);
    assert!(told.starts_with("error: TLS cannot be set up: "), "{told}");
    let end = "; install the package ca-certificates, or name a file in SSL_CERT_FILE";
    assert!(told.ends_with(end), "{told}");
}
