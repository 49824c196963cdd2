//! Runs one of the sample services: what stands behind the gateway in docker-compose.

use std::net::SocketAddr;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use integration::services::Service;
use integration::services::petstore::Version;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The sample services behind Headgate's petstore.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    service: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// REST: GET and POST /pets, GET /pets/{id}, GET /healthz
    Petstore {
        /// Which version to be; v2 adds a field, so that a canary shows
        #[arg(long, default_value = "v1")]
        version: Version,
        #[command(flatten)]
        listen: Listen,
    },
    /// gRPC without TLS: stock.v1.Stock
    Stock(Listen),
    /// WebSocket echo at /chat
    Chat(Listen),
}

#[derive(Args)]
struct Listen {
    /// Address and port to listen on
    #[arg(long = "listen", default_value = "0.0.0.0:8080")]
    address: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (name, service, address) = match Cli::parse().service {
        Kind::Petstore { version, listen } => (
            version.served_by(),
            Service::Petstore(version),
            listen.address,
        ),
        Kind::Stock(listen) => ("stock", Service::Stock, listen.address),
        Kind::Chat(listen) => ("chat", Service::Chat, listen.address),
    };
    // Before anything listens: a signal that comes early must stop the service, not kill it.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another --listen"))?;
    println!("{name} listens on {}", listener.local_addr()?);
    service.serve(listener, stop).await?;
    Ok(())
}
