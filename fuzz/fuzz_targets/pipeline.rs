//! Headers and bodies of any bytes through the pipeline, on the fake host.
//!
//! Input: fields, each `name\0value\0`, up to an empty name; the rest is the body. Whatever comes in,
//! the pipeline answers itself, or names exactly one function that it knows; and it lets no page read
//! an answer whose origin nobody named.
#![no_main]

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{Direction, FUNCTION_HEADER, Filter, parse_config};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, FieldList, Message, World};
use gateway::Pipeline;
use libfuzzer_sys::fuzz_target;

const CONFIG: &str = r#"{"cors": {
    "gateway": {"origins": ["https://shop.example.com", "https://*.example.org"], "credentials": true, "headers": ["*"]}
}, "routes": [
    {"name": "list", "match": {"path": "/pets", "methods": ["GET"]}, "to": [{"function": "a"}, {"function": "b"}]},
    {"name": "one", "match": {"path": "/pets/{id}"}, "to": [{"function": "a"}]},
    {"name": "deep", "match": {"path": "/{a}/{b}/{c}"}, "to": [{"function": "b"}]},
    {"name": "shop", "match": {"hosts": ["shop.example.com"], "prefix": "/"}, "to": [{"function": "c"}]},
    {"name": "wild", "match": {"hosts": ["*.example.com"], "prefix": "/api"}, "to": [{"function": "d", "websocket": true}]},
    {"name": "files", "match": {"prefix": "/files"}, "to": [{"function": "e"}]}
]}"#;

thread_local! {
    static PIPELINE: Rc<Pipeline> = Rc::new(
        parse_config(CONFIG.as_bytes()).and_then(Pipeline::compile).expect("the config is right"),
    );
    /// It lives as long as the pipeline, which keeps what it once defined of its metrics.
    static WORLD: Rc<RefCell<World>> = Rc::default();
}

fn message(data: &[u8]) -> (FieldList, &[u8]) {
    let mut fields = FieldList::new();
    let mut rest = data;
    while let Some(end) = rest.iter().position(|&byte| byte == 0) {
        let (name, after) = rest.split_at(end);
        rest = &after[1..];
        if name.is_empty() {
            break;
        }
        let end = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        let (value, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        fields.push((name.to_ascii_lowercase(), value.to_vec()));
    }
    (fields, rest)
}

fuzz_target!(|data: &[u8]| {
    let (headers, body) = message(data);
    let request = Message { headers, ..Message::default() };
    let mut host = FakeHost::new(WORLD.with(Rc::clone), request);
    let pipeline = PIPELINE.with(Rc::clone);
    let mut driver = Driver::new(pipeline.exchange(), pipeline.holding());
    let verdict = driver.on_headers(&mut host, Direction::Request, body.is_empty());
    match verdict {
        Verdict::Reply(reply) => {
            assert!(reply.refuses || reply.label == "preflight", "{reply:?}");
            reply.header("access-control-allow-origin").into_iter().for_each(is_named);
            let after = driver.on_body(&mut host, Direction::Request, body.len(), true);
            assert_eq!(after, Verdict::Hold, "a refused request goes on");
        }
        Verdict::Continue => {
            let named = host.request.headers.iter().filter(|(n, _)| n == FUNCTION_HEADER.as_bytes());
            let named: Vec<&[u8]> = named.map(|(_, value)| value.as_slice()).collect();
            assert!(matches!(named[..], [b"a" | b"b" | b"c" | b"d" | b"e"]), "{named:?}");
            let after = driver.on_body(&mut host, Direction::Request, body.len(), true);
            assert_eq!(after, Verdict::Continue, "a routed request is held");
            host.phase = Direction::Response;
            let response = driver.on_headers(&mut host, Direction::Response, true);
            assert_eq!(response, Verdict::Continue, "a response is held");
            for (name, value) in &host.response.headers {
                if name == b"access-control-allow-origin" {
                    is_named(std::str::from_utf8(value).expect("an origin"));
                }
            }
        }
        Verdict::Hold => panic!("nothing here waits"),
    }
    driver.on_log(&mut host);
});

fn is_named(origin: &str) {
    let below = origin
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix(".example.org"))
        .is_some_and(|name| !name.is_empty() && !name.contains(['/', ':', '@', '#', '?']));
    assert!(below || origin == "https://shop.example.com", "{origin}");
}
