//! The hostcalls of the proxy-wasm ABI v0.2.1 that Headgate makes, without a way to panic.
//!
//! Source: <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1>. Each function maps the
//! host's status to a result; what the host allocates in this module's memory is taken over as it is.
#![allow(unsafe_code)] // calling the host is what this module is for

mod import;

use std::net::{IpAddr, SocketAddr};
use std::ptr;
use std::time::Duration;

use filter_api::{Fields, HeaderList, HostError, Level, Reply};

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
pub(crate) const BAD_ARGUMENT: u32 = 2;
const EMPTY: u32 = 7;
const CAS_MISMATCH: u32 = 8;

/// `proxy_buffer_type_t`.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CalloutResponseBody = 4,
    PluginConfiguration = 7,
}

/// `proxy_map_type_t`, the lists that are not the message's.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Map {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
    CalloutResponseHeaders = 6,
}

impl From<Fields> for Map {
    fn from(of: Fields) -> Self {
        match of {
            Fields::RequestHeaders => Self::RequestHeaders,
            Fields::RequestTrailers => Self::RequestTrailers,
            Fields::ResponseHeaders => Self::ResponseHeaders,
            Fields::ResponseTrailers => Self::ResponseTrailers,
        }
    }
}

/// `proxy_stream_type_t`.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Stream {
    Request = 0,
    Response = 1,
}

fn check(call: &'static str, status: u32) -> Result<(), HostError> {
    if status == OK {
        Ok(())
    } else {
        Err(HostError::Refused { call, status })
    }
}

/// Takes over bytes that the host put into memory which it got from this module's allocator.
///
/// # Safety
/// `bytes` is null, or was given to the host by `malloc` of the SDK with exactly `size` bytes, and the
/// host has written all of them and keeps no pointer.
unsafe fn take_over(bytes: *mut u8, size: usize) -> Vec<u8> {
    if bytes.is_null() {
        Vec::new()
    } else {
        // SAFETY: the SDK's allocator hands out boxed slices of `size` bytes, capacity = size.
        unsafe { Vec::from_raw_parts(bytes, size, size) }
    }
}

/// Writes a line to the host's log. A log that cannot be written is no reason to fail.
pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => 4,
    };
    // SAFETY: pointer and size are those of `message`.
    unsafe { import::proxy_log(level, message.as_ptr(), message.len()) };
}

/// Time since the Unix epoch; its beginning if the host does not tell.
pub(crate) fn unix_time() -> Duration {
    let mut nanoseconds = 0;
    // SAFETY: the host writes one u64.
    unsafe { import::proxy_get_current_time_nanoseconds(&mut nanoseconds) };
    Duration::from_nanos(nanoseconds)
}

/// Time by the host's steady clock; the wall clock's if the host has none.
pub(crate) fn monotonic_time() -> Duration {
    const MONOTONIC: u32 = 1;
    let mut nanoseconds = 0;
    // SAFETY: the host writes one u64.
    let status = unsafe { import::clock_time_get(MONOTONIC, 1, &mut nanoseconds) };
    match status {
        OK => Duration::from_nanos(nanoseconds),
        _ => unix_time(),
    }
}

pub(crate) fn set_tick_period(period: Duration) -> Result<(), HostError> {
    let milliseconds = u32::try_from(period.as_millis()).unwrap_or(u32::MAX).max(1);
    // SAFETY: no pointers.
    check("proxy_set_tick_period_milliseconds", unsafe {
        import::proxy_set_tick_period_milliseconds(milliseconds)
    })
}

/// Octets that nobody foresees.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], HostError> {
    let mut octets = [0; N];
    // SAFETY: the host writes `octets.len()` bytes.
    let status = unsafe { import::random_get(octets.as_mut_ptr(), octets.len()) };
    check("random_get", status).map(|()| octets)
}

/// At most `max_bytes` of a buffer, from its beginning.
pub(crate) fn buffer(of: Buffer, max_bytes: usize) -> Result<Vec<u8>, HostError> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host writes a pointer from our allocator and its size.
    let status =
        unsafe { import::proxy_get_buffer_bytes(of as u32, 0, max_bytes, &mut bytes, &mut size) };
    match status {
        // An empty buffer is "not found" or "empty" to some hosts.
        NOT_FOUND | EMPTY => Ok(Vec::new()),
        // SAFETY: see above.
        _ => check("proxy_get_buffer_bytes", status).map(|()| unsafe { take_over(bytes, size) }),
    }
}

/// Replaces the whole of a buffer.
pub(crate) fn set_buffer(of: Buffer, bytes: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointer and size are those of `bytes`.
    check("proxy_set_buffer_bytes", unsafe {
        import::proxy_set_buffer_bytes(of as u32, 0, usize::MAX, bytes.as_ptr(), bytes.len())
    })
}

pub(crate) fn header_list(of: Map) -> Result<HeaderList, HostError> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host writes a pointer from our allocator and its size.
    let status = unsafe { import::proxy_get_header_map_pairs(of as u32, &mut bytes, &mut size) };
    check("proxy_get_header_map_pairs", status)?;
    // SAFETY: see above.
    let serialized = unsafe { take_over(bytes, size) };
    Ok(HeaderList::from_serialized(serialized)?)
}

/// The first value of a field.
pub(crate) fn header(of: Map, name: &str) -> Result<Option<Vec<u8>>, HostError> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    // SAFETY: pointer and size are those of `name`; the host writes a pointer from our allocator and
    // its size.
    let status = unsafe {
        import::proxy_get_header_map_value(
            of as u32,
            name.as_ptr(),
            name.len(),
            &mut bytes,
            &mut size,
        )
    };
    match status {
        NOT_FOUND => Ok(None),
        _ => {
            check("proxy_get_header_map_value", status)?;
            // SAFETY: see above.
            Ok(Some(unsafe { take_over(bytes, size) }))
        }
    }
}

pub(crate) fn set_header(of: Map, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointers and sizes are those of `name` and `value`.
    check("proxy_replace_header_map_value", unsafe {
        import::proxy_replace_header_map_value(
            of as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(crate) fn add_header(of: Map, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointers and sizes are those of `name` and `value`.
    check("proxy_add_header_map_value", unsafe {
        import::proxy_add_header_map_value(
            of as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(crate) fn remove_header(of: Map, name: &str) -> Result<(), HostError> {
    // SAFETY: pointer and size are those of `name`.
    let status =
        unsafe { import::proxy_remove_header_map_value(of as u32, name.as_ptr(), name.len()) };
    match status {
        NOT_FOUND => Ok(()),
        _ => check("proxy_remove_header_map_value", status),
    }
}

/// A property, by its path: segments with a zero byte between them.
pub(crate) fn property(path: &str) -> Result<Option<Vec<u8>>, HostError> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    // SAFETY: pointer and size are those of `path`; the host writes a pointer from our allocator and
    // its size.
    let status =
        unsafe { import::proxy_get_property(path.as_ptr(), path.len(), &mut bytes, &mut size) };
    match status {
        NOT_FOUND => Ok(None),
        _ => {
            check("proxy_get_property", status)?;
            // SAFETY: see above.
            Ok(Some(unsafe { take_over(bytes, size) }))
        }
    }
}

/// The client's address: `source.address` of Envoy's attributes, without its port.
pub(crate) fn client_address() -> Result<Option<IpAddr>, HostError> {
    let address = property("source\0address")?.unwrap_or_default();
    let address = str::from_utf8(&address).ok();
    let address = address.and_then(|text| text.parse::<SocketAddr>().ok());
    Ok(address.map(|address| address.ip().to_canonical()))
}

/// Sets a property of one segment, which Envoy keeps in the filter state as `wasm.<name>`.
pub(crate) fn set_property(name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointers and sizes are those of `name` and `value`.
    check("proxy_set_property", unsafe {
        import::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// A shared value and its generation.
pub(crate) fn shared_data(key: &str) -> Result<Option<(Vec<u8>, u32)>, HostError> {
    let (mut bytes, mut size, mut generation) = (ptr::null_mut(), 0, 0);
    // SAFETY: the host writes a pointer from our allocator, its size and a number.
    let status = unsafe {
        import::proxy_get_shared_data(
            key.as_ptr(),
            key.len(),
            &mut bytes,
            &mut size,
            &mut generation,
        )
    };
    match status {
        NOT_FOUND => Ok(None),
        _ => {
            check("proxy_get_shared_data", status)?;
            // SAFETY: see above.
            Ok(Some((unsafe { take_over(bytes, size) }, generation)))
        }
    }
}

/// `false` when the generation is no longer this one.
pub(crate) fn set_shared_data(key: &str, value: &[u8], generation: u32) -> Result<bool, HostError> {
    // SAFETY: pointers and sizes are those of `key` and `value`.
    let status = unsafe {
        import::proxy_set_shared_data(
            key.as_ptr(),
            key.len(),
            value.as_ptr(),
            value.len(),
            generation,
        )
    };
    match status {
        CAS_MISMATCH => Ok(false),
        _ => check("proxy_set_shared_data", status).map(|()| true),
    }
}

/// `proxy_metric_type_t`.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Metric {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

pub(crate) fn define_metric(kind: Metric, name: &str) -> Result<u32, HostError> {
    let mut id = 0;
    // SAFETY: pointer and size are those of `name`; the host writes one number.
    let status =
        unsafe { import::proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &mut id) };
    check("proxy_define_metric", status).map(|()| id)
}

/// Adds to a counter. One that cannot be written is no reason to fail.
pub(crate) fn increment(counter: u32, by: u32) {
    // SAFETY: no pointers.
    unsafe { import::proxy_increment_metric(counter, i64::from(by)) };
}

/// Adds a value to a histogram, or sets a gauge. One that cannot be written is no reason to fail.
pub(crate) fn record(metric: u32, value: u64) {
    // SAFETY: no pointers.
    unsafe { import::proxy_record_metric(metric, value) };
}

/// Calls a function that this host has beside those of the ABI.
pub(crate) fn call_foreign(name: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    // SAFETY: pointers and sizes are those of `name` and `arguments`; the host writes a pointer from
    // our allocator and its size.
    let status = unsafe {
        import::proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            arguments.as_ptr(),
            arguments.len(),
            &mut bytes,
            &mut size,
        )
    };
    check("proxy_call_foreign_function", status)?;
    // SAFETY: see above.
    Ok(unsafe { take_over(bytes, size) })
}

/// Sends a reply; what a gRPC caller reads is among its fields.
pub(crate) fn send_reply(reply: &Reply) -> Result<(), HostError> {
    const NO_GRPC_STATUS: i32 = -1;
    let headers: HeaderList = reply
        .headers
        .iter()
        .map(|(name, value)| (name, value))
        .collect();
    let headers = headers.as_serialized();
    // SAFETY: pointers and sizes are those of label, body and headers.
    check("proxy_send_local_response", unsafe {
        import::proxy_send_local_response(
            u32::from(reply.status),
            reply.label.as_ptr(),
            reply.label.len(),
            reply.body.as_ptr(),
            reply.body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    })
}

/// Lets go what is held. Envoy does so after the callback has returned.
pub(crate) fn continue_stream(of: Stream) -> Result<(), HostError> {
    // SAFETY: no pointers.
    check("proxy_continue_stream", unsafe {
        import::proxy_continue_stream(of as u32)
    })
}

/// Makes the hostcalls that follow speak of another context.
pub(crate) fn set_effective_context(context: u32) -> Result<(), HostError> {
    // SAFETY: no pointers.
    check("proxy_set_effective_context", unsafe {
        import::proxy_set_effective_context(context)
    })
}
