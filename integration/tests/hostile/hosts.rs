//! Hosts as clients write them.

use integration::client::Request;

use crate::gateway::Gateway;

#[tokio::test]
async fn a_host_is_the_same_with_port_in_any_casing_and_with_a_dot_at_its_end() {
    let gateway = Gateway::start().await;
    for (path, host) in [
        ("/host", "api.example.com"),
        ("/host", "api.example.com:8080"),
        ("/host", "API.Example.COM"),
        ("/host", "api.example.com."),
        ("/host", "Api.example.com.:443"),
        ("/below", "a.example.com"),
        ("/below", "a.b.EXAMPLE.com.:1"),
        ("/address", "[::1]"),
        ("/address", "[::1]:8080"),
    ] {
        for client in [gateway.http1(), gateway.h2()] {
            let request = Request::get(path).authority(host);
            assert_eq!(client.send(request).await.unwrap().status, 200, "{host}");
            let seen = gateway.upstream.last();
            assert_eq!(
                seen.authority.as_deref(),
                Some(host),
                "it goes on as it came"
            );
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn another_host_is_another_route() {
    let gateway = Gateway::start().await;
    for (path, host) in [
        ("/host", "example.com"),
        ("/host", "api.example.com.evil.net"),
        ("/host", "xapi.example.com"),
        ("/host", "api.example.com.."),
        ("/host", "api.example.com:80:80"),
        ("/below", "example.com"),
        ("/below", ".example.com"),
        ("/below", "example.com.evil.net"),
        ("/address", "::1"),
        ("/address", "[::2]"),
    ] {
        let response = gateway
            .raw(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        assert!(
            matches!(response.status, 400 | 404),
            "{host}: {}",
            response.status
        );
    }
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn absurd_hosts_match_what_takes_any_host_or_are_refused() {
    let gateway = Gateway::start().await;
    let labels = "a.".repeat(20_000);
    let dots = ".".repeat(50_000);
    for host in [
        "",
        ":",
        ":80",
        ".",
        "..",
        "*",
        "*.example.com",
        "-",
        "[",
        "]",
        "[]",
        "[::1",
        "[::1]x",
        "a:b",
        "a:99999999999999999999",
        "a@b",
        "a/../b",
        "%61pi.example.com",
        "a b",
        "a\tb",
        "a,b",
        "{}",
        "\u{e9}.example.com",
        &labels,
        &dots,
    ] {
        let before = gateway.upstream.requests();
        let response = gateway
            .raw(format!("GET /any HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        let passed = usize::from(response.status == 200);
        assert!(
            matches!(response.status, 200 | 400),
            "{host:.40}: {}",
            response.status
        );
        assert_eq!(gateway.upstream.requests(), before + passed, "{host:.40}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.raw("GET /any HTTP/1.1\r\n\r\n").await.status, 400);
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn two_hosts_are_none_of_the_two() {
    let gateway = Gateway::start().await;
    // Envoy makes one of them, with a comma. The upstream is told the same one that was matched.
    for lines in [
        "host: api.example.com\r\nhost: a\r\n",
        "Host: a\r\nHOST: api.example.com\r\n",
    ] {
        let response = gateway
            .raw(format!("GET /host HTTP/1.1\r\n{lines}\r\n"))
            .await;
        assert_eq!(response.status, 404, "{lines}");
    }
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}
