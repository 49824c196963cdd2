//! Header fields of any bytes through the limiter, on the fake host.
//!
//! Input: fields, each `name\0value\0`. Whatever comes in, the limit of all lets no more pass than it says, no
//! memory grows, and nobody but the limiter tells a rate-limit service anything.
#![no_main]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use filter_api::{Direction, Filter, Root, parse_config};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, FakeRootHost, FieldList, Message, World};
use libfuzzer_sys::fuzz_target;
use rate_limiter::{PREFIX, RateLimiterFilter, slot};

/// Passes a thousand at once, and one more each thousandth request, as which a second counts here.
const CONFIG: &str = r#"{"limits": [
    {"name": "all", "rate": "86/d", "burst": 1000},
    {"name": "keys", "rate": "5/s", "keys": 64, "cost": {"header": "x-cost"},
     "by": ["address", "header.x-user", "cookie.sid", "query.q", "claim.sub", "host", "method"]},
    {"name": "asked", "rate": "100/s", "by": ["header.x-user", "query.q"], "cost": {"header": "x-cost"},
     "engine": {"ratelimit": {}}}
], "routes": [
    {"name": "pet", "match": {"path": "/pets/{id}"}, "limits": [
        {"name": "pet", "rate": "9/s", "by": ["path.id"], "keys": 8,
         "exempt": {"known": {"query": {"q": {"regex": "[a-f]+"}}}}}
    ]}
]}"#;

struct Thread {
    filter: Rc<RateLimiterFilter>,
    world: Rc<RefCell<World>>,
    values: usize,
    passed: Cell<u64>,
    seconds: Cell<u64>,
}

thread_local! {
    static THREAD: Thread = {
        let filter = parse_config(CONFIG.as_bytes()).and_then(RateLimiterFilter::compile);
        let filter = Rc::new(filter.expect("the config is right"));
        let world = Rc::<RefCell<World>>::default();
        let mut host = FakeRootHost { world: Rc::clone(&world), wakes_all: false };
        filter.root().on_start(&mut host).expect("the fake host does all that a root asks");
        let values = world.borrow().shared.len();
        Thread { filter, world, values, passed: Cell::new(0), seconds: Cell::new(0) }
    };
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
    THREAD.with(|thread| {
        thread.world.borrow_mut().now += std::time::Duration::from_secs(1);
        thread.seconds.set(thread.seconds.get() + 1);
        let request = Message { headers: fields(data), ..Message::default() };
        let mut host = FakeHost::new(Rc::clone(&thread.world), request);
        let mut driver = Driver::new(thread.filter.exchange(), thread.filter.holding());
        match driver.on_headers(&mut host, Direction::Request, true) {
            Verdict::Reply(reply) => assert!(reply.refuses, "{reply:?}"),
            Verdict::Hold => panic!("nothing here waits"),
            Verdict::Continue => {
                thread.passed.set(thread.passed.get() + 1);
                let come = thread.seconds.get() * 86 / 86_400;
                assert!(thread.passed.get() <= 1000 + come, "{}", thread.passed.get());
                let told = host.request.headers.iter();
                let told: Vec<_> = told.filter(|(name, _)| name.starts_with(PREFIX.as_bytes())).collect();
                assert_eq!(told.len(), 3, "{told:?}");
                for (name, value) in told {
                    assert!(slot(0).iter().any(|own| own.as_bytes() == name), "{name:?}");
                    assert!(value.iter().all(u8::is_ascii_graphic), "{value:?}");
                }
            }
        }
        assert_eq!(thread.world.borrow().shared.len(), thread.values);
        driver.on_log(&mut host);
    });
});
