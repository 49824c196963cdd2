//! A host that holds state, so that tests assert on what came of a request, not on the calls made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use filter_api::{
    Callout, CalloutId, Callouts, Client, Clock, CounterId, Direction, Edit, Fields, FilterState,
    GaugeId, HeaderList, HistogramId, HostError, Level, Log, Metrics, Random, SharedData,
    SharedValue, Signatures, Signed, WaitingExchanges,
};
use filter_driver::Carrier;
use software_signatures::SoftwareSignatures;

use crate::world::World;

/// Fields that Envoy keeps in one line, however many values are added. It knows more of them; these
/// are those that filters here add to.
const ONE_LINE: [&str; 1] = ["vary"];

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

/// The host for one exchange.
#[derive(Debug)]
pub struct FakeHost {
    /// What outlives the exchange.
    pub world: Rc<RefCell<World>>,
    /// Who sends the request.
    pub client: IpAddr,
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
    /// A host for a request, of a client on the same machine.
    pub fn new(world: Rc<RefCell<World>>, request: Message) -> Self {
        Self {
            world,
            client: Ipv4Addr::LOCALHOST.into(),
            request,
            response: Message::default(),
            phase: Direction::Request,
            filter_state: BTreeMap::new(),
            snapshot: None,
        }
    }

    fn called(&self, hostcall: &'static str) {
        self.world.borrow_mut().called(hostcall);
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
            self.called("proxy_get_header_map_pairs");
            let list = self.list(Fields::RequestHeaders)?;
            let list: HeaderList = list.iter().map(|(name, value)| (name, value)).collect();
            self.snapshot = Some(Rc::new(list));
        }
        self.snapshot
            .clone()
            .ok_or(HostError::WrongPhase("the request"))
    }

    fn field(&mut self, of: Fields, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.called("proxy_get_header_map_value");
        let mut fields = self.list(of)?.iter();
        let first = fields.find(|(key, _)| key == name.as_bytes());
        Ok(first.map(|(_, value)| value.clone()))
    }

    fn fields(&mut self, of: Fields) -> Result<HeaderList, HostError> {
        self.called("proxy_get_header_map_pairs");
        Ok(self
            .list(of)?
            .iter()
            .map(|(name, value)| (name, value))
            .collect())
    }

    fn set_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.called("proxy_replace_header_map_value");
        let list = self.list(of)?;
        list.retain(|(key, _)| key != name.as_bytes());
        list.push((name.as_bytes().to_vec(), value.to_vec()));
        Ok(())
    }

    fn add_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.called("proxy_add_header_map_value");
        let list = self.list(of)?;
        let line = list.iter_mut().find(|(key, _)| key == name.as_bytes());
        match line {
            Some((_, line)) if ONE_LINE.contains(&name) => {
                line.push(b',');
                line.extend_from_slice(value);
            }
            _ => list.push((name.as_bytes().to_vec(), value.to_vec())),
        }
        Ok(())
    }

    fn remove_field(&mut self, of: Fields, name: &str) -> Result<(), HostError> {
        self.called("proxy_remove_header_map_value");
        self.list(of)?.retain(|(key, _)| key != name.as_bytes());
        Ok(())
    }

    fn set_body(&mut self, of: Direction, body: &[u8]) -> Result<(), HostError> {
        self.called("proxy_set_buffer_bytes");
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
        self.called("proxy_get_buffer_bytes");
        let message = match of {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        };
        Ok(message.body.iter().copied().take(bytes).collect())
    }
}

impl Client for FakeHost {
    fn client_address(&mut self) -> Result<Option<IpAddr>, HostError> {
        self.called("proxy_get_property");
        Ok(Some(self.client.to_canonical()))
    }
}

impl FilterState for FakeHost {
    fn set_filter_state(&mut self, name: &str, value: &[u8]) -> Result<(), HostError> {
        self.called("proxy_set_property");
        self.filter_state.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn filter_state(&mut self, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.called("proxy_get_property");
        Ok(self.filter_state.get(name).cloned())
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

/// What both kinds of host have of the world.
macro_rules! worldly {
    ($host:ty) => {
        impl Clock for $host {
            fn unix_time(&self) -> Duration {
                self.world
                    .borrow_mut()
                    .called("proxy_get_current_time_nanoseconds");
                self.world.borrow().now
            }

            fn monotonic_time(&self) -> Duration {
                self.world.borrow_mut().called("clock_time_get");
                self.world.borrow().now
            }
        }

        impl Random for $host {
            fn seed(&mut self) -> Result<[u8; 16], HostError> {
                let mut world = self.world.borrow_mut();
                let [one, other] = [world.random(), world.random()];
                Ok((u128::from(one) << 64 | u128::from(other)).to_le_bytes())
            }

            fn random(&mut self) -> u64 {
                self.world.borrow_mut().random()
            }

            fn spread(&mut self) -> u64 {
                self.world.borrow_mut().random()
            }
        }

        impl Log for $host {
            fn log(&mut self, level: Level, message: &str) {
                self.world.borrow_mut().called("proxy_log");
                self.world
                    .borrow_mut()
                    .log
                    .push((level, message.to_owned()));
            }
        }

        impl SharedData for $host {
            fn shared(&mut self, key: &str) -> Result<Option<SharedValue>, HostError> {
                self.world.borrow_mut().called("proxy_get_shared_data");
                Ok(self.world.borrow().shared.get(key).cloned())
            }

            fn compare_and_swap(
                &mut self,
                key: &str,
                value: &[u8],
                generation: u32,
            ) -> Result<bool, HostError> {
                self.world.borrow_mut().called("proxy_set_shared_data");
                Ok(self.world.borrow_mut().swap(key, value, generation))
            }
        }

        impl Callouts for $host {
            fn dispatch(&mut self, callout: &Callout<'_>) -> Result<CalloutId, HostError> {
                self.world.borrow_mut().called("proxy_http_call");
                self.world.borrow_mut().dispatch(callout)
            }
        }

        impl Signatures for $host {
            fn verify_signature(&mut self, signed: &Signed<'_>) -> Result<bool, HostError> {
                self.world
                    .borrow_mut()
                    .called("proxy_call_foreign_function");
                SoftwareSignatures.verify_signature(signed)
            }
        }

        impl Metrics for $host {
            fn define_counter(&mut self, name: &str) -> Result<CounterId, HostError> {
                self.world.borrow_mut().called("proxy_define_metric");
                Ok(CounterId(self.world.borrow_mut().define(name)))
            }

            fn define_histogram(&mut self, name: &str) -> Result<HistogramId, HostError> {
                self.world.borrow_mut().called("proxy_define_metric");
                Ok(HistogramId(self.world.borrow_mut().define(name)))
            }

            fn record(&mut self, histogram: HistogramId, value: u64) {
                self.world.borrow_mut().called("proxy_record_metric");
                self.world.borrow_mut().record(histogram, value);
            }

            fn define_gauge(&mut self, name: &str) -> Result<GaugeId, HostError> {
                self.world.borrow_mut().called("proxy_define_metric");
                Ok(GaugeId(self.world.borrow_mut().define(name)))
            }

            fn set_gauge(&mut self, gauge: GaugeId, value: u64) {
                self.world.borrow_mut().called("proxy_record_metric");
                self.world.borrow_mut().set_gauge(gauge, value);
            }

            fn count(&mut self, counter: CounterId, by: u32) {
                self.world.borrow_mut().called("proxy_increment_metric");
                self.world.borrow_mut().count(counter, by);
            }
        }
    };
}

worldly!(FakeHost);
worldly!(FakeRootHost);
