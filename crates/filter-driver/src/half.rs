//! Where one half of an exchange, request or response, stands.

use filter_api::Waiting;

/// A part of a message, in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Headers,
    Body,
    Trailers,
}

/// What happens to the parts that arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// They go on as they come.
    Passing,
    /// They are held until the body is whole.
    Buffering { max_bytes: u32 },
    /// They are held until the exchange has decided about a phase.
    Waiting { at: Phase, waiting: Waiting },
}

/// One half of an exchange.
#[derive(Debug)]
pub(crate) struct Half {
    pub(crate) state: State,
    /// All of the message has arrived.
    pub(crate) ended: bool,
    /// Something of a body has arrived, if only its end.
    pub(crate) has_body: bool,
    /// How much of a body the host held when some of it arrived last, in bytes.
    pub(crate) held: usize,
    /// Trailers have arrived that the exchange has not seen.
    pub(crate) trailers_due: bool,
}

impl Half {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Passing,
            ended: false,
            has_body: false,
            held: 0,
            trailers_due: false,
        }
    }

    pub(crate) const fn waiting(&self) -> Option<Waiting> {
        match self.state {
            State::Waiting { waiting, .. } => Some(waiting),
            State::Passing | State::Buffering { .. } => None,
        }
    }
}
