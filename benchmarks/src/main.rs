//! CPU time a request, of an Envoy with one worker that answers by itself, with and without modules.
//!
//! Figures are of the process's own counters divided by the requests; the contestants take turns, so
//! that a machine whose speed drifts is fair to all.

mod load;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use integration::envoy::Envoy;
use serde_json::{Value, json};

/// Compare builds of the pipeline module.
#[derive(Debug, Parser)]
struct Arguments {
    /// Builds of the pipeline module, as NAME=FILE
    #[arg(required = true, value_name = "NAME=FILE")]
    modules: Vec<String>,
    /// How often each contestant takes its turn
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Requests a turn
    #[arg(long, default_value_t = 40_000)]
    requests: usize,
}

/// Somebody who takes turns.
struct Contestant {
    name: String,
    bytes: Option<u64>,
    envoy: Envoy,
    micros: Vec<f64>,
}

/// `sysconf(_SC_CLK_TCK)` of Linux on every platform that Envoy runs on.
const TICKS_A_SECOND: f64 = 100.0;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut contestants = vec![Contestant::new("no module", None).await?];
    for module in &arguments.modules {
        let (name, file) = module.split_once('=').context("expected NAME=FILE")?;
        contestants.push(Contestant::new(name, Some(Path::new(file))).await?);
    }
    for round in 0..=arguments.rounds {
        for contestant in &mut contestants {
            let micros = contestant.turn(arguments.requests).await?;
            // The first turn warms up.
            if round > 0 {
                contestant.micros.push(micros);
            }
        }
    }
    println!("| build | module, bytes | CPU a request, µs: median | least | most |");
    println!("| --- | --- | --- | --- | --- |");
    for contestant in contestants {
        contestant.report().await;
    }
    Ok(())
}

impl Contestant {
    async fn new(name: &str, module: Option<&Path>) -> Result<Self> {
        let bytes = module
            .map(std::fs::metadata)
            .transpose()?
            .map(|metadata| metadata.len());
        let module = module.map(std::path::absolute).transpose()?;
        let bootstrap = bootstrap(module);
        let envoy = Envoy::launch(bootstrap)
            .concurrency(1)
            .log_level("error")
            .start()
            .await;
        Ok(Self {
            name: name.to_owned(),
            bytes,
            envoy,
            micros: Vec::new(),
        })
    }

    async fn turn(&self, requests: usize) -> Result<f64> {
        let address = self.envoy.listener(integration::bootstrap::FRONT).await;
        let before = ticks(self.envoy.pid())?;
        load::send(address, "/pets/7", requests).await?;
        let spent = ticks(self.envoy.pid())? - before;
        Ok(spent as f64 / TICKS_A_SECOND * 1e6 / requests as f64)
    }

    async fn report(mut self) {
        self.micros.sort_by(f64::total_cmp);
        let at = |index: usize| self.micros.get(index).copied().unwrap_or_default();
        let bytes = self.bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        let (median, least) = (at(self.micros.len() / 2), at(0));
        let most = at(self.micros.len().saturating_sub(1));
        println!(
            "| {} | {bytes} | {median:.1} | {least:.1} | {most:.1} |",
            self.name
        );
        self.envoy.stop().await;
    }
}

/// User and system time of a process (`proc_pid_stat(5)`, fields 14 and 15), in ticks.
fn ticks(pid: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("a stat line")?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || fields.next().and_then(|field| field.parse::<u64>().ok());
    Ok(next().context("user time")? + next().context("system time")?)
}

/// An Envoy that answers 200 to everything, behind the module if there is one.
fn bootstrap(module: Option<PathBuf>) -> Value {
    let routes: Vec<Value> = (0..10)
        .map(|index| {
            json!({
                "name": format!("route-{index}"),
                "match": { "path": format!("/{}/{{id}}", if index == 0 { "pets".to_owned() } else { format!("p{index}") }), "methods": ["GET"] },
                "to": [{ "function": "a", "weight": 9 }, { "function": "b", "weight": 1 }],
            })
        })
        .collect();
    let mut filters = Vec::new();
    if let Some(module) = module {
        let plugin = json!({ "allow_on_headers_stop_iteration": true });
        let config = json!({ "routes": routes });
        filters.push(integration::bootstrap::wasm_filter(
            "gateway", &module, &config, plugin,
        ));
    }
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    }));
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": integration::bootstrap::FRONT,
        "http_filters": filters,
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "direct_response": { "status": 200 } }],
        }] },
    });
    json!({ "static_resources": { "listeners": [{
        "name": integration::bootstrap::FRONT,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        }] }],
    }] } })
}
