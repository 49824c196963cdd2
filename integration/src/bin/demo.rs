//! The main job in one terminal: the sample services, `headgate run` with the sample document and a
//! stock Envoy between them, and answers to real requests.
//!
//! `make demo` builds what it needs and runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use integration::client::{self, Client, Request};
use integration::envoy::free_port;
use integration::services::stock::v1::ReserveRequest;
use integration::services::stock::v1::stock_client::StockClient;
use integration::services::{Running, Service, petstore};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

const DOCUMENT: &str = "envoy-configs/petstore.gateway.yaml";

/// How long the gateway may take to be ready.
const START: Duration = Duration::from_secs(60);

/// How many requests may be needed to see both versions: one in ten goes to the next one, so that
/// none of so many does happens once in 10^22.
const MOST_REQUESTS: usize = 500;

/// How many of the gateway's own lines are shown at the end.
const LAST_LINES: usize = 6;

#[tokio::main]
async fn main() -> Result<()> {
    say("Starting two versions of a pet store, a gRPC stock service and a WebSocket echo.");
    let services = [
        ("pets", Service::Petstore(petstore::Version::V1)),
        ("pets-next", Service::Petstore(petstore::Version::V2)),
        ("stock", Service::Stock),
        ("chat", Service::Chat),
    ];
    let mut running = BTreeMap::new();
    for (name, service) in services {
        running.insert(name, service.start().await?);
    }
    let gateway = Gateway::start(&running).await?;
    let shown = show(&gateway.address).await;
    // In order, whether or not the requests went well.
    let stopped = gateway.stop().await;
    for service in running.into_values() {
        service.stop().await?;
    }
    shown?;
    say("\nWhat the gateway said about the last requests:");
    for line in stopped? {
        say(&line);
    }
    say(
        "\nAll of it through a stock Envoy. Run it yourself: headgate run envoy-configs/petstore.gateway.yaml",
    );
    Ok(())
}

/// `headgate run` with the sample document, its upstreams at the services' real addresses.
struct Gateway {
    process: Child,
    address: String,
    /// The lines that it shows for requests.
    requests: JoinHandle<Vec<String>>,
}

impl Gateway {
    async fn start(services: &BTreeMap<&str, Running>) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(headgate()?);
        command
            .current_dir(&root)
            .args(["run", DOCUMENT])
            .args(["--listener", &format!("http={address}")])
            .args(["--admin-port", &free_port().to_string()]);
        for (name, service) in services {
            command.args(["--upstream", &format!("{name}={}", service.address())]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        say(&format!(
            "\n$ headgate run {DOCUMENT} --listener http={address} --upstream pets=…"
        ));
        let mut process = command.spawn().context("headgate does not start")?;
        let requests = process
            .stdout
            .take()
            .context("headgate has a standard output")?;
        let requests = tokio::spawn(async move {
            let mut lines = BufReader::new(requests).lines();
            let mut all = Vec::new();
            while let Ok(Some(line)) = lines.next_line().await {
                all.push(line);
            }
            all
        });
        let said = process
            .stderr
            .take()
            .context("headgate has a standard error")?;
        let mut lines = BufReader::new(said).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                eprintln!("{line}");
                if line.starts_with("ready:") {
                    return Ok(());
                }
            }
            bail!("headgate ended before the gateway was ready")
        };
        timeout(START, ready)
            .await
            .context("the gateway was not ready in time")??;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("{line}");
            }
        });
        Ok(Self {
            process,
            address,
            requests,
        })
    }

    /// Stops it in order. What it showed for the last requests.
    async fn stop(mut self) -> Result<Vec<String>> {
        let id = self.process.id().context("headgate has ended by itself")?;
        let id = rustix::process::Pid::from_raw(i32::try_from(id)?).context("no process id")?;
        rustix::process::kill_process(id, rustix::process::Signal::INT)?;
        let status = self.process.wait().await?;
        ensure!(status.success(), "headgate ended: {status}");
        let mut lines = self.requests.await?;
        Ok(lines.split_off(lines.len().saturating_sub(LAST_LINES)))
    }
}

/// The binary that cargo built beside this one.
fn headgate() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here
        .parent()
        .context("the demo is in a directory")?
        .join("headgate");
    ensure!(
        path.is_file(),
        "{} is missing; run `make demo`, which builds it",
        path.display()
    );
    Ok(path)
}

async fn show(address: &str) -> Result<()> {
    let client = client::http1(address.parse()?);
    canary(&client, address).await?;
    say("\nA path template, and another method of the same path:");
    request(&client, address, Request::get("/pets/1"), 200).await?;
    let pet = r#"{"name":"Rex"}"#;
    let post = Request::post("/pets")
        .header("content-type", "application/json")
        .body(pet);
    request(&client, address, post, 201).await?;
    say("\nWhat no route takes is answered by the gateway:");
    request(&client, address, Request::get("/cats"), 404).await?;
    request(&client, address, Request::new("DELETE", "/pets"), 405).await?;
    grpc(address).await?;
    websocket(address).await
}

/// Asks until both versions have answered.
async fn canary(client: &Client, address: &str) -> Result<()> {
    say("\nNine requests in ten go to one version, one in ten to the next:");
    let mut served = BTreeMap::<String, usize>::new();
    for _ in 0..MOST_REQUESTS {
        let response = client.get("/pets").await?;
        let by = response
            .headers
            .get("x-served-by")
            .context("the pet store says who it is")?;
        let by = by.to_str()?.to_owned();
        let count = served.entry(by.clone()).or_default();
        *count += 1;
        if *count == 1 {
            say(&format!(
                "$ curl http://{address}/pets\n{} {by}: {}",
                response.status,
                response.text()
            ));
        }
        if served.len() == 2 {
            say(&format!("{served:?}"));
            return Ok(());
        }
    }
    bail!("{MOST_REQUESTS} requests, and only {served:?} answered")
}

async fn request(client: &Client, address: &str, request: Request, status: u16) -> Result<()> {
    let line = format!(
        "$ curl -X {} http://{address}{}",
        request.method(),
        request.path()
    );
    let response = client.send(request).await?;
    say(&format!("{line}\n{} {}", response.status, response.text()));
    ensure!(response.status.as_u16() == status, "expected {status}");
    Ok(())
}

async fn grpc(address: &str) -> Result<()> {
    say("\nA gRPC method:");
    let mut stock = StockClient::connect(format!("http://{address}")).await?;
    let request = ReserveRequest {
        item: "anvil".to_owned(),
        quantity: 2,
    };
    let reply = stock.reserve(request).await?.into_inner();
    say(&format!(
        "$ grpcurl {address} stock.v1.Stock/Reserve\nreserved {reply:?}"
    ));
    Ok(())
}

async fn websocket(address: &str) -> Result<()> {
    say("\nA WebSocket:");
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/chat")).await?;
    socket.send(Message::text("hello")).await?;
    let echo = socket.next().await.context("the echo answers")??;
    say(&format!("$ websocat ws://{address}/chat\n{echo}"));
    socket.close(None).await?;
    Ok(())
}

fn say(text: &str) {
    println!("{text}");
}
