//! One thread of a proxy, with the filter in it.

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{Caller, Direction, FUNCTION_HEADER, Filter, Reply, Root, Waiting, Wake};
use filter_driver::{Driver, Resume, Verdict};

use crate::case::{Answer, Case, RequestCase, parse_fields};
use crate::fake_host::{FakeHost, FakeRootHost, FieldList, Message};
use crate::local_reply::local_reply;
use crate::observed::{Observed, ObservedMessage};
use crate::world::World;

/// When callouts are answered. Nothing that anybody sees may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalloutsAnswer {
    /// As soon as they are sent, before more of the message comes.
    Early,
    /// After all of the message has come.
    Late,
}

/// A thread of a proxy: a filter, its root, and the world around them.
pub struct FakeProxy<F: Filter> {
    filter: Rc<F>,
    root: F::Root,
    root_host: FakeRootHost,
    world: Rc<RefCell<World>>,
}

impl<F: Filter> FakeProxy<F> {
    /// Starts the filter in a world of its own.
    pub fn new(filter: F) -> Self {
        let filter = Rc::new(filter);
        let world = Rc::default();
        let mut root_host = FakeRootHost {
            world: Rc::clone(&world),
            wakes_all: false,
        };
        let mut root = filter.root();
        root.on_start(&mut root_host)
            .expect("the fake host does all that a root asks");
        Self {
            filter,
            root,
            root_host,
            world,
        }
    }

    /// Carries one exchange through.
    pub fn run(&mut self, case: &Case, answered: CalloutsAnswer) -> Observed {
        self.world.borrow_mut().hostcalls.clear();
        self.world.borrow_mut().answers = case.callouts.clone();
        let mut host = FakeHost::new(Rc::clone(&self.world), request(&case.request));
        host.client = case.request.client;
        if !case.request.claims.is_empty() {
            let said = serde_json::to_vec(&case.request.claims).expect("it was JSON");
            host.filter_state
                .insert(claims::FILTER_STATE.to_owned(), said);
        }
        let exchange = Exchange {
            driver: Driver::new(self.filter.exchange(), self.filter.holding()),
            host,
            proxy: self,
            case,
            answered,
        };
        exchange.run()
    }

    /// Runs a case twice and tells the hostcalls of the second time, as `get_header_map_pairs 1, set_property 1`:
    /// what the first request makes for all that follow is none of theirs.
    pub fn hostcalls_of_second(&mut self, case: &Case) -> String {
        for _ in 0..2 {
            self.run(case, CalloutsAnswer::Late);
        }
        let world = self.world.borrow();
        let shown = world.hostcalls.iter().map(|(name, times)| {
            let name = name.strip_prefix("proxy_").unwrap_or(name);
            format!("{name} {times}")
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Time goes by until the root's next tick; `until` is when who waits for it gives up.
    fn tick(&mut self, until: std::time::Duration) -> Option<Wake> {
        let period = self.root.tick_period();
        let period = period.expect("who waits for the root needs its tick");
        self.world.borrow_mut().now += period.get();
        self.root
            .on_tick(&mut self.root_host)
            .expect("the root ticks");
        let answer = self.world.borrow_mut().answer_next();
        if let Some((id, outcome)) = answer {
            let told = self.root.on_callout(&mut self.root_host, id, outcome);
            told.expect("the root takes its answer");
        }
        if std::mem::take(&mut self.root_host.wakes_all) {
            Some(Wake::Root)
        } else {
            (until <= self.world.borrow().now).then_some(Wake::Expired)
        }
    }
}

/// One case.
struct Exchange<'a, F: Filter> {
    proxy: &'a mut FakeProxy<F>,
    case: &'a Case,
    answered: CalloutsAnswer,
    driver: Driver<F::Exchange>,
    host: FakeHost,
}

/// What ended a half of the exchange.
enum Passage {
    /// All of it went on.
    Passed,
    /// The filter answered.
    Replied(Reply),
}

impl<F: Filter> Exchange<'_, F> {
    fn run(mut self) -> Observed {
        let request_body = self.case.request.body.clone().map(String::into_bytes);
        let observed = match self.half(Direction::Request, request_body) {
            Passage::Replied(reply) => self.replied(None, None, reply),
            Passage::Passed => {
                let mut forwarded = observed(&self.host.request);
                let function = forwarded
                    .headers
                    .iter()
                    .find(|(name, _)| name == FUNCTION_HEADER)
                    .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
                // Envoy takes it off before the upstream sees it.
                forwarded
                    .headers
                    .retain(|(name, _)| name != FUNCTION_HEADER);
                self.answered(function, forwarded)
            }
        };
        self.driver.on_log(&mut self.host);
        observed
    }

    /// The upstream has the request: its answer on the way back.
    fn answered(&mut self, function: Option<String>, forwarded: ObservedMessage) -> Observed {
        self.host.phase = Direction::Response;
        self.host.response = answer(&self.case.upstream);
        let body = self.case.upstream.body.clone().into_bytes();
        let body = (!body.is_empty()).then_some(body);
        match self.half(Direction::Response, body) {
            Passage::Replied(reply) => self.replied(function, Some(forwarded), reply),
            Passage::Passed => Observed {
                function,
                answered: None,
                forwarded: Some(forwarded),
                status: self.case.upstream.status,
                response: observed(&self.host.response),
            },
        }
    }

    fn replied(
        &mut self,
        function: Option<String>,
        forwarded: Option<ObservedMessage>,
        reply: Reply,
    ) -> Observed {
        self.proxy
            .world
            .borrow_mut()
            .called("proxy_send_local_response");
        let answered = forwarded.is_none().then(|| reply.label.to_owned());
        let fields = self.case.request.fields().into_iter().collect();
        let (status, response) = local_reply(reply, &self.case.request.method, Caller::of(&fields));
        self.host.phase = Direction::Response;
        self.host.response = sent(status, &response);
        Observed {
            function,
            answered,
            forwarded,
            status,
            response,
        }
    }

    /// Shows one message to the driver, in parts.
    fn half(&mut self, of: Direction, body: Option<Vec<u8>>) -> Passage {
        let trailers = match of {
            Direction::Request => !self.host.request.trailers.is_empty(),
            Direction::Response => !self.host.response.trailers.is_empty(),
        };
        let ends_early = body.is_none() && !trailers;
        let mut verdict = self.driver.on_headers(&mut self.host, of, ends_early);
        let body = body.unwrap_or_default();
        // Two chunks, so that whoever buffers has to.
        let middle = body.len() / 2;
        let (first, second) = body.split_at(middle);
        for (chunk, last) in [(first, false), (second, true)] {
            if ends_early || (body.is_empty() && trailers) {
                break;
            }
            if self.answered == CalloutsAnswer::Early {
                verdict = self.wakes(verdict);
            }
            if let Verdict::Reply(reply) = verdict {
                return Passage::Replied(reply);
            }
            let held = {
                let message = match of {
                    Direction::Request => &mut self.host.request,
                    Direction::Response => &mut self.host.response,
                };
                message.body.extend_from_slice(chunk);
                message.body.len()
            };
            verdict = self
                .driver
                .on_body(&mut self.host, of, held, last && !trailers);
        }
        if trailers && !matches!(verdict, Verdict::Reply(_)) {
            if self.answered == CalloutsAnswer::Early {
                verdict = self.wakes(verdict);
            }
            if !matches!(verdict, Verdict::Reply(_)) {
                verdict = self.driver.on_trailers(&mut self.host, of);
            }
        }
        match self.wakes(verdict) {
            Verdict::Continue => Passage::Passed,
            Verdict::Reply(reply) => Passage::Replied(reply),
            Verdict::Hold => panic!("the exchange holds its message for ever"),
        }
    }

    /// Answers callouts and lets time pass, as long as the exchange waits.
    fn wakes(&mut self, mut verdict: Verdict) -> Verdict {
        const TICKS: u32 = 10_000;
        for _ in 0..TICKS {
            let Some(waiting) = self.driver.waiting() else {
                return verdict;
            };
            let wake = match waiting {
                Waiting::Callout(_) => {
                    let answer = self.host.world.borrow_mut().answer_next();
                    let (id, outcome) = answer.expect("a callout that is waited for is open");
                    Some(Wake::Callout(id, outcome))
                }
                Waiting::Root { until } => self.proxy.tick(until),
            };
            let Some(wake) = wake else { continue };
            match self.driver.on_wake(&mut self.host, wake) {
                Resume::Nothing => {}
                Resume::Continue(_) => verdict = Verdict::Continue,
                Resume::Reply(reply) => return Verdict::Reply(reply),
            }
        }
        panic!("the exchange waits for ever");
    }
}

fn bytes(fields: Vec<(String, String)>) -> FieldList {
    fields
        .into_iter()
        .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
        .collect()
}

fn request(case: &RequestCase) -> Message {
    let fields = case.fields();
    // As Envoy has it: of a client without TLS, unless somebody in front says otherwise.
    let told = fields.iter().find(|(name, _)| name == "x-forwarded-proto");
    let scheme = told.map_or("http", |(_, scheme)| scheme);
    let mut headers: FieldList = [
        (":authority", case.host.as_str()),
        (":path", &case.path),
        (":method", &case.method),
        (":scheme", scheme),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    headers.extend(bytes(fields));
    Message {
        headers,
        body: Vec::new(),
        trailers: bytes(parse_fields(&case.trailers)),
    }
}

fn answer(answer: &Answer) -> Message {
    let mut headers = vec![(b":status".to_vec(), answer.status.to_string().into_bytes())];
    headers.extend(bytes(parse_fields(&answer.headers)));
    Message {
        headers,
        body: Vec::new(),
        trailers: bytes(parse_fields(&answer.trailers)),
    }
}

/// A reply as the host has it.
fn sent(status: u16, response: &ObservedMessage) -> Message {
    let mut headers = vec![(b":status".to_vec(), status.to_string().into_bytes())];
    let fields = response.headers.iter();
    headers.extend(fields.map(|(name, value)| (name.clone().into_bytes(), value.clone())));
    Message {
        headers,
        body: response.body.clone(),
        trailers: Vec::new(),
    }
}

fn observed(message: &Message) -> ObservedMessage {
    let text = |(name, value): &(Vec<u8>, Vec<u8>)| {
        (String::from_utf8_lossy(name).into_owned(), value.clone())
    };
    ObservedMessage {
        headers: message.headers.iter().map(text).collect(),
        body: message.body.clone(),
        trailers: message.trailers.iter().map(text).collect(),
    }
}
