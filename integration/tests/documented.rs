//! The examples in `docs/`, through Envoy: of each page, the documents, and behind each document what is
//! sent to it and comes back, and what is counted then.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::path::Path;
use std::time::Duration;

use integration::client::{self, Request, Response};
use integration::envoy::Envoy;
use integration::rendered::Rendered;
use integration::upstream::{Answer, Upstream};

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Pages that show requests.
const PAGES: [&str; 3] = ["cors", "limits", "metrics"];

/// A block of a page.
enum Example<'p> {
    /// `yaml`: a part of a document.
    Document(&'p str),
    /// `http`: a request, and behind an empty line the status and fields of its response.
    Exchange(&'p str),
    /// `prometheus`: series and their values.
    Series(&'p str),
}

fn examples(page: &str) -> impl Iterator<Item = Example<'_>> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| {
        let (kind, text) = block.split_once('\n').unwrap();
        match kind {
            // Whole, it is for commands, which other tests call.
            "yaml" if text.starts_with("apiVersion") => None,
            "console" => None,
            "yaml" => Some(Example::Document(text)),
            "http" => Some(Example::Exchange(text)),
            "prometheus" => Some(Example::Series(text)),
            _ => panic!("what is a block of {kind:?}?"),
        }
    })
}

/// A whole document: what a part leaves out is not what it is about.
fn completed(part: &str, upstream: &Upstream) -> String {
    let mut document = format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
         listeners: [{{ name: http, port: 1, address: 127.0.0.1 }}]\n\
         upstreams: {{ pets: {{ http: \"{}\" }} }}\n{part}\n",
        upstream.address()
    );
    if !part.contains("routes:\n") {
        document += "routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]\n";
    }
    document
}

fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().map(|line| line.split_once(": ").unwrap())
}

/// Sends the request and compares: every field that is shown is there, and of those that concern CORS
/// none is there that is not shown.
async fn exchange(example: &str, envoy: &Envoy) {
    let (request, response) = example.split_once("\n\n").unwrap();
    let (line, request_fields) = request.split_once('\n').unwrap_or((request, ""));
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::new(method, path);
    for (name, value) in fields(request_fields) {
        request = request.header(name, value);
    }
    let client = client::http1(envoy.listener("http").await);
    let seen = client.send(request).await.unwrap();
    let (status, response_fields) = response.split_once('\n').unwrap_or((response, ""));
    assert_eq!(seen.status.as_str(), status, "{example}\n{seen:?}");
    let shown: Vec<(&str, &str)> = fields(response_fields).collect();
    for (name, value) in &shown {
        let found = seen.headers.get(*name).map(|value| value.to_str().unwrap());
        assert_eq!(found, Some(*value), "{name}\n{example}\n{seen:?}");
    }
    for name in of_cors(&seen) {
        let is_shown = shown.iter().any(|(known, _)| *known == name);
        assert!(is_shown, "{name} is not shown:\n{example}\n{seen:?}");
    }
}

fn of_cors(response: &Response) -> impl Iterator<Item = &str> {
    let names = response.headers.keys().map(|name| name.as_str());
    names.filter(|name| name.starts_with("access-control-") || *name == "vary")
}

/// Waits until the series are as they are shown.
async fn series(example: &str, envoy: &Envoy) {
    let waiting = async {
        loop {
            let seen = envoy.admin_get("/stats/prometheus").await;
            if example
                .lines()
                .all(|line| seen.lines().any(|seen| seen == line))
            {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
    };
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        let seen = envoy.admin_get("/stats/prometheus").await;
        let seen = seen.lines().filter(|line| line.starts_with("headgate_"));
        panic!("{example}\n{}", seen.collect::<Vec<_>>().join("\n"));
    }
}

#[tokio::test]
async fn every_example_is_as_it_is_shown() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for page in PAGES {
        let text = std::fs::read_to_string(docs.join(page).with_extension("md")).unwrap();
        let upstream = Upstream::start().await;
        upstream.answer(Answer::new(200));
        let mut running: Option<(Rendered, Envoy)> = None;
        let mut exchanges = 0;
        let mut all = examples(&text).peekable();
        while let Some(example) = all.next() {
            match (example, &running) {
                // Nothing is sent to it.
                (Example::Document(_), _)
                    if !matches!(all.peek(), Some(Example::Exchange(_) | Example::Series(_))) => {}
                (Example::Document(part), _) => {
                    if let Some((_, envoy)) = running.take() {
                        envoy.stop().await;
                    }
                    let rendered = Rendered::document(&completed(part, &upstream));
                    let envoy = rendered.start().await;
                    running = Some((rendered, envoy));
                }
                (Example::Exchange(example), Some((_, envoy))) => {
                    exchange(example, envoy).await;
                    exchanges += 1;
                }
                (Example::Series(example), Some((_, envoy))) => series(example, envoy).await,
                (Example::Exchange(_) | Example::Series(_), None) => {
                    panic!("{page}.md shows a request before a document")
                }
            }
        }
        assert!(exchanges >= 3, "{page}.md shows {exchanges} requests");
        if let Some((_, envoy)) = running {
            envoy.stop().await;
        }
    }
}
