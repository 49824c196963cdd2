//! The binary `sample-services`, as a container runs it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use integration::client::{self, Request};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Longer than the grace that open requests get, shorter than docker's patience.
const STOPPED_WITHIN: Duration = Duration::from_secs(9);

fn run(arguments: &[&str]) -> std::io::Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_sample-services"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// The address in the line that it prints when it listens.
async fn listening(output: &mut BufReader<ChildStdout>) -> Option<SocketAddr> {
    let mut line = String::new();
    output.read_line(&mut line).await.ok()?;
    line.trim().rsplit(' ').next()?.parse().ok()
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap_or_default().to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status().await;
    assert!(sent.is_ok_and(|status| status.success()), "kill -s {name}");
}

#[tokio::test]
async fn each_service_says_where_it_listens_and_stops_on_a_signal() {
    for (arguments, signal_name) in [
        (["petstore", "--listen", "127.0.0.1:0"].as_slice(), "TERM"),
        (
            &["petstore", "--version", "v2", "--listen", "127.0.0.1:0"],
            "INT",
        ),
        (&["stock", "--listen", "127.0.0.1:0"], "TERM"),
        (&["chat", "--listen", "127.0.0.1:0"], "INT"),
    ] {
        let mut service = run(arguments).unwrap();
        let mut output = BufReader::new(service.stdout.take().unwrap());
        let address = listening(&mut output).await.unwrap();
        assert!(
            client::http1(address).get("/").await.is_ok(),
            "{arguments:?}"
        );
        signal(&service, signal_name).await;
        let stopped = tokio::time::timeout(STOPPED_WITHIN, service.wait()).await;
        assert!(stopped.unwrap().unwrap().success(), "{arguments:?}");
    }
}

#[tokio::test]
async fn an_open_stream_does_not_keep_it_from_stopping() {
    let mut service = run(&["stock", "--listen", "127.0.0.1:0"]).unwrap();
    let mut output = BufReader::new(service.stdout.take().unwrap());
    let address = listening(&mut output).await.unwrap();
    // Watch({ item: "lamp" }), framed by hand: gRPC over HTTP/2, "PROTOCOL-HTTP2.md".
    let watch = Request::post("/stock.v1.Stock/Watch")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(b"\0\0\0\0\x06\x0a\x04lamp".as_slice());
    let mut levels = client::h2(address).begin(watch).await.unwrap();
    assert!(levels.chunk().await.unwrap().is_some(), "the first level");
    signal(&service, "TERM").await;
    let stopped = tokio::time::timeout(STOPPED_WITHIN, service.wait()).await;
    assert!(stopped.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_way_out() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["chat", "--listen", &address])
        .unwrap()
        .wait_with_output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    let expected = format!("cannot listen on {address}: choose another --listen");
    assert!(error.contains(&expected), "{error}");
}
