//! One request and its response, as a filter sees them.

use crate::{Caller, CalloutId, CalloutOutcome, HeaderList, Host, HostError, Refusal, Reply};

/// What an exchange decides in a callback. Whoever drives the exchange carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision that is dropped lets the request pass"]
pub enum Flow {
    /// Let the message go on.
    Continue,
    /// Hold the message: no byte of it passes until a wake decides otherwise.
    Wait(Waiting),
    /// Answer the client; an upstream that has seen nothing will see nothing.
    Reply(Reply),
}

impl Flow {
    /// Refuse a request, in the form that its caller reads.
    pub fn refusal(refusal: &dyn Refusal, request: &HeaderList) -> Self {
        Self::Reply(Reply::refusal(refusal, Caller::of(request)))
    }
}

/// What an exchange waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The outcome of a callout that it dispatched. Other callouts of the exchange wake it too.
    Callout(CalloutId),
    /// The filter's root, which wakes all that wait for it; or the time, whichever comes first. The
    /// time is looked at when the root ticks.
    Root {
        /// When the exchange gives up, as time since the Unix epoch.
        until: std::time::Duration,
    },
}

/// Why a waiting exchange is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// A callout ended.
    Callout(CalloutId, CalloutOutcome),
    /// The root woke its waiting exchanges.
    Root,
    /// The time is over that [`Waiting::Root`] named.
    Expired,
}

/// What an exchange wants of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyMode {
    /// Nothing: it streams past.
    Skip,
    /// All of it at once, if it is no larger than `max_bytes`. A larger request is answered with 413,
    /// a larger response with 502.
    Buffer {
        /// In bytes.
        max_bytes: u32,
    },
}

/// One request and its response. All methods have a default that lets everything pass.
///
/// Order: request headers, body, trailers, then the same three of the response, then the log. A
/// response can begin before the request has ended. An error costs this one request: it is answered
/// with 500 if it can still be answered.
pub trait Exchange {
    /// The request's header fields are there. With `end_of_stream` neither body nor trailers follow.
    ///
    /// # Errors
    /// When the host fails.
    fn on_request_headers(
        &mut self,
        host: &mut dyn Host,
        end_of_stream: bool,
    ) -> Result<Flow, HostError> {
        let _ = (host, end_of_stream);
        Ok(Flow::Continue)
    }

    /// What is wanted of the request's body. Asked once, after the headers were let through.
    fn request_body(&self) -> BodyMode {
        BodyMode::Skip
    }

    /// The whole body of a request, if it was asked for and there is one. Until [`Flow::Continue`] the
    /// headers can still be edited where the host holds them (see [`crate::Holding`]).
    ///
    /// # Errors
    /// When the host fails.
    fn on_request_body(&mut self, host: &mut dyn Host, body: &[u8]) -> Result<Flow, HostError> {
        let _ = (host, body);
        Ok(Flow::Continue)
    }

    /// The request ended with trailers.
    ///
    /// # Errors
    /// When the host fails.
    fn on_request_trailers(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        let _ = host;
        Ok(Flow::Continue)
    }

    /// The response's header fields are there: the upstream's, or a reply of the host's own.
    ///
    /// # Errors
    /// When the host fails.
    fn on_response_headers(
        &mut self,
        host: &mut dyn Host,
        end_of_stream: bool,
    ) -> Result<Flow, HostError> {
        let _ = (host, end_of_stream);
        Ok(Flow::Continue)
    }

    /// What is wanted of the response's body. Asked once, after its headers were let through.
    fn response_body(&self) -> BodyMode {
        BodyMode::Skip
    }

    /// The whole body of a response, if it was asked for and there is one.
    ///
    /// # Errors
    /// When the host fails.
    fn on_response_body(&mut self, host: &mut dyn Host, body: &[u8]) -> Result<Flow, HostError> {
        let _ = (host, body);
        Ok(Flow::Continue)
    }

    /// The response ended with trailers.
    ///
    /// # Errors
    /// When the host fails.
    fn on_response_trailers(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        let _ = host;
        Ok(Flow::Continue)
    }

    /// What the exchange waited for has come. [`Flow::Continue`] lets the message go on from where it
    /// was held. The default is for exchanges that never wait, and refuses: one that waits says itself
    /// what then becomes of its message.
    ///
    /// # Errors
    /// When the host fails.
    fn on_wake(&mut self, host: &mut dyn Host, wake: Wake) -> Result<Flow, HostError> {
        let _ = (host, wake);
        Err(HostError::WrongPhase(
            "a wake of an exchange that never waits",
        ))
    }

    /// An answer is about to be given instead of the upstream's: one of the exchange's own, or a
    /// refusal by whoever drives it (413, 502, 503, 500). What is set here goes out with it; no phase
    /// of the response follows.
    fn on_reply(&mut self, host: &mut dyn Host, reply: &mut Reply) {
        let _ = (host, reply);
    }

    /// The exchange is over. The response's header fields can still be read, if there were any.
    fn on_log(&mut self, host: &mut dyn Host) {
        let _ = host;
    }
}
