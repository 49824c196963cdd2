//! Header fields of any bytes through JWT authorisation, on the fake host.
//!
//! Input: fields, each `name\0value\0`. Whatever comes in, nobody passes but with the one token that is
//! good, and nobody but the gateway tells the upstream who sends a request.
#![no_main]

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{Direction, Filter, parse_config};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, FieldList, Message, World};
use jwt_authz::JwtAuthz;
use libfuzzer_sys::fuzz_target;

const CONFIG: &str = r#"{"providers": {"corp": {
    "keys": {"secret": {"algorithm": "HS256", "text": "a secret that nobody but both of us may know"}},
    "from": [{"header": "authorization", "scheme": "Bearer"}, {"cookie": "token"}, {"query": "access_token"}],
    "headers": [{"name": "x-user", "claim": "sub"}]
}}, "rules": [
    {"match": {"path": "/open"}, "require": "none"},
    {"match": {"prefix": "/"}, "require": {"provider": "corp"}}
]}"#;

/// The token of the seeds: `sub` is ada.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDAsInN1YiI6ImFkYSJ9.vI99vophrQv2OFJZ-3_2OEEdbAU2sQO5LzmaYzLLd1A";

thread_local! {
    static FILTER: Rc<JwtAuthz> = Rc::new(
        parse_config(CONFIG.as_bytes()).and_then(JwtAuthz::compile).expect("the config is right"),
    );
    /// It lives as long as the filter, which keeps what it once defined of its metrics.
    static WORLD: Rc<RefCell<World>> = Rc::default();
}

fn fields(data: &[u8]) -> FieldList {
    let mut texts = data.split(|&byte| byte == 0);
    let mut fields = FieldList::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        fields.push((name.to_ascii_lowercase(), value.to_vec()));
    }
    fields
}

fuzz_target!(|data: &[u8]| {
    let headers = fields(data);
    let request = Message { headers: headers.clone(), ..Message::default() };
    let mut host = FakeHost::new(WORLD.with(Rc::clone), request);
    let filter = FILTER.with(Rc::clone);
    let mut driver = Driver::new(filter.exchange(), filter.holding());
    match driver.on_headers(&mut host, Direction::Request, true) {
        Verdict::Reply(reply) => assert!(reply.refuses, "{reply:?}"),
        Verdict::Hold => panic!("nothing here waits"),
        Verdict::Continue => {
            let is_user = |name: &[u8]| name.iter().map(|&b| if b == b'_' { b'-' } else { b }).eq(*b"x-user");
            let users: Vec<_> = host.request.headers.iter().filter(|(name, _)| is_user(name)).collect();
            let brought = headers.iter().any(|(_, value)| holds_token(value));
            match users[..] {
                [] => {}
                [(_, value)] => assert!(value == b"ada" && brought, "{users:?}"),
                _ => panic!("{users:?}"),
            }
            if !brought {
                let path = headers.iter().find(|(name, _)| name == b":path");
                let is_open = path.is_some_and(|(_, target)| path_of(target) == b"/open");
                let preflight = headers.iter().any(|(name, _)| name == b"access-control-request-method");
                assert!(is_open || preflight, "{headers:?}");
            }
        }
    }
    driver.on_log(&mut host);
});

/// Whether it is there as it is, or with escapes as in a query.
fn holds_token(value: &[u8]) -> bool {
    decoded(value).windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
}

/// A path of one segment, as who is behind the gateway may read it.
fn path_of(target: &[u8]) -> Vec<u8> {
    let path = target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
    let path = decoded(path);
    path.split(|&byte| byte == b';').next().unwrap_or_default().to_vec()
}

fn decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = value;
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|hex| *first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = if byte.is_some() { &after[2..] } else { after };
        decoded.push(byte.unwrap_or(*first));
    }
    decoded
}
