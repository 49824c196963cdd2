//! Every reply is shown to its exchange once before it goes out, whoever gives it.
#![cfg(not(target_arch = "wasm32"))]

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{BodyMode, Direction, Exchange, Flow, Holding, Host, HostError, Reply};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, Message, World};

/// Puts a header field into each reply.
#[derive(Debug)]
struct Stamping {
    request: fn() -> Result<Flow, HostError>,
    response: fn() -> Result<Flow, HostError>,
    stamps: u32,
}

impl Exchange for Stamping {
    fn on_request_headers(&mut self, _: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        (self.request)()
    }

    fn request_body(&self) -> BodyMode {
        BodyMode::Buffer { max_bytes: 10 }
    }

    fn on_response_headers(&mut self, _: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        (self.response)()
    }

    fn response_body(&self) -> BodyMode {
        BodyMode::Buffer { max_bytes: 10 }
    }

    fn on_reply(&mut self, _: &mut dyn Host, reply: &mut Reply) {
        self.stamps += 1;
        reply.headers.push(("x-stamp", self.stamps.to_string()));
    }
}

fn pass() -> Result<Flow, HostError> {
    Ok(Flow::Continue)
}

fn fail() -> Result<Flow, HostError> {
    Err(HostError::WrongPhase("the test"))
}

fn redirect() -> Result<Flow, HostError> {
    Ok(Flow::Reply(Reply {
        status: 302,
        headers: Vec::new(),
        body: Vec::new(),
        label: "redirect",
        refuses: false,
    }))
}

#[test]
fn an_exchange_sees_every_reply_before_it_goes_out() {
    type Decide = fn() -> Result<Flow, HostError>;
    let cases: [(Decide, Decide, usize, usize, &str, bool); 5] = [
        (redirect, pass, 0, 0, "redirect", false),
        (fail, pass, 0, 0, "filter_failed", true),
        (pass, pass, 11, 0, "request_too_large", true),
        (pass, fail, 1, 0, "filter_failed", true),
        (pass, pass, 1, 11, "response_too_large", true),
    ];
    for (request, response, request_bytes, response_bytes, label, refuses) in cases {
        let mut host = FakeHost::new(Rc::new(RefCell::new(World::default())), Message::default());
        let stamping = Stamping {
            request,
            response,
            stamps: 0,
        };
        let mut driver = Driver::new(stamping, Holding::default());
        let mut replies = Vec::new();
        for (of, bytes) in [
            (Direction::Request, request_bytes),
            (Direction::Response, response_bytes),
        ] {
            host.phase = of;
            for verdict in [
                driver.on_headers(&mut host, of, false),
                driver.on_body(&mut host, of, bytes, true),
            ] {
                if let Verdict::Reply(reply) = verdict {
                    replies.push(reply);
                }
            }
        }
        let [reply] = &replies[..] else {
            panic!("{label}: {replies:?}")
        };
        assert_eq!((reply.label, reply.refuses), (label, refuses));
        assert_eq!(reply.header("x-stamp"), Some("1"), "{label}");
    }
}
