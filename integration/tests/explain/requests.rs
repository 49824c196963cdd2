//! Requests that nearly fit what the documents say.

use fastrand::Rng;
use integration::raw::RawRequest;

fn one_of<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

pub fn request(rng: &mut Rng) -> RawRequest {
    let methods = ["GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS"];
    let method = one_of(rng, &methods).as_bytes().to_vec();
    let hosts = [
        "a.test",
        "b.test",
        "c.test",
        "x.b.test",
        "y.b.test",
        "z.x.b.test",
        "A.Test",
        "a.test:80",
        "b.test:8080",
        "a.test.",
        "test",
        "[::1]",
        "a.test,b.test",
    ];
    let host = one_of(rng, &hosts).as_bytes().to_vec();
    let mut fields = Vec::new();
    for name in ["x-a", "x-b", "x-c"] {
        if rng.u8(..3) == 0 {
            fields.push((name, one_of(rng, &["p", "q", "pq", ""]).to_owned()));
        }
    }
    if rng.u8(..8) == 0 {
        fields.push(("x-a", "q".to_owned()));
    }
    if rng.u8(..2) == 0 {
        fields.push(("x-user", rng.u16(..).to_string()));
    }
    if rng.u8(..4) == 0 {
        fields.push(("x-force", one_of(rng, &["d0", "d1", "d2", "d9"]).to_owned()));
    }
    if rng.u8(..4) == 0 {
        let types = [
            "application/json",
            "text/plain; charset=utf-8",
            "application/grpc",
        ];
        fields.push(("content-type", one_of(rng, &types).to_owned()));
    }
    if rng.u8(..4) == 0 {
        let origins = ["https://shop.test", "https://evil.test"];
        fields.push(("origin", one_of(rng, &origins).to_owned()));
        if rng.bool() {
            let asked = one_of(rng, &["GET", "PUT", "PATCH"]);
            fields.push(("access-control-request-method", asked.to_owned()));
        }
        if rng.bool() {
            let named = one_of(rng, &["x-a", "x-b", "x-a,x-b", "content-type"]);
            fields.push(("access-control-request-headers", named.to_owned()));
        }
    }
    RawRequest {
        http2: rng.bool(),
        method,
        target: target(rng).into_bytes(),
        host: Some(host),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.into_bytes()))
            .collect(),
    }
}

fn target(rng: &mut Rng) -> String {
    let mut target = one_of(rng, &["", "", "", "", "", "/prod"]).to_owned();
    let usual = ["a", "b", "c", "r", "1", "new", "a", "b", "c"];
    let odd = [
        "%C3%A9", "%c3%a9", "d;e", "d%3be", "%61", "x%20y", "x.html", "", ".", "..", "%2e%2e",
        "%2f", "%25", "%", "%3f", "a:1", "a@b", "%00", "..;", "\\", "é", "*", "{x}", "a.b",
    ];
    for _ in 0..rng.usize(1..5) {
        let segment = if rng.u8(..6) == 0 {
            one_of(rng, &odd)
        } else {
            one_of(rng, &usual)
        };
        target += "/";
        target += segment;
    }
    for index in 0..rng.usize(..4) {
        target += if index == 0 { "?" } else { "&" };
        let pairs = [
            "v=p", "v=q", "v", "v=", "w=p", "w=%70", "c=p", "c=q", "%76=p", "v=p+q", "=",
            "x=/../a", "",
        ];
        target += one_of(rng, &pairs);
    }
    target
}
