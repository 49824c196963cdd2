//! One request in the host: callbacks in, verdicts out.

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{CalloutId, Direction, Filter, HeaderList, Level, Reply, Waiting, Wake};
use filter_driver::{Driver, Resume, Verdict};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::abi;
use crate::host::{Awaited, StreamHost, callout_outcome};
use crate::shared::Shared;

/// What a stream is, for whoever wakes it.
pub(crate) struct Core<F: Filter> {
    driver: Driver<F::Exchange>,
    request_headers: Option<Rc<HeaderList>>,
    awaited: Awaited,
}

impl<F: Filter> Core<F> {
    /// Whether it waits for something of this kind.
    pub(crate) fn waits(&self, kind: impl Fn(Waiting) -> bool) -> bool {
        self.driver.waits().any(kind)
    }

    /// Whether somebody may have to find it: it waits, or a callout of its own is on its way.
    pub(crate) fn is_expectant(&self) -> bool {
        !self.awaited.is_empty() || self.waits(|_| true)
    }

    pub(crate) fn awaits(&self, id: CalloutId) -> bool {
        self.awaited.iter().any(|(awaited, _)| *awaited == id)
    }

    fn with<T>(
        &mut self,
        shared: &Shared<F>,
        act: impl FnOnce(&mut Driver<F::Exchange>, &mut StreamHost<'_>) -> T,
    ) -> T {
        let mut host = StreamHost {
            chance: &shared.chance,
            request_headers: &mut self.request_headers,
            awaited: &mut self.awaited,
        };
        act(&mut self.driver, &mut host)
    }
}

/// The context that the SDK dispatches a request's callbacks to.
pub(crate) struct Stream<F: Filter> {
    context: u32,
    shared: Rc<Shared<F>>,
    core: Rc<RefCell<Core<F>>>,
}

impl<F: Filter> Stream<F> {
    pub(crate) fn new(context: u32, shared: Rc<Shared<F>>, filter: &Rc<F>) -> Self {
        let core = Core {
            driver: Driver::new(filter.exchange(), filter.holding()),
            request_headers: None,
            awaited: Awaited::new(),
        };
        Self {
            context,
            shared,
            core: Rc::new(RefCell::new(core)),
        }
    }

    fn drive(
        &self,
        act: impl FnOnce(&mut Driver<F::Exchange>, &mut StreamHost<'_>) -> Verdict,
    ) -> Action {
        let verdict = self.core.borrow_mut().with(&self.shared, act);
        let action = match verdict {
            Verdict::Continue => Action::Continue,
            Verdict::Hold => Action::Pause,
            Verdict::Reply(reply) => {
                send(&reply);
                Action::Pause
            }
        };
        let waits = self.core.borrow().is_expectant();
        self.shared.note(self.context, &self.core, waits);
        action
    }
}

impl<F: Filter> Drop for Stream<F> {
    fn drop(&mut self) {
        self.shared.forget(self.context);
    }
}

impl<F: Filter> HttpContext for Stream<F> {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.drive(|driver, host| driver.on_headers(host, Direction::Request, end_of_stream))
    }

    fn on_http_request_body(&mut self, held: usize, end_of_stream: bool) -> Action {
        self.drive(|driver, host| driver.on_body(host, Direction::Request, held, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.drive(|driver, host| driver.on_trailers(host, Direction::Request))
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.drive(|driver, host| driver.on_headers(host, Direction::Response, end_of_stream))
    }

    fn on_http_response_body(&mut self, held: usize, end_of_stream: bool) -> Action {
        self.drive(|driver, host| driver.on_body(host, Direction::Response, held, end_of_stream))
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.drive(|driver, host| driver.on_trailers(host, Direction::Response))
    }

    fn on_log(&mut self) {
        self.core
            .borrow_mut()
            .with(&self.shared, |driver, host| driver.on_log(host));
    }
}

impl<F: Filter> Context for Stream<F> {
    fn on_http_call_response(&mut self, token: u32, fields: usize, body_bytes: usize, _: usize) {
        answer(
            &self.shared,
            self.context,
            &self.core,
            CalloutId(token),
            fields,
            body_bytes,
        );
    }
}

/// Tells a stream how a callout of its own ended. The effective context is the stream's.
pub(crate) fn answer<F: Filter>(
    shared: &Shared<F>,
    context: u32,
    core: &Rc<RefCell<Core<F>>>,
    id: CalloutId,
    fields: usize,
    body_bytes: usize,
) {
    let position = core
        .borrow()
        .awaited
        .iter()
        .position(|(awaited, _)| *awaited == id);
    let Some(position) = position else {
        return;
    };
    let (_, max_bytes) = core.borrow_mut().awaited.swap_remove(position);
    let outcome = callout_outcome(fields, body_bytes, max_bytes);
    wake(shared, context, core, Wake::Callout(id, outcome));
}

/// Wakes a stream. The effective context is the stream's. Resuming is the last thing that happens.
pub(crate) fn wake<F: Filter>(
    shared: &Shared<F>,
    context: u32,
    core: &Rc<RefCell<Core<F>>>,
    reason: Wake,
) {
    let resume = core
        .borrow_mut()
        .with(shared, |driver, host| driver.on_wake(host, reason));
    let waits = core.borrow().is_expectant();
    shared.note(context, core, waits);
    match resume {
        Resume::Nothing => {}
        Resume::Reply(reply) => send(&reply),
        Resume::Continue(of) => {
            let of = match of {
                Direction::Request => abi::Stream::Request,
                Direction::Response => abi::Stream::Response,
            };
            if let Err(error) = abi::continue_stream(of) {
                abi::log(
                    Level::Error,
                    &format!("a held request could not go on: {error}"),
                );
            }
        }
    }
}

fn send(reply: &Reply) {
    if let Err(error) = abi::send_reply(reply) {
        abi::log(Level::Error, &format!("a reply could not be sent: {error}"));
    }
}
