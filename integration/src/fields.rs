//! Header and trailer lines from what a test writes. A line that HTTP cannot carry is a mistake in
//! the test.

use hyper::header::{HeaderName, HeaderValue};

pub(crate) fn name(name: &str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes())
        .unwrap_or_else(|_| panic!("{name:?} is no header name; `raw` can send it"))
}

pub(crate) fn value(value: impl AsRef<[u8]>) -> HeaderValue {
    let value = value.as_ref();
    HeaderValue::from_bytes(value).unwrap_or_else(|_| {
        panic!(
            "\"{}\" is no header value; `raw` can send it",
            value.escape_ascii()
        )
    })
}
