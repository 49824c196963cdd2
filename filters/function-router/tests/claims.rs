//! The router behind a filter that verified tokens, and left in filter state what they say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{Direction, FUNCTION_HEADER, Filter, parse_config};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, Message, World};
use function_router::FunctionRouter;
use serde_json::{Value, json};

struct Rig {
    router: Rc<FunctionRouter>,
    world: Rc<RefCell<World>>,
}

impl Rig {
    fn new(routes: &Value) -> Self {
        let config = parse_config(json!({ "routes": routes }).to_string().as_bytes());
        Self {
            router: Rc::new(config.and_then(FunctionRouter::compile).unwrap()),
            world: Rc::default(),
        }
    }

    /// The function of a request with this filter state.
    fn function(&self, path: &str, state: Option<&str>) -> String {
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let request = Message {
            headers: vec![field(":method", "GET"), field(":path", path)],
            ..Message::default()
        };
        self.world.borrow_mut().hostcalls.clear();
        let mut host = FakeHost::new(Rc::clone(&self.world), request);
        if let Some(state) = state {
            let name = claims::FILTER_STATE.to_owned();
            host.filter_state.insert(name, state.as_bytes().to_vec());
        }
        let mut driver = Driver::new(self.router.exchange(), self.router.holding());
        let verdict = driver.on_headers(&mut host, Direction::Request, true);
        assert!(matches!(verdict, Verdict::Continue), "{verdict:?}");
        let mut fields = host.request.headers.iter();
        let function = fields.find(|(name, _)| name == FUNCTION_HEADER.as_bytes());
        String::from_utf8(function.unwrap().1.clone()).unwrap()
    }

    fn asked_for_claims(&self) -> bool {
        let world = self.world.borrow();
        world.hostcalls.contains_key("proxy_get_property")
    }
}

#[test]
fn claims_choose_among_functions() {
    let rig = Rig::new(&json!([{
        "name": "pets",
        "match": { "path": "/pets" },
        "to": [{ "function": "next", "when": { "claims": [{ "claim": "tier", "in": ["gold"] }] } }, { "function": "pets" }],
    }]));
    for (state, function) in [
        (Some(r#"{"corp":{"tier":"gold"}}"#), "next"),
        (
            Some(r#"{"corp":{"tier":"tin"},"other":{"tier":"gold"}}"#),
            "next",
        ),
        (Some(r#"{"corp":{"tier":"tin"}}"#), "pets"),
        (Some(r#"{"tier":"gold"}"#), "pets"),
        (Some("no JSON"), "pets"),
        (None, "pets"),
    ] {
        assert_eq!(rig.function("/pets", state), function, "{state:?}");
        assert!(rig.asked_for_claims());
    }
}

#[test]
fn a_claim_keeps_its_owner_at_a_function() {
    let rig = Rig::new(&json!([{
        "name": "pets",
        "match": { "path": "/pets" },
        "sticky": { "claim": "sub" },
        "to": [{ "function": "a" }, { "function": "b" }],
    }]));
    let of = |user: u32| {
        let state = format!(r#"{{"corp":{{"sub":"user-{user}"}}}}"#);
        let function = rig.function("/pets", Some(&state));
        assert_eq!(rig.function("/pets", Some(&state)), function);
        function
    };
    let of_a = (0..200).filter(|&user| of(user) == "a").count();
    assert!((70..130).contains(&of_a), "{of_a} of 200");
}

#[test]
fn nobody_asks_for_claims_where_nothing_depends_on_them() {
    let rig = Rig::new(
        &json!([{ "name": "pets", "match": { "path": "/pets" }, "to": [{ "function": "a" }] }]),
    );
    assert_eq!(rig.function("/pets", Some(r#"{"corp":{}}"#)), "a");
    assert!(!rig.asked_for_claims());
}
