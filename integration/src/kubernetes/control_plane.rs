//! etcd, the API server and the controllers.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;
use tempfile::TempDir;

use crate::envoy::free_port;
use crate::log;
use crate::made::installed;
use crate::tls::Authority;

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// How often a condition of another process is looked at again.
const POLL: Duration = Duration::from_millis(50);

/// Those that a test needs. Left out are those that want a real cloud, or nodes that report each few seconds,
/// and the one of endpoints, to which an address of `127/8` is none.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,garbage-collector-controller,\
     namespace-controller,serviceaccount-controller,disruption-controller,\
     horizontal-pod-autoscaler-controller";

/// Who asks the API server, by a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// May do everything.
    Admin,
    /// May do nothing.
    Nobody,
}

impl User {
    const ALL: [Self; 2] = [Self::Admin, Self::Nobody];

    /// What the API server calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Nobody => "nobody",
        }
    }

    fn token(self) -> String {
        format!("token-of-{}", self.name())
    }
}

/// A cluster that runs. It ends when it is dropped.
#[derive(Debug)]
pub struct ControlPlane {
    place: TempDir,
    server: SocketAddr,
    processes: Vec<Process>,
}

#[derive(Debug)]
struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl ControlPlane {
    /// Starts it and returns when it answers.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn start() -> Self {
        let port = free_port();
        let mut cluster = Self {
            place: TempDir::new().expect("a temporary directory"),
            server: ([127, 0, 0, 1], port).into(),
            processes: Vec::new(),
        };
        let authority = Authority::new("a test's cluster");
        authority.write(&cluster.path("ca.crt"));
        let identity = authority.issue(&["127.0.0.1", "localhost"]);
        identity.write(&cluster.path("server.crt"), &cluster.path("server.key"));
        let accounts = authority.issue(&["service-accounts"]);
        accounts.write(&cluster.path("accounts.crt"), &cluster.path("accounts.key"));
        cluster.write_users();
        let etcd = cluster.start_etcd();
        cluster.start_api_server(etcd);
        cluster.wait_until_ready().await;
        cluster.start_controllers();
        cluster
    }

    /// A client of a user.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn client(&self, user: User) -> Client {
        let read = Kubeconfig::read_from(self.kubeconfig(user)).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
        Client::try_from(config.expect("a kubeconfig")).expect("a client")
    }

    /// The kubeconfig of a user.
    #[must_use]
    pub fn kubeconfig(&self, user: User) -> PathBuf {
        self.path(&format!("{}.kubeconfig", user.name()))
    }

    /// Where the API server listens.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    fn path(&self, file: &str) -> PathBuf {
        self.place.path().join(file)
    }

    fn write_users(&self) {
        let line = |user: &User| {
            let groups = match user {
                User::Admin => ",\"system:masters\"",
                User::Nobody => "",
            };
            let (token, name) = (user.token(), user.name());
            format!("{token},{name},{name}{groups}\n")
        };
        let users: String = User::ALL.iter().map(line).collect();
        fs::write(self.path("users.csv"), users).expect("a file");
        for user in User::ALL {
            let kubeconfig = self.kubeconfig_with(&user.token());
            fs::write(self.kubeconfig(user), kubeconfig).expect("a file");
        }
    }

    /// A kubeconfig with this token.
    #[must_use]
    pub fn kubeconfig_with(&self, token: &str) -> String {
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
            "clusters": [{ "name": "test", "cluster": {
                "server": format!("https://{}", self.server),
                "certificate-authority": self.path("ca.crt"),
            } }],
            "users": [{ "name": "test", "user": { "token": token } }],
        });
        kubeconfig.to_string()
    }

    fn start_etcd(&mut self) -> String {
        let (clients, peers) = (free_port(), free_port());
        let clients = format!("http://127.0.0.1:{clients}");
        let peers = format!("http://127.0.0.1:{peers}");
        self.spawn(
            "etcd",
            &[
                ("data-dir", self.path("etcd").display().to_string()),
                ("listen-client-urls", clients.clone()),
                ("advertise-client-urls", clients.clone()),
                ("listen-peer-urls", peers.clone()),
                ("initial-advertise-peer-urls", peers.clone()),
                ("initial-cluster", format!("default={peers}")),
                // What a test writes needs not outlive the machine.
                ("unsafe-no-fsync", "true".to_owned()),
            ],
        );
        clients
    }

    fn start_api_server(&mut self, etcd: String) {
        let file = |name: &str| self.path(name).display().to_string();
        self.spawn(
            "kube-apiserver",
            &[
                ("etcd-servers", etcd),
                ("bind-address", "127.0.0.1".to_owned()),
                ("secure-port", self.server.port().to_string()),
                ("endpoint-reconciler-type", "none".to_owned()),
                ("tls-cert-file", file("server.crt")),
                ("tls-private-key-file", file("server.key")),
                ("token-auth-file", file("users.csv")),
                ("authorization-mode", "RBAC".to_owned()),
                (
                    "service-account-issuer",
                    "https://kubernetes.default.svc".to_owned(),
                ),
                ("service-account-key-file", file("accounts.crt")),
                ("service-account-signing-key-file", file("accounts.key")),
                ("service-cluster-ip-range", "10.0.0.0/24".to_owned()),
                ("kubelet-preferred-address-types", "InternalIP".to_owned()),
            ],
        );
    }

    fn start_controllers(&mut self) {
        let kubeconfig = self.kubeconfig(User::Admin).display().to_string();
        self.spawn(
            "kube-controller-manager",
            &[
                ("kubeconfig", kubeconfig),
                ("controllers", CONTROLLERS.to_owned()),
                ("leader-elect", "false".to_owned()),
                ("secure-port", "0".to_owned()),
                // How soon there are as many pods as at least wanted.
                ("horizontal-pod-autoscaler-sync-period", "1s".to_owned()),
            ],
        );
    }

    fn spawn(&mut self, name: &'static str, flags: &[(&str, String)]) {
        let log = self.path(&format!("{name}.log"));
        let output = File::create(&log).expect("a log file");
        let flags = flags
            .iter()
            .map(|(flag, value)| format!("--{flag}={value}"));
        let child = ending_with_us(&program(name))
            .args(flags)
            .current_dir(self.place.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle of the log file"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        self.processes.push(Process { name, child, log });
    }

    async fn wait_until_ready(&mut self) {
        let client = self.client(User::Admin).await;
        let ready = async {
            loop {
                self.require_running();
                let asked = hyper::Request::get("/readyz").body(Vec::new());
                let answer = client.request_text(asked.expect("a request")).await;
                if answer.is_ok_and(|answer| answer == "ok") {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let ready = tokio::time::timeout(DEADLINE, ready).await;
        assert!(
            ready.is_ok(),
            "the API server is not ready: {}",
            self.logs()
        );
    }

    fn require_running(&mut self) {
        for process in &mut self.processes {
            if let Ok(Some(status)) = process.child.try_wait() {
                panic!(
                    "{} ended with {status}: {}",
                    process.name,
                    log::tail(&log::read(&process.log), 10)
                );
            }
        }
    }

    /// The ends of what its programs have written.
    #[must_use]
    pub fn logs(&self) -> String {
        let logs = self.processes.iter();
        logs.map(|process| {
            format!(
                "--- {}\n{}\n",
                process.name,
                log::tail(&log::read(&process.log), 10)
            )
        })
        .collect()
    }
}

/// A program that ends when the thread does that starts it, where the system has a way: so none is left of a test
/// that was killed.
pub(super) fn ending_with_us(program: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|directory| directory.join("setpriv"));
    match places.find(|path| path.is_file()) {
        None => Command::new(program),
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
    }
}

/// One of the programs of Kubernetes that the set-up has built.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    installed(&format!("kubernetes-1.36.3/{name}"))
}
