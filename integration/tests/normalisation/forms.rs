//! The four forms of a request target, and what HTTP/2 has instead.

use explain::edge::HttpVersion::{self, Http1, Http2};

use crate::rig::{Case, Rig, VERSIONS};

const ABSOLUTE: [&str; 60] = [
    "http://h",
    "http://h/",
    "http://h?q",
    "http://h/p?q",
    "http://h/a/../b",
    "http://h//b",
    "http://h/\\b",
    "http://h\\b",
    "HTTP://H/p",
    "hTtP://h/p",
    "https://h/p",
    "HTTPS://h/p",
    "https://h:x/p",
    "ftp://h/p",
    "ws://h/p",
    "h+t://h/p",
    "1http://h/p",
    "://h/p",
    "http:/h/p",
    "http:h",
    "http://",
    "http:///p",
    "http://?p",
    "http://u@h/p",
    "http://u:p@h/p",
    "http://@h/p",
    "http://u@@h/p",
    "http://u@x@h/p",
    "http://u@/p",
    "http://[u]@h/p",
    "http://h:80/p",
    "http://h:0/p",
    "http://h:00080/p",
    "http://h:65535/p",
    "http://h:65536/p",
    "http://h:99999999999999999999/p",
    "http://h:/p",
    "http://h:x/p",
    "http://h:80:80/p",
    "http://:80/p",
    "http://h./p",
    "http://.h/p",
    "http://..../p",
    "http://a_b/p",
    "http://a,b/p",
    "http://a%61/p",
    "http://[::1]/p",
    "http://[::1]:80/p",
    "http://[::FFFF:1.2.3.4]/p",
    "http://[1.2.3.4]/p",
    "http://[::1%25eth]/p",
    "http://[::1%1]/p",
    "http://[1.2.3.4%1]/p",
    "http://[::g]/p",
    "http://[h]/p",
    "http://[]/p",
    "http://[::1/p",
    "http://::1/p",
    "http://h]/p",
    "http://[::1]x/p",
];

#[tokio::test]
async fn a_target_in_absolute_form_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let mut cases = Vec::new();
    for version in VERSIONS {
        for target in ABSOLUTE {
            for method in ["GET", "OPTIONS"] {
                for host in [Some(&b"other"[..]), None] {
                    cases.push(Case::new(version, method, target).host(host));
                }
            }
        }
    }
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_target_that_is_a_server_or_a_tunnel_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let mut cases = Vec::new();
    for version in VERSIONS {
        for method in ["GET", "OPTIONS", "CONNECT", "POST"] {
            for target in [
                "*",
                "*a",
                "*?a",
                "**",
                "",
                "a",
                "?a",
                "h:80",
                "h",
                "h:",
                ":80",
                "h:70000",
                "h:080",
                "u@h:80",
                "h:80/p",
                "h:80?q",
                "h.:80",
                "[::1]:80",
                "[::1]",
                "[::g]:80",
                "/a",
                "http://h:80",
            ] {
                if version == Http2 && method == "CONNECT" {
                    // There the target is the authority.
                    let host = Some(target.as_bytes());
                    cases.push(Case::new(version, method, "").host(host));
                }
                cases.push(Case::new(version, method, target));
            }
        }
    }
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_line_end_in_a_target_ends_the_request_line() {
    let mut rig = Rig::start().await;
    let mut cases = Vec::new();
    for target in [
        "/a\n",
        "/a\nb",
        "\n/a",
        "/a\x01\n",
        "/a#\n",
        "/%2f\n",
        "*\n",
        "a\n",
        "http://h\n",
        "ftp://h\n",
        "http://h:x\n",
        "/a\r\n",
        "/a\n\x01",
    ] {
        cases.push(Case::get(Http1, target));
    }
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_host_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let mut cases = Vec::new();
    for version in VERSIONS {
        for host in [
            None,
            Some("a"),
            Some(""),
            Some("A.Example.COM"),
            Some("a."),
            Some("a.:80"),
            Some("a:80"),
            Some(":80"),
            Some("a:b:c"),
            Some("[::1]:80"),
            Some("u@h"),
            Some("a,b"),
            Some("%61"),
            Some("*"),
        ] {
            cases.push(Case::get(version, "/a").host(host.map(str::as_bytes)));
        }
    }
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_method_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let mut cases = Vec::new();
    for version in VERSIONS {
        for method in [
            "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "MSEARCH",
            "M-SEARCH", "get", "X-Y", "PRI", "G(T", "G\"T",
        ] {
            cases.push(Case::new(version, method, "/a"));
        }
    }
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_long_target_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let mut cases = Vec::new();
    let path = |length: usize| format!("/{}", "a".repeat(length - 1));
    for version in VERSIONS {
        cases.push(Case::get(version, path(32 * 1024)));
        cases.push(Case::get(version, "/a".repeat(16 * 1024)));
        cases.push(Case::get(version, "//".repeat(16 * 1024)));
        cases.push(Case::get(version, "/..".repeat(10 * 1024)));
        cases.push(Case::get(version, format!("/{}", "%%61".repeat(8 * 1024))));
    }
    // The whole head may have 60 KiB.
    let around = "GET  HTTP/1.1\r\nhost: a\r\n\r\n".len();
    for length in [60 * 1024 - around, 60 * 1024 - around + 1] {
        cases.push(Case::get(HttpVersion::Http1, path(length)));
    }
    rig.check(cases).await;
    rig.stop().await;
}
