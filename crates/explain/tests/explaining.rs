//! What is told of requests, beyond what an Envoy could confirm: probabilities, reasons, near misses.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // test code may stop

use explain::edge::HttpVersion;
use explain::{Explainer, Explanation, Outcome, Question};
use gateway_model::Gateway;

fn gateway(routes: &[&str]) -> Gateway {
    let routes: String = routes
        .iter()
        .map(|route| format!("  - {{ {route} }}\n"))
        .collect();
    let document = format!(
        "apiVersion: headgate.dev/v1alpha1\n\
         kind: Gateway\n\
         listeners: [{{ name: http, port: 80 }}]\n\
         upstreams:\n\
         \x20 one: {{ http: \"one:80\" }}\n\
         \x20 two: {{ http: \"two:80\" }}\n\
         \x20 web: {{ http: \"web:80\", websocket: true }}\n\
         routes:\n{routes}"
    );
    let checked = gateway_model::read("gateway.yaml", document.as_bytes());
    checked
        .unwrap_or_else(|wrong| panic!("{wrong}\n{document}"))
        .document
}

fn explain(routes: &[&str], method: &str, url: &str, headers: &[&str]) -> Explanation {
    let gateway = gateway(routes);
    let question = Question::new(HttpVersion::Http1, method, url, headers).unwrap();
    Explainer::new(&gateway).unwrap().explain(&question)
}

/// The names and probabilities of the destinations.
fn shares(explanation: &Explanation) -> Vec<(&str, f64)> {
    let destinations = explanation.destinations.iter();
    destinations
        .map(|one| (one.name.as_str(), one.probability))
        .collect()
}

#[test]
fn a_destination_is_as_probable_as_its_weight_unless_something_decides() {
    let route = "match: { prefix: / }, to: [{ upstream: one, weight: 3 }, { upstream: two }, \
                 { upstream: web, when: { query: { beta: \"1\" } } }], \
                 force: x-to, sticky: { cookie: { name: group } }";
    let asked = |url: &str, headers: &[&str]| {
        let explanation = explain(&[route], "GET", url, headers);
        let shares: Vec<String> = shares(&explanation)
            .into_iter()
            .filter(|(_, share)| *share > 0.0)
            .map(|(name, share)| format!("{name} {share}"))
            .collect();
        let choice = explanation.choice.unwrap();
        format!("{}; {}", shares.join(", "), choice.by)
    };
    assert_eq!(
        asked("/", &[]),
        "one 0.75, two 0.25; by weight; the client is given cookie group, and stays"
    );
    assert_eq!(asked("/", &["x-to: two"]), "two 1; header x-to names two");
    assert_eq!(
        asked("/?beta=1", &["x-to: none"]),
        "web 1; the request meets the conditions of web"
    );
    let kept = asked("/", &["cookie: group=4a"]);
    assert!(
        kept.ends_with(" 1; by weight, and cookie group keeps the client there"),
        "{kept}"
    );
}

#[test]
fn an_upgrade_is_refused_only_if_every_destination_refuses_it() {
    let upgrade = ["connection: upgrade", "upgrade: websocket"];
    let both = "match: { prefix: / }, to: [{ upstream: one }, { upstream: web }]";
    let mixed = explain(&[both], "GET", "/", &upgrade);
    assert_eq!(mixed.outcome, Outcome::Function);
    let refused: Vec<bool> = mixed
        .destinations
        .iter()
        .map(|one| one.refused.is_some())
        .collect();
    assert_eq!(refused, [true, false]);
    let none = "match: { prefix: / }, to: [{ upstream: one }, { upstream: two }]";
    let refused = explain(&[none], "GET", "/", &upgrade);
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(refused.refused.unwrap().reason, "upgrade_not_allowed");
}

#[test]
fn the_rule_that_decides_is_the_first_in_which_two_routes_differ() {
    let catch_all = "match: { prefix: / }, to: [{ upstream: two }]";
    for (matches, rule) in [
        ("prefix: /, hosts: [localhost]", "its host is more specific"),
        ("path: /a", "its path is more specific"),
        ("prefix: /, methods: [GET]", "it names its methods"),
        (
            "prefix: /, headers: { x-a: \"1\" }",
            "it has more conditions on headers",
        ),
        (
            "prefix: /, query: { a: \"1\" }",
            "it has more conditions on the query",
        ),
    ] {
        let route = format!("match: {{ {matches} }}, to: [{{ upstream: one }}]");
        let told = explain(&[catch_all, &route], "GET", "/a?a=1", &["x-a: 1"])
            .route
            .unwrap();
        assert_eq!(
            (told.index, told.before.unwrap().rule),
            (1, rule),
            "{matches}"
        );
    }
}

#[test]
fn ten_near_misses_are_told_and_the_nearest_come_first() {
    let routes: Vec<String> = (0..30)
        .map(|n| format!("match: {{ path: /pets/{n}/photo }}, respond: {{ status: 204 }}"))
        .chain([
            "match: { path: /pets/x/foto, methods: [PUT] }, respond: { status: 204 }".to_owned(),
        ])
        .collect();
    let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
    let told = explain(&routes, "GET", "/pets/x/foto", &[]);
    assert_eq!(told.near_misses.len(), 10);
    assert_eq!(told.near_misses[0].why, "the method is GET; it takes PUT");
    let told = explain(&routes, "GET", "/pets/7/phot", &[]);
    assert_eq!(told.near_misses[0].name, "/pets/7/photo");
    assert_eq!(
        told.near_misses[0].why,
        "the path is /pets/7/phot; it takes /pets/7/photo"
    );
    let far = explain(&routes, "GET", "/somewhere/else/entirely", &[]);
    assert!(far.near_misses.is_empty(), "{:?}", far.near_misses);
}

#[test]
fn a_url_is_what_its_client_sends() {
    for (url, headers, target, host) in [
        ("http://h", &[][..], "/", "h"),
        ("http://h?q", &[], "/?q", "h"),
        ("http://u:p@h:8080/a#f", &[], "/a", "h:8080"),
        ("https://h/a/../b", &["Host: other"], "/a/../b", "other"),
        ("/a#f", &[], "/a#f", "localhost"),
        ("*", &[], "*", "localhost"),
    ] {
        let question = Question::new(HttpVersion::Http1, "GET", url, headers).unwrap();
        assert_eq!(question.target, target.as_bytes(), "{url}");
        assert_eq!(question.host.as_deref(), Some(host.as_bytes()), "{url}");
    }
}

#[test]
fn what_is_written_in_the_name_of_a_proxy_decides_nothing() {
    let routes = [
        "match: { prefix: /, headers: { x-real-ip: 10.0.0.1 } }, to: [{ upstream: one }]",
        "match: { prefix: / }, to: [{ upstream: two }]",
    ];
    let explanation = explain(&routes, "GET", "/", &["x-real-ip: 10.0.0.1"]);
    assert_eq!(shares(&explanation), [("two", 1.0)]);
}

#[test]
fn limits_are_told_in_their_order_with_what_they_take() {
    let route = "name: pets, match: { path: \"/pets/{id}\" }, limits: [{ name: id, rate: 5/s, burst: 9, by: [path.id, header.x-a], \
                 cost: 3 }, { name: beta, rate: 1/s, when: { headers: { x-beta: \"yes\" } } }], \
                 to: [{ upstream: one, limits: [{ name: f, rate: 2/m, exempt: { office: { addresses: [192.0.2.0/24] } } }] }]";
    let gateway = gateway(&[route]);
    let explainer = Explainer::new(&gateway).unwrap();
    let mut question = Question::new(HttpVersion::Http1, "GET", "/pets/7", &[""; 0]).unwrap();
    question.client = Some("192.0.2.9".parse().unwrap());
    let explanation = explainer.explain(&question);
    let told: Vec<String> = explanation
        .limits
        .iter()
        .map(|one| {
            let (key, exempt, unmet) = (&one.key, &one.exempt, &one.unmet);
            format!(
                "{} {:?} {} {:?} {key:?} {exempt:?} {unmet:?}",
                one.place, one.asked, one.cost, one.burst
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "routes[0].limits[0] BeforeTokens 3 Some(9) [(\"path.id\", \"7\"), (\"header.x-a\", \"-\")] None None",
            "routes[0].limits[1] BeforeTokens 1 Some(1) [] None Some(\"header \\\"x-beta\\\"\")",
            "routes[0].to[0].limits[0] AfterTokens 1 Some(2) [] Some(\"office\") None",
        ]
    );
    // What no route takes is subject to the limits of all requests alone.
    let question = Question::new(HttpVersion::Http1, "GET", "/nowhere", &[""; 0]).unwrap();
    assert!(explainer.explain(&question).limits.is_empty());
}
