//! The steps of a drain, and what is told of it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::envoy::{Port, headgate};
use crate::page;

const STATS: &str =
    "GET /stats?filter=%5Ehttp%5C..%2A%5C.downstream_%28cx%7Crq%7Ccx_upgrades%29_active%24";

fn drain(port: &Port, accept_for: &str, drain_for: &str) -> (i32, String, String) {
    let port = port.number.to_string();
    headgate(&[
        "drain",
        "--admin-port",
        &port,
        "--accept-for",
        accept_for,
        "--drain-for",
        drain_for,
    ])
}

/// What it told, without the times.
fn told(out: &str) -> Vec<&str> {
    let lines = out.lines();
    lines
        .map(|line| line.split_once(" s  ").unwrap().1)
        .collect()
}

#[test]
fn first_the_health_fails_and_then_connections_end() {
    static LOOKS: AtomicU32 = AtomicU32::new(0);
    let admin = Port::answering(|line| {
        Some(match line {
            "GET /server_info" => (200, r#"{"command_line_options":{"drain_time":"1s"}}"#),
            STATS => match LOOKS.fetch_add(1, Ordering::Relaxed) {
                0 => (200, "http.https.downstream_cx_active: 1\n"),
                _ => (
                    200,
                    "http.https.downstream_cx_active: 0\nhttp.admin.downstream_cx_active: 1\n",
                ),
            },
            _ => (200, "OK\n"),
        })
    });
    let (code, out, err) = drain(&admin, "10ms", "10s");
    assert_eq!((code, &*err), (0, ""));
    assert_eq!(
        told(&out),
        [
            "the health check fails from now on; new connections are served for 10ms more",
            "connections end with their next response; waiting for them for 10s at most",
            "no connection is left",
        ]
    );
    for (told, with_defaults) in told(&out).iter().zip(["3m", "1m", ""]) {
        let told = told
            .replace("10ms", with_defaults)
            .replace("10s", with_defaults);
        assert!(
            page::shows(&told),
            "docs/containers.md does not show: {told}"
        );
    }
    let stats = format!("{STATS} admin");
    assert_eq!(
        admin.asked(),
        [
            "POST /healthcheck/fail admin",
            "GET /server_info admin",
            "POST /drain_listeners?graceful&skip_exit admin",
            &stats,
            &stats,
        ]
    );
}

#[test]
fn what_does_not_end_is_not_waited_for_longer_than_told() {
    let admin = Port::answering(|line| {
        Some(match line {
            "GET /server_info" => (200, r#"{"command_line_options":{"drain_time":"600s"}}"#),
            STATS => (
                200,
                "http.http.downstream_cx_active: 3\n\
                 http.http.downstream_rq_active: 1\n\
                 http.http.downstream_cx_upgrades_active: 1\n",
            ),
            _ => (200, "OK\n"),
        })
    });
    let (code, out, _) = drain(&admin, "0s", "250ms");
    assert_eq!(code, 0);
    assert_eq!(
        told(&out),
        [
            "the health check fails from now on; new connections are served for 0s more",
            "Envoy was started to end connections over 600 s, so some will be left: start it with \
             --drain-time-s 20",
            "connections end with their next response; waiting for them for 250ms at most",
            "3 connections, 1 request (1 WebSocket) left, which end with Envoy",
        ]
    );
    let [.., left] = told(&out)[..] else {
        panic!("{out}");
    };
    assert!(
        page::shows(left),
        "docs/containers.md does not show: {left}"
    );
}

#[test]
fn without_an_envoy_there_is_nothing_to_drain() {
    let port = Port::closed();
    let (code, out, err) = headgate(&["drain", "--admin-port", &port.to_string()]);
    assert_eq!((code, &*out), (3, ""));
    let why = format!(
        "error: Envoy cannot be asked to POST /healthcheck/fail: no Envoy listens at 127.0.0.1:{port}\n"
    );
    assert_eq!(err, why);
}

#[test]
fn what_refuses_is_named() {
    let admin = Port::answering(|_| Some((405, "Method Not Allowed\n")));
    let (code, _, err) = drain(&admin, "0s", "0s");
    assert_eq!(code, 3);
    assert_eq!(
        err,
        "error: Envoy answers POST /healthcheck/fail with 405: Method Not Allowed\n"
    );
}
