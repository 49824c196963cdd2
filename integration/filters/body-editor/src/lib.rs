//! A filter for tests: it does with bodies and trailers all that a filter can do.
//!
//! The request's body is buffered. A body `answer` is answered by the filter itself; any other is
//! replaced by itself in upper case, its length put into the header `x-body-bytes` and, if there are
//! trailers, into the trailer `x-trailer`. The response's body is buffered too: `replace` in it makes
//! the filter answer instead, `fail` makes it fail, anything else is turned around. A request with
//! `x-tell: client` tells the upstream the client's address in `x-client`.

use std::borrow::Cow;
use std::rc::Rc;

use filter_api::{
    BodyMode, ByteSize, Caller, ConfigError, CounterId, Direction, Exchange, Fields, Filter, Flow,
    GrpcStatus, Holding, Host, HostError, Refusal, Reply, Root, RootHost,
};
use serde::Deserialize;

/// The filter's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the Envoy around this module was told about held messages.
    #[serde(default)]
    pub holding: Holding,
    /// The largest body taken, either way.
    pub max_body: ByteSize,
}

/// The filter.
#[derive(Debug)]
pub struct BodyEditor {
    config: Config,
    edited: std::cell::Cell<Option<CounterId>>,
}

impl Filter for BodyEditor {
    const NAME: &'static str = "body-editor";
    type Config = Config;
    type Exchange = EditorExchange;
    type Root = EditorRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        if config.max_body.bytes() == 0 {
            return Err(ConfigError::new("max_body", "must be more than 0"));
        }
        Ok(Self {
            config,
            edited: std::cell::Cell::new(None),
        })
    }

    fn holding(&self) -> Holding {
        self.config.holding
    }

    fn exchange(self: &Rc<Self>) -> EditorExchange {
        EditorExchange {
            filter: Rc::clone(self),
        }
    }

    fn root(self: &Rc<Self>) -> EditorRoot {
        EditorRoot {
            filter: Rc::clone(self),
        }
    }
}

/// Defines the filter's counter.
#[derive(Debug)]
pub struct EditorRoot {
    filter: Rc<BodyEditor>,
}

impl Root for EditorRoot {
    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        let counter = host.define_counter("body_editor_edited")?;
        self.filter.edited.set(Some(counter));
        Ok(())
    }
}

/// One request whose bodies are edited.
#[derive(Debug)]
pub struct EditorExchange {
    filter: Rc<BodyEditor>,
}

impl EditorExchange {
    fn body_mode(&self) -> BodyMode {
        BodyMode::Buffer {
            max_bytes: self.filter.config.max_body.bytes(),
        }
    }

    fn count(&self, host: &mut dyn Host) {
        if let Some(counter) = self.filter.edited.get() {
            host.count(counter, 1);
        }
    }
}

/// What the filter answers itself.
struct Answer(&'static str);

impl Refusal for Answer {
    fn status(&self) -> u16 {
        403
    }
    fn label(&self) -> &'static str {
        self.0
    }
    fn detail(&self) -> Cow<'static, str> {
        "The body editor answers.".into()
    }
    fn grpc_status(&self) -> GrpcStatus {
        GrpcStatus::PermissionDenied
    }
}

impl Exchange for EditorExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        // Taken now, so that the response phase has them too.
        host.request_headers()?;
        if host.field(Fields::RequestHeaders, "x-tell")?.as_deref() == Some(b"client") {
            let client = host.client_address()?;
            let client = client.map_or("none".to_owned(), |client| client.to_string());
            host.set_field(Fields::RequestHeaders, "x-client", client.as_bytes())?;
        }
        Ok(Flow::Continue)
    }

    fn request_body(&self) -> BodyMode {
        self.body_mode()
    }

    fn on_request_body(&mut self, host: &mut dyn Host, body: &[u8]) -> Result<Flow, HostError> {
        if body == b"answer" {
            let caller = Caller::of(&*host.request_headers()?);
            return Ok(Flow::Reply(Reply::refusal(
                &Answer("answered_request"),
                caller,
            )));
        }
        host.set_body(Direction::Request, &body.to_ascii_uppercase())?;
        if self.filter.config.holding.allow_on_headers_stop_iteration {
            let length = body.len().to_string();
            host.set_field(Fields::RequestHeaders, "x-body-bytes", length.as_bytes())?;
        }
        self.count(host);
        Ok(Flow::Continue)
    }

    fn on_request_trailers(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        host.set_field(Fields::RequestTrailers, "x-trailer", b"edited")?;
        Ok(Flow::Continue)
    }

    fn on_response_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        // The length changes with the body only in replies of our own, but a header held back is a
        // header that can be edited: the test wants to see it.
        let path = host.request_headers()?.path().to_vec();
        host.set_field(Fields::ResponseHeaders, "x-asked", &path)?;
        Ok(Flow::Continue)
    }

    fn response_body(&self) -> BodyMode {
        self.body_mode()
    }

    fn on_response_body(&mut self, host: &mut dyn Host, body: &[u8]) -> Result<Flow, HostError> {
        match body {
            b"replace" => {
                let caller = Caller::of(&*host.request_headers()?);
                Ok(Flow::Reply(Reply::refusal(
                    &Answer("answered_response"),
                    caller,
                )))
            }
            b"fail" => Err(HostError::WrongPhase("what the test asked for")),
            _ => {
                let turned: Vec<u8> = body.iter().rev().copied().collect();
                host.set_body(Direction::Response, &turned)?;
                Ok(Flow::Continue)
            }
        }
    }

    fn on_response_trailers(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        host.set_field(Fields::ResponseTrailers, "x-trailer", b"edited")?;
        Ok(Flow::Continue)
    }
}
