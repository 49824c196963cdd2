//! Paths that mean something else than they seem to. What is matched and what the upstream receives is
//! one string, the normalised one.

use crate::gateway::Gateway;

/// Where a request must have gone.
enum Goes {
    /// To the upstream of `/any` and `/pets/{id}`, with this path.
    Here(&'static str),
    /// To the upstream of `/other`, with this path.
    There(&'static str),
    /// Nowhere, with this status.
    Nowhere(u16),
}

use Goes::{Here, Nowhere, There};

async fn check(cases: &[(&'static str, Goes)]) {
    let gateway = Gateway::start().await;
    for (path, goes) in cases {
        let before = (gateway.upstream.requests(), gateway.other.requests());
        let status = gateway.get(path, "").await.status;
        let here = gateway.upstream.requests() - before.0;
        let there = gateway.other.requests() - before.1;
        match goes {
            Here(seen) => {
                assert_eq!((status, here, there), (200, 1, 0), "{path}");
                assert_eq!(gateway.upstream.last().path, *seen, "{path}");
            }
            There(seen) => {
                assert_eq!((status, here, there), (200, 0, 1), "{path}");
                assert_eq!(gateway.other.last().path, *seen, "{path}");
            }
            Nowhere(expected) => assert_eq!((status, here, there), (*expected, 0, 0), "{path}"),
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn dots_and_slashes_are_resolved_before_a_route_is_looked_for() {
    check(&[
        ("//any//b", Here("/any/b")),
        ("/any/./b", Here("/any/b")),
        ("/any/%2e", Here("/any/")),
        ("/any\\b", Here("/any/b")),
        ("/pets//1", Here("/pets/1")),
        ("/x/../any", Here("/any")),
        ("/any/../other", There("/other")),
        ("/any/%2e%2e/other", There("/other")),
        ("/any/.%2E/other", There("/other")),
        ("/any\\..\\other", There("/other")),
        // To Envoy that is `..` too; to servers of Java it would be.
        ("/any/..;/other", There("/other")),
        ("/any/..;x/other", There("/other")),
        ("/any/..", Nowhere(404)),
        ("/..", Nowhere(404)),
        ("/../../etc/passwd", Nowhere(404)),
        ("/other/", Nowhere(404)),
        ("/pets/", Nowhere(404)),
        ("/ANY", Nowhere(404)),
    ])
    .await;
}

#[tokio::test]
async fn an_encoded_slash_or_nul_is_refused() {
    check(&[
        ("/any/a%2fb", Nowhere(400)),
        ("/any/a%2Fb", Nowhere(400)),
        ("/any/a%5cb", Nowhere(400)),
        ("/any/a%5Cb", Nowhere(400)),
        ("/any%2f..%2fother", Nowhere(400)),
        ("/any/%00", Nowhere(400)),
        ("/any#fragment", Nowhere(400)),
        ("/any/#/../../other", Nowhere(400)),
        ("/any/\u{e9}", Nowhere(400)),
        // Encoded twice it is a percent sign and two digits, and stays that.
        ("/any/%252f", Here("/any/%252f")),
        ("/any/%25%32%66", Here("/any/%252f")),
    ])
    .await;
}

#[tokio::test]
async fn the_rest_is_a_path_like_any_other() {
    check(&[
        ("/%61ny/%61", Here("/any/a")),
        ("/any/%", Here("/any/%")),
        ("/any/%zz", Here("/any/%zz")),
        ("/any/%ff", Here("/any/%ff")),
        ("/any/%c0%af", Here("/any/%c0%af")),
        ("/any/%0d%0a", Here("/any/%0d%0a")),
        ("/any/\"<>^`{|}", Here("/any/%22%3C%3E%5E%60%7B%7C%7D")),
        ("/pets/%20", Here("/pets/%20")),
        ("/any/?", Here("/any/?")),
        (
            "/any?a=/../b//c&d=%2f%00?e",
            Here("/any?a=/../b//c&d=%2f%00?e"),
        ),
        ("/other?", There("/other?")),
        // Parameters of a segment belong to it.
        ("/pets/1;v=1", Here("/pets/1;v=1")),
        ("/any/;v=1", Here("/any/;v=1")),
        ("/any;v=1", Nowhere(404)),
        ("/other;/x", Nowhere(404)),
        ("/other%20", Nowhere(404)),
    ])
    .await;
}
