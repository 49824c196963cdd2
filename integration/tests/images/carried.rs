//! What is pushed is what others fetch, check and run.

use std::fs;

use integration::bootstrap::{FRONT, OBSERVED_FUNCTION, Proxy, wasm_filter};
use integration::client;
use integration::envoy::Envoy;
use integration::module;
use integration::registry::{Registry, crane};
use integration::upstream::Upstream;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::examples::{filter_configuration, wasm_plugin};
use crate::headgate::{call, image, printed};

async fn pushed(registry: &Registry, arguments: &str) -> Value {
    let image = registry.image("headgate/function-router:1.0");
    call(&format!(
        "push function-router {image} --output json{arguments}"
    ))
    .await
    .json()
}

#[tokio::test]
async fn the_same_module_has_one_digest_and_another_client_agrees() {
    let (registry, other) = (Registry::start(), Registry::start());
    let image = registry.image("headgate/function-router:1.0");
    let first = pushed(&registry, "").await;
    let again = pushed(&registry, "").await;
    let elsewhere = pushed(&other, "").await;
    let digest = first["digest"].as_str().unwrap();
    assert_eq!(again["digest"], digest);
    assert_eq!(elsewhere["digest"], digest);

    assert_eq!(
        printed(crane(), &format!("digest {image}"))
            .await
            .trim_end(),
        digest
    );
    let validated = printed(crane(), &format!("validate --remote {image}")).await;
    assert_eq!(validated, format!("PASS: {image}\n"));
    let manifest = printed(crane(), &format!("manifest {image}")).await;
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let types = [
        &manifest["mediaType"],
        &manifest["config"]["mediaType"],
        &manifest["layers"][0]["mediaType"],
    ];
    assert_eq!(
        types,
        [
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.oci.image.layer.v1.tar+gzip"
        ]
    );
    let said = &manifest["annotations"];
    assert_eq!(said["org.opencontainers.image.title"], "function-router");
    assert_eq!(said["org.opencontainers.image.version"], "0.1.0");
    assert_eq!(said["org.opencontainers.image.licenses"], "Apache-2.0");
    assert_eq!(said["dev.headgate.module.sha256"], first["module_sha256"]);
    assert_eq!(said["module.wasm.image/variant"], "compat");
    assert!(said["org.opencontainers.image.revision"].is_string());
    assert_eq!(said.get("org.opencontainers.image.created"), None);
}

#[tokio::test]
async fn what_is_said_of_it_is_in_its_digest() {
    let registry = Registry::start();
    let plain = pushed(&registry, "").await;
    let more = pushed(
        &registry,
        " --annotation org.opencontainers.image.vendor=us",
    )
    .await;
    assert_ne!(plain["digest"], more["digest"]);
    let image = registry.image("headgate/function-router:1.0");
    let inspected = call(&format!("inspect {image} --output json")).await.json();
    let annotations = &inspected["annotations"];
    assert_eq!(annotations["org.opencontainers.image.vendor"], "us");
    assert_eq!(inspected["digest"], more["digest"]);

    let timed = image_at(&registry, "1764115200").await;
    let created = &timed["annotations"]["org.opencontainers.image.created"];
    assert_eq!(created, "2025-11-26T00:00:00Z");
}

async fn image_at(registry: &Registry, epoch: &str) -> Value {
    let name = registry.image("timed:1");
    let push = image(&format!("push function-router {name}")).env("SOURCE_DATE_EPOCH", epoch);
    push.done().await.ok();
    call(&format!("inspect {name} --output json")).await.json()
}

#[tokio::test]
async fn a_file_is_pushed_and_comes_back_in_every_format() {
    let (registry, place) = (Registry::start(), TempDir::new().unwrap());
    let file = module("body-editor");
    let bytes = fs::read(&file).unwrap();
    for (format, types) in [
        (
            "compat",
            vec!["application/vnd.oci.image.layer.v1.tar+gzip"],
        ),
        (
            "oci",
            vec![
                "application/vnd.module.wasm.config.v1+json",
                "application/vnd.module.wasm.content.layer.v1+wasm",
            ],
        ),
        ("cncf", vec!["application/wasm"]),
    ] {
        let name = registry.image(&format!("editor:{format}"));
        let file = file.display();
        let pushed = call(&format!("push {file} {name} --format {format}")).await;
        let out = pushed.ok();
        let digest = out.lines().last().unwrap().strip_prefix("digest ").unwrap();

        let manifest = printed(crane(), &format!("manifest {name}")).await;
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        let seen: Vec<&str> = layers
            .iter()
            .map(|layer| layer["mediaType"].as_str().unwrap())
            .collect();
        assert_eq!(seen, types);

        let pull = image(&format!("pull {name}")).within(place.path());
        assert_eq!(
            pull.done().await.ok(),
            format!("pulled {name} into editor.wasm\ndigest {digest}\n")
        );
        assert_eq!(fs::read(place.path().join("editor.wasm")).unwrap(), bytes);
    }
}

/// An image that was put together by other tools: `docker build` of a Dockerfile that copies the module.
#[tokio::test]
async fn an_image_of_others_is_pulled_too() {
    let (registry, place) = (Registry::start(), TempDir::new().unwrap());
    fs::copy(module("body-editor"), place.path().join("plugin.wasm")).unwrap();
    let tar = place.path().join("layer.tar");
    let archive = format!(
        "-C {} -cf {} plugin.wasm",
        place.path().display(),
        tar.display()
    );
    printed("tar".into(), &archive).await;
    let name = registry.image("theirs:1");
    printed(
        crane(),
        &format!("append --new_layer {} --new_tag {name}", tar.display()),
    )
    .await;
    let pulled = place.path().join("pulled.wasm");
    call(&format!("pull {name} --file {}", pulled.display()))
        .await
        .ok();
    assert_eq!(
        fs::read(pulled).unwrap(),
        fs::read(module("body-editor")).unwrap()
    );
}

/// Fetched as Istio and Envoy Gateway do, with go-containerregistry, and run with the configuration of
/// the example that the page shows.
#[tokio::test]
async fn the_layer_that_others_fetch_runs_in_a_stock_envoy() {
    let (registry, place) = (Registry::start(), TempDir::new().unwrap());
    let name = registry.image("headgate/function-router:1.0");
    pushed(&registry, "").await;
    let tar = place.path().join("image.tar");
    printed(crane(), &format!("export {name} {}", tar.display())).await;
    let unpack = format!("-C {} -xf {}", place.path().display(), tar.display());
    printed("tar".into(), &unpack).await;

    let upstream = Upstream::start().await;
    let configuration = filter_configuration(&wasm_plugin("function-router"));
    let filter = wasm_filter(
        "function-router",
        &place.path().join("plugin.wasm"),
        &configuration,
        json!({}),
    );
    let functions = ["pets-one", "orders", "orders-next"].map(str::to_owned);
    let proxy = Proxy::to(&upstream).filter(filter).functions(functions);
    let envoy = Envoy::start(proxy.bootstrap()).await;
    let client = client::http1(envoy.listener(FRONT).await);
    let routed = client.get("/pets/7").await.unwrap();
    assert_eq!(routed.status, 200);
    let seen = upstream.last();
    assert_eq!(seen.headers[OBSERVED_FUNCTION], "pets-one");
    let refused = client.get("/cats").await.unwrap();
    assert_eq!(refused.status, 404);
    assert_eq!(refused.json()["reason"], "no_route");
    envoy.stop().await;
}
