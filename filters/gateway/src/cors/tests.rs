#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use filter_api::{Caller, HeaderList};
use function_router::{Denial, MatchConfig, RespondConfig, RouteConfig, Router};

use super::*;

fn config(json: &str) -> CorsConfig {
    filter_api::parse_config(json.as_bytes()).unwrap()
}

fn cors(json: &str) -> Cors {
    Cors::compile(&config(json)).unwrap()
}

fn refused(json: &str) -> String {
    Cors::compile(&config(json)).unwrap_err().to_string()
}

/// `name: value` fields of a request with this method.
fn request(method: &str, fields: &[&str]) -> HeaderList {
    let fields = fields.iter().map(|field| field.split_once(": ").unwrap());
    std::iter::once((":method", method)).chain(fields).collect()
}

/// What a preflight is answered with, as `status` and sorted `name: value` lines, where all there is is
/// a route with these methods.
fn preflight(policy: &str, fields: &[&str], methods: &[&str]) -> (u16, Vec<String>) {
    let route = RouteConfig {
        name: "r".to_owned(),
        matches: MatchConfig {
            prefix: Some("/".to_owned()),
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            ..MatchConfig::default()
        },
        respond: Some(RespondConfig {
            status: 200,
            content_type: None,
            body: None,
        }),
        ..RouteConfig::default()
    };
    let router = Router::compile(&[route], None).unwrap();
    let policies = CorsPoliciesConfig {
        gateway: Some(config(policy)),
        ..CorsPoliciesConfig::default()
    };
    let policies = CorsPolicies::compile(&policies, router.routes()).unwrap();
    let headers = request("OPTIONS", &[&[":path: /"], fields].concat());
    let request = policies.request(&headers);
    let found = policies.preflight(&router, &router.request(&headers), &request);
    let reply = found.unwrap().reply;
    (reply.status, lines(&reply))
}

fn lines(reply: &Reply) -> Vec<String> {
    let line = |(name, value): &(&str, String)| {
        format!("{}: {value}", name.trim_start_matches("access-control-"))
    };
    reply.headers.iter().map(line).collect()
}

const SHOP: &str = "origin: https://shop.example";

#[test]
fn a_preflight_is_options_with_an_origin_and_the_method_that_is_to_come() {
    let asked = "access-control-request-method: PUT";
    for (method, fields, is_one) in [
        ("OPTIONS", &[SHOP, asked][..], true),
        ("OPTIONS", &[asked], false),
        ("OPTIONS", &[SHOP], false),
        ("GET", &[SHOP, asked], false),
        (
            "OPTIONS",
            &[SHOP, "access-control-request-method: P T"],
            false,
        ),
        ("OPTIONS", &[SHOP, "access-control-request-method: "], false),
    ] {
        let headers = request(method, fields);
        let asked = CorsRequest::of(&headers).asked().copied();
        assert_eq!(asked.is_some(), is_one, "{method} {fields:?}");
        assert!(asked.is_none_or(|asked| asked.method == b"PUT"));
    }
}

#[test]
fn a_preflight_learns_what_the_policy_allows() {
    let asked = [
        "origin: https://shop.example",
        "access-control-request-method: PUT",
    ];
    let given = r#"{"origins": ["https://shop.example"], "methods": ["PUT", "DELETE"],
        "headers": ["X-User", "content-type"], "expose": ["etag"], "max_age": "10m",
        "credentials": true}"#;
    assert_eq!(
        preflight(given, &asked, &["PUT"]),
        (
            204,
            [
                "allow-origin: https://shop.example",
                "allow-credentials: true",
                "allow-methods: PUT, DELETE",
                "allow-headers: x-user, content-type",
                "max-age: 600",
                "vary: origin",
            ]
            .map(str::to_owned)
            .to_vec()
        )
    );
}

#[test]
fn methods_not_given_are_those_of_the_route_or_the_one_that_is_asked_for() {
    let asked = [SHOP, "access-control-request-method: PUT"];
    let policy = r#"{"origins": ["*"]}"#;
    for (of_route, allowed) in [(&["GET", "PUT"][..], "GET, PUT"), (&[], "PUT")] {
        let (status, lines) = preflight(policy, &asked, of_route);
        assert_eq!(status, 204);
        let expected = [
            "allow-origin: *".to_owned(),
            format!("allow-methods: {allowed}"),
        ];
        assert_eq!(lines, expected);
    }
}

#[test]
fn any_header_is_what_is_asked_for_and_no_more_than_names() {
    let policy = r#"{"origins": ["https://shop.example"], "headers": ["*"], "credentials": true}"#;
    let method = "access-control-request-method: PUT";
    for (asked, allowed) in [
        ("authorization,x-user", Some("authorization,x-user")),
        ("x-user; <script>", None),
    ] {
        let asked = format!("access-control-request-headers: {asked}");
        let (_, lines) = preflight(policy, &[SHOP, method, &asked], &[]);
        let found = lines
            .iter()
            .find_map(|line| line.strip_prefix("allow-headers: "));
        assert_eq!(found, allowed);
    }
    let (_, lines) = preflight(policy, &[SHOP, method], &[]);
    assert!(!lines.iter().any(|line| line.starts_with("allow-headers")));
}

#[test]
fn a_foreign_pages_preflight_is_refused() {
    let asked = [
        "origin: https://evil.example",
        "access-control-request-method: PUT",
    ];
    let (status, lines) = preflight(r#"{"origins": ["https://shop.example"]}"#, &asked, &[]);
    assert_eq!(status, 403);
    assert_eq!(
        lines,
        ["content-type: application/problem+json", "vary: origin"]
    );
}

#[test]
fn an_answer_says_who_may_read_it_and_what() {
    let listed =
        r#"{"origins": ["https://shop.example"], "expose": ["ETag"], "credentials": true}"#;
    let shared = [
        "allow-origin: https://shop.example",
        "allow-credentials: true",
        "expose-headers: etag",
        "vary: origin",
    ];
    for (policy, fields, expected) in [
        (listed, &[SHOP][..], &shared[..]),
        (listed, &["origin: https://evil.example"], &["vary: origin"]),
        (listed, &["origin: null"], &["vary: origin"]),
        (listed, &[SHOP, SHOP], &["vary: origin"]),
        (listed, &[], &["vary: origin"]),
        (r#"{"origins": ["*"]}"#, &[SHOP], &["allow-origin: *"]),
        (r#"{"origins": ["*"]}"#, &[], &["allow-origin: *"]),
    ] {
        let cors = cors(policy);
        let headers = request("GET", fields);
        let readers = cors.readers(&CorsRequest::of(&headers));
        let mut reply = Reply::refusal(&Denial::NoRoute, Caller::Grpc);
        reply.headers.clear();
        cors.mark_reply(&readers, &mut reply);
        assert_eq!(lines(&reply), expected, "{policy} {fields:?}");
    }
}

#[test]
fn what_cannot_work_is_refused_with_its_place() {
    for (policy, message) in [
        (
            r#"{"origins": []}"#,
            "origins: must name at least one origin, or \"*\" for any",
        ),
        (
            r#"{"origins": ["https://a.example", "b.example"]}"#,
            "origins[1]: expected an origin such as \"https://shop.example.com\", \
             \"https://*.example.com\" or \"*\", found \"b.example\"",
        ),
        (
            r#"{"origins": ["*"], "credentials": true}"#,
            "origins: must not be \"*\" with credentials: every site could act for its visitors; \
             name the origins, or leave credentials out",
        ),
        (
            r#"{"origins": ["*", "https://a.example"]}"#,
            "origins: \"*\" is any origin, and stands alone",
        ),
        (
            r#"{"origins": ["*"], "headers": ["*", "x-user"]}"#,
            "headers: \"*\" is any field, and stands alone",
        ),
        (
            r#"{"origins": ["https://a.example"], "expose": ["*"], "credentials": true}"#,
            "expose: must not be \"*\" with credentials: browsers do not take it for a wildcard \
             then; name the fields",
        ),
        (
            r#"{"origins": ["*"], "methods": ["*"]}"#,
            "methods: must not be \"*\"; leave methods out, and those of the route are allowed",
        ),
        (
            r#"{"origins": ["*"], "methods": ["PUT", "P T"]}"#,
            "methods[1]: must be a method such as \"PUT\", found \"P T\"",
        ),
        (
            r#"{"origins": ["*"], "max_age": "1s500ms"}"#,
            "max_age: must be in whole seconds, found \"1s500ms\"",
        ),
        (
            r#"{"origins": ["*"], "headers": ["x user"]}"#,
            "headers[0]: must be a field name such as \"x-user\", found \"x user\"",
        ),
        (
            r#"{"origins": ["*"], "expose": [""]}"#,
            "expose[0]: must be a field name such as \"etag\", found \"\"",
        ),
    ] {
        assert_eq!(refused(policy), message);
    }
}
