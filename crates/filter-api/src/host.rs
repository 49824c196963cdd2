//! What a host can do for a filter, one trait for each capability.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::{Callout, CalloutId, HeaderList};

/// The host did not do what was asked. It costs the one request that asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The host refused with a status of the proxy-wasm ABI.
    #[error("{call} was refused by the host with status {status} ({})", status_name(*.status))]
    Refused {
        /// The hostcall.
        call: &'static str,
        /// `proxy_status_t` of the ABI.
        status: u32,
    },
    /// What was asked for does not exist in this phase of the request.
    #[error("{0} is not to be had in this phase of the request")]
    WrongPhase(&'static str),
    /// Other threads kept writing a value in shared data.
    #[error("other threads kept writing \"{0}\" in shared data")]
    Contended(&'static str),
    /// The host handed out bytes that are no header list.
    #[error(transparent)]
    Malformed(#[from] crate::MalformedHeaderList),
}

/// Names of the proxy-wasm ABI v0.2.1, `proxy_status_t`.
fn status_name(status: u32) -> &'static str {
    match status {
        1 => "not found",
        2 => "bad argument",
        3 => "serialization failure",
        4 => "parse failure",
        6 => "invalid memory access",
        7 => "empty",
        8 => "compare-and-swap mismatch",
        10 => "internal failure",
        12 => "unimplemented",
        _ => "unknown",
    }
}

/// A list of fields of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// Of the request, before its body.
    RequestHeaders,
    /// Of the request, after its body.
    RequestTrailers,
    /// Of the response, before its body.
    ResponseHeaders,
    /// Of the response, after its body.
    ResponseTrailers,
}

/// One half of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the upstream.
    Request,
    /// From the upstream to the client.
    Response,
}

/// Clocks.
pub trait Clock {
    /// Time since the Unix epoch, by the wall clock, which somebody may set.
    fn unix_time(&self) -> Duration;

    /// Time since some moment before this host began, which nobody can set. All threads of a host count from
    /// the same moment.
    fn monotonic_time(&self) -> Duration;
}

/// Random numbers, for choices and seeds; not for keys.
pub trait Random {
    /// 16 octets that nobody outside can foresee, for a seed of hashes.
    ///
    /// # Errors
    /// When the host has none.
    fn seed(&mut self) -> Result<[u8; 16], HostError>;

    /// 64 evenly spread bits.
    fn random(&mut self) -> u64;

    /// The next number of a [`crate::Spread`], for shares of traffic.
    fn spread(&mut self) -> u64;
}

/// The log of the host.
pub trait Log {
    /// Writes a line.
    fn log(&mut self, level: Level, message: &str);
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever changes the code.
    Debug,
    /// A milestone.
    Info,
    /// Something is not as it should be; work goes on.
    Warn,
    /// Something failed.
    Error,
}

/// Reads and edits of the message at hand.
pub trait Edit {
    /// The request's header fields as they came from the client. They are taken once and kept, so they
    /// can be asked for in every phase; edits do not show in them.
    ///
    /// # Errors
    /// When the host does not hand them out.
    fn request_headers(&mut self) -> Result<Rc<HeaderList>, HostError>;

    /// One value of a field as it is now, edits included: a fraction of the cost of the whole list. Of
    /// a field that is repeated it is the first value; [`Edit::fields`] has them all.
    ///
    /// # Errors
    /// When this phase has no such list.
    fn field(&mut self, of: Fields, name: &str) -> Result<Option<Vec<u8>>, HostError>;

    /// A list of fields as it is now, edits included.
    ///
    /// # Errors
    /// When this phase has no such list.
    fn fields(&mut self, of: Fields) -> Result<HeaderList, HostError>;

    /// Sets a field to one value, whatever values it had.
    ///
    /// # Errors
    /// When this phase has no such list, or the value may not stand in a header.
    fn set_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Adds a value to a field, behind those it has.
    ///
    /// # Errors
    /// As [`Edit::set_field`].
    fn add_field(&mut self, of: Fields, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Removes all values of a field; one that is not there is no error.
    ///
    /// # Errors
    /// When this phase has no such list.
    fn remove_field(&mut self, of: Fields, name: &str) -> Result<(), HostError>;

    /// Replaces the whole body. Only while the body is at hand: in the body callback, and while
    /// waiting that began there. `content-length` is the exchange's to set or remove.
    ///
    /// # Errors
    /// When there is no body to replace.
    fn set_body(&mut self, of: Direction, body: &[u8]) -> Result<(), HostError>;
}

/// Who sent the request.
pub trait Client {
    /// The client's address, as the host is configured to find it: the connection's, or what a proxy
    /// that is trusted said in `x-forwarded-for`. An IPv4 address is never told as IPv6. `None` for
    /// clients that have none, as on a Unix socket.
    ///
    /// # Errors
    /// When the host refuses.
    fn client_address(&mut self) -> Result<Option<IpAddr>, HostError>;
}

/// Values that other filters and the access log can read.
pub trait FilterState {
    /// Sets `wasm.<name>` in the filter state of the request, in the access log as
    /// `%FILTER_STATE(wasm.<name>:PLAIN)%`.
    ///
    /// # Errors
    /// When the host refuses.
    fn set_filter_state(&mut self, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// What was set under this name, by whichever filter.
    ///
    /// # Errors
    /// When the host refuses.
    fn filter_state(&mut self, name: &str) -> Result<Option<Vec<u8>>, HostError>;
}

/// A value that the threads of one host share, and its generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedValue {
    /// The bytes.
    pub value: Vec<u8>,
    /// Changes with each write; what [`SharedData::compare_and_swap`] compares.
    pub generation: u32,
}

/// Values shared by the threads of one host, each of which has a VM of its own.
pub trait SharedData {
    /// The value of a key.
    ///
    /// # Errors
    /// When the host fails; a key without a value is `None`.
    fn shared(&mut self, key: &str) -> Result<Option<SharedValue>, HostError>;

    /// Writes a value if its generation is still the given one; `false` when another thread was
    /// first. A key without a value has generation 0, **and a write with 0 always succeeds**: first
    /// touches race, so keys are made before there is traffic.
    ///
    /// # Errors
    /// When the host fails.
    fn compare_and_swap(
        &mut self,
        key: &str,
        value: &[u8],
        generation: u32,
    ) -> Result<bool, HostError>;
}

/// Requests of the filter's own.
pub trait Callouts {
    /// Sends a request. Its outcome comes later, as a wake of the exchange or a call of the root that
    /// sent it, and comes in every case.
    ///
    /// # Errors
    /// When the host refuses at once, as for a cluster that does not exist. No outcome follows.
    fn dispatch(&mut self, callout: &Callout<'_>) -> Result<CalloutId, HostError>;
}

/// Names a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterId(pub u32);

/// Names a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistogramId(pub u32);

/// Names a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GaugeId(pub u32);

/// Metrics of the host. One that cannot be written costs no request.
///
/// A metric may be defined at any time, and is then there for good: each definition costs the host
/// memory, so whoever defines during requests keeps the id, and bounds how many there can be.
pub trait Metrics {
    /// Defines a counter. Two definitions of a name are one counter.
    ///
    /// # Errors
    /// When the host refuses.
    fn define_counter(&mut self, name: &str) -> Result<CounterId, HostError>;

    /// Adds to a counter.
    fn count(&mut self, counter: CounterId, by: u32);

    /// Defines a histogram. Two definitions of a name are one histogram.
    ///
    /// # Errors
    /// When the host refuses.
    fn define_histogram(&mut self, name: &str) -> Result<HistogramId, HostError>;

    /// Adds a value to a histogram; the host sorts it into its buckets.
    fn record(&mut self, histogram: HistogramId, value: u64);

    /// Defines a gauge. Two definitions of a name are one gauge, whichever thread they are on.
    ///
    /// # Errors
    /// When the host refuses.
    fn define_gauge(&mut self, name: &str) -> Result<GaugeId, HostError>;

    /// Says what a gauge shows from now on.
    fn set_gauge(&mut self, gauge: GaugeId, value: u64);
}

/// The hash functions that signatures are made with (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A text, and what is said to be its signature by the owner of a key.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// What the text is hashed with before it is signed.
    pub hash: Hash,
    /// The public key, as a `SubjectPublicKeyInfo` in DER (RFC 5280 section 4.1.2.7).
    pub public_key: &'a [u8],
    /// The signature: of an RSA key RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2), of a key on a curve an
    /// `Ecdsa-Sig-Value` in DER (RFC 3279 section 2.2.3).
    pub signature: &'a [u8],
    /// The text.
    pub text: &'a [u8],
}

/// Signatures that the host checks in its own code, at a fraction of what it costs a module.
pub trait Signatures {
    /// Whether the signature is the key's for this text. Keys are RSA, or on P-256, P-384 or P-521.
    ///
    /// # Errors
    /// When the host cannot read the key, or checks no signatures at all. A signature that it cannot
    /// read is a wrong one.
    fn verify_signature(&mut self, signed: &Signed<'_>) -> Result<bool, HostError>;
}

/// All that an exchange may ask for.
pub trait Host:
    Clock + Random + Log + Edit + Client + FilterState + SharedData + Callouts + Metrics + Signatures
{
}

impl<T> Host for T where
    T: Clock
        + Random
        + Log
        + Edit
        + Client
        + FilterState
        + SharedData
        + Callouts
        + Metrics
        + Signatures
{
}

/// Exchanges that said [`crate::Waiting::Root`].
pub trait WaitingExchanges {
    /// Wakes all of them, once the root's callback has returned.
    fn wake_all(&mut self);
}

/// All that a root may ask for.
pub trait RootHost:
    Clock + Random + Log + SharedData + Callouts + Metrics + Signatures + WaitingExchanges
{
}

impl<T> RootHost for T where
    T: Clock + Random + Log + SharedData + Callouts + Metrics + Signatures + WaitingExchanges
{
}
