//! Clients that come again.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]

use std::collections::BTreeMap;

use filter_api::HeaderList;
use function_router::{
    Circumstances, CookieConfig, Decision, DestinationConfig, MatchConfig, Reason, RouteConfig,
    Router, StickyConfig, Ticket,
};

fn router(sticky: StickyConfig) -> Router {
    let to = ["a", "b", "c"].map(|function| DestinationConfig {
        function: function.to_owned(),
        ..DestinationConfig::default()
    });
    let route = RouteConfig {
        name: "all".to_owned(),
        matches: MatchConfig {
            prefix: Some("/".to_owned()),
            ..MatchConfig::default()
        },
        to: to.into(),
        sticky: Some(sticky),
        ..RouteConfig::default()
    };
    Router::compile(&[route], None).unwrap()
}

/// What decided about a request with one field beside its path, the function, and the cookie.
fn decide(
    router: &Router,
    name: &str,
    value: &str,
    random: u64,
) -> (Ticket, String, Option<String>) {
    let path = if name == ":path" { value } else { "/" };
    let headers: HeaderList = [(":path", path), (name, value)].into_iter().collect();
    let request = router.request(&headers);
    let route = router.route(&request).unwrap();
    let mut circumstances = Circumstances {
        said: &[],
        random: &mut || random,
        spread: &mut || random,
        client: &mut || None,
    };
    let Decision::Forward(forward) = route.decide(&request, &mut circumstances).unwrap() else {
        panic!("it goes to a function");
    };
    let Reason::Share(ticket) = forward.reason else {
        panic!("weights decide");
    };
    (
        ticket,
        forward.destination.function.to_string(),
        forward.set_cookie,
    )
}

#[test]
fn a_cookie_brings_a_client_back_to_where_it_was() {
    let router = router(StickyConfig {
        cookie: Some(CookieConfig {
            name: "group".to_owned(),
            ..CookieConfig::default()
        }),
        ..StickyConfig::default()
    });
    let mut shares = BTreeMap::<String, u32>::new();
    for client in 0..3_000_u64 {
        let random = client.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (_, first, set_cookie) = decide(&router, "accept", "*/*", random);
        let set_cookie = set_cookie.unwrap();
        let (cookie, _) = set_cookie.split_once(';').unwrap();
        let (_, second, kept) = decide(&router, "cookie", cookie, !random);
        assert_eq!((first.as_str(), kept), (second.as_str(), None), "{cookie}");
        *shares.entry(first).or_default() += 1;
    }
    assert!(
        shares.values().all(|share| share.abs_diff(1_000) < 150),
        "{shares:?}"
    );
}

#[test]
fn a_header_that_says_nothing_says_not_who_asks() {
    let router = router(StickyConfig {
        header: Some("x-user".to_owned()),
        ..StickyConfig::default()
    });
    let ticket = |value| decide(&router, "x-user", value, 7).0;
    assert!(matches!(ticket("ada"), Ticket::Key(_)));
    assert_eq!(ticket(""), Ticket::Turn(7));
}

#[test]
fn a_cookie_for_some_paths_is_for_what_the_client_calls_them() {
    let cookie = CookieConfig {
        name: "group".to_owned(),
        path: Some("/pets".to_owned()),
        ..CookieConfig::default()
    };
    let sticky = StickyConfig {
        cookie: Some(cookie),
        ..StickyConfig::default()
    };
    let route = RouteConfig {
        name: "all".to_owned(),
        matches: MatchConfig {
            prefix: Some("/".to_owned()),
            ..MatchConfig::default()
        },
        to: vec![DestinationConfig {
            function: "a".to_owned(),
            ..DestinationConfig::default()
        }],
        sticky: Some(sticky),
        ..RouteConfig::default()
    };
    let router = Router::compile(&[route], Some("/prod")).unwrap();
    for (path, expected) in [
        ("/prod/pets", "; Path=/prod/pets; HttpOnly"),
        ("/pets", "; Path=/pets; HttpOnly"),
    ] {
        let (.., set_cookie) = decide(&router, ":path", path, 1);
        let set_cookie = set_cookie.unwrap();
        assert!(set_cookie.contains(expected), "{set_cookie}");
    }
}
