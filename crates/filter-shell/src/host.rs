//! The host as filters see it, on top of the ABI.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{
    Callout, CalloutId, CalloutOutcome, CalloutResponse, Callouts, Client, Clock, CounterId,
    Direction, Edit, Fields, FilterState, GaugeId, HeaderList, HistogramId, HostError, Level, Log,
    Metrics, Random, SharedData, SharedValue, Signatures, Signed, WaitingExchanges,
};
use filter_driver::Carrier;

use crate::abi::{self, Buffer, Map, Metric};
use crate::chance::Chance;
use crate::foreign;

/// Callouts that somebody awaits, and how much each may answer.
pub(crate) type Awaited = Vec<(CalloutId, usize)>;

/// The host for one exchange.
pub(crate) struct StreamHost<'a> {
    pub(crate) chance: &'a Chance,
    /// Taken when first asked for; the response phase has no other.
    pub(crate) request_headers: &'a mut Option<Rc<HeaderList>>,
    pub(crate) awaited: &'a mut Awaited,
}

/// The host for a filter's root.
pub(crate) struct ShellRootHost<'a> {
    pub(crate) chance: &'a Chance,
    pub(crate) awaited: &'a mut Awaited,
    /// The root asked for its waiting exchanges to be woken.
    pub(crate) wakes_all: bool,
}

/// What does not depend on who asks.
macro_rules! common_capabilities {
    ($host:ty) => {
        impl Clock for $host {
            fn unix_time(&self) -> Duration {
                abi::unix_time()
            }

            fn monotonic_time(&self) -> Duration {
                abi::monotonic_time()
            }
        }

        impl Random for $host {
            fn seed(&mut self) -> Result<[u8; 16], HostError> {
                abi::random()
            }

            fn random(&mut self) -> u64 {
                self.chance.random()
            }

            fn spread(&mut self) -> u64 {
                self.chance.spread()
            }
        }

        impl Log for $host {
            fn log(&mut self, level: Level, message: &str) {
                abi::log(level, message);
            }
        }

        impl SharedData for $host {
            fn shared(&mut self, key: &str) -> Result<Option<SharedValue>, HostError> {
                let found = abi::shared_data(key)?;
                Ok(found.map(|(value, generation)| SharedValue { value, generation }))
            }

            fn compare_and_swap(
                &mut self,
                key: &str,
                value: &[u8],
                generation: u32,
            ) -> Result<bool, HostError> {
                abi::set_shared_data(key, value, generation)
            }
        }

        impl Callouts for $host {
            fn dispatch(&mut self, callout: &Callout<'_>) -> Result<CalloutId, HostError> {
                let id = dispatch(callout)?;
                self.awaited.push((id, callout.max_response_bytes));
                Ok(id)
            }
        }

        impl Metrics for $host {
            fn define_counter(&mut self, name: &str) -> Result<CounterId, HostError> {
                abi::define_metric(Metric::Counter, name).map(CounterId)
            }

            fn define_histogram(&mut self, name: &str) -> Result<HistogramId, HostError> {
                abi::define_metric(Metric::Histogram, name).map(HistogramId)
            }

            fn record(&mut self, histogram: HistogramId, value: u64) {
                abi::record(histogram.0, value);
            }

            fn define_gauge(&mut self, name: &str) -> Result<GaugeId, HostError> {
                abi::define_metric(Metric::Gauge, name).map(GaugeId)
            }

            fn set_gauge(&mut self, gauge: GaugeId, value: u64) {
                abi::record(gauge.0, value);
            }

            fn count(&mut self, counter: CounterId, by: u32) {
                abi::increment(counter.0, by);
            }
        }

        impl Signatures for $host {
            fn verify_signature(&mut self, signed: &Signed<'_>) -> Result<bool, HostError> {
                foreign::verify_signature(signed)
            }
        }
    };
}

common_capabilities!(StreamHost<'_>);
common_capabilities!(ShellRootHost<'_>);

impl Edit for StreamHost<'_> {
    fn request_headers(&mut self) -> Result<Rc<HeaderList>, HostError> {
        if let Some(headers) = self.request_headers {
            return Ok(Rc::clone(headers));
        }
        let headers = Rc::new(abi::header_list(Map::RequestHeaders)?);
        *self.request_headers = Some(Rc::clone(&headers));
        Ok(headers)
    }

    fn field(&mut self, of: Fields, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        abi::header(of.into(), name)
    }

    fn fields(&mut self, of: Fields) -> Result<HeaderList, HostError> {
        abi::header_list(of.into())
    }

    fn set_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError> {
        abi::set_header(of.into(), name, value)
    }

    fn add_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError> {
        abi::add_header(of.into(), name, value)
    }

    fn remove_field(&mut self, of: Fields, name: &str) -> Result<(), HostError> {
        abi::remove_header(of.into(), name)
    }

    fn set_body(&mut self, of: Direction, body: &[u8]) -> Result<(), HostError> {
        abi::set_buffer(body_of(of), body)
    }
}

impl Client for StreamHost<'_> {
    fn client_address(&mut self) -> Result<Option<IpAddr>, HostError> {
        abi::client_address()
    }
}

impl FilterState for StreamHost<'_> {
    fn set_filter_state(&mut self, name: &str, value: &[u8]) -> Result<(), HostError> {
        abi::set_property(name, value)
    }

    fn filter_state(&mut self, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        abi::property(name)
    }
}

impl Carrier for StreamHost<'_> {
    fn body(&mut self, of: Direction, bytes: usize) -> Result<Vec<u8>, HostError> {
        abi::buffer(body_of(of), bytes)
    }
}

impl WaitingExchanges for ShellRootHost<'_> {
    fn wake_all(&mut self) {
        self.wakes_all = true;
    }
}

const fn body_of(of: Direction) -> Buffer {
    match of {
        Direction::Request => Buffer::RequestBody,
        Direction::Response => Buffer::ResponseBody,
    }
}

/// Sends through the SDK, whose dispatcher has to know of each call to deliver its answer. This
/// wrapper panics on no status that Envoy gives.
fn dispatch(callout: &Callout<'_>) -> Result<CalloutId, HostError> {
    let body = (!callout.body.is_empty()).then_some(callout.body);
    proxy_wasm::hostcalls::dispatch_http_call(
        callout.cluster,
        callout.headers.to_vec(),
        body,
        Vec::new(),
        // In whole milliseconds of 32 bits, of which 0 would mean none.
        callout.timeout.clamp(
            Duration::from_millis(1),
            Duration::from_millis(u32::MAX.into()),
        ),
    )
    .map(CalloutId)
    .map_err(|status| HostError::Refused {
        call: "proxy_http_call",
        status: status as u32,
    })
}

/// How a callout ended, in the callback that says that it did. A host that has no header fields for
/// it has no answer.
pub(crate) fn callout_outcome(
    fields: usize,
    body_bytes: usize,
    max_bytes: usize,
) -> CalloutOutcome {
    if fields == 0 {
        return CalloutOutcome::Failed;
    }
    if body_bytes > max_bytes {
        return CalloutOutcome::TooLarge;
    }
    let read = || -> Result<CalloutResponse, HostError> {
        let headers = abi::header_list(Map::CalloutResponseHeaders)?;
        let body = abi::buffer(Buffer::CalloutResponseBody, body_bytes)?;
        Ok(CalloutResponse { headers, body })
    };
    read().map_or(CalloutOutcome::Failed, CalloutOutcome::Response)
}
