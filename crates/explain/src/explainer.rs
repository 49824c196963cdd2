//! Asking about requests.

use claims::Said;
use envoy_render::{Functions, pipeline_config};
use filter_api::{Caller, ConfigError, HeaderList, Reply};
use function_router::{
    Candidate, Decision, Denial, Forward, Mismatch, Request, Rewritten, RouteConfig, Router,
};
use gateway::cors::{CorsPolicies, CorsRequest, Readers};
use gateway_model::{Gateway, Protocol, Route, Upstream};
use rate_limiter::RateLimiter;

use crate::choice::{chosen_by, is_certain, probabilities};
use crate::destinations::{Destinations, decide, refused};
use crate::edge::{Admitted, EdgeRefusal};
use crate::explanation::{
    Answer, Choice, DestinationTold, Explanation, Mirrored, Outcome, Refused, RefusedBy, RouteTold,
    RunnerUp, Seen,
};
use crate::grpc;
use crate::limits::Limits;
use crate::near_misses::{NearMisses, unmet};
use crate::octets::Octets;
use crate::precedence;
use crate::question::Question;
use crate::tokens::{KeySets, Tokens, claims_unmet};

/// A document, compiled to answer what becomes of requests.
#[derive(Debug)]
pub struct Explainer<'a> {
    gateway: &'a Gateway,
    functions: Functions<'a>,
    router: Router,
    /// By route; none for those that answer by themselves.
    destinations: Vec<Option<Destinations>>,
    near_misses: NearMisses,
    cors: CorsPolicies,
    tokens: Tokens,
    limits: Limits<'a>,
    /// Whether any listener speaks TLS.
    tls: bool,
}

impl<'a> Explainer<'a> {
    /// Compiles a document. Keys that are fetched are not had.
    ///
    /// # Errors
    /// When the pipeline would not take it; of a document that was read it does.
    pub fn new(gateway: &'a Gateway) -> Result<Self, ConfigError> {
        Self::with_keys(gateway, KeySets::new())
    }

    /// The same with the keys of providers whose keys are fetched.
    ///
    /// # Errors
    /// When the pipeline would not take it.
    pub fn with_keys(gateway: &'a Gateway, keys: KeySets) -> Result<Self, ConfigError> {
        let functions = Functions::of(gateway);
        let config = pipeline_config(gateway, &functions, None, 1);
        let stage = config.stage_prefix.as_deref();
        let destinations = |route: &RouteConfig| match *route.to {
            [] => Ok(None),
            _ => Destinations::compile(route, stage).map(Some),
        };
        let router = Router::compile(&config.routes, stage)?;
        let tokens = Tokens::compile(config.jwt, keys, &router)?;
        let asks_tokens = |route: Option<&function_router::Route>| {
            route.is_some_and(|route| tokens.are_asked_on(route))
        };
        let limiter = RateLimiter::compile(&config.limits, &router, asks_tokens)?;
        Ok(Self {
            cors: CorsPolicies::compile(&config.cors, router.routes())?,
            limits: Limits::new(gateway, limiter),
            tokens,
            router,
            destinations: config
                .routes
                .iter()
                .map(destinations)
                .collect::<Result<_, _>>()?,
            near_misses: NearMisses::compile(&config.routes, stage)?,
            tls: gateway.listeners.iter().any(|one| one.tls.is_some()),
            gateway,
            functions,
        })
    }

    /// What becomes of a request.
    pub fn explain(&self, question: &Question) -> Explanation {
        let mut told = Explanation::refused();
        let Admitted { authority, path } = match question.sent(self.tls).admit() {
            Ok(admitted) => admitted,
            Err(refusal) => {
                told.refused = Some(by_envoy(refusal, &question.fields));
                return told;
            }
        };
        let headers = question.headers(self.tls, &authority, path.as_deref());
        let headers = self.tokens.sanitised(&headers);
        let request = self.router.request(&headers);
        told.seen = Some(Seen {
            normalised: path
                .as_deref()
                .is_some_and(|path| *path != *question.target),
            authority: Octets(authority),
            path: path.map(Octets),
            stage: (!request.stage.is_empty()).then(|| request.stage.into()),
        });
        let cors_request = self.cors.request(&headers);
        let routes = &self.gateway.routes;
        if self.preflight(&mut told, &request, &cors_request) {
            return told;
        }
        let candidates = self.router.candidates(&request);
        let route = self.router.route(&request);
        let taken = route.as_ref().ok().map(|route| route.index());
        let ruling = self.cors.ruling(&self.router, &request, &route);
        let readers = self.cors.readers(ruling, &cors_request);
        told.cors = readers.and_then(|readers| cors_told(&readers, &headers));
        told.near_misses = self.near_misses.of(&request, &candidates, taken, routes);
        let of_route = route.as_ref().ok().copied();
        told.limits = self.limits.early(&request, of_route, question.client);
        let route = match route {
            Ok(route) => route,
            Err(denial) => {
                told.refused = Some(refused(&denial, Caller::of(&headers)));
                return told;
            }
        };
        told.route = self.route_told(route, &request, &candidates);
        let inspected = self.tokens.inspect(route, &headers, question);
        let Some((inspection, tokens)) = inspected else {
            self.decided(&mut told, question, route, &request, &[]);
            return told;
        };
        told.jwt = Some(tokens);
        match inspection.judged {
            Err(denied) => told.refused = Some(refused(&denied.denial, Caller::of(&headers))),
            Ok(accepted) => {
                let said = self.tokens.said(&accepted);
                // The token that was in the target is not there any more.
                let stripped = inspection.target.map(|path| headers.with(":path", &path));
                let request = stripped
                    .as_ref()
                    .map(|headers| self.router.request(headers));
                let request = request.unwrap_or_else(|| self.router.request(&headers));
                self.decided(&mut told, question, route, &request, &said);
            }
        }
        told
    }

    /// What the route does with a request that may pass. `said` are the claims of its tokens.
    fn decided(
        &self,
        told: &mut Explanation,
        question: &Question,
        route: &function_router::Route,
        request: &Request<'_>,
        said: &[Said<'_>],
    ) {
        match self.destinations.get(route.index()) {
            Some(Some(destinations)) => {
                let chosen = destinations.choose(request, said, question.client);
                self.forward(told, destinations, route, (request, said), chosen);
            }
            _ => self.answer(told, decide(route, request, said, None), request.headers),
        }
        let possible = told.destinations.iter().filter(|one| one.probability > 0.0);
        let mut functions: Vec<usize> = possible
            .filter_map(|one| {
                let mut all = route.destinations().iter();
                all.position(|destination| *destination.name == *one.name)
            })
            .collect();
        functions.sort_unstable();
        let asked = (request, said);
        let late = self.limits.late(asked, route, &functions, question.client);
        told.limits.extend(late);
    }

    /// Tells what becomes of a preflight, as of the request that is to come; false if it is none.
    fn preflight(
        &self,
        told: &mut Explanation,
        request: &Request<'_>,
        cors_request: &CorsRequest<'_>,
    ) -> bool {
        let preflight = self.cors.preflight(&self.router, request, cors_request);
        let Some((preflight, asked)) = preflight.zip(cors_request.asked()) else {
            return false;
        };
        let mut to_come = request.clone();
        to_come.method = asked.method;
        let candidates = self.router.candidates(&to_come);
        match preflight.route {
            Some(route) => told.route = self.route_told(route, &to_come, &candidates),
            None => {
                let routes = &self.gateway.routes;
                told.near_misses = self.near_misses.of(&to_come, &candidates, None, routes);
            }
        }
        told.cors = cors_told(&preflight.readers, request.headers);
        self.answer(told, Ok(Decision::Answer(preflight.reply)), request.headers);
        true
    }

    fn forward(
        &self,
        told: &mut Explanation,
        destinations: &Destinations,
        route: &function_router::Route,
        (request, said): (&Request<'_>, &[Said<'_>]),
        chosen: Option<Forward<'_>>,
    ) {
        // The router has the document's routes.
        let document = self.gateway.routes.get(route.index());
        let Some((document, chosen)) = document.zip(chosen) else {
            return;
        };
        let sets_cookie = chosen.set_cookie.is_some();
        let certain = is_certain(chosen.reason, sets_cookie);
        let shares = probabilities(route, chosen.destination.index, certain);
        let receive = |index, share| {
            let receives = destinations.receives(index, request);
            self.destination(route, document, (request, said), index, share, receives)
        };
        let mut all: Vec<DestinationTold> = shares
            .into_iter()
            .enumerate()
            .filter_map(|(index, share)| receive(index, share))
            .collect();
        all.sort_by(|one, other| other.probability.total_cmp(&one.probability));
        let mut possible = all.iter().filter(|one| one.probability > 0.0);
        if possible.any(|one| one.refused.is_none()) {
            told.outcome = Outcome::Function;
        } else {
            told.refused = all.first().and_then(|one| one.refused.clone());
        }
        told.destinations = all;
        told.choice = Some(Choice {
            by: chosen_by(document, &chosen),
            sticky: document.sticky.clone(),
            force: document.force.clone(),
            sets_cookie,
        });
        let mirrors = document.mirror.iter().map(|mirror| Mirrored {
            upstream: mirror.upstream.to_string(),
            percent: mirror
                .percent
                .map_or(100.0, |percent| f64::from(percent.millionths()) / 10_000.0),
        });
        told.mirrors = mirrors.collect();
    }

    /// What a route without destinations does, and what preflights are told.
    fn answer(
        &self,
        told: &mut Explanation,
        decision: Result<Decision<'_>, Denial>,
        headers: &HeaderList,
    ) {
        let reply = match decision {
            Ok(Decision::Answer(reply)) => reply,
            Ok(Decision::Forward(_)) => return,
            Err(denial) => {
                told.refused = Some(refused(&denial, Caller::of(headers)));
                return;
            }
        };
        if reply.refuses {
            told.refused = Some(refused_by_policy(&reply, headers));
            return;
        }
        let header = |name| reply.header(name).map(str::to_owned);
        let allow_methods = header("access-control-allow-methods");
        told.outcome = match header("location") {
            Some(_) => Outcome::Redirect,
            _ if reply.label == "preflight" => Outcome::Preflight,
            _ => Outcome::Answer,
        };
        told.answer = Some(Answer {
            status: reply.status,
            grpc_status: grpc::status_of_answer(headers, reply.status),
            content_type: header("content-type"),
            location: header("location"),
            allow_methods,
            body: Octets(reply.body),
        });
    }

    fn route_told(
        &self,
        route: &function_router::Route,
        request: &Request<'_>,
        candidates: &[Candidate<'_>],
    ) -> Option<RouteTold> {
        let document = self.gateway.routes.get(route.index())?;
        let mut taking = candidates.iter().filter(|one| one.mismatch.is_none());
        let taken = taking.next();
        let next = taking.find(|one| one.route.index() != route.index());
        let values = route.value_names().zip(route.values(request));
        let values = values.map(|(name, value)| (name.to_owned(), (&*value.octets()).into()));
        Some(RouteTold {
            name: route.name().to_owned(),
            index: route.index(),
            matches: document.matches.to_string(),
            values: values.collect(),
            before: taken.zip(next).map(|(taken, next)| RunnerUp {
                name: next.route.name().to_owned(),
                index: next.route.index(),
                rule: precedence::rule(&taken.precedence, &next.precedence),
            }),
        })
    }

    fn destination(
        &self,
        route: &function_router::Route,
        document: &Route,
        (request, said): (&Request<'_>, &[Said<'_>]),
        index: usize,
        probability: f64,
        receives: Result<Rewritten, Denial>,
    ) -> Option<DestinationTold> {
        let destination = document.to.get(index)?;
        let function = self.functions.get(route.index(), index)?;
        let upstream = function.upstream;
        let (rewritten, refused) = match receives {
            Ok(rewritten) => (rewritten, None),
            Err(denial) => {
                let caller = Caller::of(request.headers);
                (Rewritten::default(), Some(refused(&denial, caller)))
            }
        };
        let unmet = route.destinations().get(index)?.unmet(request, said);
        let parts = [
            ("method", rewritten.method.is_some()),
            ("host", rewritten.authority.is_some()),
            ("path", rewritten.path.is_some()),
        ];
        let changed = parts.into_iter().filter(|(_, changed)| *changed);
        let method = rewritten.method.map(|method| method.as_bytes().to_vec());
        let or_own = |value: Option<Vec<u8>>, own: &[u8]| Octets(value.unwrap_or(own.to_vec()));
        Some(DestinationTold {
            name: destination.name().to_string(),
            probability,
            unmet: unmet.map(|unmet| condition(&unmet, request, said, destination)),
            upstream: function.name.to_string(),
            protocol: protocol(upstream),
            address: upstream.address().to_string(),
            function: function.key.clone(),
            rewritten: changed.map(|(part, _)| part).collect(),
            method: or_own(method, request.method),
            host: or_own(rewritten.authority, request.headers.authority()),
            path: or_own(rewritten.path, request.headers.path()),
            refused,
            timeout: destination.timeout.unwrap_or(upstream.timeout()),
            idle_timeout: destination.idle_timeout.unwrap_or(upstream.idle_timeout()),
            retries: destination.retries.clone().or(upstream.retries.clone()),
        })
    }
}

impl Explanation {
    /// Nothing but that.
    fn refused() -> Self {
        Self {
            outcome: Outcome::Refused,
            seen: None,
            refused: None,
            route: None,
            limits: Vec::new(),
            jwt: None,
            answer: None,
            destinations: Vec::new(),
            choice: None,
            cors: None,
            mirrors: Vec::new(),
            near_misses: Vec::new(),
        }
    }
}

/// Which pages may read what is answered; none if no page asks.
fn cors_told(readers: &Readers, headers: &HeaderList) -> Option<String> {
    let origin = headers.get("origin").map(Octets::from);
    match (readers, origin) {
        (Readers::All, _) => Some("pages of any origin may read the answer".to_owned()),
        (Readers::Origin(origin), _) => Some(format!("pages of {origin} may read the answer")),
        (Readers::None, Some(origin)) => Some(format!("pages of {origin} may not read the answer")),
        (Readers::None, None) => None,
    }
}

/// A refusal of a policy, which is known by its reply alone.
fn refused_by_policy(reply: &Reply, headers: &HeaderList) -> Refused {
    let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let detail = problem.get("detail").and_then(|detail| detail.as_str());
    Refused {
        by: RefusedBy::Pipeline,
        status: Some(reply.status),
        grpc_status: grpc::status_of_answer(headers, reply.status),
        reason: reply.label.to_owned(),
        detail: detail.unwrap_or_default().to_owned(),
        allow: None,
    }
}

fn by_envoy(refusal: EdgeRefusal, fields: &HeaderList) -> Refused {
    let status = refusal.status().filter(|_| refusal.knows_the_caller());
    Refused {
        by: RefusedBy::Envoy,
        status: refusal.status(),
        grpc_status: status.and_then(|status| grpc::status_of_answer(fields, status)),
        reason: refusal.reason().to_owned(),
        detail: refusal.detail().to_owned(),
        allow: None,
    }
}

/// A condition of a destination that is not met.
fn condition(
    mismatch: &Mismatch<'_>,
    request: &Request<'_>,
    said: &[Said<'_>],
    destination: &gateway_model::Destination,
) -> String {
    let when = destination.when.as_ref();
    match mismatch {
        Mismatch::Header(name) => {
            let expected = when.and_then(|when| when.headers.get(*name));
            unmet("header", name, request.header(name).as_deref(), expected)
        }
        Mismatch::Query(name) => {
            let expected = when.and_then(|when| when.query.get(*name));
            let found = request.parameter(name);
            unmet("query parameter", name, found.as_deref(), expected)
        }
        Mismatch::Claims => {
            let predicates = when.map(|when| when.claims.as_slice());
            let provider = when.and_then(|when| when.provider.as_deref());
            claims_unmet(predicates.unwrap_or_default(), provider, said)
        }
        // Destinations have no conditions on these.
        Mismatch::Method | Mismatch::ContentType => String::new(),
    }
}

fn protocol(upstream: &Upstream) -> &'static str {
    match upstream.protocol {
        Protocol::Http => "http",
        Protocol::Http2 => "http2",
        Protocol::WebSocket => "websocket",
        Protocol::Grpc => "grpc",
    }
}
