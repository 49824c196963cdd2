//! The order of a request.

use std::rc::Rc;

use filter_api::{Caller, Exchange, Fields, Flow, Host, HostError, Refusal, Reply};
use function_router::{Decision, decide, send};

use crate::pipeline::Pipeline;

/// The name of the route in the access log: `%FILTER_STATE(wasm.headgate.route:PLAIN)%`.
const ROUTE_STATE: &str = "headgate.route";

/// One request on its way through the pipeline.
#[derive(Debug)]
pub struct PipelineExchange {
    pipeline: Rc<Pipeline>,
    /// What the client gets with the response, so that it comes back to its function.
    set_cookie: Option<String>,
}

impl PipelineExchange {
    pub(crate) fn new(pipeline: Rc<Pipeline>) -> Self {
        Self {
            pipeline,
            set_cookie: None,
        }
    }
}

impl Exchange for PipelineExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        let refuse =
            |refusal: &dyn Refusal| Ok(Flow::Reply(Reply::refusal(refusal, Caller::of(&headers))));

        let router = &self.pipeline.router;
        let request = router.request(&headers);

        // Match: the route, and with it its policies.
        let route = match router.route(&request) {
            Ok(route) => route,
            Err(denial) => return refuse(&denial),
        };
        host.set_filter_state(ROUTE_STATE, route.name().as_bytes())?;

        // Choose: the function, or an answer that needs none.
        match decide(route, &request, host) {
            Ok(Decision::Forward(forward)) => {
                send(host, &forward)?;
                self.set_cookie = forward.set_cookie;
                Ok(Flow::Continue)
            }
            Ok(Decision::Answer(reply)) => Ok(Flow::Reply(reply)),
            Err(denial) => refuse(&denial),
        }
    }

    fn on_response_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        if let Some(set_cookie) = &self.set_cookie {
            host.add_field(Fields::ResponseHeaders, "set-cookie", set_cookie.as_bytes())?;
        }
        Ok(Flow::Continue)
    }
}
