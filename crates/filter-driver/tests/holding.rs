//! What the driver promises, for every order in which a message and what is waited for can arrive.
//!
//! The host here does what Envoy does: a `Continue` in any callback lets go all that is held.
#![cfg(not(target_arch = "wasm32"))]

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{
    BodyMode, ByteSize, CalloutId, CalloutOutcome, Direction, Exchange, Flow, Holding, Host,
    HostError, Reply, Waiting, Wake,
};
use filter_driver::{Driver, Resume, Verdict};
use filter_testing::{FakeHost, Message, World};
use proptest::prelude::*;

/// What an exchange decides in one phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Continue,
    WaitThenContinue,
    WaitTwiceThenContinue,
    WaitThenReply,
    Reply,
    Fail,
}

/// An exchange that does as it is told, and notes what it was shown.
#[derive(Debug)]
struct Scripted {
    headers: Decision,
    body: Decision,
    trailers: Decision,
    buffers: bool,
    now: Decision,
    waits: u32,
    shown: Rc<RefCell<Vec<Vec<u8>>>>,
}

const CALLOUT: CalloutId = CalloutId(1);

fn reply() -> Reply {
    Reply {
        status: 403,
        headers: Vec::new(),
        body: Vec::new(),
        label: "no",
        refuses: true,
    }
}

impl Scripted {
    fn decide(&mut self, decision: Decision) -> Result<Flow, HostError> {
        self.now = decision;
        self.waits = 0;
        match decision {
            Decision::Continue => Ok(Flow::Continue),
            Decision::Reply => Ok(Flow::Reply(reply())),
            Decision::Fail => Err(HostError::WrongPhase("the test")),
            Decision::WaitThenContinue
            | Decision::WaitTwiceThenContinue
            | Decision::WaitThenReply => Ok(Flow::Wait(Waiting::Callout(CALLOUT))),
        }
    }
}

impl Exchange for Scripted {
    fn on_request_headers(&mut self, _: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        self.decide(self.headers)
    }

    fn request_body(&self) -> BodyMode {
        if self.buffers {
            BodyMode::Buffer { max_bytes: 1_000 }
        } else {
            BodyMode::Skip
        }
    }

    fn on_request_body(&mut self, _: &mut dyn Host, body: &[u8]) -> Result<Flow, HostError> {
        self.shown.borrow_mut().push(body.to_vec());
        self.decide(self.body)
    }

    fn on_request_trailers(&mut self, _: &mut dyn Host) -> Result<Flow, HostError> {
        self.decide(self.trailers)
    }

    fn on_wake(&mut self, _: &mut dyn Host, _: Wake) -> Result<Flow, HostError> {
        self.waits += 1;
        match self.now {
            Decision::WaitThenReply => Ok(Flow::Reply(reply())),
            Decision::WaitTwiceThenContinue if self.waits == 1 => {
                Ok(Flow::Wait(Waiting::Callout(CALLOUT)))
            }
            _ => Ok(Flow::Continue),
        }
    }
}

/// A message on its way, as the far side sees it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Passed {
    headers: bool,
    body: Vec<u8>,
    trailers: bool,
}

/// Envoy with one filter.
struct Proxy {
    driver: Driver<Scripted>,
    host: FakeHost,
    arrived: Passed,
    passed: Passed,
    replies: usize,
}

impl Proxy {
    fn new(exchange: Scripted, holding: Holding) -> Self {
        Self {
            driver: Driver::new(exchange, holding),
            host: FakeHost::new(Rc::new(RefCell::new(World::default())), Message::default()),
            arrived: Passed::default(),
            passed: Passed::default(),
            replies: 0,
        }
    }

    fn release(&mut self) {
        self.passed.headers = self.arrived.headers;
        self.passed.trailers = self.arrived.trailers;
        self.passed.body.append(&mut self.host.request.body);
    }

    fn obey(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Continue => {
                assert!(
                    self.driver.waiting().is_none(),
                    "passes while the exchange waits"
                );
                assert_eq!(self.replies, 0, "passes after a reply");
                self.release();
            }
            Verdict::Hold => {}
            Verdict::Reply(_) => self.replies += 1,
        }
    }

    fn headers(&mut self, end: bool) {
        self.arrived.headers = true;
        let verdict = self
            .driver
            .on_headers(&mut self.host, Direction::Request, end);
        self.obey(&verdict);
    }

    fn chunk(&mut self, chunk: &[u8], end: bool) {
        self.host.request.body.extend_from_slice(chunk);
        let held = self.host.request.body.len();
        let verdict = self
            .driver
            .on_body(&mut self.host, Direction::Request, held, end);
        self.obey(&verdict);
    }

    fn trailers(&mut self) {
        self.arrived.trailers = true;
        let verdict = self.driver.on_trailers(&mut self.host, Direction::Request);
        self.obey(&verdict);
    }

    /// The callout is answered, if one is waited for.
    fn answer(&mut self) {
        if self.driver.waiting().is_none() {
            return;
        }
        let wake = Wake::Callout(CALLOUT, CalloutOutcome::Failed);
        match self.driver.on_wake(&mut self.host, wake) {
            Resume::Nothing => {}
            Resume::Continue(of) => {
                assert_eq!(of, Direction::Request);
                assert_eq!(self.replies, 0, "resumed after a reply");
                self.release();
            }
            Resume::Reply(_) => self.replies += 1,
        }
    }
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        3 => Just(Decision::Continue),
        3 => Just(Decision::WaitThenContinue),
        1 => Just(Decision::WaitTwiceThenContinue),
        1 => Just(Decision::WaitThenReply),
        1 => Just(Decision::Reply),
        1 => Just(Decision::Fail),
    ]
}

/// Whether this decision, once asked for, lets the message go on.
fn passes(decision: Decision) -> bool {
    matches!(
        decision,
        Decision::Continue | Decision::WaitThenContinue | Decision::WaitTwiceThenContinue
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_passes_while_an_exchange_waits_and_everything_once_after(
        headers in decision(),
        body in decision(),
        trailers in decision(),
        buffers in any::<bool>(),
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..4),
        with_trailers in any::<bool>(),
        answers in proptest::collection::vec(any::<bool>(), 12),
    ) {
        let shown = Rc::new(RefCell::new(Vec::new()));
        let exchange = Scripted {
            headers, body, trailers, buffers,
            now: Decision::Continue, waits: 0, shown: Rc::clone(&shown),
        };
        let holding = Holding {
            // Without it Envoy shows no body while headers are held: nothing to put in order.
            allow_on_headers_stop_iteration: true,
            max_held_bytes: ByteSize::from_kib(1),
        };
        let mut proxy = Proxy::new(exchange, holding);
        let mut answers = answers.into_iter();
        // After each part the callout is answered, perhaps twice, or not yet.
        let mut between = |proxy: &mut Proxy| {
            for _ in 0..2 {
                if answers.next() == Some(true) {
                    proxy.answer();
                }
            }
        };
        let whole: Vec<u8> = chunks.concat();
        let last = chunks.len().checked_sub(1);

        proxy.headers(chunks.is_empty() && !with_trailers);
        between(&mut proxy);
        for (index, chunk) in chunks.iter().enumerate() {
            proxy.chunk(chunk, Some(index) == last && !with_trailers);
            between(&mut proxy);
        }
        if with_trailers {
            proxy.trailers();
        }
        for _ in 0..6 {
            proxy.answer();
        }

        prop_assert!(proxy.driver.waiting().is_none());
        prop_assert!(proxy.replies <= 1);
        let asks_body = buffers && !chunks.is_empty();
        let all_pass = passes(headers)
            && (!asks_body || passes(body))
            && (!with_trailers || passes(trailers));
        if all_pass {
            prop_assert_eq!(proxy.replies, 0);
            let expected = Passed { headers: true, body: whole.clone(), trailers: with_trailers };
            prop_assert_eq!(&proxy.passed, &expected);
        } else {
            prop_assert_eq!(proxy.replies, 1);
        }
        if !passes(headers) {
            prop_assert_eq!(&proxy.passed, &Passed::default());
            prop_assert!(shown.borrow().is_empty());
        } else if asks_body {
            prop_assert_eq!(&*shown.borrow(), &vec![whole]);
        }
        if asks_body && !passes(body) {
            prop_assert!(proxy.passed.body.is_empty(), "a refused body went on");
            prop_assert!(!proxy.passed.headers, "held headers went on");
        }
    }

    #[test]
    fn what_piles_up_is_bounded(chunk in 1_usize..2_000, waits in any::<bool>()) {
        let exchange = Scripted {
            headers: if waits { Decision::WaitThenContinue } else { Decision::Continue },
            body: Decision::Continue,
            trailers: Decision::Continue,
            buffers: !waits,
            now: Decision::Continue,
            waits: 0,
            shown: Rc::default(),
        };
        let holding = Holding {
            allow_on_headers_stop_iteration: true,
            max_held_bytes: ByteSize::from_bytes(1_000),
        };
        let mut proxy = Proxy::new(exchange, holding);
        proxy.headers(false);
        while proxy.replies == 0 {
            proxy.chunk(&vec![0; chunk], false);
            prop_assert!(proxy.host.request.body.len() <= 1_000 + chunk);
        }
        prop_assert_eq!(proxy.passed, Passed::default());
    }
}

/// Waits for one callout with the request's trailers, for another with the response's headers.
#[derive(Debug)]
struct TwoWaits;

impl Exchange for TwoWaits {
    fn on_request_trailers(&mut self, _: &mut dyn Host) -> Result<Flow, HostError> {
        Ok(Flow::Wait(Waiting::Callout(CalloutId(1))))
    }

    fn on_response_headers(&mut self, _: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        Ok(Flow::Wait(Waiting::Callout(CalloutId(2))))
    }

    fn on_wake(&mut self, _: &mut dyn Host, _: Wake) -> Result<Flow, HostError> {
        Ok(Flow::Continue)
    }
}

#[test]
fn what_the_response_waited_for_does_not_let_the_request_go() {
    let mut host = FakeHost::new(Rc::new(RefCell::new(World::default())), Message::default());
    let mut driver = Driver::new(TwoWaits, Holding::default());
    assert_eq!(
        driver.on_headers(&mut host, Direction::Request, false),
        Verdict::Continue
    );
    assert_eq!(
        driver.on_trailers(&mut host, Direction::Request),
        Verdict::Hold
    );
    assert_eq!(
        driver.on_headers(&mut host, Direction::Response, true),
        Verdict::Hold
    );
    assert_eq!(driver.waits().count(), 2);
    let ended = |id| Wake::Callout(CalloutId(id), CalloutOutcome::Failed);
    assert_eq!(driver.on_wake(&mut host, ended(3)), Resume::Nothing);
    assert_eq!(
        driver.on_wake(&mut host, ended(2)),
        Resume::Continue(Direction::Response)
    );
    assert_eq!(driver.waiting(), Some(Waiting::Callout(CalloutId(1))));
    assert_eq!(
        driver.on_wake(&mut host, ended(1)),
        Resume::Continue(Direction::Request)
    );
    assert_eq!(driver.waiting(), None);
}
