//! `headgate image`, as a user calls it, without anything of the user's.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// That all went well, and what was printed then.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    /// The same, as the object that it is.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// How it ended and the one line that it told.
    pub fn refused(self) -> (i32, String) {
        assert_eq!(self.out, "");
        (self.code, self.err.trim_end().to_owned())
    }
}

/// A call that is not made yet.
pub struct Call {
    command: Command,
    stdin: Option<String>,
    _home: TempDir,
}

/// `headgate image …`, with the arguments that the line has.
pub fn image(line: &str) -> Call {
    let home = TempDir::new().unwrap();
    let mut command = Command::new(program());
    command
        .arg("image")
        .args(line.split(' '))
        .env("HOME", home.path())
        .env("DOCKER_CONFIG", home.path())
        .env_remove("SOURCE_DATE_EPOCH")
        .env_remove("COSIGN_PASSWORD")
        .current_dir(home.path());
    Call {
        command,
        stdin: None,
        _home: home,
    }
}

impl Call {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn within(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub fn reading(mut self, stdin: &str) -> Self {
        self.stdin = Some(stdin.to_owned());
        self
    }

    pub async fn done(mut self) -> Done {
        let stdin = match &self.stdin {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        };
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        if let (Some(text), Some(mut pipe)) = (self.stdin, child.stdin.take()) {
            pipe.write_all(text.as_bytes()).await.unwrap();
        }
        let output = child.wait_with_output().await.unwrap();
        Done {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Calls it and waits for its end.
pub async fn call(line: &str) -> Done {
    image(line).done().await
}

/// The binary that is built beside the tests.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).map(|debug| debug.join("headgate"));
    let built = built.filter(|path: &PathBuf| Path::is_file(path));
    built.unwrap_or_else(|| panic!("no headgate beside {}: run `make build`", test.display()))
}

/// What another program prints.
pub async fn printed(program: PathBuf, line: &str) -> String {
    let home = TempDir::new().unwrap();
    let output = Command::new(&program)
        .args(line.split(' '))
        .env("HOME", home.path())
        .env("DOCKER_CONFIG", home.path())
        .env("COSIGN_PASSWORD", "secret")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(
        output.status.success(),
        "{} {line}: {out}{err}",
        program.display()
    );
    out + &err
}
