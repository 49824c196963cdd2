//! Who asks: docker's config.json, its helpers, and the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use integration::registry::{PASSWORD, Registry, Settings, USER};
use tempfile::TempDir;

use crate::headgate::{call, image};

fn guarded() -> Registry {
    Registry::with(&Settings {
        credentials: true,
        ..Settings::default()
    })
}

fn config(text: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("config.json"), text).unwrap();
    directory
}

async fn push_with(registry: &Registry, config: &Path) -> (i32, String) {
    let push = format!("push function-router {}", registry.image("a:1"));
    let done = image(&push)
        .env("DOCKER_CONFIG", &config.display().to_string())
        .done()
        .await;
    let err = done.err.replace(&config.display().to_string(), "DIR");
    (done.code, err.trim_end().to_owned())
}

#[tokio::test]
async fn the_command_line_says_who_it_is() {
    let registry = guarded();
    let line = format!(
        "push function-router {} --username {USER} --password-stdin",
        registry.image("a:1")
    );
    // With the newline that `echo` adds.
    let push = image(&line).reading(&format!("{PASSWORD}\n"));
    push.done().await.ok();

    let (code, told) = image(&line).reading("other").done().await.refused();
    let address = registry.address();
    assert_eq!(code, 3);
    assert_eq!(
        told,
        format!(
            "error: {address} does not accept the credentials of \"ci\" (from --username); log in again"
        )
    );
    let (code, told) = image(&line).reading("").done().await.refused();
    assert_eq!(
        (code, told.as_str()),
        (
            3,
            "error: standard input is empty; --password-stdin reads the password from there"
        )
    );
}

#[tokio::test]
async fn without_credentials_it_is_told_how_to_give_some() {
    let registry = guarded();
    let address = registry.address();
    for line in [
        format!("push function-router {address}/a:1"),
        format!("pull {address}/a:1"),
        format!("inspect {address}/a:1"),
    ] {
        assert_eq!(
            call(&line).await.refused(),
            (
                3,
                format!(
                    "error: {address} wants credentials, and there are none: run `docker login {address}`, or \
                     give --username and --password-stdin"
                )
            ),
            "{line}"
        );
    }
}

#[tokio::test]
async fn dockers_file_has_them() {
    let registry = guarded();
    let address = registry.address();
    // ci:secret and ci:other
    let right = config(&format!(
        r#"{{ "auths": {{ "{address}": {{ "auth": "Y2k6c2VjcmV0" }} }} }}"#
    ));
    assert_eq!(push_with(&registry, right.path()).await, (0, String::new()));
    let wrong = config(&format!(
        r#"{{ "auths": {{ "{address}": {{ "auth": "Y2k6b3RoZXI=" }} }} }}"#
    ));
    assert_eq!(
        push_with(&registry, wrong.path()).await,
        (
            3,
            format!(
                "error: {address} does not accept the credentials of \"ci\" (from DIR/config.json); log in again"
            )
        )
    );
}

/// A helper in the search path, as `docker-credential-ecr-login` is.
async fn push_with_helper(registry: &Registry, key: &str, script: &str) -> (i32, String) {
    let address = registry.address();
    let directory = config(&match key {
        "credHelpers" => format!(r#"{{ "credHelpers": {{ "{address}": "ours" }} }}"#),
        _ => r#"{ "credsStore": "ours" }"#.to_owned(),
    });
    let helper = directory.path().join("docker-credential-ours");
    let script = format!("#!/bin/sh\nread registry\n{script}\n");
    fs::write(&helper, script).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        directory.path().display(),
        std::env::var("PATH").unwrap()
    );
    let push = format!("push function-router {}", registry.image("a:1"));
    let call = image(&push)
        .env("DOCKER_CONFIG", &directory.path().display().to_string())
        .env("PATH", &path);
    let done = call.done().await;
    let place = directory.path().display().to_string();
    (
        done.code,
        done.err.replace(&place, "DIR").trim_end().to_owned(),
    )
}

#[tokio::test]
async fn a_helper_is_asked_for_the_registry() {
    let registry = guarded();
    let address = registry.address();
    let answers = format!(
        r#"[ "$1 $registry" = "get {address}" ] && echo '{{"Username":"ci","Secret":"secret"}}'"#
    );
    for key in ["credHelpers", "credsStore"] {
        assert_eq!(
            push_with_helper(&registry, key, &answers).await,
            (0, String::new()),
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_helper_that_fails_is_named() {
    let registry = guarded();
    let address = registry.address();
    let told = |problem: &str| {
        (
            3,
            format!(
                "error: DIR/config.json: the credentials of {address} cannot be had: {problem}; log in again, or \
                 give --username and --password-stdin"
            ),
        )
    };
    assert_eq!(
        push_with_helper(&registry, "credHelpers", "echo no token left; exit 1").await,
        told("docker-credential-ours failed: no token left")
    );
    assert_eq!(
        push_with_helper(&registry, "credsStore", "echo nonsense").await,
        told("docker-credential-ours printed no Username and Secret")
    );
    // It has none for this registry, which is no failure: nobody asks.
    let (code, told) = push_with_helper(
        &registry,
        "credsStore",
        "echo credentials not found in native keychain; exit 1",
    )
    .await;
    assert_eq!(code, 3);
    assert!(
        told.contains("wants credentials, and there are none"),
        "{told}"
    );
}
