//! What clients say to be counted as others.

use integration::bootstrap::FRONT;
use integration::client;
use integration::raw::raw;
use serde_json::json;

use crate::rig::{counted, get, start};

#[tokio::test]
async fn who_says_to_be_somebody_else_is_counted_as_who_he_is() {
    let limit = json!({ "name": "address", "rate": "1/d", "burst": 3, "by": ["address"] });
    let envoy = start(2, &json!([limit])).await;
    let address = envoy.listener(FRONT).await;
    let mut statuses = Vec::new();
    for lines in [
        "",
        "x-forwarded-for: 192.0.2.1",
        "x-forwarded-for: 192.0.2.2, 192.0.2.3",
        "x-forwarded-for: 2001:db8::1",
        "forwarded: for=192.0.2.4\r\nx-real-ip: 192.0.2.5\r\nx-envoy-external-address: 192.0.2.6",
    ] {
        statuses.push(raw(address, get("/", lines)).await.unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    // Who comes from elsewhere has a bucket of its own.
    let other = client::http1(address).from([127, 0, 0, 2].into());
    assert_eq!(other.get("/").await.unwrap().status, 200);
    envoy.stop().await;
}

/// Two values of which a bucket takes one request, however they look.
#[tokio::test]
async fn values_of_any_bytes_and_length_are_keys() {
    let limit = json!({ "name": "value", "rate": "1/d", "burst": 1, "by": ["header.x-key"] });
    let envoy = start(2, &json!([limit])).await;
    let address = envoy.listener(FRONT).await;
    let long = vec![b'a'; 60 * 1024];
    let almost = [&long[1..], b"b"].concat();
    let mut tried = 0;
    for value in [
        &long[..],
        &almost,
        b"\xff",
        b"\xfe\xff",
        b"\xc3\x28",
        "\u{1f980}".as_bytes(),
        b"a\tb",
        b"%00",
        b"-",
        // Without a value: all of them are one key.
        b"",
    ] {
        let request = [b"GET / HTTP/1.1\r\nhost: a\r\nx-key: ", value, b"\r\n\r\n"].concat();
        for expected in [200, 429] {
            let response = raw(address, &request).await.unwrap();
            let shown = &value[..value.len().min(20)];
            assert_eq!(response.status, expected, "{}", shown.escape_ascii());
            tried += 1;
        }
    }
    let missing = raw(address, get("/", "")).await.unwrap();
    assert_eq!(missing.status, 429, "a way around");
    let all = |count| count == tried / 2 + 1;
    counted(&envoy, "value", "refused", all).await;
    envoy.stop().await;
}
