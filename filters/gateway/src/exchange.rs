//! The order of a request.

use std::rc::Rc;

use filter_api::{
    Caller, Exchange, FUNCTION_HEADER, Fields, Flow, Host, HostError, Refusal, Reply,
};
use function_router::Request;

use crate::pipeline::Pipeline;

/// The name of the route in the access log: `%FILTER_STATE(wasm.headgate.route:PLAIN)%`.
const ROUTE_STATE: &str = "headgate.route";

/// One request on its way through the pipeline.
#[derive(Debug)]
pub struct PipelineExchange {
    pipeline: Rc<Pipeline>,
}

impl PipelineExchange {
    pub(crate) fn new(pipeline: Rc<Pipeline>) -> Self {
        Self { pipeline }
    }
}

impl Exchange for PipelineExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        let refuse =
            |refusal: &dyn Refusal| Ok(Flow::Reply(Reply::refusal(refusal, Caller::of(&headers))));

        let request = Request::of(&headers);

        // Match: the route, and with it its policies.
        let route = match self.pipeline.router.route(&request) {
            Ok(route) => route,
            Err(denial) => return refuse(&denial),
        };
        host.set_filter_state(ROUTE_STATE, route.name().as_bytes())?;

        // Choose: the function. Writing the header makes Envoy resolve its route again.
        let function = match route.choose(&request, host.random()) {
            Ok(destination) => &destination.function,
            Err(denial) => return refuse(&denial),
        };
        host.set_field(Fields::RequestHeaders, FUNCTION_HEADER, function.as_bytes())?;
        Ok(Flow::Continue)
    }
}
