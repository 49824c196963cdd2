//! The real Envoy, run for one test.

mod crashes;
mod launch;
mod process;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::client::{self, Client, Request};
pub use crashes::crashes;
pub use launch::{Bootstrap, Launch, Refused, binary, validate};
use process::Process;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// How far the memory of an Envoy may rise with the requests of a test, in bytes. With what it streams
/// it rises by up to 40 MB on a busy machine: buffers of connections, and what V8 compiles later.
const MOST_RISEN: u64 = 64 << 20;

/// How often a condition of another process is looked at again.
const POLL: Duration = Duration::from_millis(10);

/// A port of the loopback interface that was free a moment ago, for a configuration that has to
/// name one. Where the configuration is the test's own, port 0 and [`Envoy::listener`] cannot
/// collide.
///
/// # Panics
/// When no port is free.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the port's address").port()
}

/// A running Envoy. Every test ends with [`stop`](Self::stop), which looks for crashes in the log.
///
/// Dropping it kills the process; in a test that is failing it also prints the end of the log.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    admin_address: SocketAddr,
    admin: Client,
    /// What it had resident when it was live, in bytes.
    resident_when_live: u64,
}

impl Envoy {
    /// Starts Envoy with two workers and returns once it is live.
    ///
    /// # Panics
    /// When it does not get there; the message has the log's end.
    pub async fn start(bootstrap: impl Into<Bootstrap>) -> Self {
        Self::launch(bootstrap).start().await
    }

    /// How to start Envoy, where [`start`](Self::start) is not enough.
    pub fn launch(bootstrap: impl Into<Bootstrap>) -> Launch {
        Launch::new(bootstrap.into())
    }

    fn new(process: Process, admin_address: SocketAddr) -> Self {
        forget_peak_memory(process.id());
        Self {
            resident_when_live: resident_memory(process.id()),
            process,
            admin_address,
            admin: client::http1(admin_address),
        }
    }

    /// Where the admin endpoint listens.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// The process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The body of `GET path` from the admin endpoint, whatever the status.
    ///
    /// # Panics
    /// When the admin endpoint does not answer.
    pub async fn admin_get(&self, path: &str) -> String {
        self.admin_send(Request::get(path)).await
    }

    /// The body of `POST path` from the admin endpoint, whatever the status.
    ///
    /// # Panics
    /// When the admin endpoint does not answer.
    pub async fn admin_post(&self, path: &str) -> String {
        self.admin_send(Request::post(path)).await
    }

    async fn admin_send(&self, request: Request) -> String {
        let response = self.admin.send(request).await;
        response
            .unwrap_or_else(|error| panic!("Envoy's admin endpoint: {error}"))
            .text()
    }

    /// Where a listener really listens, by its name: for port 0.
    ///
    /// # Panics
    /// When it has no such listener.
    pub async fn listener(&self, name: &str) -> SocketAddr {
        let listeners = self.listeners().await;
        let found = listeners.get(name).copied();
        found.unwrap_or_else(|| panic!("Envoy has no listener {name:?}: {listeners:?}"))
    }

    /// Where each listener really listens, by its name.
    ///
    /// # Panics
    /// When the admin endpoint does not answer.
    pub async fn listeners(&self) -> BTreeMap<String, SocketAddr> {
        let listeners = self.admin_get("/listeners?format=json").await;
        let listeners: Value = serde_json::from_str(&listeners).expect("Envoy's list of listeners");
        let statuses = listeners
            .pointer("/listener_statuses")
            .and_then(Value::as_array);
        let place = |listener: &Value| {
            let address = listener.pointer("/local_address/socket_address")?;
            let ip = address.get("address")?.as_str()?.parse().ok()?;
            let port = u16::try_from(address.get("port_value")?.as_u64()?).ok()?;
            let name = listener.get("name")?.as_str()?.to_owned();
            Some((name, SocketAddr::new(ip, port)))
        };
        statuses.into_iter().flatten().filter_map(place).collect()
    }

    /// All counters and gauges by name. Histograms and text readouts are left out.
    ///
    /// # Panics
    /// When the admin endpoint does not answer.
    pub async fn stats(&self) -> BTreeMap<String, u64> {
        let stats = self.admin_get("/stats").await;
        let number = |line: &str| {
            let (name, value) = line.rsplit_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        stats.lines().filter_map(number).collect()
    }

    /// One counter or gauge; 0 while Envoy has none of that name, as it makes some on first use.
    ///
    /// # Panics
    /// When the admin endpoint does not answer.
    pub async fn stat(&self, name: &str) -> u64 {
        self.stats().await.get(name).copied().unwrap_or(0)
    }

    /// Waits until `condition` holds of a counter or gauge, and returns its value.
    ///
    /// # Panics
    /// When it does not within 30 s.
    pub async fn wait_for_stat(&self, name: &str, condition: impl Fn(u64) -> bool) -> u64 {
        let waiting = async {
            loop {
                let value = self.stat(name).await;
                if condition(value) {
                    return value;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(value) => value,
            Err(_) => panic!(
                "not within {DEADLINE:?}; {name} is {}",
                self.stat(name).await
            ),
        }
    }

    /// Waits until the log contains `text`.
    ///
    /// # Panics
    /// When it does not within 30 s.
    pub async fn wait_for_log(&self, text: &str) {
        let waiting = async {
            while !self.log().contains(text) {
                tokio::time::sleep(POLL).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(
            waited.is_ok(),
            "not within {DEADLINE:?} in Envoy's log: {text:?}"
        );
    }

    /// Everything that Envoy has written so far: its log, and access logs that go to its output.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Asserts that it has kept no body of 100 MB since it was live. How much memory it has
    /// at all depends on the machine and on its modules, which V8 compiles.
    ///
    /// # Panics
    /// When it has, or where there is no `/proc`.
    pub fn assert_no_body_kept(&self) {
        let risen = peak_memory(self.pid()).saturating_sub(self.resident_when_live);
        assert!(risen < MOST_RISEN, "Envoy held {risen} bytes more");
    }

    /// Stops Envoy and returns its whole log.
    ///
    /// # Panics
    /// When it had ended by itself, does not end cleanly, or when its log tells of a crash: of a
    /// wasm VM, of a filter, or of Envoy.
    pub async fn stop(mut self) -> String {
        self.require_running();
        self.admin_post("/quitquitquit").await;
        self.ended().await
    }

    /// [`stop`](Self::stop) by SIGTERM, as containers are stopped.
    ///
    /// # Panics
    /// As `stop`.
    pub async fn terminate(mut self) -> String {
        self.require_running();
        let id = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), Signal::TERM).expect("our own child");
        self.ended().await
    }

    fn require_running(&mut self) {
        if let Some(status) = self.process.exit_status() {
            panic!("Envoy had ended by itself: {status}");
        }
    }

    async fn ended(mut self) -> String {
        match self.process.ended(DEADLINE).await {
            Some(status) => assert!(status.success(), "Envoy ended with {status}"),
            None => panic!("Envoy did not end within {DEADLINE:?}"),
        }
        let log = self.log();
        let crashes = crashes(&log);
        assert!(
            crashes.is_empty(),
            "Envoy's log tells of a crash:\n{}",
            crashes.join("\n")
        );
        log
    }
}

/// The most memory that a process has had resident so far, in bytes (`VmHWM` of proc(5)).
///
/// # Panics
/// Where there is no `/proc`, or no such process.
#[must_use]
pub fn peak_memory(pid: u32) -> u64 {
    memory(pid, "VmHWM:")
}

/// Lets the peak of a process's memory begin anew (`clear_refs` of proc(5)).
fn forget_peak_memory(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("/proc");
}

/// The memory that a process has resident now, in bytes (`VmRSS` of proc(5)).
///
/// # Panics
/// Where there is no `/proc`, or no such process.
#[must_use]
pub fn resident_memory(pid: u32) -> u64 {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or_else(|| panic!("no {field} of process {pid}")) * 1024
}
