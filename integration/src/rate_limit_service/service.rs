//! The service: it answers Envoy over gRPC and takes its limits from a directory that it watches.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use super::metrics::counter;
use super::port::free_address;
use super::process::{DEADLINE, POLL, Process};
use super::redis::Redis;
use crate::client::{self, Client, Request};
use crate::made::installed;

const PROGRAM: &str = "ratelimit-1.4.1-0.20260122083618-3fb702589d36/service_cmd";

/// How often it adds to its metrics what it has counted.
const FLUSH: &str = "50ms";

const CALLS: &str = "ratelimit_service_total_requests";
const TAKEN: &str = "ratelimit_service_config_load_success";
const REFUSED: &str = "ratelimit_service_config_load_error";

/// What it is asked about a domain that no configuration has, and what it counts then.
const UNKNOWN: &str = r#"{ "domain": "nobody", "descriptors": [{ "entries": [{ "key": "k" }] }] }"#;
const NOT_FOUND: &str = "ratelimit_service_rate_limit_nobody_domain_not_found";

/// A rate-limit service. It is stopped when it is dropped; in a test that is failing its log is printed then.
#[derive(Debug)]
pub struct RateLimitService {
    process: Option<Process>,
    /// `config/` is what it watches.
    directory: TempDir,
    redis: SocketAddr,
    grpc: SocketAddr,
    http: SocketAddr,
    prometheus: SocketAddr,
}

impl RateLimitService {
    /// Starts one with a configuration (a YAML file of one domain) and returns when it answers. What it counts it
    /// counts in `redis`, which has to run: without one it does not start.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn start(redis: &Redis, configuration: &str) -> Self {
        let mut service = Self {
            process: None,
            directory: TempDir::new().expect("a temporary directory"),
            redis: redis.address(),
            grpc: free_address(),
            http: free_address(),
            prometheus: free_address(),
        };
        fs::create_dir(service.directory.path().join("config")).expect("a directory");
        service.write(configuration);
        service.restart().await;
        service
    }

    /// Where Envoy asks it, over HTTP/2 in the clear, also while it does not run.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.grpc
    }

    /// How many calls have come to it since it was started.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn calls(&self) -> u64 {
        // Metrics are added to one by one: with the second of two, all are there that were before the first.
        self.flushed().await;
        counter(&self.flushed().await, CALLS)
    }

    /// Gives it another configuration and returns when it follows that.
    ///
    /// # Panics
    /// When it refuses it, or does not run.
    pub async fn configure(&self, configuration: &str) {
        let before = self.flushed().await;
        self.write(configuration);
        let after = self
            .metrics_when(|now| {
                [TAKEN, REFUSED]
                    .iter()
                    .any(|name| counter(now, name) > counter(&before, name))
            })
            .await;
        assert_eq!(
            counter(&after, REFUSED),
            counter(&before, REFUSED),
            "the rate-limit service refuses its configuration"
        );
    }

    /// Ends it at once. What it has counted is in Redis.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again where it was.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn restart(&mut self) {
        self.kill();
        let mut process = Process::run(
            "the rate-limit service",
            self.command(),
            &self.directory.path().join("log"),
        );
        let (http, grpc, prometheus) = (self.http(), client::h2(self.grpc), self.prometheus());
        process
            .wait_until(async || {
                let healthy = http
                    .get("/healthcheck")
                    .await
                    .is_ok_and(|r| r.status == 200);
                healthy && grpc.get("/").await.is_ok() && prometheus.get("/metrics").await.is_ok()
            })
            .await;
        self.process = Some(process);
    }

    /// Lets it answer nobody, with its connections open, until [`resume`](Self::resume).
    ///
    /// # Panics
    /// When it does not run.
    pub async fn pause(&self) {
        self.running().stop().await;
    }

    /// Ends a [`pause`](Self::pause).
    ///
    /// # Panics
    /// When it does not run.
    pub fn resume(&self) {
        self.running().resume();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(installed(PROGRAM));
        let places = [
            ("", self.http.port()),
            ("GRPC_", self.grpc.port()),
            ("DEBUG_", 0),
        ];
        for (of, port) in places {
            command.env(format!("{of}HOST"), "127.0.0.1");
            command.env(format!("{of}PORT"), port.to_string());
        }
        command
            .env("LOG_LEVEL", "warn")
            .env("REDIS_SOCKET_TYPE", "tcp")
            .env("REDIS_URL", self.redis.to_string())
            .env("RUNTIME_ROOT", self.directory.path())
            .env("RUNTIME_WATCH_ROOT", "false")
            // What one limit refuses takes nothing from another.
            .env("STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT", "true")
            .env("USE_STATSD", "false")
            .env("USE_PROMETHEUS", "true")
            .env("PROMETHEUS_ADDR", self.prometheus.to_string())
            .env("STATS_FLUSH_INTERVAL", FLUSH);
        command
    }

    /// Puts a configuration into its place at once: it reads whatever it sees there.
    fn write(&self, configuration: &str) {
        let beside = self.directory.path().join("next.yaml");
        fs::write(&beside, configuration).expect("a file");
        let place = self.directory.path().join("config/limits.yaml");
        fs::rename(beside, place).expect("a file");
    }

    /// Its metrics, with all that was counted before this.
    async fn flushed(&self) -> String {
        let before = counter(&self.metrics().await, NOT_FOUND);
        let asked = self.http().send(Request::post("/json").body(UNKNOWN)).await;
        assert_eq!(asked.expect("the rate-limit service").status, 200);
        self.metrics_when(|now| counter(now, NOT_FOUND) > before)
            .await
    }

    async fn metrics_when(&self, so: impl Fn(&str) -> bool) -> String {
        let waiting = async {
            loop {
                let metrics = self.metrics().await;
                if so(&metrics) {
                    return metrics;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        waited.expect("the rate-limit service counts on")
    }

    async fn metrics(&self) -> String {
        let metrics = self.prometheus().get("/metrics").await;
        metrics.expect("the rate-limit service").text()
    }

    fn http(&self) -> Client {
        client::http1(self.http)
    }

    fn prometheus(&self) -> Client {
        client::http1(self.prometheus)
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("a service that runs")
    }
}
