//! A real registry (distribution 2.8, as Debian has it), on the loopback interface.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::programs::docker_registry;
use crate::envoy::free_port;
use crate::tls::Identity;

/// Only there so that a test fails rather than hangs: 30 seconds of looking.
const LOOKS: u32 = 3_000;
const POLL: Duration = Duration::from_millis(10);

/// Whom a registry with credentials takes.
pub const USER: &str = "ci";
/// The user's password.
pub const PASSWORD: &str = "secret";

/// The two, as `htpasswd -B` writes them.
const HTPASSWD: &str = "ci:$2b$05$iBZ6picenkuEskTBIWotNeUuwDmQ8.fZnI87QB/BuYmdqH3bUtYq.\n";

/// What a registry is like.
#[derive(Debug, Default)]
pub struct Settings<'a> {
    /// Speak TLS, with this certificate.
    pub tls: Option<&'a Identity>,
    /// Take [`USER`] alone.
    pub credentials: bool,
}

/// A running registry. It is stopped when it is dropped; in a test that is failing its log is printed then.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    directory: TempDir,
    address: SocketAddr,
}

impl Registry {
    /// Starts one in the clear, for everybody.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&Settings::default())
    }

    /// Starts one.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with(settings: &Settings<'_>) -> Self {
        let directory = TempDir::new().expect("a directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let path = |name: &str| directory.path().join(name);
        let mut http = json!({ "addr": address.to_string() });
        if let Some(identity) = settings.tls {
            let (certificate, key) = (path("tls.crt"), path("tls.key"));
            identity.write(&certificate, &key);
            set(
                &mut http,
                "tls",
                json!({ "certificate": certificate, "key": key }),
            );
        }
        let mut config = json!({
            "version": 0.1,
            "storage": { "filesystem": { "rootdirectory": path("data") } },
            "http": http,
        });
        if settings.credentials {
            let file = path("htpasswd");
            fs::write(&file, HTPASSWD).expect("a file");
            let htpasswd = json!({ "htpasswd": { "realm": "tests", "path": file } });
            set(&mut config, "auth", htpasswd);
        }
        // JSON is YAML.
        fs::write(path("config.yml"), config.to_string()).expect("a file");
        let log = File::create(path("log")).expect("a file");
        let child = Command::new(docker_registry())
            .arg("serve")
            .arg(path("config.yml"))
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("docker-registry");
        let mut registry = Self {
            child,
            directory,
            address,
        };
        registry.wait_until_it_listens();
        registry
    }

    fn wait_until_it_listens(&mut self) {
        for _ in 0..LOOKS {
            if TcpStream::connect(self.address).is_ok() {
                return;
            }
            let ended = self.child.try_wait().expect("the state of our own child");
            assert_eq!(ended, None, "the registry ended: {}", self.log());
            std::thread::sleep(POLL);
        }
        panic!("the registry does not listen: {}", self.log());
    }

    /// Where it listens, which is its name.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name of an image in it.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Where it keeps what it was given.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the registry's log ---\n{}---", self.log());
        }
    }
}

fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}
