//! Registries that refuse, fail for a while, or have something else.

use hyper::Method;
use integration::registry::{Answer, Registry, StandIn, crane};
use serde_json::json;
use tempfile::TempDir;

use crate::headgate::{call, printed};

#[tokio::test]
async fn what_is_not_there_is_named() {
    let registry = Registry::start();
    let address = registry.address();
    call(&format!("push function-router {address}/a:1"))
        .await
        .ok();
    for (name, which) in [("a:2", "a:2"), ("b:1", "b:1"), ("a", "a:latest")] {
        assert_eq!(
            call(&format!("pull {address}/{name}")).await.refused(),
            (
                3,
                format!(
                    "error: {address} has no {which}; look for a slip in the name, or push it first"
                )
            )
        );
    }
}

#[tokio::test]
async fn who_may_not_is_told_what() {
    let stand_in = StandIn::start().await;
    let denied = Answer::error(403, "DENIED", "requested access to the resource is denied");
    stand_in.answers("/v2/a/manifests/1", denied.clone());
    stand_in.answers("/v2/a/blobs/uploads/", denied);
    let registry = stand_in.image("");
    let registry = registry.trim_end_matches('/');
    let told = |action: &str| {
        (
            3,
            format!(
                "error: {registry} does not allow a user without credentials to {action} a; ask whoever runs it \
                 for the right"
            ),
        )
    };
    let pull = call(&format!("pull {registry}/a:1")).await;
    assert_eq!(pull.refused(), told("pull from"));
    let push = call(&format!("push function-router {registry}/a:1")).await;
    assert_eq!(push.refused(), told("push to"));
}

#[tokio::test]
async fn a_registry_that_fails_for_a_moment_is_asked_again() {
    let stand_in = StandIn::start().await;
    let path = "/v2/a/manifests/1";
    stand_in.answers(path, Answer::new(503, "").times(1));
    stand_in.answers(
        path,
        Answer::error(500, "UNKNOWN", "the disk\nis full").times(1),
    );
    let image = stand_in.image("a:1");
    let registry = image.trim_end_matches("/a:1");
    let (code, told) = call(&format!("inspect {image}")).await.refused();
    assert_eq!(code, 3);
    assert_eq!(
        told,
        format!(
            "{registry} answers 503: it does not say why; tried once; again in 250ms\n\
             {registry} answers 500: the disk is full; tried 2 times; again in 500ms\n\
             error: {registry} has no a:1; look for a slip in the name, or push it first"
        )
    );
    assert_eq!(stand_in.asked(&Method::GET, path), 3);
}

#[tokio::test]
async fn a_registry_that_goes_on_failing_is_given_up() {
    let stand_in = StandIn::start().await;
    let path = "/v2/a/manifests/1";
    stand_in.answers(path, Answer::new(502, "<html>Bad Gateway</html>"));
    let image = stand_in.image("a:1");
    let registry = image.trim_end_matches("/a:1");
    let (code, told) = call(&format!("pull {image} --retries 1")).await.refused();
    assert_eq!(code, 3);
    let last = format!("error: {registry} answers 502: <html>Bad Gateway</html>; tried 2 times");
    assert_eq!(told.lines().last(), Some(last.as_str()));
    assert_eq!(stand_in.asked(&Method::GET, path), 2);
}

#[tokio::test]
async fn what_is_no_wasm_image_is_told_for_what_it_is() {
    let stand_in = StandIn::start().await;
    let descriptor = |media_type: &str| {
        let digest = StandIn::digest(b"any");
        json!({ "mediaType": media_type, "digest": digest, "size": 3 })
    };
    let manifest = |layers: &[&str]| {
        Answer::manifest(&json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": layers.iter().map(|kind| descriptor(kind)).collect::<Vec<_>>(),
        }))
    };
    stand_in.answers(
        "/v2/a/manifests/chart",
        manifest(&["application/vnd.cncf.helm.chart.content.v1.tar+gzip"]),
    );
    stand_in.answers(
        "/v2/a/manifests/two",
        manifest(&["application/wasm", "application/wasm"]),
    );
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor("application/vnd.oci.image.manifest.v1+json")],
    });
    stand_in.answers("/v2/a/manifests/index", Answer::manifest(&index));
    for (tag, problem) in [
        (
            "chart",
            "is not a wasm image: its layers are of the type \
             application/vnd.cncf.helm.chart.content.v1.tar+gzip; `headgate image push` makes wasm images",
        ),
        (
            "two",
            "is not a wasm image: its layers are of the type application/wasm, application/wasm; `headgate \
             image push` makes wasm images",
        ),
        (
            "index",
            "is an index of 1 images, and a module is one; name it by its digest",
        ),
    ] {
        let image = stand_in.image(&format!("a:{tag}"));
        assert_eq!(
            call(&format!("pull {image}")).await.refused(),
            (3, format!("error: {image} {problem}"))
        );
    }
}

#[tokio::test]
async fn a_container_without_a_module_is_no_wasm_image() {
    let (registry, place) = (Registry::start(), TempDir::new().unwrap());
    let file = |name: &str| place.path().join(name);
    std::fs::write(file("other.txt"), "no module").unwrap();
    std::fs::write(file("plugin.wasm"), "no module").unwrap();
    for (tag, name, problem) in [
        ("other", "other.txt", "its last layer holds no plugin.wasm"),
        (
            "text",
            "plugin.wasm",
            "what it holds as a module does not begin with \\0asm",
        ),
    ] {
        let tar = file("layer.tar");
        let (place, tar) = (place.path().display(), tar.display());
        printed("tar".into(), &format!("-C {place} -cf {tar} {name}")).await;
        let image = registry.image(&format!("a:{tag}"));
        printed(
            crane(),
            &format!("append --new_layer {tar} --new_tag {image}"),
        )
        .await;
        assert_eq!(
            call(&format!("pull {image}")).await.refused(),
            (3, format!("error: {image} is not a wasm image: {problem}"))
        );
    }
}

#[tokio::test]
async fn what_is_no_filter_is_not_pushed() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.wasm");
    std::fs::write(&path, "no module").unwrap();
    let path = path.display();
    assert_eq!(
        call(&format!("push {path} 127.0.0.1:1/a:1"))
            .await
            .refused(),
        (
            3,
            format!("error: {path} is no wasm module: it does not begin with \\0asm and version 1")
        )
    );
    let (code, told) = call("push gatewya 127.0.0.1:1/a:1").await.refused();
    assert_eq!(code, 3);
    let begin = "error: to push a file, write a path that has a / or ends with .wasm: ";
    assert!(told.starts_with(begin), "{told}");
    assert!(told.contains("names no module \"gatewya\""), "{told}");
}

#[tokio::test]
async fn what_is_no_name_of_an_image_is_a_mistake_of_the_command_line() {
    for (line, problem) in [
        (
            "pull registry.example.com/Upper",
            "invalid reference format",
        ),
        (
            "push gateway a/b@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "an image is pushed under a tag; write REGISTRY/REPOSITORY:TAG",
        ),
        ("push gateway a/b:1 --annotation x", "write NAME=VALUE"),
    ] {
        let (code, told) = call(line).await.refused();
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(problem), "{told}");
    }
}

/// Takes all blobs; what comes of the manifest the test says.
async fn taking() -> StandIn {
    let stand_in = StandIn::start().await;
    let begun = Answer::new(202, "").field("location", "/v2/a/blobs/uploads/1");
    let uploads = "/v2/a/blobs/uploads/";
    stand_in.answers(uploads, Answer::new(503, "").times(1));
    stand_in.answers(uploads, begun);
    let upload = "/v2/a/blobs/uploads/1";
    let taken = Answer::new(201, "").field("location", "/v2/a/blobs/any");
    // What was sent is sent once more, from its beginning.
    stand_in.answers(upload, Answer::new(500, "").times(1));
    stand_in.answers(upload, taken);
    stand_in
}

#[tokio::test]
async fn an_upload_that_fails_for_a_moment_is_begun_again() {
    let stand_in = taking().await;
    let manifest = "/v2/a/manifests/1";
    stand_in.answers(
        manifest,
        Answer::error(404, "NAME_UNKNOWN", "no such repository"),
    );
    let image = stand_in.image("a:1");
    let registry = image.trim_end_matches("/a:1");
    let (code, told) = call(&format!("push function-router {image}"))
        .await
        .refused();
    assert_eq!(code, 3);
    assert_eq!(
        told,
        format!(
            "{registry} answers 503: it does not say why; tried once; again in 250ms\n\
             {registry} answers 500: it does not say why; tried 2 times; again in 500ms\n\
             error: {registry} has no repository a; make it there first"
        )
    );
    let uploaded = stand_in.asked(&Method::PUT, "/v2/a/blobs/uploads/1");
    assert_eq!(uploaded, 3, "the configuration twice, the layer once");
}

/// A registry that says that it has taken an image, and does not have it then.
#[tokio::test]
async fn what_was_pushed_has_to_be_there() {
    let stand_in = taking().await;
    let taken = Answer::new(201, "").field("location", "/v2/a/manifests/any");
    stand_in.answers("/v2/a/manifests/1", taken);
    let image = stand_in.image("a:1");
    let registry = image.trim_end_matches("/a:1");
    let (code, told) = call(&format!("push function-router {image}"))
        .await
        .refused();
    assert_eq!(code, 3);
    let last = told.lines().last().unwrap();
    let begin = format!("error: {registry} has no a@sha256:");
    assert!(last.starts_with(&begin), "{told}");
}
