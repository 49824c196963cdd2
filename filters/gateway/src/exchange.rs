//! The order of a request.

use std::rc::Rc;
use std::time::Duration;

use claims::Said;
use filter_api::{Exchange, Fields, Flow, HeaderList, Host, HostError, Reply, Waiting, Wake};
use function_router::{Decision, Request, Route, decide, send};
use jwt_authz::{KeyWait, Verdict};
use rate_limiter::{Facts, Ledger, OverLimit};

use crate::cors::{Cors, Readers};
use crate::jwt::Jwt;
use crate::metrics::{Class, Place};
use crate::pipeline::Pipeline;

/// The name of the route in the access log: `%FILTER_STATE(wasm.headgate.route:PLAIN)%`.
const ROUTE_STATE: &str = "headgate.route";

/// One request on its way through the pipeline.
#[derive(Debug)]
pub struct PipelineExchange {
    pipeline: Rc<Pipeline>,
    /// When it came, as time since the Unix epoch.
    began: Option<Duration>,
    place: Place,
    /// What its limits have taken.
    ledger: Ledger,
    wait: KeyWait,
    /// While it waits: its route, and its header fields without those that no client may send.
    held: Option<(usize, Rc<HeaderList>)>,
    /// The route whose policy says who may read its answer; none means the gateway's.
    ruling: Option<usize>,
    /// Who may read its answer, where there is a policy.
    readers: Option<Readers>,
    /// What the client gets with the response, so that it comes back to its function.
    set_cookie: Option<String>,
}

impl PipelineExchange {
    pub(crate) fn new(pipeline: Rc<Pipeline>) -> Self {
        Self {
            pipeline,
            began: None,
            place: Place::default(),
            ledger: Ledger::default(),
            wait: KeyWait::default(),
            held: None,
            ruling: None,
            readers: None,
            set_cookie: None,
        }
    }

    /// The policy that says who may read the answer, and who they are.
    fn sharing(&self) -> Option<(&Cors, &Readers)> {
        let cors = self.pipeline.cors.of(self.ruling);
        cors.zip(self.readers.as_ref())
    }

    fn enter(&mut self, host: &mut dyn Host, route: &Route) -> Result<(), HostError> {
        self.place.route = Some(route.index());
        host.set_filter_state(ROUTE_STATE, route.name().as_bytes())
    }

    /// Limits that need nobody's identity, of a request that this route takes, or none.
    fn limit(
        &mut self,
        host: &mut dyn Host,
        request: &Request<'_>,
        route: Option<&Route>,
    ) -> Result<Option<OverLimit>, HostError> {
        let limiter = &self.pipeline.limiter;
        limiter.ask_early(host, &mut Facts::new(request, route, &[]), &mut self.ledger)
    }

    /// Authenticate and authorise: by tokens, where the route requires any.
    fn authorise(
        &mut self,
        host: &mut dyn Host,
        route: &Route,
        headers: Rc<HeaderList>,
    ) -> Result<Flow, HostError> {
        let pipeline = Rc::clone(&self.pipeline);
        let Jwt { authorisation, .. } = &pipeline.jwt;
        let request = pipeline.router.request(&headers);
        if pipeline.ready == Some(route.index()) {
            return match authorisation.is_ready(host.unix_time()) {
                true => self.choose(host, route, &request, &[]),
                false => Ok(Flow::refusal(
                    &jwt_authz::Denial::KeysUnavailable,
                    request.headers,
                )),
            };
        }
        let Some(requirement) = pipeline.jwt.requirement(route) else {
            return self.choose(host, route, &request, &[]);
        };
        match authorisation.judge(host, &headers, requirement, &mut self.wait)? {
            Verdict::Pass(accepted) => {
                let said = authorisation.providers().said(&accepted);
                match authorisation.pass(host, &headers, requirement, &accepted)? {
                    None => self.choose(host, route, &request, &said),
                    Some(stripped) => {
                        let request = pipeline.router.request(&stripped);
                        self.choose(host, route, &request, &said)
                    }
                }
            }
            Verdict::Wait { until } => {
                self.held = Some((route.index(), Rc::clone(&headers)));
                Ok(Flow::Wait(Waiting::Root { until }))
            }
            Verdict::Refuse(denial) => Ok(Flow::refusal(&denial, request.headers)),
        }
    }

    /// Choose: the function, or an answer that needs none. `said` is what the request's
    /// tokens say. Then limits by claim or of the function.
    fn choose(
        &mut self,
        host: &mut dyn Host,
        route: &Route,
        request: &Request<'_>,
        said: &[Said<'_>],
    ) -> Result<Flow, HostError> {
        let decision = match decide(route, request, said, host) {
            Ok(decision) => decision,
            Err(denial) => return Ok(Flow::refusal(&denial, request.headers)),
        };
        let function = match &decision {
            Decision::Forward(forward) => Some(forward.destination.index),
            Decision::Answer(_) => None,
        };
        let (limiter, ledger) = (&self.pipeline.limiter, &mut self.ledger);
        if self.pipeline.ready != Some(route.index()) {
            let mut facts = Facts::new(request, Some(route), said);
            if let Some(over) = limiter.ask_late(host, &mut facts, function, ledger)? {
                return Ok(Flow::refusal(&over, request.headers));
            }
        }
        match decision {
            Decision::Forward(forward) => {
                if let Some(over) = limiter.ask_service(host, ledger)? {
                    return Ok(Flow::refusal(&over, request.headers));
                }
                send(host, request, &forward)?;
                self.place.destination = function;
                self.set_cookie = forward.set_cookie;
                Ok(Flow::Continue)
            }
            Decision::Answer(reply) => Ok(Flow::Reply(reply)),
        }
    }
}

impl Exchange for PipelineExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        self.began = Some(host.unix_time());
        let headers = host.request_headers()?;
        let pipeline = Rc::clone(&self.pipeline);
        let Pipeline {
            router,
            cors,
            jwt,
            limiter,
            ..
        } = &*pipeline;
        let headers = jwt.authorisation.sanitise(host, &headers)?;
        let headers = limiter.sanitise(host, &headers)?.map_or(headers, Rc::new);
        let request = router.request(&headers);
        let cors_request = cors.request(&headers);

        // Match: the route, and with it its policies. A preflight asks about a request to come.
        if let Some(preflight) = cors.preflight(router, &request, &cors_request) {
            if let Some(route) = preflight.route {
                self.enter(host, route)?;
            }
            return Ok(Flow::Reply(preflight.reply));
        }
        let found = router.route(&request);
        if let Ok(route) = &found {
            self.enter(host, route)?;
        }
        self.ruling = cors.ruling(router, &request, &found);
        self.readers = cors.readers(self.ruling, &cors_request);
        // Health checks are no traffic that anybody would limit.
        let is_ready = self.place.route.is_some() && self.place.route == pipeline.ready;
        let over = match is_ready {
            true => None,
            false => self.limit(host, &request, found.as_ref().ok().copied())?,
        };
        match (over, found) {
            (Some(over), _) => {
                jwt.authorisation.hide_tokens(host, &headers)?;
                Ok(Flow::refusal(&over, request.headers))
            }
            (None, Ok(route)) => self.authorise(host, route, Rc::clone(&headers)),
            (None, Err(denial)) => {
                jwt.authorisation.hide_tokens(host, &headers)?;
                Ok(Flow::refusal(&denial, request.headers))
            }
        }
    }

    fn on_request_trailers(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        self.pipeline.jwt.authorisation.sanitise_trailers(host)?;
        Ok(Flow::Continue)
    }

    /// What it waited for has come, or has not come in time.
    fn on_wake(&mut self, host: &mut dyn Host, _: Wake) -> Result<Flow, HostError> {
        let pipeline = Rc::clone(&self.pipeline);
        let held = self.held.take();
        let held = held.and_then(|(route, headers)| {
            let route = pipeline.router.routes().get(route)?;
            Some((route, headers))
        });
        let Some((route, headers)) = held else {
            return Err(HostError::WrongPhase(
                "a wake of a request that does not wait",
            ));
        };
        self.authorise(host, route, headers)
    }

    fn on_response_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let limiter = &self.pipeline.limiter;
        if let Some(over) = limiter.hear_service(host, &mut self.ledger)? {
            let request = host.request_headers()?;
            return Ok(Flow::refusal(&over, &request));
        }
        for (name, value) in limiter.fields_told(&self.ledger) {
            host.set_field(Fields::ResponseHeaders, name, value.as_bytes())?;
        }
        if let Some((cors, readers)) = self.sharing() {
            cors.mark_response(readers, host)?;
        }
        if let Some(set_cookie) = &self.set_cookie {
            host.add_field(Fields::ResponseHeaders, "set-cookie", set_cookie.as_bytes())?;
        }
        Ok(Flow::Continue)
    }

    fn on_reply(&mut self, host: &mut dyn Host, reply: &mut Reply) {
        let told = self.pipeline.limiter.fields_told(&self.ledger);
        reply.headers.extend(told);
        if let Some((cors, readers)) = self.sharing() {
            cors.mark_reply(readers, reply);
        }
        if reply.refuses {
            let metrics = &self.pipeline.metrics;
            metrics.refusal(host, self.place.route, reply.label);
        }
    }

    fn on_log(&mut self, host: &mut dyn Host) {
        // What never came this far, Envoy refused.
        let Some(began) = self.began else { return };
        let took = host.unix_time().saturating_sub(began);
        let status = host.field(Fields::ResponseHeaders, ":status");
        let class = Class::of(status.ok().flatten().as_deref());
        let metrics = &self.pipeline.metrics;
        metrics.request(host, self.place, class, took);
    }
}
