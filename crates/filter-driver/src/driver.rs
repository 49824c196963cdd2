//! The driver: callbacks of a host in, verdicts out.

use filter_api::{
    BodyMode, ByteSize, Caller, Direction, Exchange, Flow, Holding, Host, HostError, Level, Reply,
    Waiting, Wake,
};

use crate::half::{Half, Phase, State};
use crate::refusals::Overload;

/// A host that also hands the driver the bodies it holds.
pub trait Carrier: Host {
    /// What of the body is held now: all of it, once it has ended.
    ///
    /// # Errors
    /// When the host does not hand it out.
    fn body(&mut self, of: Direction, bytes: usize) -> Result<Vec<u8>, HostError>;
}

/// What a host does with the part of a message that it just showed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Lets it go on, with all that it held of this message.
    Continue,
    /// Holds it.
    Hold,
    /// Holds it, and answers the client.
    Reply(Reply),
}

/// What a host does after a wake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Resume {
    /// Nothing: the exchange waits on.
    Nothing,
    /// Lets go all that it holds of this half.
    Continue(Direction),
    /// Answers the client.
    Reply(Reply),
}

/// Carries one exchange through its phases.
#[derive(Debug)]
pub struct Driver<E> {
    exchange: E,
    holding: Holding,
    request: Half,
    response: Half,
    replied: bool,
}

impl<E: Exchange> Driver<E> {
    /// Begins an exchange on a host that was told this about held messages.
    pub fn new(exchange: E, holding: Holding) -> Self {
        Self {
            exchange,
            holding,
            request: Half::new(),
            response: Half::new(),
            replied: false,
        }
    }

    /// Header fields have arrived; with `end_of_stream` nothing follows.
    pub fn on_headers(
        &mut self,
        carrier: &mut dyn Carrier,
        of: Direction,
        end_of_stream: bool,
    ) -> Verdict {
        if self.replied {
            return after_reply(of);
        }
        self.half(of).ended = end_of_stream;
        let flow = match of {
            Direction::Request => self.exchange.on_request_headers(carrier, end_of_stream),
            Direction::Response => self.exchange.on_response_headers(carrier, end_of_stream),
        };
        self.settle(carrier, of, Phase::Headers, flow)
    }

    /// Something of a body has arrived. `held` is what the host holds of it, this part included.
    pub fn on_body(
        &mut self,
        carrier: &mut dyn Carrier,
        of: Direction,
        held: usize,
        end_of_stream: bool,
    ) -> Verdict {
        if self.replied {
            return after_reply(of);
        }
        let max_held = self.holding.max_held_bytes.bytes();
        let half = self.half(of);
        half.ended |= end_of_stream;
        half.has_body = true;
        half.held = held;
        let exceeds = |most| exceeds(held, most);
        match half.state {
            State::Passing => Verdict::Continue,
            State::Waiting { .. } if exceeds(max_held) => self.refuse(carrier, Overload::Held),
            State::Waiting { .. } => Verdict::Hold,
            State::Buffering { max_bytes } if exceeds(max_bytes) => {
                let most = ByteSize::from_bytes(max_bytes);
                self.refuse(carrier, Overload::TooLarge(of, most))
            }
            State::Buffering { .. } if end_of_stream => self.show_body(carrier, of),
            State::Buffering { .. } => Verdict::Hold,
        }
    }

    /// Trailers have arrived; nothing follows.
    pub fn on_trailers(&mut self, carrier: &mut dyn Carrier, of: Direction) -> Verdict {
        if self.replied {
            return after_reply(of);
        }
        let half = self.half(of);
        half.ended = true;
        half.trailers_due = true;
        match half.state {
            State::Passing => self.show_trailers(carrier, of),
            State::Waiting { .. } => Verdict::Hold,
            State::Buffering { .. } if half.has_body => self.show_body(carrier, of),
            State::Buffering { .. } => self.show_trailers(carrier, of),
        }
    }

    /// What an exchange waits for may have come.
    pub fn on_wake(&mut self, carrier: &mut dyn Carrier, wake: Wake) -> Resume {
        if self.replied {
            return Resume::Nothing;
        }
        let woken = self.woken_by(&wake);
        let flow = self.exchange.on_wake(carrier, wake);
        let Some((of, at)) = woken else {
            // Nobody waited for it: the exchange has learnt of it, that is all.
            return Resume::Nothing;
        };
        self.half(of).state = State::Passing;
        match self.settle(carrier, of, at, flow) {
            Verdict::Continue => Resume::Continue(of),
            Verdict::Hold => Resume::Nothing,
            Verdict::Reply(reply) => Resume::Reply(reply),
        }
    }

    /// The exchange is over.
    pub fn on_log(&mut self, host: &mut dyn Host) {
        self.exchange.on_log(host);
    }

    /// What the exchange waits for, if it does; the request's wait comes first.
    pub fn waiting(&self) -> Option<Waiting> {
        self.waits().next()
    }

    /// All that the exchange waits for: the request can wait, and an early response too.
    pub fn waits(&self) -> impl Iterator<Item = Waiting> {
        let halves = [&self.request, &self.response].into_iter();
        halves.filter(|_| !self.replied).filter_map(Half::waiting)
    }

    /// The half that waits for what has come. What nobody waits for by name wakes the one that waits;
    /// of two it wakes none, or the verdict about the one would let go the other.
    fn woken_by(&self, wake: &Wake) -> Option<(Direction, Phase)> {
        let waiting = || {
            let halves = [
                (Direction::Request, &self.request),
                (Direction::Response, &self.response),
            ];
            halves
                .into_iter()
                .filter_map(|(of, half)| match half.state {
                    State::Waiting { at, waiting } => Some((of, at, waiting)),
                    State::Passing | State::Buffering { .. } => None,
                })
        };
        let named = |waiting: &Waiting| match (wake, waiting) {
            (Wake::Callout(ended, _), Waiting::Callout(awaited)) => ended == awaited,
            (Wake::Root | Wake::Expired, Waiting::Root { .. }) => true,
            _ => false,
        };
        let (of, at, _) = waiting()
            .find(|(_, _, waiting)| named(waiting))
            .or_else(|| waiting().next().filter(|_| waiting().count() == 1))?;
        Some((of, at))
    }

    fn half(&mut self, of: Direction) -> &mut Half {
        match of {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }

    /// Carries out what the exchange decided about a phase.
    fn settle(
        &mut self,
        carrier: &mut dyn Carrier,
        of: Direction,
        phase: Phase,
        flow: Result<Flow, HostError>,
    ) -> Verdict {
        match flow {
            Ok(Flow::Continue) => match phase {
                Phase::Headers => self.after_headers(carrier, of),
                Phase::Body if self.half(of).trailers_due => self.show_trailers(carrier, of),
                Phase::Body | Phase::Trailers => self.pass(of),
            },
            Ok(Flow::Wait(waiting)) => {
                self.half(of).state = State::Waiting { at: phase, waiting };
                Verdict::Hold
            }
            Ok(Flow::Reply(reply)) => self.reply(carrier, reply),
            Err(error) => self.fail(carrier, &error),
        }
    }

    /// The headers may go on: is the body wanted? While the exchange waited, all of it may have come.
    fn after_headers(&mut self, carrier: &mut dyn Carrier, of: Direction) -> Verdict {
        let mode = match of {
            Direction::Request => self.exchange.request_body(),
            Direction::Response => self.exchange.response_body(),
        };
        let can_hold_headers = self.holding.allow_on_headers_stop_iteration;
        let half = self.half(of);
        let without_body = half.ended && !half.has_body;
        match mode {
            BodyMode::Buffer { max_bytes } if !without_body => {
                half.state = State::Buffering { max_bytes };
                if exceeds(half.held, max_bytes) {
                    let most = ByteSize::from_bytes(max_bytes);
                    self.refuse(carrier, Overload::TooLarge(of, most))
                } else if half.ended {
                    self.show_body(carrier, of)
                } else if can_hold_headers {
                    Verdict::Hold
                } else {
                    Verdict::Continue
                }
            }
            BodyMode::Skip | BodyMode::Buffer { .. } if half.trailers_due => {
                self.show_trailers(carrier, of)
            }
            BodyMode::Skip | BodyMode::Buffer { .. } => self.pass(of),
        }
    }

    fn show_body(&mut self, carrier: &mut dyn Carrier, of: Direction) -> Verdict {
        let held = self.half(of).held;
        let body = match carrier.body(of, held) {
            Ok(body) => body,
            Err(error) => return self.fail(carrier, &error),
        };
        let flow = match of {
            Direction::Request => self.exchange.on_request_body(carrier, &body),
            Direction::Response => self.exchange.on_response_body(carrier, &body),
        };
        self.settle(carrier, of, Phase::Body, flow)
    }

    fn show_trailers(&mut self, carrier: &mut dyn Carrier, of: Direction) -> Verdict {
        self.half(of).trailers_due = false;
        let flow = match of {
            Direction::Request => self.exchange.on_request_trailers(carrier),
            Direction::Response => self.exchange.on_response_trailers(carrier),
        };
        self.settle(carrier, of, Phase::Trailers, flow)
    }

    fn pass(&mut self, of: Direction) -> Verdict {
        self.half(of).state = State::Passing;
        Verdict::Continue
    }

    fn fail(&mut self, carrier: &mut dyn Carrier, error: &HostError) -> Verdict {
        carrier.log(Level::Error, &format!("a request failed: {error}"));
        self.refuse(carrier, Overload::Failed)
    }

    fn refuse(&mut self, carrier: &mut dyn Carrier, refusal: Overload) -> Verdict {
        // Without the request's headers nobody knows who asks; HTTP is what everybody reads.
        let caller = carrier
            .request_headers()
            .map_or(Caller::Http, |headers| Caller::of(&headers));
        self.reply(carrier, Reply::refusal(&refusal, caller))
    }

    fn reply(&mut self, carrier: &mut dyn Carrier, mut reply: Reply) -> Verdict {
        self.replied = true;
        self.exchange.on_reply(carrier, &mut reply);
        Verdict::Reply(reply)
    }
}

fn exceeds(held: usize, most: u32) -> bool {
    u32::try_from(held).map_or(true, |held| held > most)
}

/// After a reply nothing of the request goes on; the response is that reply on its way out.
const fn after_reply(of: Direction) -> Verdict {
    match of {
        Direction::Request => Verdict::Hold,
        Direction::Response => Verdict::Continue,
    }
}
