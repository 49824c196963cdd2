//! An Envoy with one filter in it, and everything that it is connected to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use filter_api::Holding;
use filter_testing::{Answer as CaseAnswer, Case, Observed, ObservedMessage, parse_fields};
use hyper::HeaderMap;
use integration::bootstrap::{FRONT, OBSERVED_FUNCTION, Proxy, wasm_filter};
use integration::client::{self, Client, Request, Response};
use integration::envoy::{Envoy, Launch};
use integration::module;
use integration::upstream::{Answer, SeenRequest, Upstream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tokens;

/// The field that tells requests apart in the access log.
const CASE: &str = "x-case";

/// The field that tells Envoy who a request's client is, where it is not who sends it.
const CLIENT: &str = "x-forwarded-for";

/// More than what arrives at once above what a filter may hold, so that the filter, not Envoy, is the
/// one to refuse; as Headgate renders it.
const ABOVE_HELD: u32 = 64 * 1024;

/// One worker, so that what a filter keeps between two cases is in one place.
pub struct Host {
    envoy: Envoy,
    upstream: Upstream,
    callouts: BTreeMap<String, Upstream>,
    http1: Client,
    h2: Client,
}

impl Host {
    /// `clusters` are there for callouts, and no others; these are the providers of requests' tokens.
    pub async fn start(
        module: &str,
        config: &Value,
        clusters: BTreeSet<String>,
        providers: &BTreeSet<String>,
    ) -> Self {
        let upstream = Upstream::start().await;
        let mut callouts = BTreeMap::new();
        for cluster in clusters {
            callouts.insert(cluster, Upstream::start().await);
        }
        let envoy = launch(module, config, &upstream, &callouts, providers);
        let envoy = envoy.start().await;
        let address = envoy.listener(FRONT).await;
        Self {
            envoy,
            upstream,
            callouts,
            http1: client::http1(address),
            h2: client::h2(address),
        }
    }

    /// An Envoy that is expected not to start.
    pub async fn launch(module: &str, config: &Value) -> Launch {
        let upstream = Upstream::start().await;
        launch(
            module,
            config,
            &upstream,
            &BTreeMap::new(),
            &BTreeSet::new(),
        )
    }

    pub async fn run(&self, case: &Case, id: &str) -> Observed {
        self.upstream.answer(answer(&case.upstream));
        for (cluster, upstream) in &self.callouts {
            upstream.answer(answer(&case.callouts[cluster]));
        }
        let before = self.upstream.requests();
        let with_trailers =
            !(case.request.trailers.is_empty() && case.upstream.trailers.is_empty());
        let client = if with_trailers { &self.h2 } else { &self.http1 };
        let response = client.send(request(case, id)).await.unwrap();
        let seen = self.upstream.seen().split_off(before);
        assert!(seen.len() <= 1, "one request became {}", seen.len());
        let function = |seen: &SeenRequest| {
            let function = seen.headers.get(OBSERVED_FUNCTION)?;
            Some(function.to_str().unwrap().to_owned())
        };
        Observed {
            function: seen.first().and_then(function),
            answered: match seen.is_empty() {
                true => Some(self.logged_details(id).await),
                false => None,
            },
            forwarded: seen.first().map(|seen| forwarded(seen, of_harness(case))),
            status: response.status.as_u16(),
            response: received(response),
        }
    }

    pub async fn stop(self) {
        self.envoy.stop().await;
    }

    /// Why Envoy, or a filter in it, answered itself.
    async fn logged_details(&self, id: &str) -> String {
        let beginning = format!("case {id}: ");
        self.envoy.wait_for_log(&beginning).await;
        let log = self.envoy.log();
        let line = log.lines().find_map(|line| line.strip_prefix(&beginning));
        line.unwrap().to_owned()
    }
}

/// What cases' configurations have in common.
#[derive(Deserialize)]
struct Common {
    #[serde(default)]
    holding: Holding,
    #[serde(default)]
    routes: Vec<Route>,
}

#[derive(Deserialize)]
struct Route {
    /// Redirects and answers of the gateway's own ask no function.
    #[serde(default)]
    to: Vec<Destination>,
}

#[derive(Deserialize)]
struct Destination {
    function: String,
}

fn launch(
    name: &str,
    config: &Value,
    upstream: &Upstream,
    callouts: &BTreeMap<String, Upstream>,
    providers: &BTreeSet<String>,
) -> Launch {
    let Common { holding, routes } = Common::deserialize(config).unwrap();
    let destinations = routes.into_iter().flat_map(|route| route.to);
    let plugin = json!({
        "allow_on_headers_stop_iteration": holding.allow_on_headers_stop_iteration,
    });
    let log = format!("case %REQ({CASE})%: %RESPONSE_CODE_DETAILS%\n");
    let mut proxy = Proxy::to(upstream);
    if !providers.is_empty() {
        proxy = proxy.filter(tokens::filter(providers));
    }
    let mut proxy = proxy
        .filter(wasm_filter(name, &module(name), config, plugin))
        .functions(destinations.map(|destination| destination.function))
        .body_buffer_limit(holding.max_held_bytes.bytes() + ABOVE_HELD)
        .manager("normalize_path", true.into())
        .manager("merge_slashes", true.into())
        .manager("upgrade_configs", json!([{ "upgrade_type": "websocket" }]))
        .manager("access_log", json!([access_log(&log)]));
    for (cluster, upstream) in callouts {
        proxy = proxy.cluster(cluster, upstream);
    }
    Envoy::launch(proxy.bootstrap())
        .concurrency(1)
        .arguments(["--file-flush-interval-msec", "10"])
}

fn access_log(format: &str) -> Value {
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": { "text_format_source": { "inline_string": format } },
        },
    })
}

fn answer(of: &CaseAnswer) -> Answer {
    let mut answer = Answer::new(of.status);
    for (name, value) in parse_fields(&of.headers) {
        answer = answer.header(&name, value);
    }
    if !of.body.is_empty() {
        answer = answer.body(of.body.clone());
    }
    for (name, value) in parse_fields(&of.trailers) {
        answer = answer.trailer(&name, value);
    }
    answer
}

fn request(case: &Case, id: &str) -> Request {
    let of = &case.request;
    let mut request = Request::new(&of.method, &of.path)
        .authority(&of.host)
        .header(CASE, id);
    let fields = of.fields();
    if is_elsewhere(case) {
        assert!(
            fields.iter().all(|(name, _)| name != CLIENT),
            "a request has `client` or the field {CLIENT}, not both"
        );
        request = request.header(CLIENT, of.client.to_string());
    }
    for (name, value) in fields {
        request = request.header(&name, value);
    }
    for (provider, claims) in &of.claims {
        request = request.header(&tokens::field(provider), tokens::token(claims));
    }
    for (name, value) in parse_fields(&of.trailers) {
        request = request.trailer(&name, value);
    }
    match of.body.as_deref() {
        None => request,
        Some("") if of.trailers.is_empty() => request.fed().0,
        Some(body) => request.body(body.to_owned()),
    }
}

/// Whether the client is not the one that connects.
fn is_elsewhere(case: &Case) -> bool {
    case.request.client != Ipv4Addr::LOCALHOST
}

/// Names of fields that are no part of the case.
fn of_harness(case: &Case) -> &'static [&'static str] {
    match is_elsewhere(case) {
        true => &[OBSERVED_FUNCTION, CASE, CLIENT],
        false => &[OBSERVED_FUNCTION, CASE],
    }
}

fn forwarded(seen: &SeenRequest, of_harness: &[&str]) -> ObservedMessage {
    let mut headers = vec![
        (":method".to_owned(), seen.method.clone().into_bytes()),
        (":path".to_owned(), seen.path.clone().into_bytes()),
    ];
    let authority = seen.authority.clone().map(String::into_bytes);
    headers.extend(authority.map(|authority| (":authority".to_owned(), authority)));
    let of_case = |(name, _): &(String, Vec<u8>)| !of_harness.contains(&name.as_str());
    headers.extend(lines(&seen.headers).filter(of_case));
    ObservedMessage {
        headers,
        body: seen.body.clone(),
        trailers: lines(&seen.trailers).collect(),
    }
}

fn received(response: Response) -> ObservedMessage {
    ObservedMessage {
        headers: lines(&response.headers).collect(),
        trailers: lines(&response.trailers).collect(),
        body: response.body.into(),
    }
}

fn lines(fields: &HeaderMap) -> impl Iterator<Item = (String, Vec<u8>)> {
    let line = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_owned())
    };
    fields.iter().map(line)
}
