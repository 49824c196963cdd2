//! `headgate run`, as a user starts it, in a place of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use integration::envoy::{binary, crashes, free_port};
use integration::program;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::versions::{Services, Version};

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// A document, and the `headgate run` of it. Nothing of it is left when it is dropped.
#[derive(Debug)]
pub struct Headgate {
    place: TempDir,
    pub services: Services,
    port: u16,
    admin_port: u16,
    process: Option<Child>,
    said: Arc<Said>,
}

/// What it said on standard error, line by line.
#[derive(Debug, Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Headgate {
    /// With a document that is not run yet.
    pub async fn with(version: &Version) -> Self {
        let headgate = Self {
            place: TempDir::new().unwrap(),
            services: Services::start().await,
            port: free_port(),
            admin_port: free_port(),
            process: None,
            said: Arc::default(),
        };
        headgate.save(version);
        headgate
    }

    /// Where its listener is.
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// A document of its own with its listener: what stands in it beside that.
    pub fn document_with(&self, fields: &str) -> String {
        format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
             listeners: [{{ name: http, port: {}, address: 127.0.0.1 }}]\n\
             admin: {{ port: {} }}\n{fields}",
            self.port, self.admin_port
        )
    }

    fn document(&self) -> PathBuf {
        self.place.path().join("gateway.yaml")
    }

    /// The text of a version, as it is saved.
    pub fn text(&self, version: &Version) -> String {
        version.document(&self.services, self.port, self.admin_port)
    }

    /// Saves it as editors do: beside the old one, and then in its place.
    pub fn save(&self, version: &Version) {
        self.save_text(&self.text(version));
    }

    pub fn save_text(&self, text: &str) {
        let beside = self.place.path().join("gateway.yaml~");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, self.document()).unwrap();
    }

    /// Writes a file beside the document.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.place.path().join(file), text).unwrap();
    }

    /// Starts `headgate run`; [`wait_for`](Self::wait_for) what it says.
    pub fn run(&mut self) {
        let mut process = Command::new(program("headgate"))
            .arg("run")
            .arg(self.document())
            .args(["--envoy", &binary().display().to_string()])
            .env("XDG_RUNTIME_DIR", self.place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said = Arc::clone(&self.said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                said.lines.lock().unwrap().push(line);
                said.more.notify_all();
            }
        });
        self.process = Some(process);
    }

    /// Starts it, and waits until it is ready.
    pub fn start(&mut self) {
        let before = self.lines();
        self.run();
        self.wait_for("ready: ", before);
    }

    /// How many lines it has said.
    pub fn lines(&self) -> usize {
        self.said.lines.lock().unwrap().len()
    }

    /// Waits for a line with this text after so many lines, and returns it.
    pub fn wait_for(&self, text: &str, after: usize) -> String {
        let lines = self.said.lines.lock().unwrap();
        let find = |lines: &[String]| {
            let mut new = lines.iter().skip(after);
            new.find(|line| line.contains(text)).cloned()
        };
        let waited = self
            .said
            .more
            .wait_timeout_while(lines, DEADLINE, |lines| find(lines).is_none());
        let (lines, _) = waited.unwrap();
        find(&lines).unwrap_or_else(|| panic!("it did not say {text:?}: {lines:#?}"))
    }

    /// Ends it as nothing can be prepared for.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Stops it in order.
    pub fn stop(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        end(i32::try_from(process.id()).unwrap(), Signal::TERM);
        let status = process.wait().unwrap();
        let lines = self.said.lines.lock().unwrap().join("\n");
        assert_eq!(crashes(&lines), [""; 0]);
        status
    }

    /// The Envoys that it has started and that run.
    pub fn envoys(&self) -> Vec<i32> {
        let place = self.place.path().display().to_string();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        let is_its_own = |id: &i32| {
            let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&arguments).contains(&format!("-c\0{place}"))
        };
        ids.filter(is_its_own).collect()
    }
}

fn end(id: i32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(id).unwrap(), signal);
}

impl Drop for Headgate {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        for id in self.envoys() {
            end(id, Signal::KILL);
        }
        if std::thread::panicking() {
            eprintln!("it said: {:#?}", self.said.lines.lock());
        }
    }
}
