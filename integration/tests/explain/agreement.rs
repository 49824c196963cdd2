//! 10,000 requests over generated documents, explained and sent.

use std::fmt::Debug;

use explain::edge::HttpVersion;
use explain::{Explainer, Explanation, Outcome, Question, Refused};
use fastrand::Rng;
use filter_api::HeaderList;
use integration::envoy::Envoy;
use integration::mirror::Mirror;
use integration::raw::{RawRequest, Received, send_all};
use integration::rendered::Rendered;

use crate::documents::{UPSTREAMS, document};
use crate::requests::request;

const DOCUMENTS: usize = 8;
const REQUESTS: usize = 1250;

/// Envoy takes a second to close a connection of HTTP/2 on which something was wrong.
const CONNECTIONS: usize = 60;

/// How many differences are printed.
const SHOWN: usize = 20;

#[tokio::test]
async fn what_is_said_of_ten_thousand_requests_is_what_happens() {
    let seed = std::env::var("SEED").map_or(6, |seed| seed.parse().unwrap());
    println!("SEED={seed} makes the same documents and requests again");
    let mut rng = Rng::with_seed(seed);
    let mut mirrors = Vec::new();
    for name in UPSTREAMS {
        mirrors.push(Mirror::start(name).await);
    }
    let addresses: Vec<String> = mirrors
        .iter()
        .map(|one| one.address().to_string())
        .collect();
    let mut differences = Vec::new();
    let mut outcomes = [0; 5];
    for _ in 0..DOCUMENTS {
        let document = document(&mut rng, &addresses);
        let checked = gateway_model::read("gateway.yaml", document.as_bytes()).unwrap();
        let explainer = Explainer::new(&checked.document).unwrap();
        let requests: Vec<RawRequest> = (0..REQUESTS).map(|_| request(&mut rng)).collect();
        let rendered = Rendered::document(&document);
        let envoy: Envoy = rendered.start().await;
        let received = send_all(envoy.listener("http").await, requests.clone(), CONNECTIONS).await;
        for (request, received) in requests.iter().zip(received.unwrap()) {
            let explanation = explainer.explain(&question(request));
            outcomes[explanation.outcome as usize] += 1;
            if let Err(difference) = compare(&explanation, &received) {
                differences.push(format!("{request}\n  {difference}"));
            }
        }
        envoy.stop().await;
    }
    let shown = differences[..differences.len().min(SHOWN)].join("\n");
    assert_eq!(
        differences.len(),
        0,
        "differences, the first of them:\n{shown}"
    );
    println!("functions, redirects, answers, preflights, refusals: {outcomes:?}");
    // Every kind is there often enough to mean something.
    assert!(outcomes.iter().all(|&count| count > 20), "{outcomes:?}");
}

fn question(request: &RawRequest) -> Question {
    let fields: HeaderList = request
        .fields
        .iter()
        .map(|(name, value)| (name, value))
        .collect();
    Question {
        version: match request.http2 {
            true => HttpVersion::Http2,
            false => HttpVersion::Http1,
        },
        https: false,
        method: request.method.clone(),
        target: request.target.clone(),
        host: request.host.clone(),
        fields,
        client: None,
        now: std::time::Duration::ZERO, // there is no token
    }
}

/// What differs between what was said and what came back.
fn compare(said: &Explanation, received: &Received) -> Result<(), String> {
    let found = received.seen();
    let status = status(received);
    match said.outcome {
        Outcome::Function => {
            let mut possible = said.destinations.iter().filter(|one| one.probability > 0.0);
            let Some(found) = found else {
                // One of several may not be able to take it.
                let refuses = possible.any(|one| {
                    let refused = one.refused.as_ref();
                    refused.is_some_and(|refused| refusal(refused, received).is_ok())
                });
                let wrong = || format!("said a function, found {status:?}");
                return refuses.then_some(()).ok_or_else(wrong);
            };
            let mut fits = Err("said no destination".to_owned());
            for one in possible {
                let hosts = [one.host.0.clone()];
                fits = expect("upstream", &one.upstream, &found.mirror)
                    .and_then(|()| expect("method", &one.method.0, &found.method))
                    .and_then(|()| expect("path", &one.path.to_string(), &text(&found.path)))
                    .and_then(|()| expect("host", &&hosts[..], &&found.hosts[..]));
                if fits.is_ok() {
                    break;
                }
            }
            fits
        }
        Outcome::Redirect | Outcome::Answer | Outcome::Preflight => {
            let answer = said.answer.as_ref().ok_or("said no answer")?;
            expect("from an upstream", &None::<()>, &found)?;
            if answer.grpc_status.is_some() {
                return expect("grpc-status", &answer.grpc_status, &grpc_status(received));
            }
            expect("status", &Some(answer.status), &status)?;
            let location = answer.location.as_deref().map(str::as_bytes);
            expect("location", &location, &received.header("location"))?;
            let Received::Response { body, .. } = received else {
                return Err("closed".to_owned());
            };
            let allowed = answer.allow_methods.as_deref().map(str::as_bytes);
            expect(
                "methods",
                &allowed,
                &received.header("access-control-allow-methods"),
            )?;
            expect("body", &answer.body.0, body)
        }
        Outcome::Refused => {
            let refused = said.refused.as_ref().ok_or("said no refusal")?;
            expect("from an upstream", &None::<()>, &found)?;
            refusal(refused, received)
        }
    }
}

fn refusal(said: &Refused, received: &Received) -> Result<(), String> {
    match said.grpc_status {
        None => expect("status", &said.status, &status(received)),
        told => expect("grpc-status", &told, &grpc_status(received)),
    }
}

fn expect(what: &str, said: &dyn Debug, found: &dyn Debug) -> Result<(), String> {
    let (said, found) = (format!("{said:?}"), format!("{found:?}"));
    match said == found {
        true => Ok(()),
        false => Err(format!("{what}: said {said}, found {found}")),
    }
}

fn status(received: &Received) -> Option<u16> {
    match received {
        Received::Response { status, .. } => Some(*status),
        Received::Closed => None,
    }
}

fn grpc_status(received: &Received) -> Option<u8> {
    text(received.header("grpc-status")?).parse().ok()
}

fn text(bytes: &[u8]) -> String {
    explain::Octets(bytes.to_vec()).to_string()
}
