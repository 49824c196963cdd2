//! Whether Envoy is ready, and why it is not.

use std::time::{Duration, Instant};

use crate::envoy::{Answer, Port, headgate};
use crate::page;

fn probe(port: u16, admin_port: u16, more: &[&str]) -> (i32, String, String) {
    let (port, admin_port) = (port.to_string(), admin_port.to_string());
    let arguments = ["probe", "--port", &port, "--admin-port", &admin_port];
    headgate(&[&arguments, more].concat())
}

#[test]
fn it_is_ready_when_the_pipeline_answers_with_200() {
    let status = Port::answering(|_| Some((200, "")));
    let (code, out, err) = probe(status.number, Port::closed(), &[]);
    assert_eq!((code, &*out, &*err), (0, "ready\n", ""));
    assert!(page::shows("ready"));
    assert_eq!(status.asked(), ["GET /ready ready.headgate.internal"]);
}

#[test]
fn why_it_is_not_is_told() {
    let cases: [(Answer, &str); 4] = [
        (
            |_| {
                Some((
                    200,
                    "a.version_text: \"\"\na.config_fail: 2\na.config_reload: 1\n",
                ))
            },
            "Envoy has refused the configuration of the pipeline; its log says why",
        ),
        (
            |_| Some((200, "a.config_fail: 0\na.config_reload: 0\n")),
            "Envoy has no configuration of the pipeline yet",
        ),
        (
            |_| {
                Some((
                    200,
                    "a.version_text: \"1\"\na.config_fail: 1\na.config_reload: 1\n",
                ))
            },
            "the pipeline does not work: it answers 500",
        ),
        (
            |_| Some((500, "")),
            "Envoy has no configuration of the pipeline yet",
        ),
    ];
    for (stats, why) in cases {
        let status = Port::answering(|_| Some((500, "")));
        let admin = Port::answering(stats);
        let (code, out, err) = probe(status.number, admin.number, &[]);
        assert_eq!(
            (code, &*out, &*err),
            (7, &*format!("not ready: {why}\n"), "")
        );
        // Of what is rare the page shows nothing.
        assert_eq!(page::shows(out.trim()), !why.contains("500"), "{out}");
        let asked = "GET /stats?filter=extension_config_discovery admin";
        assert_eq!(admin.asked(), [asked]);
    }
}

#[test]
fn without_an_envoy_it_is_not_ready() {
    let port = Port::closed();
    let (code, out, _) = probe(port, Port::closed(), &[]);
    let why = format!("not ready: no Envoy listens at 127.0.0.1:{port}\n");
    assert_eq!((code, &out), (7, &why));
    let usual = why.replace(&port.to_string(), "8090");
    assert!(page::shows(usual.trim()), "{usual}");
}

#[test]
fn an_envoy_that_does_not_answer_is_not_waited_for() {
    let silent = Port::answering(|_| None);
    let began = now();
    let (code, out, _) = probe(silent.number, silent.number, &["--timeout", "400ms"]);
    let took = now() - began;
    let port = silent.number;
    let why = format!(
        "not ready: 127.0.0.1:{port} took the connection and gave no answer within 200ms\n"
    );
    assert_eq!((code, out), (7, why));
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn a_port_that_speaks_no_http_is_not_ready() {
    let status = Port::answering(|_| Some((0, "")));
    let (code, out, _) = probe(status.number, Port::closed(), &[]);
    assert_eq!(code, 7, "{out}");
    assert!(out.contains("gave no answer: "), "{out}");
}

#[test]
fn what_is_no_time_is_a_mistake_of_the_command_line() {
    let (code, _, err) = headgate(&["probe", "--timeout", "1"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("expected a duration such as"), "{err}");
}

#[allow(clippy::disallowed_methods, reason = "native code, which has a clock")]
fn now() -> Instant {
    Instant::now()
}
