//! The router as a module of its own, in an Envoy that somebody else configures, and less carefully.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use integration::bootstrap::{FRONT, OBSERVED_FUNCTION, Proxy, wasm_filter};
use integration::envoy::Envoy;
use integration::module;
use integration::raw::{Kept, raw};
use integration::upstream::{Answer, Upstream};
use serde_json::{Value, json};

/// An Envoy that normalises nothing, with these routes in it; all functions are one upstream.
async fn start(upstream: &Upstream, routes: Value) -> Envoy {
    let functions: Vec<String> = routes
        .as_array()
        .unwrap()
        .iter()
        .map(|route| route["to"][0]["function"].as_str().unwrap().to_owned())
        .collect();
    let name = "function-router";
    let config = json!({ "routes": routes });
    let proxy = Proxy::to(upstream)
        .filter(wasm_filter(name, &module(name), &config, json!({})))
        .functions(functions)
        .manager("normalize_path", false.into())
        .manager("merge_slashes", false.into());
    Envoy::start(proxy.bootstrap()).await
}

/// Where a path must have gone: to this function, or nowhere, with this status.
enum Goes {
    To(&'static str),
    Nowhere(u16),
}

use Goes::{Nowhere, To};

#[tokio::test]
async fn a_path_that_nobody_normalised_walks_around_no_route() {
    let upstream = Upstream::start().await;
    let routes = json!([
        { "name": "admin", "match": { "prefix": "/admin" }, "to": [{ "function": "admin" }] },
        { "name": "open", "match": { "prefix": "/open" }, "to": [{ "function": "open" }] },
        {
            "name": "moved",
            "match": { "prefix": "/moved" },
            "to": [{ "function": "moved", "prefix": "/" }],
        },
        {
            "name": "files",
            "match": { "regex": "/files/(?<file>.*)" },
            "to": [{ "function": "files", "path": "/{file}" }],
        },
    ]);
    let envoy = start(&upstream, routes).await;
    let address = envoy.listener(FRONT).await;
    for (path, goes) in [
        ("/open/a", To("open")),
        ("/open/a/", To("open")),
        ("/open/...", To("open")),
        ("/open/.a", To("open")),
        ("/open/%2e%2e%2e", To("open")),
        ("/open/a;v=1", To("open")),
        ("/open/%252e%252e/admin", To("open")),
        ("/open?a=/../admin", To("open")),
        ("/%61dmin", To("admin")),
        ("/open/../admin", Nowhere(400)),
        ("/open/./../admin", Nowhere(400)),
        ("/open/%2e%2e/admin", Nowhere(400)),
        ("/open/.%2E/admin", Nowhere(400)),
        ("/open/..", Nowhere(400)),
        ("/open/%2E", Nowhere(400)),
        ("/open//admin", Nowhere(400)),
        ("//admin", Nowhere(400)),
        ("/open/..%2fadmin", Nowhere(400)),
        ("/open/..%5Cadmin", Nowhere(400)),
        ("/open/..\\admin", Nowhere(400)),
        ("/open\\..\\admin", Nowhere(400)),
        ("/open/..;/admin", Nowhere(400)),
        ("/open/..;x=1/admin", Nowhere(400)),
        ("/open/%2e%2E;/admin", Nowhere(400)),
        // What is rewritten is looked at again.
        ("/moved//admin", Nowhere(400)),
        ("/moved/..%2fadmin", Nowhere(400)),
        ("/files//admin", Nowhere(400)),
        ("/files/a%2fadmin", Nowhere(400)),
    ] {
        let before = upstream.requests();
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
        let status = raw(address, request).await.unwrap().status;
        let arrived = upstream.requests() - before;
        match goes {
            To(function) => {
                assert_eq!((status, arrived), (200, 1), "{path}");
                let seen = upstream.last();
                assert_eq!(seen.headers[OBSERVED_FUNCTION], function, "{path}");
                assert_eq!(seen.path, path, "what is matched is what is sent");
            }
            Nowhere(expected) => assert_eq!((status, arrived), (expected, 0), "{path}"),
        }
    }
    envoy.stop().await;
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_though_the_function_is_to_be_asked_with_post() {
    let upstream = Upstream::start().await;
    let routes = json!([{
        "name": "all",
        "match": { "prefix": "/" },
        "to": [{ "function": "all", "method": "POST" }],
    }]);
    let envoy = start(&upstream, routes).await;
    let mut client = Kept::new(envoy.listener(FRONT).await);
    for body in ["", "abc", "HTTP/1.1 500 No\r\n\r\n"] {
        upstream.answer(Answer::new(200).body(body.to_owned()));
        let head = client.exchange(b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert_eq!(head.unwrap().status, 200);
        assert_eq!(upstream.last().method, "HEAD");
        // Were there a body, it would be taken for this one's beginning.
        let get = client.exchange(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let get = get.unwrap();
        assert_eq!((get.status, get.body), (200, body.as_bytes().to_vec()));
        assert_eq!(upstream.last().method, "POST");
    }
    envoy.stop().await;
}
