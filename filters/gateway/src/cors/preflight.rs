//! Preflights: whether a page may send the request that is to come.
//!
//! A preflight tells the method of that request and the names of some of its header fields, but no
//! values. So it may be open which route will take it, and several policies may come to rule it: those of
//! all routes that could, up to the first that takes it for certain. It is granted what all of them
//! grant.
//!
//! Browsers remember an answer by method and by field, each for itself, and combine what they remember
//! (Fetch, "CORS-preflight cache"): whoever was granted DELETE with a JSON body once may then send POST
//! with one unasked. So where several policies rule requests to one address, nobody may remember what
//! one of them grants.

use std::borrow::Cow;

use filter_api::{Caller, GrpcStatus, Refusal, Reply};
use function_router::{Candidate, Denial, Foreknown, Prospect, Request, Route, Router};

use super::{
    ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN, AllowedHeaders, Asked, Cors,
    CorsPolicies, CorsRequest, MAX_AGE, Readers,
};

/// What becomes of a preflight.
#[derive(Debug)]
pub struct Preflight<'r> {
    /// The route to which it belongs; none if no route takes what is to come.
    pub route: Option<&'r Route>,
    /// Its answer, which is whole: it says who may read it.
    pub reply: Reply,
    /// Who may.
    pub readers: Readers,
}

/// A route whose host and path the request to come matches.
#[derive(Debug)]
struct Ruler<'r, 'c> {
    route: &'r Route,
    /// The policy in force there.
    cors: Option<&'c Cors>,
    /// Whether it takes the request, if its method is one of the route's.
    prospect: Prospect,
    /// Whether it takes whatever is sent to this address.
    takes_all: bool,
}

impl CorsPolicies {
    /// What becomes of a preflight. `None` for any other request, and where nobody has a policy for
    /// what is asked: then it is a request like any other.
    pub fn preflight<'r>(
        &self,
        router: &'r Router,
        request: &Request<'_>,
        cors_request: &CorsRequest<'_>,
    ) -> Option<Preflight<'r>> {
        let asked = cors_request.asked()?;
        let known = |name: &str| asked.foreknown(name, request.headers);
        let rulers: Vec<Ruler<'r, '_>> = router
            .candidates(request)
            .into_iter()
            .map(|Candidate { route, .. }| Ruler {
                route,
                cors: self.of(Some(route.index())),
                prospect: route.foresee(request, &known),
                takes_all: route.methods().next().is_none()
                    && route.foresee(request, &|_| Foreknown::Unknown) == Prospect::Surely,
            })
            .collect();
        let possible: Vec<&Ruler<'r, '_>> = of_method(&rulers, asked.method).collect();
        let Some(first) = possible.first() else {
            return self.of_no_route(&rulers, cors_request);
        };
        let mut readers = Readers::All;
        for Ruler { route, cors, .. } in &possible {
            let Some(cors) = cors else { continue };
            match cors.readers(cors_request) {
                Readers::All => {}
                Readers::None => {
                    return Some(refusal(&OriginNotAllowed, Some(route), cors, Readers::None));
                }
                origin @ Readers::Origin(_) => readers = origin,
            }
        }
        // Where one has no policy, its upstream is asked, too.
        let policies: Vec<&Cors> = possible.iter().map(|one| one.cors).collect::<Option<_>>()?;
        let may_be_remembered = is_one_policy(&rulers);
        Some(Preflight {
            route: Some(first.route),
            reply: granted(&policies, first.route, asked, &readers, may_be_remembered),
            readers,
        })
    }

    /// What becomes of a preflight of a request that no route takes.
    fn of_no_route<'r>(
        &self,
        rulers: &[Ruler<'r, '_>],
        cors_request: &CorsRequest<'_>,
    ) -> Option<Preflight<'r>> {
        let of_other_methods = rulers.iter().any(|one| one.prospect > Prospect::Never);
        let (cors, refused): (_, &dyn Refusal) = match rulers.first() {
            Some(nearest) if of_other_methods => (nearest.cors, &MethodNotAllowed),
            _ => (self.of(None), &Denial::NoRoute),
        };
        let cors = cors?;
        Some(refusal(refused, None, cors, cors.readers(cors_request)))
    }
}

/// Those that could take a request of this method, up to the first that does for certain.
fn of_method<'a, 'r, 'c>(
    rulers: &'a [Ruler<'r, 'c>],
    method: &[u8],
) -> impl Iterator<Item = &'a Ruler<'r, 'c>> {
    let takes = move |one: &&Ruler<'_, '_>| {
        one.prospect > Prospect::Never && one.route.takes_method(method)
    };
    until(rulers.iter().filter(takes), |one| {
        one.prospect == Prospect::Surely
    })
}

/// The items up to the first of this kind, that one among them.
fn until<T: Copy>(
    items: impl Iterator<Item = T>,
    is_last: impl Fn(T) -> bool,
) -> impl Iterator<Item = T> {
    let mut ended = false;
    items.take_while(move |&item| !std::mem::replace(&mut ended, is_last(item)))
}

/// Whether one policy rules all that could be sent to this address.
fn is_one_policy(rulers: &[Ruler<'_, '_>]) -> bool {
    let mut policies = until(rulers.iter(), |one| one.takes_all).map(|one| one.cors);
    let first = policies.next();
    policies.all(|policy| Some(policy) == first)
}

/// The answer of policies that all grant it. The first is that of `route`.
fn granted(
    policies: &[&Cors],
    route: &Route,
    asked: &Asked<'_>,
    readers: &Readers,
    may_be_remembered: bool,
) -> Reply {
    let first = policies.first();
    let mut methods: Vec<Cow<'_, str>> = match first.map(|cors| &*cors.methods) {
        None | Some([]) => route.methods().map(Cow::Borrowed).collect(),
        Some(named) => named.iter().map(|method| method.as_str().into()).collect(),
    };
    if methods.is_empty() {
        methods.push(String::from_utf8_lossy(asked.method));
    }
    methods.retain(|method| policies.iter().all(|cors| cors.allows_method(method)));
    let (mut fields, comma): (Vec<&str>, _) = match first.map(|cors| &cors.headers) {
        Some(AllowedHeaders::Listed(names)) => (names.iter().map(String::as_str).collect(), ", "),
        _ => (asked.names().collect(), ","), // as browsers write it
    };
    fields.retain(|name| policies.iter().all(|cors| cors.allows_field(name)));
    let credentials = policies.iter().all(|cors| cors.credentials);
    let max_age = match may_be_remembered {
        true => first.and_then(|cors| cors.max_age.as_deref()),
        false => Some("0"),
    };
    let headers = [
        (ALLOW_ORIGIN, readers.allow_origin().map(str::to_owned)),
        (ALLOW_CREDENTIALS, credentials.then(|| "true".to_owned())),
        (
            ALLOW_METHODS,
            (!methods.is_empty()).then(|| methods.join(", ")),
        ),
        (
            ALLOW_HEADERS,
            (!fields.is_empty()).then(|| fields.join(comma)),
        ),
        (MAX_AGE, max_age.map(str::to_owned)),
    ];
    let headers = headers.into_iter();
    let headers = headers.filter_map(|(name, value)| Some((name, value?)));
    let vary = policies.iter().find_map(|cors| cors.vary());
    Reply {
        status: 204,
        headers: headers.chain(vary).collect(),
        body: Vec::new(),
        label: "preflight",
        refuses: false,
    }
}

/// The refusal of a preflight, which belongs to this route.
fn refusal<'r>(
    refused: &dyn Refusal,
    route: Option<&'r Route>,
    cors: &Cors,
    readers: Readers,
) -> Preflight<'r> {
    // A browser asks, whatever the page will call.
    let mut reply = Reply::refusal(refused, Caller::Http);
    cors.mark_reply(&readers, &mut reply);
    Preflight {
        route,
        reply,
        readers,
    }
}

/// A page asks that may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OriginNotAllowed;

impl Refusal for OriginNotAllowed {
    fn status(&self) -> u16 {
        403
    }

    fn label(&self) -> &'static str {
        "origin_not_allowed"
    }

    fn detail(&self) -> Cow<'static, str> {
        "Pages of this origin may not send this request.".into()
    }

    fn grpc_status(&self) -> GrpcStatus {
        GrpcStatus::PermissionDenied
    }
}

/// A page asks about a request whose method no route would take. It is no 405, which would be about the
/// method of the preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MethodNotAllowed;

impl Refusal for MethodNotAllowed {
    fn status(&self) -> u16 {
        403
    }

    fn label(&self) -> &'static str {
        "preflight_method_not_allowed"
    }

    fn detail(&self) -> Cow<'static, str> {
        "The method that is asked for is not allowed here.".into()
    }

    fn grpc_status(&self) -> GrpcStatus {
        GrpcStatus::Unimplemented
    }
}
