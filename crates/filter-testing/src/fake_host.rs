//! A host that holds state, so that tests assert on what came of a request, not on the calls made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{
    Callout, CalloutId, CalloutOutcome, CalloutResponse, Callouts, Clock, CounterId, Direction,
    Edit, Fields, FilterState, HeaderList, HostError, Level, Log, Metrics, Random, RootHost,
    SharedData, SharedValue, WaitingExchanges,
};
use filter_driver::Carrier;

use crate::case::{Answer, parse_fields};

/// Names and values, in order.
pub type FieldList = Vec<(Vec<u8>, Vec<u8>)>;

/// A message in the host.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Fields before the body; empty while they have not come.
    pub headers: FieldList,
    /// What is held of the body, or all of it at the end.
    pub body: Vec<u8>,
    /// Fields behind the body.
    pub trailers: FieldList,
}

/// What outlives a request: the clock, shared data, counters, the log.
#[derive(Debug, Default)]
pub struct World {
    /// Time since the Unix epoch.
    pub now: Duration,
    /// Each next random number is this, plus the one before (a Weyl sequence: evenly spread).
    pub random: u64,
    /// Shared data with generations.
    pub shared: BTreeMap<String, SharedValue>,
    /// Counters by name.
    pub counters: BTreeMap<String, u64>,
    /// Names of counters by id.
    counter_names: Vec<String>,
    /// Lines of the log.
    pub log: Vec<(Level, String)>,
    /// Callouts sent and not yet answered.
    callouts: Vec<(CalloutId, String, usize)>,
    next_callout: u32,
    /// Answers by cluster.
    pub answers: BTreeMap<String, Answer>,
}

impl World {
    /// The golden ratio's fraction of 2^64.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// A world in which callouts are answered so, by cluster; other clusters do not exist.
    pub fn answering(answers: BTreeMap<String, Answer>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(Self::STEP);
        self.random
    }

    fn dispatch(&mut self, callout: &Callout<'_>) -> Result<CalloutId, HostError> {
        if !self.answers.contains_key(callout.cluster) {
            const BAD_ARGUMENT: u32 = 2;
            return Err(HostError::Refused {
                call: "proxy_http_call",
                status: BAD_ARGUMENT,
            });
        }
        self.next_callout += 1;
        let id = CalloutId(self.next_callout);
        self.callouts
            .push((id, callout.cluster.to_owned(), callout.max_response_bytes));
        Ok(id)
    }

    /// The outcome of the oldest callout that is open.
    pub fn answer_next(&mut self) -> Option<(CalloutId, CalloutOutcome)> {
        if self.callouts.is_empty() {
            return None;
        }
        let (id, cluster, max_bytes) = self.callouts.remove(0);
        let answer = self.answers.get(&cluster)?;
        if answer.body.len() > max_bytes {
            return Some((id, CalloutOutcome::TooLarge));
        }
        let mut headers = vec![(":status".to_owned(), answer.status.to_string())];
        headers.extend(parse_fields(&answer.headers));
        let response = CalloutResponse {
            headers: headers.into_iter().collect(),
            body: answer.body.clone().into_bytes(),
        };
        Some((id, CalloutOutcome::Response(response)))
    }

    fn swap(&mut self, key: &str, value: &[u8], generation: u32) -> bool {
        let current = self.shared.get(key).map_or(0, |shared| shared.generation);
        // As in Envoy: generation 0 always overwrites.
        if generation != 0 && generation != current {
            return false;
        }
        let value = SharedValue {
            value: value.to_vec(),
            generation: current + 1,
        };
        self.shared.insert(key.to_owned(), value);
        true
    }

    fn counter(&mut self, name: &str) -> CounterId {
        let known = self.counter_names.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            self.counter_names.push(name.to_owned());
            self.counter_names.len() - 1
        });
        CounterId(u32::try_from(index).expect("few counters"))
    }

    fn count(&mut self, counter: CounterId, by: u32) {
        let name = usize::try_from(counter.0)
            .ok()
            .and_then(|id| self.counter_names.get(id));
        let name = name.expect("the counter was defined").clone();
        *self.counters.entry(name).or_default() += u64::from(by);
    }
}

/// The host for one exchange.
#[derive(Debug)]
pub struct FakeHost {
    /// What outlives the exchange.
    pub world: Rc<RefCell<World>>,
    /// The request.
    pub request: Message,
    /// The response.
    pub response: Message,
    /// Which half is at hand: Envoy refuses the request's fields once the response is.
    pub phase: Direction,
    /// Filter state by name.
    pub filter_state: BTreeMap<String, Vec<u8>>,
    snapshot: Option<Rc<HeaderList>>,
}

impl FakeHost {
    /// A host for a request.
    pub fn new(world: Rc<RefCell<World>>, request: Message) -> Self {
        Self {
            world,
            request,
            response: Message::default(),
            phase: Direction::Request,
            filter_state: BTreeMap::new(),
            snapshot: None,
        }
    }

    fn list(&mut self, of: Fields) -> Result<&mut FieldList, HostError> {
        let wrong = |what| Err(HostError::WrongPhase(what));
        match (of, self.phase) {
            (Fields::RequestHeaders, Direction::Request) => Ok(&mut self.request.headers),
            (Fields::RequestTrailers, Direction::Request) => Ok(&mut self.request.trailers),
            (Fields::ResponseHeaders, Direction::Response) => Ok(&mut self.response.headers),
            (Fields::ResponseTrailers, Direction::Response) => Ok(&mut self.response.trailers),
            (Fields::RequestHeaders | Fields::RequestTrailers, _) => wrong("the request"),
            (Fields::ResponseHeaders | Fields::ResponseTrailers, _) => wrong("the response"),
        }
    }
}

impl Edit for FakeHost {
    fn request_headers(&mut self) -> Result<Rc<HeaderList>, HostError> {
        if self.snapshot.is_none() {
            let list = self.list(Fields::RequestHeaders)?;
            let list: HeaderList = list.iter().map(|(name, value)| (name, value)).collect();
            self.snapshot = Some(Rc::new(list));
        }
        self.snapshot
            .clone()
            .ok_or(HostError::WrongPhase("the request"))
    }

    fn fields(&mut self, of: Fields) -> Result<HeaderList, HostError> {
        Ok(self
            .list(of)?
            .iter()
            .map(|(name, value)| (name, value))
            .collect())
    }

    fn set_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.remove_field(of, name)?;
        self.add_field(of, name, value)
    }

    fn add_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.list(of)?
            .push((name.as_bytes().to_vec(), value.to_vec()));
        Ok(())
    }

    fn remove_field(&mut self, of: Fields, name: &str) -> Result<(), HostError> {
        self.list(of)?.retain(|(key, _)| key != name.as_bytes());
        Ok(())
    }

    fn set_body(&mut self, of: Direction, body: &[u8]) -> Result<(), HostError> {
        let message = match of {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        };
        message.body = body.to_vec();
        Ok(())
    }
}

impl Carrier for FakeHost {
    fn body(&mut self, of: Direction, bytes: usize) -> Result<Vec<u8>, HostError> {
        let message = match of {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        };
        Ok(message.body.iter().copied().take(bytes).collect())
    }
}

impl FilterState for FakeHost {
    fn set_filter_state(&mut self, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.filter_state.insert(name.to_owned(), value.to_vec());
        Ok(())
    }
}

/// The host for a filter's root.
#[derive(Debug)]
pub struct FakeRootHost {
    /// What all requests share.
    pub world: Rc<RefCell<World>>,
    /// The root asked for its waiting exchanges to be woken.
    pub wakes_all: bool,
}

impl WaitingExchanges for FakeRootHost {
    fn wake_all(&mut self) {
        self.wakes_all = true;
    }
}

impl RootHost for FakeRootHost {
    fn define_counter(&mut self, name: &str) -> Result<CounterId, HostError> {
        Ok(self.world.borrow_mut().counter(name))
    }
}

/// What both kinds of host have of the world.
macro_rules! worldly {
    ($host:ty) => {
        impl Clock for $host {
            fn unix_time(&self) -> Duration {
                self.world.borrow().now
            }
        }

        impl Random for $host {
            fn random(&mut self) -> u64 {
                self.world.borrow_mut().random()
            }
        }

        impl Log for $host {
            fn log(&mut self, level: Level, message: &str) {
                self.world
                    .borrow_mut()
                    .log
                    .push((level, message.to_owned()));
            }
        }

        impl SharedData for $host {
            fn shared(&mut self, key: &str) -> Result<Option<SharedValue>, HostError> {
                Ok(self.world.borrow().shared.get(key).cloned())
            }

            fn compare_and_swap(
                &mut self,
                key: &str,
                value: &[u8],
                generation: u32,
            ) -> Result<bool, HostError> {
                Ok(self.world.borrow_mut().swap(key, value, generation))
            }
        }

        impl Callouts for $host {
            fn dispatch(&mut self, callout: &Callout<'_>) -> Result<CalloutId, HostError> {
                self.world.borrow_mut().dispatch(callout)
            }
        }

        impl Metrics for $host {
            fn count(&mut self, counter: CounterId, by: u32) {
                self.world.borrow_mut().count(counter, by);
            }
        }
    };
}

worldly!(FakeHost);
worldly!(FakeRootHost);
