//! A port that answers as Envoy does, and the program that asks it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// What is answered to a request, by its line: a status and a body; nothing is answered to nothing.
pub type Answer = fn(&str) -> Option<(u16, &'static str)>;

/// One port of an Envoy. It answers until the test ends.
pub struct Port {
    pub number: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Port {
    pub fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let record = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let record = Arc::clone(&record);
                std::thread::spawn(move || serve(&stream.unwrap(), answer, &record));
            }
        });
        Self { number, asked }
    }

    /// A port that nobody listens on.
    pub fn closed() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    }

    /// The requests so far: their lines, and the host.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: &TcpStream, answer: Answer, record: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let line = lines.next().unwrap_or_default();
    let line = line.trim_end_matches(" HTTP/1.1").to_owned();
    let mut host = String::new();
    for field in lines.take_while(|field| !field.is_empty()) {
        if let Some(value) = field.strip_prefix("host: ") {
            value.clone_into(&mut host);
        }
    }
    record.lock().unwrap().push(format!("{line} {host}"));
    match answer(&line) {
        Some((status, body)) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} \r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
        // Silent, but not gone.
        None => std::thread::sleep(std::time::Duration::from_secs(60)),
    }
}

/// Runs headgate; returns its exit code, and what it said on both outputs.
pub fn headgate(arguments: &[&str]) -> (i32, String, String) {
    let program = env!("CARGO_BIN_EXE_headgate");
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(program).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}
