//! What a preflight is granted, against what then becomes of every request that a browser may send for it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]
#![cfg(not(target_arch = "wasm32"))]

use filter_api::HeaderList;
use function_router::{RouteConfig, Router};
use gateway::cors::{CorsPolicies, CorsPoliciesConfig, Readers};

const PARTNER: &str = "https://partner.example";

/// All conditions that a route may have.
const MATCHES: [&str; 8] = [
    r#"{"path": "/a"}"#,
    r#"{"path": "/a", "methods": ["PUT"]}"#,
    r#"{"path": "/a", "headers": {"x-a": "1"}}"#,
    r#"{"path": "/a", "headers": {"x-a": {"present": false}}}"#,
    r#"{"path": "/a", "headers": {"x-a": {"present": true}, "x-b": {"regex": "1"}}}"#,
    r#"{"path": "/a", "headers": {"accept": "1", "x-b": {"present": false}}, "methods": ["POST"]}"#,
    r#"{"path": "/a", "content_types": ["text/csv"]}"#,
    r#"{"prefix": "/"}"#,
];
const METHODS: [&str; 2] = ["PUT", "POST"];
const VALUES: [Option<&str>; 3] = [None, Some("1"), Some("2")];
const TYPES: [Option<&str>; 3] = [None, Some("text/csv"), Some("text/plain")];

/// A gateway of three routes, of which some are the partner's and the others are not.
fn gateway(matches: [&str; 3], partners: usize) -> (Router, CorsPolicies) {
    let route = |(index, text): (usize, &str)| {
        let route =
            format!(r#"{{"name": "{index}", "match": {text}, "respond": {{"status": 200}}}}"#);
        filter_api::parse_config::<RouteConfig>(route.as_bytes()).unwrap()
    };
    let routes: Vec<RouteConfig> = matches.into_iter().enumerate().map(route).collect();
    let router = Router::compile(&routes, None).unwrap();
    let policy = |index: usize| {
        format!(r#""{index}": {{"origins": ["{PARTNER}"], "headers": ["*"], "max_age": "1h"}}"#)
    };
    let of_partner = (0..3).filter(|index| partners & (1 << index) != 0);
    let policies = format!(
        r#"{{"gateway": {{"origins": ["https://shop.example"]}}, "routes": {{{}}}}}"#,
        of_partner.map(policy).collect::<Vec<_>>().join(", ")
    );
    let policies: CorsPoliciesConfig = filter_api::parse_config(policies.as_bytes()).unwrap();
    let policies = CorsPolicies::compile(&policies, router.routes()).unwrap();
    (router, policies)
}

/// A request that a page of the partner sends.
struct Sent {
    method: &'static str,
    /// `x-a`, `x-b`.
    named: [Option<&'static str>; 2],
    headers: HeaderList,
}

fn all_requests() -> Vec<Sent> {
    let mut all = Vec::new();
    for method in METHODS {
        for a in VALUES {
            for b in VALUES {
                for accept in VALUES {
                    for content_type in TYPES {
                        let usual = [(":method", method), (":path", "/a"), ("origin", PARTNER)];
                        let names = ["x-a", "x-b", "accept", "content-type"];
                        let values = [a, b, accept, content_type];
                        let fields = names.into_iter().zip(values);
                        let fields = fields.filter_map(|(name, value)| Some((name, value?)));
                        all.push(Sent {
                            method,
                            named: [a, b],
                            headers: usual.into_iter().chain(fields).collect(),
                        });
                    }
                }
            }
        }
    }
    all
}

/// The preflight of a request: its method, the names of its fields.
fn preflight(sent: &Sent) -> HeaderList {
    let names = ["x-a", "x-b"].into_iter().zip(sent.named);
    let mut names: Vec<&str> = names
        .filter_map(|(name, value)| value.map(|_| name))
        .collect();
    names.push("content-type");
    let names = names.join(",");
    [
        (":method", "OPTIONS"),
        (":path", "/a"),
        ("origin", PARTNER),
        ("access-control-request-method", sent.method),
        ("access-control-request-headers", &names),
    ]
    .into_iter()
    .collect()
}

/// What a browser remembers of all answers: whether there are any, their methods, and whether `x-a` and
/// `x-b` may be sent.
#[derive(Default)]
struct Remembered {
    any: bool,
    methods: Vec<String>,
    fields: [bool; 2],
}

#[test]
fn what_a_browser_sends_after_a_preflight_goes_to_a_route_that_granted_it() {
    let requests = all_requests();
    let (mut granted, mut refused) = (0, 0);
    // Each three once: which of them are the partner's makes up for their order.
    for (index, first) in MATCHES.into_iter().enumerate() {
        for (index, second) in MATCHES.into_iter().enumerate().skip(index) {
            for third in MATCHES.into_iter().skip(index) {
                for partners in 1..8 {
                    let matches = [first, second, third];
                    let (router, policies) = gateway(matches, partners);
                    // Whether the route that takes it grants it; what none takes harms nobody.
                    let harms = |sent: &Sent| {
                        let request = router.request(&sent.headers);
                        router.route(&request).is_ok_and(|route| {
                            let cors = policies.request(&sent.headers);
                            policies.readers(Some(route.index()), &cors) == Some(Readers::None)
                        })
                    };
                    let mut remembered = Remembered::default();
                    for sent in &requests {
                        let headers = preflight(sent);
                        let cors = policies.request(&headers);
                        let reply = policies.preflight(&router, &router.request(&headers), &cors);
                        let reply = reply.unwrap().reply;
                        if reply.status != 204 {
                            refused += 1;
                            let all_grant = partners == 7;
                            assert!(!all_grant || reply.label != "origin_not_allowed");
                            continue;
                        }
                        granted += 1;
                        let place = format!("{matches:?} {partners:b} {:?}", sent.headers);
                        assert!(!harms(sent), "{place}");
                        if reply.header("access-control-max-age") != Some("0") {
                            remembered.any = true;
                            let methods = reply.header("access-control-allow-methods").unwrap();
                            remembered
                                .methods
                                .extend(methods.split(", ").map(str::to_owned));
                            for (field, named) in remembered.fields.iter_mut().zip(sent.named) {
                                *field |= named.is_some();
                            }
                        }
                    }
                    // Without another preflight; for POST nobody needs to remember the method.
                    let unasked = requests.iter().filter(|sent| {
                        let mut fields = sent.named.iter().zip(remembered.fields);
                        let mut methods = remembered.methods.iter();
                        let method = sent.method == "POST" || methods.any(|one| one == sent.method);
                        remembered.any
                            && method
                            && fields.all(|(named, known)| named.is_none() || known)
                    });
                    for sent in unasked {
                        assert!(!harms(sent), "{matches:?} {partners:b} {:?}", sent.headers);
                    }
                }
            }
        }
    }
    println!("granted {granted}, refused {refused}");
    assert!(granted > 10_000 && refused > 10_000, "{granted} {refused}");
}
