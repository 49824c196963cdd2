//! A filter for tests: it asks a server whether a request may pass, and holds the request until then.
//!
//! With `ask: exchange` each request asks by a callout of its own. With `ask: root` the filter's root
//! asks at each tick until it has an answer, which it shares with the other threads of the host; each
//! request waits for that. An answer of 200 lets pass, any other status denies with 403; no answer in
//! time denies with 503. With `ask: both` the root asks first, and each exchange that it lets pass asks
//! for itself. `when` says at which point of the message an exchange asks and waits.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use filter_api::{
    BodyMode, ByteSize, Caller, Callout, CalloutId, CalloutOutcome, ConfigError, Direction,
    Duration, Exchange, Filter, Flow, GrpcStatus, Holding, Host, HostError, Refusal, Reply, Root,
    RootHost, Waiting, Wake,
};
use serde::Deserialize;

/// The filter's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the Envoy around this module was told about held messages.
    #[serde(default)]
    pub holding: Holding,
    /// The cluster that is asked.
    pub cluster: String,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Who asks.
    #[serde(default)]
    pub ask: Ask,
    /// When it is asked.
    #[serde(default)]
    pub when: When,
    /// Once allowed, the request's body is buffered up to this size and turned into upper case.
    #[serde(default)]
    pub edit_body: Option<ByteSize>,
}

/// Who asks the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Each exchange for itself.
    #[default]
    Exchange,
    /// The root, once for all.
    Root,
    /// The root, and then each exchange for itself.
    Both,
}

/// At which point of a message its exchange asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The request's headers are there.
    #[default]
    Headers,
    /// The request's body is there; `edit_body` must be given.
    Body,
    /// The response's headers are there.
    Response,
}

/// What the root has learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Unknown,
    Pass,
    Deny,
}

/// The filter.
#[derive(Debug)]
pub struct Gatekeeper {
    config: Config,
    verdict: Cell<Verdict>,
}

impl Filter for Gatekeeper {
    const NAME: &'static str = "gatekeeper";
    type Config = Config;
    type Exchange = GateExchange;
    type Root = GateRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        if config.cluster.is_empty() {
            return Err(ConfigError::new("cluster", "must not be empty"));
        }
        if config.when == When::Body && config.edit_body.is_none() {
            return Err(ConfigError::new(
                "when",
                "must not be \"body\" without edit_body",
            ));
        }
        Ok(Self {
            config,
            verdict: Cell::new(Verdict::Unknown),
        })
    }

    fn holding(&self) -> Holding {
        self.config.holding
    }

    fn exchange(self: &Rc<Self>) -> GateExchange {
        GateExchange {
            filter: Rc::clone(self),
            edited: None,
        }
    }

    fn root(self: &Rc<Self>) -> GateRoot {
        GateRoot {
            filter: Rc::clone(self),
            asked: false,
        }
    }
}

impl Gatekeeper {
    fn ask(
        &self,
        path: &str,
        dispatch: impl FnOnce(&Callout<'_>) -> Result<CalloutId, HostError>,
    ) -> Result<CalloutId, HostError> {
        dispatch(&Callout {
            cluster: &self.config.cluster,
            headers: &[(":method", "GET"), (":path", path), (":authority", "gate")],
            body: b"",
            timeout: self.config.timeout.get(),
            max_response_bytes: 1024,
        })
    }
}

/// Why a request may not pass.
#[derive(Debug, Clone, Copy)]
enum Denial {
    Denied,
    NoAnswer,
}

impl Refusal for Denial {
    fn status(&self) -> u16 {
        match self {
            Self::Denied => 403,
            Self::NoAnswer => 503,
        }
    }
    fn label(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NoAnswer => "no_answer",
        }
    }
    fn detail(&self) -> Cow<'static, str> {
        "The gatekeeper lets nobody pass.".into()
    }
    fn grpc_status(&self) -> GrpcStatus {
        match self {
            Self::Denied => GrpcStatus::PermissionDenied,
            Self::NoAnswer => GrpcStatus::Unavailable,
        }
    }
    fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Denied => Vec::new(),
            Self::NoAnswer => vec![("retry-after", "1".to_owned())],
        }
    }
}

/// The key under which the threads of the host share what one has learnt.
const SHARED_VERDICT: &str = "gatekeeper.verdict";

/// Asks once for all requests.
#[derive(Debug)]
pub struct GateRoot {
    filter: Rc<Gatekeeper>,
    asked: bool,
}

impl GateRoot {
    fn learn(&self, host: &mut dyn RootHost, verdict: Verdict) {
        self.filter.verdict.set(verdict);
        host.wake_all();
    }
}

impl Root for GateRoot {
    fn tick_period(&self) -> Option<Duration> {
        (self.filter.config.ask != Ask::Exchange).then_some(Duration::from_millis(50))
    }

    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        // Made before there is traffic: a first write cannot be told from another first write.
        if host.shared(SHARED_VERDICT)?.is_none() {
            host.compare_and_swap(SHARED_VERDICT, b"", 0)?;
        }
        Ok(())
    }

    fn on_tick(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        if self.filter.verdict.get() != Verdict::Unknown {
            return Ok(());
        }
        match host
            .shared(SHARED_VERDICT)?
            .map(|shared| shared.value)
            .as_deref()
        {
            Some(b"pass") => self.learn(host, Verdict::Pass),
            Some(b"deny") => self.learn(host, Verdict::Deny),
            _ if !self.asked => {
                self.asked = true;
                self.filter.ask("/root", |callout| host.dispatch(callout))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn on_callout(
        &mut self,
        host: &mut dyn RootHost,
        _: CalloutId,
        outcome: CalloutOutcome,
    ) -> Result<(), HostError> {
        self.asked = false;
        let CalloutOutcome::Response(response) = outcome else {
            return Ok(());
        };
        let (verdict, shared) = match response.status() {
            200 => (Verdict::Pass, &b"pass"[..]),
            503 | 504 => return Ok(()), // the host's own: nobody has answered
            _ => (Verdict::Deny, &b"deny"[..]),
        };
        let generation = host
            .shared(SHARED_VERDICT)?
            .map_or(0, |shared| shared.generation);
        host.compare_and_swap(SHARED_VERDICT, shared, generation)?;
        self.learn(host, verdict);
        Ok(())
    }
}

/// One request at the gate.
#[derive(Debug)]
pub struct GateExchange {
    filter: Rc<Gatekeeper>,
    /// A body that was at hand when the exchange began to wait.
    edited: Option<Vec<u8>>,
}

impl GateExchange {
    fn deny(&self, host: &mut dyn Host, denial: Denial) -> Result<Flow, HostError> {
        let caller = Caller::of(&*host.request_headers()?);
        Ok(Flow::Reply(Reply::refusal(&denial, caller)))
    }

    /// What the root has learnt, applied to this request.
    fn decide(&self, host: &mut dyn Host, verdict: Verdict) -> Result<Flow, HostError> {
        match verdict {
            Verdict::Pass if self.filter.config.ask == Ask::Both => self.ask(host),
            Verdict::Pass => Ok(Flow::Continue),
            Verdict::Deny => self.deny(host, Denial::Denied),
            Verdict::Unknown => self.deny(host, Denial::NoAnswer),
        }
    }

    /// The message has come to this point.
    fn at(&self, host: &mut dyn Host, point: When) -> Result<Flow, HostError> {
        let Config {
            ask, when, timeout, ..
        } = &self.filter.config;
        match (ask, self.filter.verdict.get()) {
            _ if point != *when => Ok(Flow::Continue),
            (Ask::Exchange, _) => self.ask(host),
            (Ask::Root | Ask::Both, Verdict::Unknown) => {
                let until = host.unix_time() + timeout.get();
                Ok(Flow::Wait(Waiting::Root { until }))
            }
            (Ask::Root | Ask::Both, verdict) => self.decide(host, verdict),
        }
    }

    /// It may pass, edited if it is to be.
    fn pass(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        if let Some(edited) = self.edited.take() {
            host.set_body(Direction::Request, &edited)?;
        }
        Ok(Flow::Continue)
    }

    fn ask(&self, host: &mut dyn Host) -> Result<Flow, HostError> {
        let path = String::from_utf8_lossy(host.request_headers()?.path()).into_owned();
        match self.filter.ask(&path, |callout| host.dispatch(callout)) {
            Ok(id) => Ok(Flow::Wait(Waiting::Callout(id))),
            Err(HostError::Refused { .. }) => self.deny(host, Denial::NoAnswer),
            Err(error) => Err(error),
        }
    }
}

impl Exchange for GateExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        // Taken now, so that the response phase has them too.
        host.request_headers()?;
        self.at(host, When::Headers)
    }

    fn request_body(&self) -> BodyMode {
        match self.filter.config.edit_body {
            Some(max) => BodyMode::Buffer {
                max_bytes: max.bytes(),
            },
            None => BodyMode::Skip,
        }
    }

    fn on_request_body(&mut self, host: &mut dyn Host, body: &[u8]) -> Result<Flow, HostError> {
        self.edited = Some(body.to_ascii_uppercase());
        match self.at(host, When::Body)? {
            Flow::Continue => self.pass(host),
            decided => Ok(decided),
        }
    }

    fn on_response_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        self.at(host, When::Response)
    }

    fn on_wake(&mut self, host: &mut dyn Host, wake: Wake) -> Result<Flow, HostError> {
        let decided = match wake {
            Wake::Callout(_, CalloutOutcome::Response(response)) => match response.status() {
                200 => Flow::Continue,
                503 | 504 => self.deny(host, Denial::NoAnswer)?,
                _ => self.deny(host, Denial::Denied)?,
            },
            Wake::Callout(_, CalloutOutcome::Failed | CalloutOutcome::TooLarge) | Wake::Expired => {
                self.deny(host, Denial::NoAnswer)?
            }
            Wake::Root => self.decide(host, self.filter.verdict.get())?,
        };
        match decided {
            Flow::Continue => self.pass(host),
            decided => Ok(decided),
        }
    }
}
