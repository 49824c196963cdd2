//! The rows of the table: who is measured, and what each is asked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use integration::bootstrap::FRONT;
use integration::rendered::Rendered;
use serde_json::{Value, json};

use crate::envoys::{bootstrap, functions, list, module, one_answer, to_upstream};
use crate::jwt;
use crate::limits;
use crate::load::Requests;
use crate::routes::{self, Kind};

/// The row that all others are set against.
pub const BARE: &str = "bare";
/// The least that a module can cost which chooses a function.
pub const FLOOR: &str = "floor";

/// Functions that the routes of a router share, as routes of a document share upstreams.
pub const FUNCTIONS: usize = 10;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// What figures and results call it.
    pub key: String,
    /// What the table calls it.
    pub title: String,
    /// What runs.
    pub setup: Setup,
    /// What it is asked.
    pub requests: Requests,
}

/// What an Envoy runs.
#[derive(Debug)]
pub enum Setup {
    /// A bootstrap by hand.
    Bootstrap(Value),
    /// A document, rendered.
    Document(Rendered),
}

impl Setup {
    /// The name of the listener that is asked.
    pub fn listener(&self) -> &'static str {
        match self {
            Self::Bootstrap(_) => FRONT,
            Self::Document(_) => "http",
        }
    }
}

/// All rows, in the order of the table.
///
/// # Errors
/// When no tokens can be signed.
pub fn all(upstream: SocketAddr) -> Result<Vec<Row>> {
    let mut rows = Vec::from(modules());
    rows.extend([10, 1_000, 10_000].map(|routes| router(Kind::Template, routes, FUNCTIONS)));
    rows.push(own_functions(10_000));
    rows.push(router(Kind::Path, 1_000, FUNCTIONS));
    rows.push(router(Kind::Prefix, 1_000, FUNCTIONS));
    rows.push(router(Kind::Regex, 100, FUNCTIONS));
    rows.extend([10, 1_000, 10_000].map(|routes| pipeline(routes, None)));
    rows.push(pipeline(
        10,
        Some(json!({ "origins": ["https://shop.example.com"] })),
    ));
    for kind in [Kind::Path, Kind::Prefix] {
        rows.extend([10, 100, 1_000, 10_000].map(|routes| envoy_list(kind, routes)));
    }
    // Ten thousand expressions take Envoy milliseconds a request.
    rows.extend([10, 100, 1_000].map(|routes| envoy_list(Kind::Regex, routes)));
    rows.push(last_of_list(Kind::Path, 1_000));
    rows.extend(jwt::rows()?);
    rows.extend(limits::rows());
    rows.extend(with_upstream(upstream));
    Ok(rows)
}

/// An Envoy alone.
pub fn bare() -> Option<Row> {
    modules().into_iter().next()
}

/// A build of the pipeline.
pub fn build(name: &str, file: &Path, routes: usize) -> Row {
    let config = json!({ "routes": routes::of_router(Kind::Template, routes, FUNCTIONS) });
    let filter = module("gateway", file, &config);
    Row {
        key: name.to_owned(),
        title: name.to_owned(),
        setup: Setup::Bootstrap(bootstrap(vec![filter], functions(FUNCTIONS))),
        requests: one_of(routes, Kind::Template, ""),
    }
}

fn modules() -> [Row; 5] {
    let nothing = json!({});
    let chain = |modules: usize| {
        let noop = |index| module(&format!("noop-{index}"), &built("baseline"), &nothing);
        bootstrap((0..modules).map(noop).collect(), one_answer())
    };
    let naming = |looks: bool| {
        let config = json!({ "function": routes::function(0), "looks": looks });
        let module = module("baseline", &built("baseline"), &config);
        bootstrap(vec![module], functions(FUNCTIONS))
    };
    [
        (
            BARE,
            "Envoy alone, one answer",
            bootstrap(Vec::new(), one_answer()),
        ),
        ("noop", "a module that does nothing", chain(1)),
        ("noop-5", "five of them in a chain", chain(5)),
        (
            FLOOR,
            "the floor: a module that names one function for all",
            naming(false),
        ),
        (
            "floor-looking",
            "the same, and it takes all header fields first",
            naming(true),
        ),
    ]
    .map(|(key, title, bootstrap)| Row {
        key: key.to_owned(),
        title: title.to_owned(),
        setup: Setup::Bootstrap(bootstrap),
        requests: one_of(10, Kind::Template, ""),
    })
}

fn router(kind: Kind, routes: usize, functions: usize) -> Row {
    let config = json!({ "routes": routes::of_router(kind, routes, functions) });
    let what = match kind {
        Kind::Path => " of one path each",
        Kind::Prefix => " by prefix",
        Kind::Regex => " by regular expression",
        Kind::Template => "",
    };
    Row {
        key: format!("router-{}{routes}", key_of(kind)),
        title: format!("router, {} routes{what}", thousands(routes)),
        setup: in_front_of(functions, "function-router", &config),
        requests: one_of(routes, kind, ""),
    }
}

fn own_functions(routes: usize) -> Row {
    let row = router(Kind::Template, routes, routes);
    Row {
        key: format!("router-own-{routes}"),
        title: format!("{}, a function for each", row.title),
        ..row
    }
}

fn pipeline(routes: usize, cors: Option<Value>) -> Row {
    let mut config = json!({ "routes": routes::of_router(Kind::Template, routes, FUNCTIONS) });
    let (mut key, mut title) = (
        format!("pipeline-{routes}"),
        format!("pipeline, {} routes", thousands(routes)),
    );
    let mut fields = "";
    if let (Some(cors), Some(config)) = (cors, config.as_object_mut()) {
        config.insert("cors".to_owned(), json!({ "gateway": cors }));
        fields = "origin: https://shop.example.com\r\n";
        key += "-cors";
        title += ", CORS";
    }
    Row {
        key,
        title,
        setup: in_front_of(FUNCTIONS, "gateway", &config),
        requests: one_of(routes, Kind::Template, fields),
    }
}

fn envoy_list(kind: Kind, routes: usize) -> Row {
    let what = match kind {
        Kind::Path => "paths",
        Kind::Prefix => "prefixes",
        Kind::Template | Kind::Regex => "regular expressions",
    };
    Row {
        key: format!("envoy-{}{routes}", key_of(kind)),
        title: format!("Envoy alone, a list of {} {what}", thousands(routes)),
        setup: Setup::Bootstrap(bootstrap(Vec::new(), list(routes::of_envoy(kind, routes)))),
        requests: one_of(routes, kind, ""),
    }
}

/// A list that is passed to its end, where the others are passed to their middle on average.
fn last_of_list(kind: Kind, routes: usize) -> Row {
    let row = envoy_list(kind, routes);
    Row {
        key: format!("envoy-last-{}{routes}", key_of(kind)),
        title: format!("{}, only the last asked for", row.title),
        requests: Requests::of([routes::request_path(kind, routes - 1)], ""),
        ..row
    }
}

fn with_upstream(upstream: SocketAddr) -> [Row; 2] {
    let document = routes::document(10, upstream.port());
    [
        (
            "bare-upstream",
            "Envoy alone, one upstream",
            Setup::Bootstrap(to_upstream(upstream)),
        ),
        (
            "gateway-upstream",
            "a document of 10 routes as rendered, with its access log, upstreams",
            Setup::Document(Rendered::document(&document)),
        ),
    ]
    .map(|(key, title, setup)| Row {
        key: key.to_owned(),
        title: title.to_owned(),
        setup,
        requests: one_of(10, Kind::Template, ""),
    })
}

/// The module and the functions that it names.
fn in_front_of(count: usize, name: &str, config: &Value) -> Setup {
    let filter = module(name, &built(name), config);
    Setup::Bootstrap(bootstrap(vec![filter], functions(count)))
}

fn built(module: &str) -> PathBuf {
    integration::module(module)
}

fn one_of(routes: usize, kind: Kind, fields: &str) -> Requests {
    let paths = (0..routes).map(|index| routes::request_path(kind, index));
    Requests::of(paths, fields)
}

fn key_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Path => "path-",
        Kind::Prefix => "prefix-",
        Kind::Regex => "regex-",
        Kind::Template => "",
    }
}

/// A number as it is written.
pub fn thousands(number: usize) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        more => format!("{},{:03}", thousands(more), number % 1_000),
    }
}
