//! Running Envoy: starting, asking, refusing, stopping, and noticing a crash.

use std::net::TcpListener;

use integration::bootstrap::{FRONT, Proxy, wasm_filter};
use integration::client;
use integration::envoy::{self, Envoy};
use integration::upstream::Upstream;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

#[tokio::test]
async fn it_answers_questions_about_itself() {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(Proxy::to(&upstream).bootstrap()).await;
    let client = client::http1(envoy.listener(FRONT).await);
    assert_eq!(envoy.stat("http.front.downstream_rq_2xx").await, 0);
    client.get("/").await.unwrap();
    envoy
        .wait_for_stat("http.front.downstream_rq_2xx", |count| count == 1)
        .await;
    assert_eq!(envoy.stats().await["server.concurrency"], 2);
    assert_eq!(envoy.admin_get("/ready").await, "LIVE\n");
    envoy.wait_for_log("starting main dispatch loop").await;
    let log = envoy.stop().await;
    assert!(log.contains("exiting"), "the log goes to the end: {log}");
}

#[tokio::test]
async fn it_starts_from_a_file_on_an_admin_port_of_its_own() {
    let upstream = Upstream::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut bootstrap = Proxy::to(&upstream).bootstrap();
    bootstrap["admin"]["address"]["socket_address"] =
        json!({ "address": "127.0.0.1", "port_value": port });
    let directory = TempDir::new().unwrap();
    std::fs::write(
        directory.path().join("bootstrap.json"),
        bootstrap.to_string(),
    )
    .unwrap();

    envoy::validate(directory.path().join("bootstrap.json")).unwrap();
    let launch = Envoy::launch(std::path::PathBuf::from("bootstrap.json"))
        .working_directory(directory.path())
        .concurrency(1)
        .log_level("warning")
        .arguments(["--component-log-level", "admin:debug"]);
    let envoy = launch.start().await;
    assert_eq!(envoy.stat("server.concurrency").await, 1);
    let log = envoy.stop().await;
    assert!(
        log.contains("[debug][admin]") && !log.contains("[info][main]"),
        "{log}"
    );
}

#[tokio::test]
async fn a_refused_configuration_is_reported_with_the_log() {
    let nonsense = json!({ "static_resources": { "listenerz": [] } });
    let refused = Envoy::launch(nonsense.clone())
        .try_start()
        .await
        .unwrap_err();
    assert!(refused.log.contains("listenerz"), "{refused}");
    let refused = envoy::validate(nonsense).unwrap_err();
    assert!(refused.log.contains("listenerz"), "{refused}");
}

#[tokio::test]
async fn ending_by_itself_fails_the_test() {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(Proxy::to(&upstream).bootstrap()).await;
    let admin = envoy.admin_address();
    envoy.admin_post("/quitquitquit").await;
    while TcpStream::connect(admin).await.is_ok() {}
    assert!(tokio::spawn(envoy.stop()).await.unwrap_err().is_panic());
}

/// A module whose request callback is a trap, as a Rust panic would make it.
const TRAP: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)
)"#;

#[tokio::test]
async fn a_filter_that_traps_fails_the_test() {
    let directory = TempDir::new().unwrap();
    let module = directory.path().join("trap.wasm");
    std::fs::write(&module, wat::parse_str(TRAP).unwrap()).unwrap();
    let upstream = Upstream::start().await;
    let proxy = Proxy::to(&upstream).filter(wasm_filter("trap", &module, &json!({}), json!({})));
    let envoy = Envoy::start(proxy.bootstrap()).await;
    let client = client::http1(envoy.listener(FRONT).await);
    assert_eq!(client.get("/").await.unwrap().status, 503);
    assert_eq!(upstream.requests(), 0);
    let failure = tokio::spawn(envoy.stop()).await.unwrap_err().into_panic();
    let message = failure.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("Function: proxy_on_request_headers failed"),
        "{message}"
    );
}
