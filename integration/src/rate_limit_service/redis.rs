//! A Redis that keeps nothing on disk.

use std::io;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::port::free_address;
use super::process::Process;
use crate::made::on_path;

/// A Redis. It is stopped when it is dropped; in a test that is failing its log is printed then.
#[derive(Debug)]
pub struct Redis {
    process: Option<Process>,
    directory: TempDir,
    address: SocketAddr,
}

impl Redis {
    /// Starts one on a free port and returns when it answers.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn start() -> Self {
        let mut redis = Self {
            process: None,
            directory: TempDir::new().expect("a temporary directory"),
            address: free_address(),
        };
        redis.restart().await;
        redis
    }

    /// Where it listens, also while it does not run.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it at once, and with it all counts.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Lets it answer nobody, with its connections open and all counts, until [`resume`](Self::resume).
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

    /// Starts it again where it was, without what it knew.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn restart(&mut self) {
        self.kill();
        let mut command = Command::new(on_path("redis-server"));
        command
            .args(["--bind", "127.0.0.1", "--port"])
            .arg(self.address.port().to_string())
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(self.directory.path());
        let mut process = Process::run("Redis", command, &self.directory.path().join("log"));
        process
            .wait_until(async || ping(self.address).await.is_ok_and(|said| said == *b"+PONG"))
            .await;
        self.process = Some(process);
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("a Redis that runs")
    }
}

/// What it answers to a ping.
async fn ping(address: SocketAddr) -> io::Result<[u8; 5]> {
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(b"PING\r\n").await?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer).await?;
    Ok(answer)
}
