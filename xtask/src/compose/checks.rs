//! What must be true of the petstore behind its gateway, one request or few for each kind of route.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::http::{self, Response};
use super::{grpc, websocket};
use crate::outcome::Outcome;

/// At one in ten for the canary, it is missed 200 times in a row once in a billion runs.
const MOST_TRIES: usize = 200;

/// What Envoy logs when a filter has crashed.
const CRASH: &str = "Wasm VM failed";

type Check = fn(SocketAddr) -> Result<String>;

const CHECKS: [(&str, Check); 8] = [
    ("GET /pets is shared between two versions", both_versions),
    ("GET /pets/{id} shows a pet", one_pet),
    ("POST /pets adds a pet to the first version", added_pet),
    (
        "POST /pets of one user is refused by the rate-limit service",
        limited_user,
    ),
    ("an unknown path is 404", unknown_path),
    ("another method is 405", other_method),
    ("gRPC: stock.v1.Stock/Reserve is answered", reservation),
    ("WebSocket: /chat sends back what it gets", echo),
];

/// Sends requests to the gateway at `address`.
pub fn through_the_gateway(address: SocketAddr) -> Vec<Outcome> {
    CHECKS
        .map(|(what, check)| Outcome {
            what: what.to_owned(),
            found: check(address),
        })
        .into()
}

/// Looks at what the gateway has logged meanwhile.
pub fn of_the_log(log: &str) -> Outcome {
    Outcome {
        what: "no filter has crashed".to_owned(),
        found: no_crash(log),
    }
}

fn both_versions(gateway: SocketAddr) -> Result<String> {
    let mut answers = BTreeMap::from([("pets-v1", 0), ("pets-v2", 0)]);
    for _ in 0..MOST_TRIES {
        let answer = expect(200, http::get(gateway, "/pets")?)?;
        let served_by = served_by(&answer)?;
        *answers
            .get_mut(served_by)
            .with_context(|| format!("answered by {served_by}"))? += 1;
        if answers.values().all(|&count| count > 0) {
            return Ok(counts(&answers));
        }
    }
    bail!("one version has answered every time: {}", counts(&answers))
}

fn one_pet(gateway: SocketAddr) -> Result<String> {
    let answer = expect(200, http::get(gateway, "/pets/2")?)?;
    let name = member(&answer, "name")?;
    ensure!(name == "Tom", "expected the pet Tom, found {name}");
    Ok(format!("by {}", served_by(&answer)?))
}

fn added_pet(gateway: SocketAddr) -> Result<String> {
    let content_type = ("content-type", "application/json");
    let pet = r#"{"name":"Ada","kind":"owl"}"#;
    let answer = expect(
        201,
        http::send(gateway, "POST", "/pets", &[content_type], pet)?,
    )?;
    ensure!(
        served_by(&answer)? == "pets-v1",
        "answered by {}",
        served_by(&answer)?
    );
    Ok(format!("location: {}", header(&answer, "location")?))
}

/// The limit is five in a minute, and one may end meanwhile; a request passes as well of which a busy service does
/// not say in time whether it may.
fn limited_user(gateway: SocketAddr) -> Result<String> {
    let fields = [("content-type", "application/json"), ("x-user", "ada")];
    for passed in 0..MOST_TRIES {
        let pet = r#"{"name":"Ada","kind":"owl"}"#;
        let answer = http::send(gateway, "POST", "/pets", &fields, pet)?;
        if answer.status != 429 {
            expect(201, answer)?;
            continue;
        }
        refusal(429, &answer)?;
        let detail = member(&answer, "detail")?;
        ensure!(
            detail == "The limit \"adding\" is reached.",
            "found {detail}"
        );
        // A bucket of the gateway's own would be told of.
        ensure!(
            answer.header("ratelimit").is_none(),
            "not by the service: {answer:?}"
        );
        let after = header(&answer, "retry-after")?;
        return Ok(format!("{passed} passed, retry-after: {after}"));
    }
    bail!("{MOST_TRIES} have passed")
}

fn unknown_path(gateway: SocketAddr) -> Result<String> {
    refusal(404, &http::get(gateway, "/horses")?)
}

fn other_method(gateway: SocketAddr) -> Result<String> {
    let answer = http::send(gateway, "DELETE", "/pets", &[], "")?;
    let allow = header(&answer, "allow")?;
    ensure!(
        allow == "GET, POST",
        "expected allow: GET, POST, found {allow}"
    );
    refusal(405, &answer)
}

/// A refusal of the gateway's own: RFC 9457, and no service has seen the request.
fn refusal(status: u16, answer: &Response) -> Result<String> {
    ensure!(
        answer.status == status,
        "expected {status}, found {answer:?}"
    );
    let content_type = header(answer, "content-type")?;
    ensure!(
        content_type == "application/problem+json",
        "content-type is {content_type}"
    );
    let said = member(answer, "status")?;
    ensure!(
        said == status,
        "expected status {status} in the problem, found {said}"
    );
    if let Ok(service) = served_by(answer) {
        bail!("expected the gateway to answer, found {service}");
    }
    Ok(content_type.to_owned())
}

fn reservation(gateway: SocketAddr) -> Result<String> {
    // ReserveRequest { item: "lamp", quantity: 1 }; the reply's first field is the reservation.
    let answer = grpc::call(gateway, "stock.v1.Stock/Reserve", b"\x0a\x04lamp\x10\x01")?;
    match answer.as_slice() {
        [0x08, reservation, ..] if *reservation > 0 => Ok(format!("reservation {reservation}")),
        _ => bail!("expected a ReserveReply, found {answer:02x?}"),
    }
}

fn echo(gateway: SocketAddr) -> Result<String> {
    let answer = websocket::echo(gateway, "/chat", "hello")?;
    ensure!(answer == "hello", "expected hello, found {answer:?}");
    Ok(answer)
}

fn no_crash(log: &str) -> Result<String> {
    ensure!(!log.is_empty(), "the gateway has logged nothing at all");
    match log.lines().find(|line| line.contains(CRASH)) {
        None => Ok(format!("{} lines of log", log.lines().count())),
        Some(line) => bail!("{line}"),
    }
}

fn expect(status: u16, answer: Response) -> Result<Response> {
    ensure!(
        answer.status == status,
        "expected {status}, found {answer:?}"
    );
    Ok(answer)
}

fn served_by(answer: &Response) -> Result<&str> {
    header(answer, "x-served-by")
}

fn header<'a>(answer: &'a Response, name: &str) -> Result<&'a str> {
    answer
        .header(name)
        .with_context(|| format!("expected a header {name}, found {answer:?}"))
}

/// A member of the JSON object that the body is.
fn member(answer: &Response, name: &str) -> Result<Value> {
    let body: Value = serde_json::from_str(&answer.body)
        .with_context(|| format!("no JSON: {:?}", answer.body))?;
    body.get(name)
        .cloned()
        .with_context(|| format!("expected {name:?} in {body}"))
}

fn counts(answers: &BTreeMap<&str, u32>) -> String {
    let counts: Vec<_> = answers
        .iter()
        .map(|(version, n)| format!("{version}: {n}"))
        .collect();
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_in_the_log_is_a_failure() {
        assert!(!of_the_log("[info] starting workers\n").is_failure());
        assert!(of_the_log("").is_failure());
        let crash = of_the_log("[info] a\n[critical] Wasm VM failed Function: f\n");
        assert_eq!(
            crash.to_string(),
            "FAILED  no filter has crashed: [critical] Wasm VM failed Function: f"
        );
    }
}
