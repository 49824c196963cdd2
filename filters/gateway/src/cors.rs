//! Cross-origin resource sharing: who may read answers, and the answers to preflights.
//!
//! Source: the Fetch standard, "CORS protocol" (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
//! Two of its rules shape what is here. An answer that depends on the origin says so in `vary`, and one
//! that does not is the same for requests without an origin too, so that caches may share it. And `*`
//! is a wildcard in `access-control-allow-headers` only without credentials, and never covers
//! `authorization`; so a policy that admits any field echoes the names that are asked for.
//!
//! Private network access (`access-control-request-private-network`) is not granted.

mod config;
mod origin;
mod policies;

use std::borrow::Cow;

use filter_api::{
    Caller, ConfigError, Edit, Fields, GrpcStatus, HeaderList, HostError, Refusal, Reply,
};

pub use config::CorsConfig;
use origin::OriginPattern;
pub use policies::{CorsPolicies, CorsPoliciesConfig, Preflight};

/// How all fields begin by which a response speaks of CORS. Where the gateway has a policy, what the
/// upstream says is replaced.
const OF_CORS: &[u8] = b"access-control-";
const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
const EXPOSE_HEADERS: &str = "access-control-expose-headers";
const ALLOW_METHODS: &str = "access-control-allow-methods";
const ALLOW_HEADERS: &str = "access-control-allow-headers";
const MAX_AGE: &str = "access-control-max-age";

/// What of a request concerns CORS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CorsRequest<'a> {
    /// The origin of the page that asks.
    origin: Option<&'a [u8]>,
    asked: Option<Asked<'a>>,
}

/// What a preflight asks: whether a page may send a request that a form could not have sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The method of the request that is to come.
    pub method: &'a [u8],
    /// The names of its header fields, as a list.
    headers: Option<&'a [u8]>,
}

impl Asked<'_> {
    /// Whether the request that is to come has this field, beyond those that Fetch always admits.
    pub fn names(&self, field: &str) -> bool {
        let names = self.headers.unwrap_or_default();
        let mut names = names.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        names.any(|name| name.eq_ignore_ascii_case(field.as_bytes()))
    }
}

impl<'a> CorsRequest<'a> {
    /// Reads the header fields of a request.
    pub fn of(headers: &'a HeaderList) -> Self {
        let (mut method, mut origin) = (&b""[..], None);
        let (mut asked_method, mut asked_headers) = (None, None);
        for (name, value) in headers.iter() {
            match name {
                b":method" => method = value,
                // No browser sends two. What none sends is no origin that anybody named.
                b"origin" if origin.is_some() => origin = Some(&b""[..]),
                b"origin" => origin = Some(value),
                b"access-control-request-method" => asked_method = Some(value),
                b"access-control-request-headers" => asked_headers = Some(value),
                _ => {}
            }
        }
        let asked_method = asked_method.filter(|method| is_token(method));
        let asked = asked_method.filter(|_| method == b"OPTIONS" && origin.is_some());
        Self {
            origin,
            asked: asked.map(|method| Asked {
                method,
                headers: asked_headers.filter(|names| is_list(names)),
            }),
        }
    }

    /// What it asks, if it is a preflight.
    pub fn asked(&self) -> Option<&Asked<'a>> {
        self.asked.as_ref()
    }
}

/// A policy, compiled.
#[derive(Debug)]
pub struct Cors {
    origins: Box<[OriginPattern]>,
    /// For `access-control-allow-methods`; `None`: the route's.
    methods: Option<String>,
    headers: AllowedHeaders,
    expose: Option<String>,
    /// In seconds.
    max_age: Option<String>,
    credentials: bool,
}

/// The header fields that a page may send.
#[derive(Debug)]
enum AllowedHeaders {
    None,
    Listed(String),
    /// Whatever is asked for.
    Asked,
}

/// Who may read the answers to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// Pages of any origin: it does not matter who asked.
    All,
    /// Pages of this origin, which is the one that asked.
    Origin(String),
    /// No page of the origin that asked, or nobody asked for one.
    None,
}

impl Cors {
    /// Compiles a policy.
    ///
    /// # Errors
    /// The first fault, its path beginning at a field of the policy.
    pub fn compile(config: &CorsConfig) -> Result<Self, ConfigError> {
        let any = |list: &[String]| list.iter().any(|item| item == "*");
        if config.origins.is_empty() {
            return Err(ConfigError::new(
                "origins",
                "must name at least one origin, or \"*\" for any",
            ));
        }
        let mut origins = Vec::with_capacity(config.origins.len());
        for (index, text) in config.origins.iter().enumerate() {
            let pattern = text.parse::<OriginPattern>();
            origins.push(pattern.map_err(|e| ConfigError::new(format!("origins[{index}]"), e))?);
        }
        if config.credentials && any(&config.origins) {
            return Err(ConfigError::new(
                "origins",
                "must not be \"*\" with credentials: every site could act for its visitors; name \
                 the origins, or leave credentials out",
            ));
        }
        for (list, name, what) in [
            (&config.origins, "origins", "any origin"),
            (&config.headers, "headers", "any field"),
            (&config.expose, "expose", "all fields"),
        ] {
            if any(list) && list.len() > 1 {
                let problem = format!("\"*\" is {what}, and stands alone");
                return Err(ConfigError::new(name, problem));
            }
        }
        if config.credentials && any(&config.expose) {
            return Err(ConfigError::new(
                "expose",
                "must not be \"*\" with credentials: browsers do not take it for a wildcard then; \
                 name the fields",
            ));
        }
        if any(&config.methods) {
            return Err(ConfigError::new(
                "methods",
                "must not be \"*\"; leave methods out, and those of the route are allowed",
            ));
        }
        tokens("methods", "a method such as \"PUT\"", &config.methods)?;
        tokens(
            "headers",
            "a field name such as \"x-user\"",
            &config.headers,
        )?;
        tokens("expose", "a field name such as \"etag\"", &config.expose)?;
        let max_age = config.max_age.map(|age| (age, age.get()));
        if let Some((age, _)) = max_age.filter(|(_, age)| age.subsec_nanos() != 0) {
            let problem = format!("must be in whole seconds, found \"{age}\"");
            return Err(ConfigError::new("max_age", problem));
        }
        let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
        Ok(Self {
            origins: origins.into(),
            methods: joined(&config.methods),
            headers: match joined(&config.headers) {
                None => AllowedHeaders::None,
                Some(_) if any(&config.headers) => AllowedHeaders::Asked,
                Some(list) => AllowedHeaders::Listed(list.to_ascii_lowercase()),
            },
            expose: joined(&config.expose).map(|list| list.to_ascii_lowercase()),
            max_age: max_age.map(|(_, age)| age.as_secs().to_string()),
            credentials: config.credentials,
        })
    }

    /// Who may read the answers to a request.
    pub fn readers(&self, request: &CorsRequest<'_>) -> Readers {
        if !self.varies() {
            return Readers::All;
        }
        let origin = request.origin.filter(|origin| self.takes(origin));
        let origin = origin.and_then(|origin| str::from_utf8(origin).ok());
        origin.map_or(Readers::None, |origin| Readers::Origin(origin.to_owned()))
    }

    /// Says in the header of an upstream's response who may read it.
    ///
    /// # Errors
    /// When the host fails.
    pub fn mark_response(
        &self,
        readers: &Readers,
        host: &mut (impl Edit + ?Sized),
    ) -> Result<(), HostError> {
        let of = Fields::ResponseHeaders;
        // One look at all fields costs less than to remove each that might be there: measured 1.0 µs a
        // request against 3.5.
        for (name, _) in host.fields(of)?.iter() {
            if name.starts_with(OF_CORS)
                && let Ok(name) = str::from_utf8(name)
            {
                host.remove_field(of, name)?;
            }
        }
        for (name, value) in self.sharing(readers) {
            host.add_field(of, name, value.as_bytes())?;
        }
        if self.varies() {
            host.add_field(of, "vary", b"origin")?; // beside what the upstream's answer varies by
        }
        Ok(())
    }

    /// The same for an answer of the gateway's own, other than to a preflight.
    pub fn mark_reply(&self, readers: &Readers, reply: &mut Reply) {
        let fields = self.sharing(readers);
        reply
            .headers
            .extend(fields.map(|(name, value)| (name, value.to_owned())));
        reply.headers.extend(self.vary());
    }

    /// Answers a preflight: with 204, or with 403 to a page that may not ask. `methods` are those of
    /// the route that would take the request, none if it takes any.
    pub fn answer<'r>(
        &self,
        asked: &Asked<'_>,
        readers: &Readers,
        methods: impl Iterator<Item = &'r str>,
    ) -> Reply {
        if *readers == Readers::None {
            let mut refusal = Reply::refusal(&OriginNotAllowed, Caller::Http);
            refusal.headers.extend(self.vary());
            return refusal;
        }
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let methods = self.methods.clone().unwrap_or_else(|| {
            let of_route: Vec<&str> = methods.collect();
            match of_route.is_empty() {
                true => text(asked.method),
                false => of_route.join(", "),
            }
        });
        let permission = self.permission(readers);
        let mut headers: Vec<_> = permission
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        headers.push((ALLOW_METHODS, methods));
        let allowed = match &self.headers {
            AllowedHeaders::None => None,
            AllowedHeaders::Listed(list) => Some(list.clone()),
            AllowedHeaders::Asked => asked.headers.map(text),
        };
        headers.extend(allowed.map(|list| (ALLOW_HEADERS, list)));
        let max_age = self.max_age.clone();
        headers.extend(max_age.map(|seconds| (MAX_AGE, seconds)));
        headers.extend(self.vary());
        Reply {
            status: 204,
            headers,
            body: Vec::new(),
            label: "preflight",
            refuses: false,
        }
    }

    /// Whether answers depend on the origin that asks.
    fn varies(&self) -> bool {
        !matches!(*self.origins, [OriginPattern::Any])
    }

    fn vary(&self) -> Option<(&'static str, String)> {
        self.varies().then(|| ("vary", "origin".to_owned()))
    }

    fn takes(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|pattern| pattern.takes(origin))
    }

    /// The fields that say who may read, on every answer.
    fn permission<'a>(
        &'a self,
        readers: &'a Readers,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        let origin = match readers {
            Readers::All => Some("*"),
            Readers::Origin(origin) => Some(origin.as_str()),
            Readers::None => None,
        };
        let credentials = origin.filter(|_| self.credentials);
        let credentials = credentials.map(|_| (ALLOW_CREDENTIALS, "true"));
        let origin = origin.map(|origin| (ALLOW_ORIGIN, origin));
        origin.into_iter().chain(credentials)
    }

    /// The same and what may be read, on every answer but that to a preflight.
    fn sharing<'a>(
        &'a self,
        readers: &'a Readers,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        let expose = self.expose.as_deref();
        let expose = expose.filter(|_| *readers != Readers::None);
        let expose = expose.map(|list| (EXPOSE_HEADERS, list));
        self.permission(readers).chain(expose)
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

fn tokens(field: &str, expected: &str, list: &[String]) -> Result<(), ConfigError> {
    for (index, text) in list.iter().enumerate() {
        if !is_token(text.as_bytes()) {
            let problem = format!("must be {expected}, found \"{text}\"");
            return Err(ConfigError::new(format!("{field}[{index}]"), problem));
        }
    }
    Ok(())
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(is_of_token)
}

fn is_of_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

/// A list of tokens (RFC 9110 section 5.6.1): nothing else is echoed to a client.
fn is_list(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| is_of_token(byte) || b", \t".contains(byte))
}

#[cfg(test)]
mod tests;
